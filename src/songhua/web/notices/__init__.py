"""Notices of correction: a page that anybody who reads figures may read."""
