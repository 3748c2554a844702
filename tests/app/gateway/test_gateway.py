"""From a logger's frame to the map: over real sockets, with a real journal, shelf and registry."""

import asyncio
import socket
import ssl
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from songhua.app.gateway import GatewayService, Limits, tls_context
from songhua.app.platform import Songhua
from songhua.app.simulate import mn_of, run_fleet
from songhua.app.simulate.messages import PASSWORD
from songhua.ingest.hj212 import Decoder, Frame
from songhua.ingest.hj212.received import KIND, Received, pack, unpack
from songhua.model import BEIJING, BadInput, Period
from songhua.store.registry import links
from songhua.store.registry.models import LinkState, SetAside
from tests.app.gateway.certificate import self_signed
from tests.app.gateway.speaking import HOUR, OTHER, SITE, hours, raw, said, send

pytestmark = [pytest.mark.chdb, pytest.mark.slow]


def test_an_hour_becomes_values_and_an_index(platform: Songhua, gateway: GatewayService) -> None:
    report = send(gateway, [said(SITE, HOUR)])
    assert (report.acknowledged, report.unanswered) == (1, 0)
    rows = hours(platform, SITE, HOUR)
    assert dict(rows.select("quantity", "value").rows()) == {
        "so2": 12, "no2": 20, "co": 1.0, "o3": 80, "pm10": 60, "pm2_5": 35,
    }  # fmt: skip
    assert rows["author"].unique().to_list() == [mn_of(SITE)]
    index = platform.shelf.air_index(
        period="hour", scope="site", span=Period(HOUR, HOUR + timedelta(hours=1)), subjects=[SITE]
    )
    assert index["aqi"].to_list() == [55]  # PM₁₀ 60: 50 + 50 × 10/100
    state = LinkState.objects.get(mn=mn_of(SITE))
    assert state.frames == 1
    assert state.values == 6
    assert state.last_data == HOUR
    assert state.skew is not None
    assert abs(state.skew) < 5


def test_the_journal_has_every_byte_as_it_came(platform: Songhua, gateway: GatewayService) -> None:
    before = platform.journal.last_seq
    frame = said(SITE, HOUR).frame("20190610110000001")
    noise = b"\x00noise ##00x1\r\n"
    answers = raw(gateway, noise + frame)
    assert [one.qn for one in answers] == ["20190610110000001"]
    kept = b"".join(
        one.raw
        for entry in platform.journal.entries(after=before, kinds=["hj212"])
        for one in unpack(platform.journal.read(entry.seq))
    )
    assert kept == noise + frame


def test_what_comes_again_changes_nothing(platform: Songhua, gateway: GatewayService) -> None:
    later = HOUR + timedelta(hours=1)
    send(gateway, [said(SITE, later)] * 5, "duplicate=0.5")
    send(gateway, [said(SITE, later)])
    history = platform.shelf.observation_history(
        site=SITE, quantity="pm10", period="hour", time=later.astimezone(UTC)
    )
    assert history["value"].to_list() == [60]


def test_another_value_is_a_revision(platform: Songhua, gateway: GatewayService) -> None:
    later = HOUR + timedelta(hours=2)
    send(gateway, [said(SITE, later)])
    send(gateway, [said(SITE, later, a34002=70)])
    history = platform.shelf.observation_history(
        site=SITE, quantity="pm10", period="hour", time=later.astimezone(UTC)
    )
    assert history["value"].to_list() == [60, 70]


