"""The log-in page; in a demo it lists the sample logins."""

import json
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.contrib.auth.views import LoginView


class Login(LoginView):
    """Ask for name and password, then go where the reader was going."""

    template_name = "account/login.html"
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the sample logins of a demo."""
        return {**super().get_context_data(**kwargs), "samples": _samples()}


def _samples() -> list[Mapping[str, Any]]:
    if not settings.SONGHUA_DEMO:
        return []
    path = settings.SONGHUA_HOME / "demo_logins.json"
    try:
        samples: list[Mapping[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    return samples
