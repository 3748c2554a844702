"""Fraud: real series with tampering of known kind, strength, place and time put in by a seed."""
