"""What is in the journal comes onto the shelf, whatever happens in between."""

import asyncio
import os
import signal
import socket
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from songhua.app.gateway import GatewayService, Limits
from songhua.app.platform import Songhua, silent
from songhua.app.reading import ReaderApart, ReaderStopped
from songhua.app.simulate import mn_of, run_fleet
from songhua.app.simulate.messages import PASSWORD
from songhua.ingest.hj212 import CrcKind, Dialect, encode, framed
from songhua.ingest.hj212.received import unpack
from songhua.model import BEIJING
from songhua.store.registry import links
from songhua.store.registry.models import SetAside
from tests.app.gateway.speaking import AIR, OTHER, SITE, hours, raw, said, send

pytestmark = [pytest.mark.chdb, pytest.mark.slow]


def at(day: int, hour: int = 0) -> datetime:
    """Return an hour that no other test speaks of."""
    return datetime(2019, 11, day, hour, tzinfo=BEIJING)


def parts_of(site: str, hour: datetime) -> list[bytes]:
    """Return one hour in two parts, each with a QN of its own (HJ 212—2017, 表C.50)."""
    groups = said(site, hour).groups
    head = {"ST": "22", "CN": "2061", "PW": PASSWORD, "MN": mn_of(site), "Flag": "7", "PNUM": "2"}
    time_of = {"DataTime": f"{hour:%Y%m%d%H%M%S}"}
    return [
        encode({"QN": f"2019110112000000{n}", **head, "PNO": str(n)}, [time_of, *some])
        for n, some in ((1, groups[:3]), (2, groups[3:]))
    ]


