"""Work asked by a command: handed to the running platform, or done here with the stores opened."""

from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings

from songhua.app import control
from songhua.app.platform import Songhua, silent
from songhua.app.server import migrate_stores
from songhua.app.works import works

Report = Callable[[Mapping[str, Any]], None]


def ask(work: str, args: Mapping[str, Any], report: Report = silent) -> Mapping[str, Any]:
    """Do a named piece of work, wherever the stores are open, and return its result.

    Raises
    ------
    BadInput
        What was wrong, in the words of the one who found it.
    """
    if control.is_running(settings.SONGHUA_HOME):
        return control.hand_over(settings.SONGHUA_HOME, work, args, report)
    migrate_stores()
    platform = Songhua.open()
    try:
        return works(platform)[work](args, report)
    finally:
        platform.close()
