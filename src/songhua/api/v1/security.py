"""Who may write through the API. Reading is decided at the door, before any router."""

from typing import Any

from django.http import HttpRequest
from ninja.security import SessionAuth

from songhua.model import SonghuaError


class NotAllowed(SonghuaError):
    """A person asked for what their role or region does not cover."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(f"{zh} {en}")
        self.zh = zh
        self.en = en


class Allowed(SessionAuth):
    """A logged-in person whose role allows an action; writes also need the CSRF token.

    Use as ``@router.post("/…", auth=Allowed("correct"))``; where a region is touched, call
    `check_region` with it.
    """

    def __init__(self, action: str) -> None:
        super().__init__(csrf=True)
        self._action = action

    def authenticate(self, request: HttpRequest, key: str | None) -> Any | None:
        """Return the person, or None for a stranger; raise `NotAllowed` for others."""
        user = super().authenticate(request, key)
        if user is not None and not user.may(self._action):
            raise NotAllowed(
                "您的角色没有这项权限。请联系管理员。",
                "Your role does not allow this. Ask an administrator.",
            )
        return user


def check_region(request: HttpRequest, code: str) -> None:
    """Raise `NotAllowed` unless a region lies within the person's.

    Parameters
    ----------
    code
        GB/T 2260 code.
    """
    covers = getattr(request.user, "covers", None)
    if covers is None or not covers(code):
        raise NotAllowed(
            f"这个地区（{code}）不在您的管辖范围内。",
            f"This region ({code}) is outside yours.",
        )
