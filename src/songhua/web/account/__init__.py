"""Who is reading: log in and out, language."""
