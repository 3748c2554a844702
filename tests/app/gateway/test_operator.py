"""What an operator does with a link: a dialect adopted, alarms seen, frames found."""

import json
import socket
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from songhua.app.gateway import GatewayService
from songhua.app.gateway.watch import Watch
from songhua.app.platform import Songhua
from songhua.app.simulate import mn_of
from songhua.ingest.hj212 import Decoder, Frame
from songhua.ingest.hj212.crc import CrcKind, modbus_low_first
from songhua.ingest.hj212.dialect import read_dialect
from songhua.store.registry.models import Alarm, Device, LinkState, SetAside
from tests.app.gateway.speaking import HOUR, SITE, hours, raw, said, send
from tests.conftest import PASSWORD

pytestmark = [pytest.mark.chdb, pytest.mark.slow]

MN = mn_of(SITE)


@pytest.fixture(scope="module")
def admin(gateway: GatewayService) -> Client:
    client = Client()
    assert client.login(username="admin", password=PASSWORD)
    return client


def foreign(frame: bytes) -> bytes:
    """Return a frame with the check that some devices compute."""
    segment = frame[6:].rpartition(b"&&")[0] + b"&&"
    return b"##%04d%b%04X\r\n" % (len(segment), segment, modbus_low_first(segment))


def test_a_dialect_is_proposed_adopted_and_read(
    platform: Songhua, gateway: GatewayService, admin: Client
) -> None:
    kind = CrcKind.MODBUS_LOW_FIRST
    sent = [
        foreign(said(SITE, HOUR + timedelta(hours=n)).frame(f"2019061010{n:02d}00001"))
        for n in range(12)
    ]
    raw(gateway, b"".join(sent))
    assert SetAside.objects.filter(mn=MN, reason="crc", released_at=None).count() == 12
    assert hours(platform, SITE, HOUR, 12).is_empty()

    page = admin.get(f"/links/{MN}/dialect/").content.decode()
    assert kind.value in page
    wanted = json.dumps({"crc": kind.value})
    viewer = Client()
    assert viewer.login(username="operator", password=PASSWORD)
    assert viewer.post(f"/links/{MN}/dialect/", {"dialect": wanted}).status_code == 403
    assert admin.post(f"/links/{MN}/dialect/", {"dialect": '{"crc": "no"}'}).status_code == 400
    assert admin.post(f"/links/{MN}/dialect/", {"dialect": wanted}).status_code == 302
    assert Device.objects.get(mn=MN).dialect == {"crc": kind.value}
    *_, last = platform.journal.entries(kinds=("dialect",))
    assert json.loads(platform.journal.read(last.seq))["author"] == "admin"

    admin.post("/links/aside/release/", {"mn": MN})
    assert hours(platform, SITE, HOUR, 12)["time"].n_unique() == 12
    with socket.create_connection(("127.0.0.1", gateway.port), 5) as line:
        line.sendall(sent[0])
        answer = Decoder(read_dialect({"crc": kind.value})).feed(line.recv(65536))[0]
    assert isinstance(answer, Frame)
    assert answer.cn == "9014"  # in its own dialect too
    Device.objects.filter(mn=MN).update(dialect={})


def test_frames_are_found_and_their_passwords_are_not(
    gateway: GatewayService, admin: Client
) -> None:
    at = HOUR + timedelta(days=3)
    send(gateway, [said(SITE, at)])
    text = f"DataTime={at:%Y%m%d%H%M%S}"
    page = admin.get("/links/frames/", {"mn": MN, "text": text}).content.decode()
    assert text in page
    assert "123456" not in page
    told = admin.get("/api/v1/links/frames", {"mn": MN, "text": text}).json()
    assert [one["mn"] for one in told["frames"]] == [MN]
    assert "123456" not in json.dumps(told)
    assert admin.get("/api/v1/links/frames", {"text": "PW=123456"}).json()["frames"] == []


def test_silence_is_an_alarm_until_it_is_heard_again(
    gateway: GatewayService, admin: Client
) -> None:
    send(gateway, [said(SITE, HOUR + timedelta(days=4))])
    watch = Watch(gateway.keeper.reached)
    later = datetime.now(UTC) + timedelta(hours=3)
    watch.look(later)
    alarm = Alarm.objects.get(mn=MN, kind="silent", until=None)
    assert MN in admin.get("/links/alarms/").content.decode()
    told: dict[str, Any] = admin.get("/api/v1/links/alarms").json()
    assert MN in json.dumps(told)
    answer = admin.post("/links/alarms/acknowledge/", {"alarm": alarm.pk, "note": "已派人"})
    assert answer.status_code in (200, 302)
    LinkState.objects.filter(mn=MN).update(last_seen=later)
    watch.look(later + timedelta(minutes=1))
    alarm.refresh_from_db()
    assert alarm.until == later + timedelta(minutes=1)
    LinkState.objects.filter(mn=MN).update(last_seen=datetime.now(UTC))


def test_a_journal_that_waits_for_a_store_is_nobodys_silence(gateway: GatewayService) -> None:
    behind = Watch(lambda: (10, 5))
    behind.look(datetime.now(UTC))  # from now on all up to 10 is wanted
    behind.look(datetime.now(UTC) + timedelta(days=1))
    assert not Alarm.objects.filter(mn=MN, kind="silent", until=None).exists()
