"""Frames that did not come on a link go the way of those that did, in one order of the journal."""

import threading

import pytest

from songhua.app.doors.frames import Frames
from songhua.app.gateway import GatewayService
from songhua.app.platform import Songhua
from songhua.model import BEIJING
from songhua.store.registry.models import SetAside
from tests.app.gateway.speaking import AIR, OTHER, SITE, hours, said, send

pytestmark = [pytest.mark.chdb, pytest.mark.slow]


def test_both_ways_at_once(platform: Songhua, gateway: GatewayService) -> None:
    from datetime import datetime

    first = datetime(2019, 8, 1, tzinfo=BEIJING)
    frames = Frames(platform.journal, platform.shelf, lambda _: None, gateway)

    def bring() -> None:
        for n in range(24):
            at = first.replace(hour=n)
            frames.take(said(SITE, at).frame(f"201908010000{n:05d}"), "mqtt:test")

    other = threading.Thread(target=bring)
    other.start()
    report = send(gateway, [said(OTHER, first.replace(hour=n)) for n in range(24)])
    other.join(30)
    assert report.unanswered == 0
    assert gateway.keeper.wait(20)
    for site in (SITE, OTHER):
        assert hours(platform, site, first, 24).height == 24 * len(AIR)
    frames.take(b"nothing of ours", "mqtt:test")
    assert gateway.keeper.wait(20)
    assert SetAside.objects.filter(address="mqtt:test", reason="noise").count() == 1
