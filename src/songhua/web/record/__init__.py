"""The record: what everybody did, and reports of attempts to influence a datum."""
