"""Django made ready, once, for every command and server."""

import os


def set_up() -> None:
    """Load the settings and the registry's models."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "songhua.app.settings")
    import django

    django.setup()
