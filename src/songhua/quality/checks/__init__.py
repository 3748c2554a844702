"""The checks: each takes series and limits, and says what it found. Pure."""
