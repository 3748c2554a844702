"""An instrument polled: a server of another library answers, and only reads are ever sent."""

import asyncio
import contextlib
import json
import struct
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from songhua.app.doors import Doors
from songhua.app.doors.modbus import ModbusWorker
from songhua.app.platform import Songhua, silent
from songhua.model import BEIJING, BadInput, Period, check_settings
from songhua.store.registry.models import RowAside, Source, SourceState
from tests.app.doors.saying import SITE, add, eventually, idle

pytestmark = [pytest.mark.chdb, pytest.mark.slow]


class Instrument:
    """pymodbus's own server, on a port of its choice; remembers the function codes it was sent."""

    def __init__(self) -> None:
        self.functions: list[int] = []
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._up = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._up.wait(5)

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self._server.shutdown(), self._loop).result(5)
        self._thread.join(5)

    def _heard(self, sending: bool, data: bytes) -> bytes:  # noqa: FBT001 - as the library calls it
        if not sending and len(data) > 7:
            self.functions.append(data[7])
        return data

    def _run(self) -> None:
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        words = [412, *struct.unpack(">HH", struct.pack(">f", 35.25)), 0x5678, 0x0001, 0x7FC0, 0]
        data = SimData(
            100, values=[words[0], *words[1:3], *words[3:5]], datatype=DataType.REGISTERS
        )
        more = SimData(105, values=[65_486, *words[5:7]], datatype=DataType.REGISTERS)
        self._server = ModbusTcpServer(
            SimDevice(1, [data, more]), address=("127.0.0.1", 0), trace_packet=self._heard
        )
        serving = asyncio.ensure_future(self._server.serve_forever())
        while not self._server.transport:
            await asyncio.sleep(0.01)
        self.port = self._server.transport.sockets[0].getsockname()[1]
        self._up.set()
        with contextlib.suppress(asyncio.CancelledError):
            await serving


@pytest.fixture
def instrument() -> Iterator[Instrument]:
    found = Instrument()
    yield found
    found.stop()


def settings(port: int, *registers: Any, **more: Any) -> dict[str, Any]:
    maps = [{"from": "2020-01-01", "registers": list(registers)}]
    return {"host": "127.0.0.1", "port": port, "site": SITE, "maps": maps, "timeout": 1, **more}


PM10 = {"quantity": "pm10", "address": 100, "type": "uint16", "scale": 0.1}
FINE = {"quantity": "pm2_5", "address": 101, "type": "float32"}
SO2 = {"quantity": "so2", "address": 103, "type": "int32", "words": "little", "scale": 0.001}
COLD = {"quantity": "temperature", "address": 105, "type": "int16", "scale": 0.1, "unit": "°C"}
BROKEN = {"quantity": "no2", "address": 106, "type": "float32"}
ABSENT = {"quantity": "co", "address": 900}


def found(platform: Songhua, period: str) -> dict[str, float]:
    now = datetime.now(BEIJING)
    span = Period(now - timedelta(minutes=5), now + timedelta(minutes=5))
    rows = platform.shelf.observations(period=period, span=span, sites=[SITE])
    return {row["quantity"]: row["value"] for row in rows.to_dicts()}


def test_registers_become_values_and_only_reads_are_sent(
    platform: Songhua, doors: Doors, instrument: Instrument
) -> None:
    registers = [PM10, FINE, SO2, COLD, BROKEN, ABSENT]
    source = idle("analyser", "modbus", settings(instrument.port, *registers))
    worker = ModbusWorker(source, doors.kit)
    worker.once()
    worker.close()
    assert doors.kit.rows.wait(10)
    # 412 · 0.1; IEEE 754; 0x00015678 · 0.001; −50 · 0.1
    assert found(platform, "minute") == {
        "pm10": pytest.approx(41.2),
        "pm2_5": 35.25,
        "so2": pytest.approx(87.672),
        "temperature": -5,
    }
    assert set(instrument.functions) == {3}
    state = Source.objects.get(pk=source.id).state
    assert "no2" not in state.error_zh
    assert "co（900）：地址不存在（2）" in state.error_zh
    assert [one.reason for one in RowAside.objects.filter(source_id=source.id)] == ["not_a_number"]
    body = list(platform.journal.bodies(kinds=("observations",)))[-1][1]
    assert json.loads(body)["registers"]["holding/100"] == [412]
    before = found(platform, "minute")
    platform.replay(silent)
    assert found(platform, "minute") == before


def test_a_reading_that_stays_the_same_for_too_long_is_set_aside(
    platform: Songhua, doors: Doors, instrument: Instrument
) -> None:
    more = {"stale_after": 2, "period": "realtime"}
    source = idle("frozen", "modbus", settings(instrument.port, FINE, **more))
    worker = ModbusWorker(source, doors.kit)
    for _ in range(3):
        worker.once()
    worker.close()
    assert doors.kit.rows.wait(10)
    assert [one.reason for one in RowAside.objects.filter(source_id=source.id)] == ["stale_value"]
    assert found(platform, "realtime") == {"pm2_5": 35.25}


def test_an_instrument_that_is_away_comes_back(
    platform: Songhua, doors: Doors, instrument: Instrument
) -> None:
    gone = ModbusWorker(idle("gone", "modbus", settings(1, PM10)), doors.kit)
    with pytest.raises(BadInput, match="cannot be reached"):
        gone.once()
    source = add("live", "modbus", settings(instrument.port, PM10, every=0.1))
    assert eventually(lambda: SourceState.objects.filter(pk=source.pk, messages__gt=1).exists())
    Source.objects.filter(pk=source.pk).update(active=False)
    assert eventually(lambda: Source.objects.get(pk=source.pk).state.state == "stopped")


def test_the_map_of_the_day_is_used(doors: Doors) -> None:
    today = datetime.now(BEIJING).date()
    maps = [
        {"from": (today + timedelta(days=1)).isoformat(), "registers": [SO2]},
        {"from": today.isoformat(), "registers": [FINE]},
        {"from": "2020-01-01", "registers": [PM10]},
    ]
    given = {**settings(502), "maps": maps}
    worker = ModbusWorker(idle("dated", "modbus", given), doors.kit)
    assert worker._registers(datetime.now(BEIJING))[0]["quantity"] == "pm2_5"
    with pytest.raises(BadInput, match="No register map"):
        worker._registers(datetime(2019, 1, 1, tzinfo=BEIJING))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"host": ""}, "host"),
        ({"wrong": 1}, "wrong"),
        ({"port": 70_000}, "port"),
        ({"every": 0}, "every"),
        ({"maps": []}, "maps"),
        ({"maps": [{"from": "soon", "registers": [PM10]}]}, "from"),
        ({"maps": [{"from": "2020-01-01", "registers": [{**PM10, "type": "bcd"}]}]}, "type"),
        ({"maps": [{"from": "2020-01-01", "registers": [{**PM10, "scale": "x"}]}]}, "scale"),
        ({"maps": [{"from": "2020-01-01", "registers": [{**FINE, "address": 65_535}]}]}, "65535"),
    ],
)
def test_settings_that_cannot_be_used_say_why(change: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInput) as fault:
        check_settings("modbus", {**settings(502, PM10), **change})
    assert words in fault.value.zh
    assert words in fault.value.en