def test_whatever_strikes_the_link_the_values_are_those_said(
    platform: Songhua, gateway: GatewayService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("songhua.app.simulate.logger.WAIT", 0.5)
    first = datetime(2019, 7, 1, tzinfo=BEIJING)
    messages = [
        said(site, first + timedelta(hours=n), a34002=n + 1)
        for n in range(48)
        for site in (SITE, OTHER)
    ]
    faults = "cut=0.05,crc=0.05,half=0.1,noise=0.1,duplicate=0.1,reorder=0.1"
    report = send(gateway, messages, faults)
    assert report.unanswered == 0
    for site in (SITE, OTHER):
        rows = hours(platform, site, first, 48)
        pm10 = rows.filter(rows["quantity"] == "pm10").sort("time")["value"].to_list()
        assert pm10 == list(range(1, 49))
    assert SetAside.objects.filter(reason="crc").exists()
    day = Period.day(date(2019, 7, 1))
    days = platform.shelf.air_index(period="day", scope="site", span=day, subjects=[SITE])
    assert days["pm10"].to_list() == [12]  # (1 + … + 24) / 24 = 12.5, to the even


def test_a_persons_correction_stands(platform: Songhua, gateway: GatewayService) -> None:
    from songhua.api.ports import CorrectionOrder

    later = HOUR + timedelta(hours=3)
    send(gateway, [said(SITE, later)])
    platform.correct(CorrectionOrder(SITE, "pm10", later, 44.0, "核对", "analyst"))
    send(gateway, [said(SITE, later)])
    rows = hours(platform, SITE, later)
    assert rows.filter(rows["quantity"] == "pm10")["value"].to_list() == [44]


@pytest.mark.parametrize(
    ("reason", "change"),
    [
        ("unknown_device", {"MN": "0" * 24}),
        ("wrong_password", {"PW": "654321"}),
        ("future_time", {"DataTime": "20990101000000"}),
        ("bad_time", {"DataTime": "20190610093000"}),
        ("not_a_number", {"a34002-Avg=60": "a34002-Avg=6O"}),
        ("impossible_value", {"a34002-Avg=60": "a34002-Avg=-60"}),
        ("unknown_factor", {"a34002": "z99999"}),
    ],
)
def test_what_may_not_speak_is_acknowledged_and_set_aside(
    platform: Songhua, gateway: GatewayService, reason: str, change: dict[str, str]
) -> None:
    text = said(SITE, HOUR + timedelta(days=2)).frame("20190612110000001")[6:-6].decode()
    for name, value in change.items():
        if name in ("MN", "PW", "DataTime"):
            former = text.split(f"{name}=")[1].split(";")[0]
            text = text.replace(f"{name}={former}", f"{name}={value}", 1)
        else:
            text = text.replace(name, value)
    from songhua.ingest.hj212 import framed

    before = SetAside.objects.filter(reason=reason).count()
    (answer,) = raw(gateway, framed(text.encode()))
    assert answer.cn == "9014"
    kept = SetAside.objects.filter(reason=reason)
    assert kept.count() == before + 1
    newest = kept.first()
    assert newest is not None
    assert "PW=***" in newest.raw
    assert newest.detail_zh
    assert newest.detail_en


def test_a_frame_set_aside_is_released_once_the_register_is_mended(
    platform: Songhua, gateway: GatewayService
) -> None:
    mn, at = mn_of("2229A"), datetime(2019, 8, 1, 9, tzinfo=BEIJING)
    send(gateway, [said("2229A", at)])
    aside = SetAside.objects.get(mn=mn)
    assert aside.reason == "unknown_device"
    with pytest.raises(BadInput, match="未登记"):
        platform.release(aside.pk, "admin")
    links.register_devices([{"mn": mn, "name": "新", "site_id": "2229A", "password": PASSWORD}])
    platform.release(aside.pk, "admin")
    assert hours(platform, "2229A", at).height == 6
    index = platform.shelf.air_index(
        period="hour", scope="site", span=Period(at, at + timedelta(hours=1)), subjects=["2229A"]
    )
    assert index["aqi"].to_list() == [55]
    aside.refresh_from_db()
    assert aside.released_by == "admin"
    with pytest.raises(BadInput, match="没有这条"):
        platform.release(aside.pk, "admin")


def test_a_device_is_read_in_its_own_dialect(platform: Songhua, gateway: GatewayService) -> None:
    from songhua.ingest.hj212 import CrcKind, Dialect, framed

    mn = mn_of("2230A")
    dialect = {"crc": "modbus_high_first", "label_end": True}
    links.register_devices(
        [{"mn": mn, "name": "方言", "site_id": "2230A", "password": PASSWORD, "dialect": dialect}]
    )
    gateway.keeper.refresh()
    segment = said("2230A", HOUR).frame("20190612110000001")[6:-6]
    frame = framed(segment, Dialect(crc=CrcKind.MODBUS_HIGH_FIRST))
    assert [one.qn for one in _modbus(gateway, frame)] == ["20190612110000001"]
    assert hours(platform, "2230A", HOUR - timedelta(hours=1)).height == 6


def _modbus(gateway: GatewayService, frame: bytes) -> list[Frame]:
    from songhua.ingest.hj212 import CrcKind, Dialect

    with socket.create_connection(("127.0.0.1", gateway.port), 5) as line:
        line.sendall(frame)
        line.settimeout(5)
        found = Decoder(Dialect(crc=CrcKind.MODBUS_HIGH_FIRST)).feed(line.recv(65536))
    assert gateway.keeper.wait(20)
    return [one for one in found if isinstance(one, Frame)]


def test_nothing_is_acknowledged_that_the_journal_refused(
    platform: Songhua, gateway: GatewayService, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = {"is": True}
    write = platform.journal.write

    def refuses(*args: Any) -> Any:
        if full["is"]:
            raise BadInput("磁盘已满。", "The disk is full.")
        return write(*args)

    monkeypatch.setattr(platform.journal, "write", refuses)
    frame = said(SITE, HOUR + timedelta(days=5)).frame("20190615110000001")
    with socket.create_connection(("127.0.0.1", gateway.port), 5) as line:
        line.sendall(frame)
        line.settimeout(1.5)
        with pytest.raises(TimeoutError):
            line.recv(1000)
        full["is"] = False
        line.settimeout(5)
        assert b"CN=9014" in line.recv(1000)


def test_the_shelf_may_be_down_for_a_while(
    platform: Songhua, gateway: GatewayService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("songhua.app.gateway.keeper._PATIENCE", 0.2)
    down = {"is": True}
    save = platform.shelf.save_observations

    def refuses(frame: Any) -> None:
        if down["is"]:
            raise ConnectionError("no shelf")
        save(frame)

    monkeypatch.setattr(platform.shelf, "save_observations", refuses)
    at = datetime(2019, 9, 1, tzinfo=BEIJING)
    messages = [said(SITE, at + timedelta(hours=n)) for n in range(30)]
    report = asyncio.run(run_fleet("127.0.0.1", gateway.port, messages, rate=100))
    assert (report.acknowledged, report.unanswered) == (30, 0)
    assert hours(platform, SITE, at, 30).is_empty()
    down["is"] = False
    assert gateway.keeper.wait(20)
    assert hours(platform, SITE, at, 30).height == 180


def test_a_peer_that_stays_silent_or_half_is_closed(platform: Songhua) -> None:
    limits = Limits(idle=0.6, half_frame=0.3, connections_per_address=2)
    service = GatewayService.open(
        platform.journal, platform.shelf, lambda _: None, host="127.0.0.1", port=0, limits=limits
    )
    try:
        with (
            socket.create_connection(("127.0.0.1", service.port), 5) as half,
            socket.create_connection(("127.0.0.1", service.port), 5) as other,
            socket.create_connection(("127.0.0.1", service.port), 5) as third,
        ):
            third.settimeout(2)
            assert third.recv(10) == b""  # two from one address are enough
            half.sendall(b"##0100QN=1")
            half.settimeout(5)
            assert half.recv(10) == b""
            other.settimeout(5)
            assert other.recv(10) == b""
        assert service.gateway.counts.damaged == 1
        assert service.gateway.counts.refused == 1
    finally:
        service.close()


def test_a_restart_takes_up_what_was_left(platform: Songhua, gateway: GatewayService) -> None:
    """What is in the journal and not on the shelf comes onto it at the next start."""
    at = datetime(2019, 10, 1, tzinfo=BEIJING)
    frame = said(SITE, at).frame("20191001010000001")
    gateway.close()
    platform.journal.append(KIND, pack([Received(frame, "127.0.0.1", datetime.now(UTC))]), {})
    platform.listen("127.0.0.1", 0)
    assert platform.gateway is not None
    assert platform.gateway.keeper.wait(20)
    assert hours(platform, SITE, at).height == 6


def test_a_link_may_be_encrypted(platform: Songhua, tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path)
    service = GatewayService.open(
        platform.journal,
        platform.shelf,
        lambda _: None,
        host="127.0.0.1",
        port=0,
        tls=tls_context(certificate, key),
    )
    context = ssl.create_default_context(cafile=str(certificate))
    frame = said(SITE, HOUR).frame("20190610110000077")
    try:
        with (
            socket.create_connection(("127.0.0.1", service.port), 5) as plain,
            context.wrap_socket(plain, server_hostname="localhost") as line,
        ):
            line.sendall(frame)
            assert b"QN=20190610110000077" in line.recv(1000)
    finally:
        service.close()
