"""From a logger through the platform to upstreams that behave well and badly."""

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count

import pytest

from songhua.app.forward.service import Forwarding
from songhua.app.gateway import GatewayService
from songhua.app.platform import Songhua
from songhua.app.simulate import mn_of
from songhua.ingest.hj212 import command
from songhua.model import BEIJING
from songhua.store.registry.models import SetAside, Unsent, Upstream, UpstreamState
from tests.app.forward.conftest import Platform212
from tests.app.gateway.speaking import HOUR, OTHER, SITE, raw, said, send

pytestmark = pytest.mark.chdb
_days = count(1)


@pytest.fixture
def begin() -> Iterator[datetime]:
    """Hours that no other test uses."""
    yield HOUR + timedelta(days=next(_days))
    for one in Upstream.objects.filter(active=True):
        Upstream.objects.filter(pk=one.pk).update(active=False)
    time.sleep(0.3)


@pytest.fixture
def upstream() -> Iterator[Platform212]:
    made = Platform212()
    yield made
    made.stop()


def told(at: datetime, number: int, sites: tuple[str, ...] = (SITE, OTHER)) -> list:  # type: ignore[type-arg]
    return [said(site, at + timedelta(hours=one)) for one in range(number) for site in sites]


def register(platform: Songhua, receiver: Platform212, **other: object) -> Upstream:
    made = Upstream.objects.create(
        name=f"upstream {receiver.port} {time.monotonic()}",
        host="127.0.0.1",
        port=receiver.port,
        active=True,
        rate=10_000,
        **other,
    )
    wait_for(lambda: UpstreamState.objects.filter(pk=made.pk, state__in=("online", "caught_up")))
    return made


def wait_for(asked, seconds: float = 10) -> None:  # type: ignore[no-untyped-def]
    end = time.monotonic() + seconds
    while not asked() and time.monotonic() < end:
        time.sleep(0.02)
    assert asked()


def in_order(receiver: Platform212, site: str) -> list[str]:
    mine = [one for one in receiver.data() if one.startswith(mn_of(site))]
    assert mine == sorted(mine)
    return mine


def test_all_that_arrives_goes_on_with_a_header_of_its_own(
    platform: Songhua, gateway: GatewayService, soon: None, begin: datetime, upstream: Platform212
) -> None:
    mn = "A" * 24
    made = register(platform, upstream, identities={mn_of(SITE): mn}, edition=2025)
    send(gateway, told(begin, 3))
    assert upstream.wait(6)
    assert {one.mn for one in upstream.frames} == {mn, mn_of(OTHER)}
    assert all(one.wants_reply and one.edition == 2025 for one in upstream.frames)
    assert all(one.is_backfill for one in upstream.frames)  # hours of 2019
    assert len({(one.mn, one.qn) for one in upstream.frames}) == 6
    in_order(upstream, OTHER)
    wait_for(lambda: UpstreamState.objects.get(pk=made.pk).acknowledged == 6)
    state = UpstreamState.objects.get(pk=made.pk)
    assert (state.sent, state.refused, state.done) == (6, 0, [])
    assert len(state.receipts) == 6


def test_an_upstream_that_loses_answers_closes_and_answers_twice(
    platform: Songhua, gateway: GatewayService, soon: None, begin: datetime, upstream: Platform212
) -> None:
    def answer(frame, times):  # type: ignore[no-untyped-def]
        hour = int(frame.groups[0]["DataTime"][8:10])
        if times == 1 and hour % 3 == 0:
            return 0
        return -1 if times == 1 and hour % 5 == 0 else 2

    upstream.answer = answer
    made = register(platform, upstream)
    send(gateway, told(begin, 10))
    assert upstream.wait(20)
    wait_for(lambda: UpstreamState.objects.get(pk=made.pk).acknowledged == 20)
    assert len(in_order(upstream, SITE)) == len(in_order(upstream, OTHER)) == 10
    assert len(upstream.frames) > 20
    assert not Unsent.objects.filter(upstream=made).exists()


