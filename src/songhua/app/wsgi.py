"""The WSGI door for a server of your own."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "songhua.app.settings")

from django.core.wsgi import get_wsgi_application  # noqa: E402 - settings come first

application = get_wsgi_application()
