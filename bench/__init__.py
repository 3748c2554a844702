"""Benchmarks: `make bench` runs them all, ratios in one run."""
