"""Leads to tampering: what does not look as nature and instruments make it, with the evidence."""
