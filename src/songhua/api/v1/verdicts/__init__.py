"""What the checks say of the values: a list to look through, with evidence."""

from songhua.api.v1.verdicts.routes import router

__all__ = ["router"]
