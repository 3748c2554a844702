"""The room of cities: ranking, calendar, trend, and the two editions of the index compared."""
