"""The doors for programs: `/api/v1`. What the platform must do for them is in `ports`."""

from songhua.api.v1 import api

__all__ = ["api"]
