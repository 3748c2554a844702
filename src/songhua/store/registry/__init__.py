"""The registry: sites, people, files, corrections. Django's ORM on SQLite or PostgreSQL."""
