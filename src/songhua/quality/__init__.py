"""Quality: whether a value may be used."""
