"""Batches of the laboratory from files: result templates, exports of instruments. Pure."""