def test_what_is_never_taken_is_set_aside_and_blocks_nothing(
    platform: Songhua, gateway: GatewayService, soon: None, begin: datetime, upstream: Platform212
) -> None:
    bad = f"{begin + timedelta(hours=1):%Y%m%d%H}"
    upstream.answer = lambda frame, _times: int(
        frame.mn != mn_of(SITE) or not frame.groups[0]["DataTime"].startswith(bad)
    )
    made = register(platform, upstream, tries=2)
    send(gateway, told(begin, 4))
    wait_for(lambda: UpstreamState.objects.get(pk=made.pk).acknowledged == 7)
    wait_for(lambda: Unsent.objects.filter(upstream=made).exists())
    one = Unsent.objects.get(upstream=made)
    assert one.mn == mn_of(SITE)
    assert "9014" in one.reason_zh
    assert len(in_order(upstream, SITE)) == 4


def test_an_upstream_that_was_away_gets_the_backlog(
    platform: Songhua, gateway: GatewayService, soon: None, begin: datetime
) -> None:
    first = Platform212()
    made = register(platform, first)
    send(gateway, told(begin, 1))
    assert first.wait(2)
    first.stop()
    send(gateway, told(begin + timedelta(hours=1), 5))
    wait_for(lambda: UpstreamState.objects.get(pk=made.pk).state == "broken")
    assert UpstreamState.objects.get(pk=made.pk).fault_zh
    again = Platform212(port=first.port)
    assert again.wait(10)
    assert len(in_order(again, SITE)) == 5
    again.stop()


def test_a_stop_between_receipt_and_note_sends_again_and_loses_nothing(
    platform: Songhua,
    gateway: GatewayService,
    soon: None,
    begin: datetime,
    upstream: Platform212,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    upstream.delay = 0.02
    made = register(platform, upstream, window=4)
    # Notes fail from now on, as if the process died each time before one.
    from songhua.store.registry import forwarding

    note = forwarding.note

    def dies(*_args: object, **_named: object) -> None:
        raise RuntimeError("gone")

    monkeypatch.setattr(forwarding, "note", dies)
    before = UpstreamState.objects.get(pk=made.pk)
    send(gateway, told(begin, 6))
    time.sleep(0.5)
    after = UpstreamState.objects.get(pk=made.pk)
    assert (after.seq, after.place) == (before.seq, before.place)
    monkeypatch.setattr(forwarding, "note", note)
    assert upstream.wait(12)
    assert len(in_order(upstream, SITE)) == 6


def test_frames_set_aside_go_when_they_are_released(
    platform: Songhua, gateway: GatewayService, soon: None, begin: datetime, upstream: Platform212
) -> None:
    from songhua.store.registry.models import Device

    Device.objects.filter(mn=mn_of(SITE)).update(password="654321")
    gateway.keeper.refresh()
    register(platform, upstream)
    raw(gateway, said(SITE, begin).frame(f"{begin:%Y%m%d%H%M%S}001"))
    send(gateway, [said(OTHER, begin)])
    assert upstream.wait(1)
    time.sleep(0.3)
    assert len(upstream.data()) == 1
    Device.objects.filter(mn=mn_of(SITE)).update(password="123456")
    row = SetAside.objects.filter(mn=mn_of(SITE), released_at=None).latest("pk")
    platform.release(row.pk, "admin")
    assert upstream.wait(2)


def test_requests_of_the_upstream_are_refused(
    platform: Songhua, gateway: GatewayService, soon: None, begin: datetime, upstream: Platform212
) -> None:
    qn = f"{datetime.now(BEIJING):%Y%m%d%H%M%S}123"
    upstream.ask = command(
        "2061",
        [{"BeginTime": "20190610000000", "EndTime": "20190611000000"}],
        qn=qn,
        st="22",
        pw="123456",
        mn=mn_of(SITE),
    )
    register(platform, upstream)
    wait_for(lambda: upstream.answers)
    assert (upstream.answers[0].cn, upstream.answers[0].qn) == ("9011", qn)
    assert upstream.answers[0].groups[0]["QnRtn"] == "2"  # HJ 212—2017, 表7: refused
    assert isinstance(platform.forwarding, Forwarding)
