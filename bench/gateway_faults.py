"""The gateway in trouble: full disk, torn record, clock set back, observation store down.

``python -m bench.gateway_faults disk-full|torn|clock-back|store-down|all`` starts a platform of its
own for each, lets virtual loggers speak all the while, and at the end compares what was
acknowledged with what is on the shelf, as `bench.gateway_crash` does for ``kill -9``. It ends with
1 when a value is missing, wrong or there twice, when a start failed, or when the platform did not
behave as it should meanwhile.
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
from contextlib import contextmanager
from pathlib import Path

from bench.gateway import memory_of
from bench.gateway_crash import Said, Victim, compare, prepare, suffer

_RATE = 300.0
_DISK = 64 * 1024 * 1024
_ROOM = 2 * 1024 * 1024
_MOST_MEMORY = 1200.0
_PRELUDE = """
import datetime as _module, os as _os, sys as _sys
from songhua.app.wiring import set_up as _set_up
_set_up()
import django.utils.timezone, songhua.app.server
_flags = _os.environ["SONGHUA_BENCH_TROUBLE"]
class _Datetime(_module.datetime):
    __slots__ = ()
    @classmethod
    def now(cls, tz=None):
        found = _module.datetime.now(tz)
        if _os.path.exists(_flags + "/clock-back"):
            found -= _module.timedelta(hours=1)
        return found
    def __reduce_ex__(self, protocol):
        plain = _module.datetime.combine(self.date(), self.timetz())
        return plain.__reduce_ex__(protocol)
for _name, _one in list(_sys.modules.items()):
    if _name.startswith(("songhua", "django.utils.timezone")):
        if getattr(_one, "datetime", None) is _module.datetime:
            _one.datetime = _Datetime
from songhua.store.shelf import Shelf as _Shelf
_save = _Shelf.save_observations
def _refuse(self, frame):
    if _os.path.exists(_flags + "/store-down"):
        raise OSError("the observation store is down")
    _save(self, frame)
_Shelf.save_observations = _refuse
"""
"""The platform, but for its clock and its store: flags in a folder put them in trouble."""


class Trouble:
    """One run: a victim, its folder, and what went wrong."""

    def __init__(self, home: Path, victim: Victim, seconds: float) -> None:
        self.home, self.victim, self.seconds = home, victim, seconds
        self.flags = home / "trouble"
        self.wrong: list[str] = []
        self.told: list[str] = []

    async def until_grown(self, said: Said, by: int, within: float) -> bool:
        """Wait until so many more frames are acknowledged; False when they are not."""
        before, end = len(said), time.monotonic() + within
        while time.monotonic() < end:
            if len(said) >= before + by:
                return True
            await asyncio.sleep(0.1)
        return False

    async def again(self) -> None:
        """Start it again after a death."""
        await asyncio.to_thread(self.victim.start)

    def kill(self) -> None:
        """Kill it without warning."""
        self.victim.end(signal.SIGKILL)


async def disk_full(trouble: Trouble, said: Said) -> None:
    """Fill the journal's disk under load, kill, start on the full disk, make room."""
    filler = trouble.home / "journal" / "filler"
    await trouble.until_grown(said, 200, 20)
    free = os.statvfs(filler.parent).f_bavail * os.statvfs(filler.parent).f_frsize
    with filler.open("wb") as file:
        file.write(b"\0" * max(0, free - _ROOM))
    end, last = time.monotonic() + 120, -1
    while time.monotonic() < end:  # until nothing is acknowledged any more
        last = len(said)
        if not await trouble.until_grown(said, 1, 5):
            break
    else:
        trouble.wrong.append("the disk never became full")
    if not trouble.victim.is_alive:
        trouble.wrong.append("the platform died of a full disk")
    trouble.told.append(f"full after {last:,} acknowledged")
    trouble.kill()
    await trouble.again()
    if await trouble.until_grown(said, 1, 3) and _is_full(filler.parent):
        trouble.told.append("a few more fitted after the start")
    filler.unlink()
    if not await trouble.until_grown(said, 200, 60):
        trouble.wrong.append("nothing was acknowledged once there was room again")


async def torn(trouble: Trouble, said: Said) -> None:
    """Kill, leave half a record and half a head as a power cut may, start; many times."""
    chance = random.Random(5)  # noqa: S311 - moments and bytes, no secret
    for number in range(max(4, int(trouble.seconds))):
        await asyncio.sleep(chance.uniform(0.2, 0.8))
        trouble.kill()
        journal = trouble.home / "journal"
        last = max(journal.glob("*.journal"))
        data = last.read_bytes()
        piece = data[-chance.randint(200, 4000) :]
        with last.open("ab") as file:
            file.write(piece[: chance.randint(1, len(piece))])
        if number % 3 == 0:
            head = journal / "head"
            head.write_bytes(head.read_bytes()[: chance.randint(0, 60)])
        await trouble.again()
        if not await trouble.until_grown(said, 20, 30):
            trouble.wrong.append("nothing was acknowledged after a torn record")
            return
    trouble.told.append(f"{number + 1} torn records")


