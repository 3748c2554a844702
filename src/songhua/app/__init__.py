"""Wiring: settings, command line, server, and the one list of what runs after what."""
