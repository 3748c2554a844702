"""Pages: views, templates, static files. No rule of a standard lives here."""
