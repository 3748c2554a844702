"""An instrument polled by Modbus-TCP: registers are read, never written.

What was read, raw and decoded, is one message of observations; it goes the way of all others.
"""

import json
import math
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pymodbus.client import ModbusTcpClient
from pymodbus.exceptions import ModbusException

from songhua.app.doors.worker import Kit, Worker
from songhua.model import BEIJING, BadInput, KnownSource
from songhua.model.source import REGISTER_TYPES
from songhua.store.registry import sources

_CODES = {
    1: ("不支持的功能", "illegal function"),
    2: ("地址不存在", "illegal address"),
    3: ("数值不合法", "illegal value"),
    4: ("设备故障", "device failure"),
    5: ("已接受，处理中", "acknowledged, under way"),
    6: ("设备忙", "device busy"),
    8: ("存储校验错", "memory parity error"),
    10: ("网关无路径", "gateway path unavailable"),
    11: ("网关后设备无应答", "gateway target did not respond"),
}


class ModbusWorker(Worker):
    """Polls one instrument."""

    def __init__(self, source: KnownSource, kit: Kit) -> None:
        super().__init__(source, kit)
        self._client: ModbusTcpClient | None = None
        self._former: dict[int, tuple[tuple[int, ...], int]] = {}

    def once(self) -> None:
        """Read every register once and keep what it said."""
        began = time.monotonic()
        at = datetime.now(BEIJING)
        registers = self._registers(at)
        client = self._connected()
        rows, raw, faults = [], {}, []
        for number, one in enumerate(registers):
            try:
                words = self._read(client, one)
            except BadInput as fault:
                faults.append(fault)
                continue
            raw[f"{one['table']}/{one['address']}"] = list(words)
            rows.append(self._row(number, one, words, at))
        if rows:
            message = {"observations": rows, "registers": raw, "read_at": at.isoformat()}
            self.kit.rows.take(self.source, json.dumps(message).encode())
        if not faults:
            sources.note_state(self.source.id, "polling", seen=True)
        else:
            zh = " ".join(one.zh for one in faults)[:500]
            en = " ".join(one.en for one in faults)[:500]
            if not rows:
                raise BadInput(zh, en)
            sources.note_error(self.source.id, zh, en, state="polling")
        self.every = max(0.05, float(self.settings["every"]) - (time.monotonic() - began))

    def close(self) -> None:
        """Hang up."""
        client, self._client = self._client, None
        if client is not None:
            client.close()  # type: ignore[no-untyped-call]

    def _registers(self, at: datetime) -> list[Mapping[str, Any]]:
        """Return the map in force today."""
        today = at.date().isoformat()
        found = [one for one in self.settings["maps"] if one["from"] <= today]
        if not found:
            raise BadInput("没有今天有效的寄存器表。", "No register map is in force today.")
        return list(found[-1]["registers"])

    def _connected(self) -> ModbusTcpClient:
        if self._client is None:
            self._client = ModbusTcpClient(
                self.settings["host"],
                port=self.settings["port"],
                timeout=float(self.settings["timeout"]),
                retries=1,
            )
        if not self._client.connected and not self._client.connect():  # type: ignore[no-untyped-call]
            self.close()
            raise BadInput("无法连接仪器。", "The instrument cannot be reached.")
        return self._client

    def _read(self, client: ModbusTcpClient, one: Mapping[str, Any]) -> tuple[int, ...]:
        """Return the words of one value; only function codes 3 and 4 are ever sent."""
        table, address, count = one["table"], one["address"], REGISTER_TYPES[one["type"]]
        ask = client.read_input_registers if table == "input" else client.read_holding_registers
        try:
            answer = ask(address, count=count, device_id=self.settings["device"])
        except ModbusException as fault:
            self.close()
            raise BadInput(
                f"{one['quantity']}（{address}）没有应答。",
                f"{one['quantity']} ({address}): no answer.",
            ) from fault
        if answer.isError():
            code = int(getattr(answer, "exception_code", 0))
            zh, en = _CODES.get(code, ("异常应答", "exception"))
            raise BadInput(
                f"{one['quantity']}（{address}）：{zh}（{code}）。",
                f"{one['quantity']} ({address}): {en} ({code}).",
            )
        words = tuple(int(word) for word in answer.registers)
        if len(words) != count:
            raise BadInput(
                f"{one['quantity']}（{address}）：应答长度不符。",
                f"{one['quantity']} ({address}): the answer has another length.",
            )
        return words

    def _row(
        self, number: int, one: Mapping[str, Any], words: tuple[int, ...], at: datetime
    ) -> dict[str, Any]:
        value = decoded(one, words)
        second = at.replace(microsecond=0)
        is_minute = self.settings["period"] == "minute"
        row: dict[str, Any] = {
            "site": self.settings["site"],
            "quantity": one["quantity"],
            "period": self.settings["period"],
            "time": (second.replace(second=0) if is_minute else second).isoformat(),
            "unit": one["unit"],
            "value": value,
        }
        if value is None:
            row["aside"] = "not_a_number"
        elif self._is_stale(number, words):
            row["aside"] = "stale_value"
        return row

    def _is_stale(self, number: int, words: tuple[int, ...]) -> bool:
        """Return whether a reading has been the same for more rounds than is likely."""
        most = self.settings["stale_after"]
        former, times = self._former.get(number, (words, 0))
        times = times + 1 if former == words else 1
        self._former[number] = (words, times)
        return bool(most) and times > most


def decoded(one: Mapping[str, Any], words: tuple[int, ...]) -> float | None:
    """Return the value that registers hold, None where they hold no number.

    >>> decoded({"type": "int16", "words": "big", "scale": 0.1, "offset": 0}, (65_486,))
    -5.0
    """
    kind = ModbusTcpClient.DATATYPE[one["type"].upper()]
    found = ModbusTcpClient.convert_from_registers(list(words), kind, word_order=one["words"])
    if not isinstance(found, int | float) or not math.isfinite(found):
        return None
    return round(float(found * one["scale"] + one["offset"]), 9)
