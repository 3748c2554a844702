"""Requests to loggers, and gaps of what they deliver."""

from songhua.api.v1.links.routes import router

__all__ = ["router"]
