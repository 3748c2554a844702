"""A platform with its doors open."""

from collections.abc import Iterator

import pytest

from songhua.app.doors import Doors
from songhua.app.platform import Songhua


@pytest.fixture(scope="module")
def doors(platform: Songhua) -> Iterator[Doors]:
    with pytest.MonkeyPatch.context() as soon:
        soon.setattr("songhua.app.doors.service._LOOK_EVERY", 0.05)
        soon.setattr("songhua.app.doors.rows._PATIENCE", 0.1)
        yield platform.open_doors()
