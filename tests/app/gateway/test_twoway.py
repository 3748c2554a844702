"""Requests from the pages to a virtual logger and back: keys, registrations, gaps asked for."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from threading import Thread

import pytest

from songhua.app.gateway import GatewayService
from songhua.app.platform import Songhua
from songhua.app.simulate import Message, mn_of
from songhua.app.simulate.logger import Logger
from songhua.app.simulate.messages import PASSWORD
from songhua.ingest.hj212.encode import framed
from songhua.ingest.hj212.sm4 import encrypt_frame
from songhua.model import BEIJING, BadInput
from songhua.store.registry import exchanges, links
from songhua.store.registry.models import Command, Device, Gap, SetAside
from tests.app.gateway.speaking import SITE, hours, raw, said

pytestmark = [pytest.mark.chdb, pytest.mark.slow]

THIRD = "1123A"
KEY, NEW_KEY = b"0123456789abcdef", b"fedcba9876543210"
AT = datetime(2018, 3, 1, 8, tzinfo=BEIJING)


class Field:
    """A virtual logger in a loop of its own."""

    def __init__(self, logger: Logger) -> None:
        self.logger, self._loop = logger, asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._do(logger.start())

    def send(self, message: Message) -> bool:
        self._do(self.logger.send(message))
        return bool(self._do(self.logger.settle(5)))

    def keep(self, message: Message) -> None:
        """Have it measured, and not sent."""
        self.logger._remember(message)

    def close(self) -> None:
        self._do(self.logger.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def _do(self, work: object) -> object:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)  # type: ignore[arg-type]


@contextmanager
def field(gateway: GatewayService, edition: int = 2017, key: bytes = b"") -> Iterator[Field]:
    made = Field(Logger("127.0.0.1", gateway.port, edition=edition, key=key))
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def third(platform: Songhua, gateway: GatewayService) -> Iterator[str]:
    """A logger of the edition of 2025 without a key."""
    mn = mn_of(THIRD)
    device = {"mn": mn, "name": "丙", "site_id": THIRD, "password": PASSWORD, "edition": 2025}
    links.register_devices([device])
    gateway.keeper.refresh()
    yield mn
    Device.objects.filter(mn=mn).delete()
    gateway.keeper.refresh()


def ended(number: int) -> Command:
    assert eventually(lambda: Command.objects.get(pk=number).ended_at is not None)
    return Command.objects.get(pk=number)


def eventually(is_so: Callable[[], bool]) -> bool:
    end = time.monotonic() + 10
    while time.monotonic() < end:
        if is_so():
            return True
        time.sleep(0.05)
    return False


def test_a_key_is_given_and_then_everything_is_encrypted(
    platform: Songhua, gateway: GatewayService, third: str
) -> None:
    with field(gateway, 2025) as logger:
        assert logger.send(said(THIRD, AT))
        values = {"SKCreateTime": "20260301000000000", "NewSK": KEY.decode()}
        number = platform.request(third, "1014", values, author="admin", why="首个密钥")
        assert ended(number).state == "done"
        assert Command.objects.get(pk=number).values["NewSK"] == "***"
        assert eventually(lambda: gateway.keeper.keys_of(third) == (KEY,))
        # Data and history come encrypted by the key, and are read.
        assert logger.send(said(THIRD, AT + timedelta(hours=1)))
        logger.keep(said(THIRD, AT + timedelta(hours=2)))
        span = {"BeginTime": "20180301090000", "EndTime": "20180301100000"}
        number = platform.request(third, "2061", span, author="admin", why="")
        assert (ended(number).state, ended(number).data) == ("done", 2)
        sent = platform.sent(ended(number).journal_seq)
        assert b"CN=2061" in sent
        assert b"BeginTime" not in sent
        frame, is_encrypted = platform.preview(third, "2061", span)
        assert is_encrypted
        assert b"BeginTime=20180301090000" in frame
        # A second key comes under the first; the first still reads what came before.
        number = platform.request(
            third, "1014", {**values, "NewSK": NEW_KEY.decode()}, author="admin", why="更换"
        )
        assert ended(number).state == "done"
        assert eventually(lambda: gateway.keeper.keys_of(third) == (NEW_KEY, KEY))
        assert NEW_KEY not in platform.sent(ended(number).journal_seq)
        assert logger.send(said(THIRD, AT + timedelta(hours=3)))
    assert gateway.keeper.wait(20)
    assert hours(platform, THIRD, AT, 4).height == 24


def test_what_cannot_be_decrypted_is_set_aside_and_released_with_the_key(
    platform: Songhua, gateway: GatewayService, third: str
) -> None:
    at = AT + timedelta(days=1)
    raw(gateway, encrypt_frame(said(THIRD, at).frame("20180302080000001", edition=2025), KEY), 0.3)
    row = SetAside.objects.filter(mn=third).latest("pk")
    assert row.reason == "undecryptable"
    with pytest.raises(BadInput, match="无法解密"):
        platform.release(row.pk, "admin")
    exchanges.add_key(third, KEY, is_current=True)
    platform.release(row.pk, "admin")
    assert hours(platform, THIRD, at).height == 6


def test_who_wants_to_register_is_answered_and_set_aside(
    platform: Songhua, gateway: GatewayService
) -> None:
    mn = "010000A8900016F000169DC7"
    segment = (
        f"QN=20260301000000000;ST=22;CN=1001;PW=123456;MN={mn};Flag=9;"
        "CP=&&i23005-Info=LOGGER-7;i23006-Info=CPU-1&&"
    )
    answers = raw(gateway, framed(segment.encode()), 0.5)
    assert [one.cn for one in answers] == ["9014"]
    row = SetAside.objects.get(mn=mn)
    assert (row.reason, row.cn) == ("wants_to_register", "1001")
    assert "LOGGER-7" in row.detail_zh
    assert "123456" not in row.raw


def test_a_new_identity_is_registered_once_the_logger_took_it(
    platform: Songhua, gateway: GatewayService, third: str
) -> None:
    new = "010000A8900016F000169DC8"
    with field(gateway, 2025) as logger:
        assert logger.send(said(THIRD, AT + timedelta(days=2)))
        number = platform.request(third, "1002", {"i23005-Info": new}, author="admin", why="换号")
        assert ended(number).state == "done"
    assert eventually(lambda: Device.objects.filter(mn=new, active=True).exists())
    assert not Device.objects.get(mn=third).active
    assert Device.objects.get(mn=new).site_id == THIRD
    Device.objects.filter(mn=new).delete()


def test_a_serial_number_is_told(platform: Songhua, gateway: GatewayService) -> None:
    with field(gateway) as logger:
        assert logger.send(said(SITE, AT))
        number = platform.request(mn_of(SITE), "3019", {"PolId": "a34004"}, author="a", why="")
        assert (ended(number).state, ended(number).data) == ("done", 1)


def test_a_gap_is_asked_for_because_a_person_wants_it(
    platform: Songhua, gateway: GatewayService
) -> None:
    first = AT + timedelta(days=9)
    gap = Gap.objects.create(
        site_id=SITE, mn=mn_of(SITE), first=first, last=first + timedelta(hours=1),
        found_at=datetime.now(UTC), tries=5,
    )  # fmt: skip
    with pytest.raises(BadInput, match="不在线"):
        platform.ask_gap(gap.pk, "admin")
    with field(gateway) as logger:
        assert logger.send(said(SITE, first - timedelta(hours=1)))
        for number in range(2):
            logger.keep(said(SITE, first + timedelta(hours=number)))
        platform.ask_gap(gap.pk, "admin")
        assert eventually(lambda: gap.commands.filter(state="done").exists())
    asked = gap.commands.get()
    assert (asked.cn, asked.author, asked.data) == ("2061", "admin", 2)
    assert gateway.keeper.wait(20)
    assert hours(platform, SITE, first, 2).height == 12
    gap.delete()
    with pytest.raises(BadInput, match="没有这个缺数"):
        platform.ask_gap(999_999, "admin")
