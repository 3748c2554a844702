"""Songhua (松花): a province's ecological-environment monitoring."""