async def clock_back(trouble: Trouble, said: Said) -> None:
    """Set the clock back an hour under load, start once so, and set it right again."""
    flag = trouble.flags / "clock-back"
    await trouble.until_grown(said, 200, 20)
    flag.touch()
    if not await trouble.until_grown(said, 500, 30):
        trouble.wrong.append("nothing was acknowledged with the clock set back")
    trouble.kill()
    await trouble.again()
    if not await trouble.until_grown(said, 500, 30):
        trouble.wrong.append("nothing was acknowledged after a start with the clock set back")
    flag.unlink()
    await trouble.until_grown(said, 500, 30)


async def store_down(trouble: Trouble, said: Said) -> None:
    """Take the store away for a while; answers go on and memory stays bounded."""
    flag = trouble.flags / "store-down"
    await trouble.until_grown(said, 200, 20)
    flag.touch()
    before, peak, end = len(said), 0.0, time.monotonic() + trouble.seconds
    while time.monotonic() < end:
        if not await trouble.until_grown(said, 1, 5):
            trouble.wrong.append("nothing was acknowledged while the store was down")
            break
        peak = max(peak, memory_of(trouble.victim.pid))
    trouble.told.append(
        f"{trouble.seconds:.0f} s without a store: {len(said) - before:,} acknowledged, "
        f"at most {peak:,.0f} MB"
    )
    if peak > _MOST_MEMORY:
        trouble.wrong.append(f"memory grew to {peak:,.0f} MB")
    flag.unlink()
    await asyncio.sleep(3)


Make = Callable[[Trouble, Said], Awaitable[None]]
RUNS: dict[str, Make] = {
    "disk-full": disk_full,
    "torn": torn,
    "clock-back": clock_back,
    "store-down": store_down,
}


def run(name: str, seconds: float, rate: float = _RATE) -> list[str]:
    """Do one; return what was wrong."""
    with tempfile.TemporaryDirectory() as folder, small_disk(Path(folder), on=name == "disk-full"):
        home = Path(folder)
        (home / "trouble").mkdir()
        os.environ["SONGHUA_HOME"] = folder
        os.environ["SONGHUA_BENCH_TROUBLE"] = str(home / "trouble")
        prepare()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        os.environ["SONGHUA_GATEWAY"] = f"127.0.0.1:{port}"  # read before the command is
        victim = Victim(home, port, prelude=_PRELUDE)
        victim.start()
        trouble = Trouble(home, victim, seconds)
        said, report = asyncio.run(suffer(port, lambda told: RUNS[name](trouble, told), rate))
        victim.end(signal.SIGTERM)
        wrong = [*trouble.wrong, *compare(said)]
    if victim.failed:
        wrong.append(f"{victim.failed} starts failed")
    if report.unanswered:
        wrong.append(f"{report.unanswered} frames were never answered")
    print(
        f"{name}: {report.acknowledged:,} frames acknowledged, {report.sent_again:,} sent again, "
        f"{victim.starts} starts, {victim.failed} failed; {'; '.join(trouble.told) or 'done'}; "
        f"missing, wrong or twice: {len(wrong)}",
        flush=True,
    )
    for line in wrong[:20]:
        print(" ", line)
    return wrong


@contextmanager
def small_disk(home: Path, *, on: bool) -> Iterator[None]:
    """Put the journal on a small disk of its own, where that is wanted; needs root."""
    folder = home / "journal"
    folder.mkdir()
    if not on:
        yield
        return
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={_DISK}", "tmpfs", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


def _is_full(folder: Path) -> bool:
    return os.statvfs(folder).f_bavail == 0


def main() -> None:
    """Do one or all, each in a process of its own: a process holds one platform."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("which", choices=[*RUNS, "all"])
    parser.add_argument("--seconds", type=float, default=0.0, help="of store-down; number of torn")
    asked = parser.parse_args()
    if asked.which != "all":
        usual = 300.0 if asked.which == "store-down" else 20.0
        sys.exit(1 if run(asked.which, asked.seconds or usual) else 0)
    codes = []
    for name in RUNS:
        if name == "disk-full" and os.geteuid():
            print("disk-full: left out, it needs root for a small disk")
            continue
        command = [sys.executable, "-m", "bench.gateway_faults", name]
        if asked.seconds:
            command += ["--seconds", str(asked.seconds)]
        codes.append(subprocess.run(command, check=False).returncode)
    sys.exit(1 if any(codes) else 0)


if __name__ == "__main__":
    main()