def eventually(is_so: Callable[[], bool], seconds: float = 10.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if is_so():
            return True
        time.sleep(0.05)
    return False


def test_parts_on_several_links_become_one_message(
    platform: Songhua, gateway: GatewayService
) -> None:
    first, second = parts_of(SITE, at(1))
    assert gateway.keeper.wait(20)  # what the journal held before it was opened
    written = links.read_to("hj212")
    with socket.create_connection(("127.0.0.1", gateway.port), 5) as line:
        line.sendall(first)
        line.settimeout(5)
        assert b"CN=9014" in line.recv(1000)
    assert not gateway.keeper.wait(0.5)  # what waits for its rest is not done
    assert hours(platform, SITE, at(1)).is_empty()
    assert links.read_to("hj212") == written
    (answer,) = raw(gateway, second)
    assert answer.qn.endswith("2")
    assert hours(platform, SITE, at(1)).height == len(AIR)


def test_the_reading_process_may_die(platform: Songhua, gateway: GatewayService) -> None:
    first, second = parts_of(SITE, at(2))
    with socket.create_connection(("127.0.0.1", gateway.port), 5) as line:
        line.sendall(first)
        line.settimeout(5)
        assert b"CN=9014" in line.recv(1000)
        time.sleep(0.3)
        reader = gateway.keeper._reader
        assert isinstance(reader, ReaderApart)
        os.kill(reader._process.pid, signal.SIGKILL)
        # The part that it held is read from the journal again.
        line.sendall(second)
        assert b"CN=9014" in line.recv(1000)
    assert gateway.keeper.wait(20)
    assert hours(platform, SITE, at(2)).height == len(AIR)
    assert gateway.keeper._reader is not reader


def test_the_reading_process_says_what_went_wrong_and_ends_with_its_asker() -> None:
    reader = ReaderApart()
    with pytest.raises(RuntimeError, match="ValueError"):
        reader.read([(1, b"no entry\n")])
    assert reader.read([]).rows.is_empty()
    reader.close()
    assert reader._process.returncode == 0
    with pytest.raises(ReaderStopped):
        reader.read([])


def test_what_memory_does_not_hold_is_read_from_the_journal(
    platform: Songhua, gateway: GatewayService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("songhua.app.gateway.keeper._IN_MEMORY", 1500)
    monkeypatch.setattr("songhua.app.gateway.keeper._PORTION", 1000)
    monkeypatch.setattr("songhua.app.gateway.keeper._PATIENCE", 0.2)
    down = {"is": True}
    save = platform.shelf.save_observations

    def refuses(frame: Any) -> None:
        if down["is"]:
            raise ConnectionError("no shelf")
        save(frame)

    monkeypatch.setattr(platform.shelf, "save_observations", refuses)
    messages = [said(SITE, at(3, n)) for n in range(24)]
    report = asyncio.run(run_fleet("127.0.0.1", gateway.port, messages, rate=200))
    assert (report.acknowledged, report.unanswered) == (24, 0)
    assert gateway.keeper._in_memory <= 1500
    down["is"] = False
    assert gateway.keeper.wait(20)
    assert hours(platform, SITE, at(3), 24).height == 24 * len(AIR)


def test_all_frames_of_an_identity_are_released_at_once(
    platform: Songhua, gateway: GatewayService
) -> None:
    site, mn = "2229A", mn_of("2229A")
    send(gateway, [said(site, at(4, n)) for n in range(10)])
    send(gateway, [said(site, at(5))])
    for part in parts_of(site, at(6)):
        raw(gateway, part)
    raw(gateway, said(site, at(7)).frame("20191107000000001").replace(b"=60", b"=61"))
    assert platform.release_all(mn, "admin") == (0, 14)
    links.register_devices([{"mn": mn, "name": "新", "site_id": site, "password": PASSWORD}])
    assert platform.release_all(mn, "admin") == (13, 1)
    assert hours(platform, site, at(4), 10).height == 10 * len(AIR)
    assert hours(platform, site, at(6)).height == len(AIR)
    left = SetAside.objects.filter(mn=mn, released_at=None)
    assert [one.reason for one in left] == ["crc"]
    assert platform.release_all("0" * 24, "admin") == (0, 0)


def test_a_part_is_released_with_the_others_of_its_message(
    platform: Songhua, gateway: GatewayService
) -> None:
    site, mn = "2230A", mn_of("2230A")
    for part in parts_of(site, at(8)):
        raw(gateway, part)
    links.register_devices([{"mn": mn, "name": "新", "site_id": site, "password": PASSWORD}])
    one = SetAside.objects.filter(mn=mn).first()
    assert one is not None
    platform.release(one.pk, "admin")
    assert hours(platform, site, at(8)).height == len(AIR)
    assert SetAside.objects.filter(mn=mn, released_by="admin").count() == 2


def test_a_replay_of_the_journal_changes_nothing(
    platform: Songhua, gateway: GatewayService
) -> None:
    send(gateway, [said(OTHER, at(9, n), a34002=n) for n in range(24)])
    send(gateway, [said(OTHER, at(9, 5), a34002=99)])
    rows = hours(platform, OTHER, at(9), 24)
    history = platform.shelf.observation_history(
        site=OTHER, quantity="pm10", period="hour", time=at(9, 5).astimezone(UTC)
    )
    assert history["value"].to_list() == [5, 99]
    before = platform.journal.last_seq
    assert platform.replay(silent) > 0
    assert platform.journal.last_seq == before
    again = hours(platform, OTHER, at(9), 24)
    assert again.equals(rows)
    assert platform.shelf.observation_history(
        site=OTHER, quantity="pm10", period="hour", time=at(9, 5).astimezone(UTC)
    ).equals(history)


def test_who_does_not_end_a_frame_is_closed_however_slowly_it_goes_on(
    platform: Songhua,
) -> None:
    service = GatewayService.open(
        platform.journal,
        platform.shelf,
        lambda _: None,
        host="127.0.0.1",
        port=0,
        limits=Limits(half_frame=0.5),
    )
    try:
        with socket.create_connection(("127.0.0.1", service.port), 5) as line:
            began = time.monotonic()
            try:
                for byte in b"##0900" + b"x" * 200:
                    line.sendall(bytes([byte]))
                    time.sleep(0.05)
            except OSError:
                pass
            assert time.monotonic() - began < 5
        assert eventually(lambda: service.gateway.counts.damaged > 0)
    finally:
        service.close()


def test_bytes_that_a_stop_interrupts_are_kept(platform: Songhua) -> None:
    service = GatewayService.open(
        platform.journal, platform.shelf, lambda _: None, host="127.0.0.1", port=0
    )
    half = said(SITE, at(10)).frame("20191110000000001")[:-20]
    with socket.create_connection(("127.0.0.1", service.port), 5) as line:
        line.sendall(half)
        assert eventually(lambda: any(link._decoder.pending for link in service.gateway.links))
        service.close()
        line.settimeout(5)
        assert line.recv(10) == b""
    last = list(platform.journal.bodies(kinds=["hj212"]))[-1][1]
    assert half in last


def test_times_stay_possible_when_our_clock_is_set_back(
    platform: Songhua, gateway: GatewayService, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime.now(BEIJING).replace(minute=0, second=0, microsecond=0)

    class Back(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime.now(tz) - timedelta(hours=1, minutes=5)

    send(gateway, [said(SITE, at(11))])
    monkeypatch.setattr("songhua.app.gateway.server.datetime", Back)
    send(gateway, [said(SITE, now)])
    assert hours(platform, SITE, now).height == len(AIR)


def test_one_silent_peer_of_thousands_costs_nobody_anything(
    platform: Songhua, gateway: GatewayService
) -> None:
    lines = [socket.create_connection(("127.0.0.1", gateway.port), 5) for _ in range(300)]
    try:
        report = send(gateway, [said(SITE, at(12, n)) for n in range(24)])
        assert report.unanswered == 0
        assert report.p99 < 2
    finally:
        for line in lines:
            line.close()
    assert eventually(lambda: len(gateway.gateway.links) == 0)


def test_one_link_may_carry_loggers_of_several_dialects(
    platform: Songhua, gateway: GatewayService
) -> None:
    site = "2233A"
    links.register_devices(
        [
            {
                "mn": mn_of(site),
                "name": "方言",
                "site_id": site,
                "password": PASSWORD,
                "dialect": {"crc": "modbus_low_first"},
            }
        ]
    )
    gateway.keeper.refresh()
    other = Dialect(crc=CrcKind.MODBUS_LOW_FIRST)
    sent = []
    for n in range(6):
        usual = said(SITE, at(13, n)).frame(f"2019111300000000{n}")
        odd = framed(said(site, at(13, n)).frame(f"2019111300000001{n}")[6:-6], other)
        sent += [usual, odd, odd] if n % 2 else [odd, usual]
    with socket.create_connection(("127.0.0.1", gateway.port), 5) as line:
        line.sendall(b"".join(sent))
        line.settimeout(5)
        heard = b""
        while heard.count(b"CN=9014") < len(sent):
            heard += line.recv(65536)
    assert gateway.keeper.wait(20)
    for one in (SITE, site):
        assert hours(platform, one, at(13), 6).height == 6 * len(AIR)
    last = list(platform.journal.bodies(kinds=["hj212"]))[-1][1]
    assert [received.raw for received in unpack(last)] == sent


def test_a_start_passes_what_is_not_for_it(platform: Songhua, gateway: GatewayService) -> None:
    entry = platform.journal.append("note", b"not of a logger", {})
    service = GatewayService.open(
        platform.journal, platform.shelf, lambda _: None, host="127.0.0.1", port=0
    )
    try:
        assert service.keeper.wait(10)
        assert links.read_to("hj212") == entry.seq
    finally:
        service.close()
