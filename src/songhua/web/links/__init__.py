"""Links of loggers: how each stands, what was set aside, what a frame says."""
