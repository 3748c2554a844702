"""The room of imports: the list, a file's rejects, and the way for a new file."""
