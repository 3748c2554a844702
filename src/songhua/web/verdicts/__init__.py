"""The room of the verdicts: what the checks found, with its evidence."""
