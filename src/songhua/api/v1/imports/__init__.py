"""Files in: what came, what was rejected, and the door for a new one."""

from songhua.api.v1.imports.routes import router

__all__ = ["router"]
