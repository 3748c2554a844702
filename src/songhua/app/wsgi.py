"""The WSGI door for a server of your own."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "songhua.app.settings")

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()
