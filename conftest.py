"""What every test stands on: a home of its own, and Django made ready before anything is read."""

import os
import tempfile

os.environ["SONGHUA_HOME"] = tempfile.mkdtemp(prefix="songhua-test-")
for _name in ("SONGHUA_OBSERVATIONS", "SONGHUA_DATABASE", "SONGHUA_DEMO", "SONGHUA_OPEN_READING"):
    os.environ.pop(_name, None)

# Playwright leaves its loop running in the thread of the tests: Django would refuse to work.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"

from songhua.app.wiring import set_up  # noqa: E402 - the home comes first

set_up()
