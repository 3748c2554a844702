"""Kill the gateway again and again under load, and look whether anything acknowledged is missing.

``python -m bench.gateway_crash --times 200`` starts a platform of its own in a folder of its own,
lets virtual loggers speak, kills the platform without warning at random moments, starts it again,
and at the end compares what was acknowledged with what is on the shelf. It ends with 1 when a
value is missing, wrong or there twice, or when a start failed.
"""

import argparse
import asyncio
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.progress import track

from songhua.app.simulate import Message, Report, mn_of, run_fleet
from songhua.app.simulate.messages import PASSWORD
from songhua.model import BEIJING

SITES = [f"L{number:05d}" for number in range(20)]
_FIRST = datetime(2019, 1, 1, tzinfo=BEIJING)
_STARTS_WITHIN = 60.0
_LOOKED_AT = 1000
"""Values of which every revision is looked at."""

Said = dict[tuple[str, datetime], float]


def messages() -> Iterator[Message]:
    """Yield hours of every site without end; the value tells which one it is."""
    number = 0
    while True:
        for place, site in enumerate(SITES):
            value = (number * 7 + place) % 400
            yield Message(
                mn_of(site),
                "2061",
                _FIRST + timedelta(hours=number),
                ({"a34002-Avg": f"{value}", "a34002-Flag": "N"},),
            )
        number += 1


def prepare() -> None:
    """Register the loggers in the platform's home."""
    from songhua.app.wiring import set_up

    set_up()
    from songhua.app.server import migrate_stores
    from songhua.store.registry import links
    from songhua.store.registry.models import Region, Site, SitePeriod

    migrate_stores()
    city = Region.objects.get(code="220100")
    Site.objects.bulk_create(Site(key=site) for site in SITES)
    SitePeriod.objects.bulk_create(
        SitePeriod(site_id=site, name_zh=site, city=city, valid_from="2000-01-01") for site in SITES
    )
    links.register_devices(
        {"mn": mn_of(site), "name": site, "site_id": site, "password": PASSWORD} for site in SITES
    )


class Victim:
    """The platform that is killed and started again."""

    def __init__(self, home: Path, port: int, *, prelude: str = "") -> None:
        self._env = {**os.environ, "SONGHUA_HOME": str(home)}
        self._program = f"{prelude}from songhua.app.cli import main; main()"
        self._port = port
        self.starts = 0
        self.failed = 0
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and wait until it listens."""
        command = ["gateway", "--listen", f"127.0.0.1:{self._port}"]
        self._process = subprocess.Popen(
            [sys.executable, "-c", self._program, *command],
            env=self._env,
            stdout=subprocess.DEVNULL,
        )
        self.starts += 1
        end = time.monotonic() + _STARTS_WITHIN
        while time.monotonic() < end:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self._port), 1):
                return
            time.sleep(0.05)
        self.failed += 1

    @property
    def pid(self) -> int:
        """Its process."""
        assert self._process is not None
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether it still runs."""
        return self._process is not None and self._process.poll() is None

    def end(self, how: signal.Signals) -> None:
        """Send it a signal and wait until it is gone."""
        assert self._process is not None
        self._process.send_signal(how)
        self._process.wait(120)


async def killed(victim: Victim, times: int, seed: int) -> None:
    """Kill it at random moments and start it again."""
    chance = random.Random(seed)  # noqa: S311 - moments, no secret
    for _ in track(range(times), description="kill -9"):
        await asyncio.sleep(chance.uniform(0.1, 1.5))
        await asyncio.to_thread(victim.end, signal.SIGKILL)
        await asyncio.to_thread(victim.start)


async def suffer(
    port: int, trouble: Callable[[Said], Awaitable[None]], rate: float
) -> tuple[Said, Report]:
    """Let loggers speak while there is trouble; return what was acknowledged."""
    said: Said = {}
    over = asyncio.Event()

    def told(_qn: str, message: Message) -> None:
        said[message.mn, message.at] = float(message.groups[0]["a34002-Avg"])

    def until_over() -> Iterator[Message]:
        for message in messages():
            if over.is_set():
                return
            yield message

    fleet = asyncio.create_task(run_fleet("127.0.0.1", port, until_over(), rate=rate, told=told))
    await trouble(said)
    await asyncio.sleep(1)
    over.set()
    report = await fleet
    return said, report


def compare(said: Said) -> list[str]:
    """Open the stores and return what is wrong with them."""
    from songhua.app.platform import Songhua
    from songhua.model import Period

    platform = Songhua.open()
    platform.listen("127.0.0.1", 0)
    assert platform.gateway is not None
    platform.gateway.keeper.wait(300)
    span = Period(_FIRST, _FIRST + timedelta(days=3650))
    rows = platform.shelf.observations(period="hour", span=span)
    kept = {
        (mn_of(site), at.astimezone(UTC)): value
        for site, at, value in rows.select("site", "time", "value").iter_rows()
    }
    wrong = [
        f"{mn} {at:%Y-%m-%d %H:%M}: acknowledged {value}, kept {kept.get((mn, at.astimezone(UTC)))}"
        for (mn, at), value in said.items()
        if kept.get((mn, at.astimezone(UTC))) != value
    ]
    twice = rows.filter("changed").height
    if twice:
        wrong.append(f"{twice} values have two versions")
    chance = random.Random(len(said))  # noqa: S311 - which ones to look at, no secret
    some = chance.sample(list(rows.select("site", "time").iter_rows()), min(_LOOKED_AT, len(said)))
    for site, at in some:
        history = platform.shelf.observation_history(
            site=site, quantity="pm10", period="hour", time=at
        )
        if history["revision"].n_unique() > 1:
            wrong.append(f"{site} {at:%Y-%m-%d %H:%M}: kept {history.height} times")
    if (fault := platform.journal.verify()) is not None:
        wrong.append(f"journal: {fault.en}")
    platform.close()
    return wrong


def main() -> None:
    """Do it so many times and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=200)
    parser.add_argument("--rate", type=float, default=200)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SONGHUA_HOME"] = folder
        prepare()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        victim = Victim(Path(folder), port)
        victim.start()

        def trouble(_said: Said) -> Awaitable[None]:
            return killed(victim, asked.times, asked.seed)

        said, report = asyncio.run(suffer(port, trouble, asked.rate))
        victim.end(signal.SIGTERM)
        wrong = compare(said)
    print(
        f"{asked.times} kills, {victim.starts} starts, {victim.failed} failed; "
        f"{report.sent:,} frames sent, {report.sent_again:,} again, "
        f"{report.acknowledged:,} acknowledged; missing or wrong: {len(wrong)}"
    )
    for line in wrong[:20]:
        print(" ", line)
    sys.exit(1 if wrong or victim.failed or report.unanswered else 0)


if __name__ == "__main__":
    main()
