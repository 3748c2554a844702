"""Acknowledged means kept: `kill -9` while messages come, and the next start has each of them."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.app.doors.saying import body, hour, row
from tests.conftest import DEMO

pytestmark = [pytest.mark.chdb, pytest.mark.slow]

PREPARE = """
import sys
from pathlib import Path
from songhua.app.wiring import set_up
set_up()
from songhua.app import server
from songhua.store.registry import records, sources

server.migrate_stores()
records.load_sites(Path(sys.argv[1]) / "sites.csv")
print(sources.add("crash", "http", {}, region="220100", author="test")[1])
"""
RUN = """
import sys
from songhua.app.cli import main
sys.argv[1:] = ["run", "--port", sys.argv[1]]
main()
"""
LOOK = """
import json
from datetime import UTC, datetime
from songhua.app.wiring import set_up
set_up()
from songhua.app import platform
from songhua.model import Period

opened = platform.Songhua.open()
ever = Period(datetime(2019, 1, 1, tzinfo=UTC), datetime(2020, 1, 1, tzinfo=UTC))
rows = opened.shelf.observations(period="hour", span=ever)
faults = opened.journal.verify()
print(json.dumps({"values": rows.sort("time")["value"].to_list(), "fault": faults is not None}))
opened.close()
"""
MESSAGES = 30


class Platform:
    """`songhua run` in a process of its own."""

    def __init__(self, home: Path) -> None:
        self._environment = {**os.environ, "SONGHUA_HOME": str(home)}
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            self._port = one.getsockname()[1]
        self._url = f"http://127.0.0.1:{self._port}/api/v1/observations"
        self.token = self.said(PREPARE, str(DEMO)).strip()

    def said(self, program: str, *args: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", program, *args],
            env=self._environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        return done.stdout

    def start(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-c", RUN, str(self._port)],
            env=self._environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        end = time.monotonic() + 60
        while time.monotonic() < end:
            try:
                socket.create_connection(("127.0.0.1", self._port), 1).close()
            except OSError:
                time.sleep(0.1)
            else:
                return process
        raise TimeoutError

    def asked(self, path: str, data: bytes | None = None, key: str = "") -> Any:
        """Return status and answer; None where none came."""
        headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": key}
        request = urllib.request.Request(self._url + path, data, headers)  # noqa: S310 - our own
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310 - our own
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as fault:
            return fault.code, None
        except OSError:
            return None


def check(platform: Platform, kept: dict[int, Any]) -> None:
    """What was acknowledged is known by the same number and the same answer."""
    for number, (status, answer) in kept.items():
        code, receipt = platform.asked(f"/receipts/k{number}")
        assert code == 200
        assert receipt["journal"] == answer["journal"]
        assert receipt == answer or status == 202


def test_what_was_acknowledged_outlives_a_kill(tmp_path: Path) -> None:
    platform = Platform(tmp_path / "home")
    process = platform.start()
    answers: dict[int, Any] = {}

    def send(number: int) -> Any:
        return platform.asked(
            "", body(row(hour(1 + number // 24, number % 24), number)), f"k{number}"
        )

    def work(first: int) -> None:
        for number in range(first, MESSAGES, 2):
            answers[number] = send(number)

    threads = [threading.Thread(target=work, args=(first,)) for first in range(2)]
    for thread in threads:
        thread.start()
    while len(answers) < MESSAGES // 3:
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    for thread in threads:
        thread.join(30)
    kept = {number: one for number, one in answers.items() if one is not None}
    assert kept
    assert len(kept) < MESSAGES
    assert {status for status, _ in kept.values()} <= {201, 202}

    process = platform.start()
    try:
        check(platform, kept)
        for number in set(range(MESSAGES)) - set(kept):  # not acknowledged: sent again
            while (again := send(number))[0] == 429:
                time.sleep(0.5)
            assert again[0] == 201
    finally:
        process.terminate()
        process.wait(20)
    found = json.loads(platform.said(LOOK))
    assert found == {"values": [float(number) for number in range(MESSAGES)], "fault": False}
