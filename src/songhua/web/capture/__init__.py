"""Data capture: who delivered how much that counts, and where the rest was lost."""
