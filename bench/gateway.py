"""The gateway under load: frames journaled, acknowledged and stored; delays; memory.

``python -m bench.gateway`` starts a platform of its own in a new process, registers loggers that
do not exist, and lets them speak from another process (`bench.loggers`).
"""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

P50, P99, MEMORY = 0.030, 0.250, 1200
"""What must be reached: s, s, MB."""
_DONE = 300.0


def serve(stations: int) -> None:
    """Be the platform until a signal comes; print port, then what was stored."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})  # before any thread begins
    from songhua.app.wiring import set_up

    set_up()
    from songhua.app.platform import Songhua
    from songhua.app.server import migrate_stores
    from songhua.app.simulate import mn_of
    from songhua.app.simulate.messages import PASSWORD
    from songhua.store.registry import links
    from songhua.store.registry.models import Region, Site, SitePeriod

    migrate_stores()
    city = Region.objects.get(code="220100")
    keys = [f"L{number:05d}" for number in range(stations)]
    Site.objects.bulk_create(Site(key=key) for key in keys)
    SitePeriod.objects.bulk_create(
        SitePeriod(site_id=key, name_zh=key, city=city, valid_from="2000-01-01") for key in keys
    )
    links.register_devices(
        {"mn": mn_of(key), "name": key, "site_id": key, "password": PASSWORD} for key in keys
    )
    platform = Songhua.open()
    print(platform.listen("127.0.0.1", 0), flush=True)
    signal.sigwait({signal.SIGTERM})
    assert platform.gateway is not None
    began = time.monotonic()
    platform.gateway.keeper.wait(_DONE)
    lag = time.monotonic() - began
    rows = platform.shelf.sizes()[0].rows
    aside = links.SetAside.objects.count()
    platform.close()
    print(json.dumps({"rows": rows, "aside": aside, "lag": lag}), flush=True)


def family(pid: int) -> list[int]:
    """Return a process and its children."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text(encoding="ascii").split():
            found += family(int(child))
    return found


def memory_of(pid: int) -> float:
    """Return the resident memory of a process and its children, in MB."""
    total = 0
    for one in family(pid):
        status = Path(f"/proc/{one}/status").read_text(encoding="ascii")
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        total += int(found[1]) if found else 0
    return total * 1024 / 1e6


def seconds_of(pid: int) -> float:
    """Return the processor time of a process and its children, in s."""
    ticks = 0
    for one in family(pid):
        stat = Path(f"/proc/{one}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        ticks += int(stat[11]) + int(stat[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def is_whole(came: dict[str, Any]) -> bool:
    """Return whether all that was acknowledged is stored: ten values a frame, none set aside."""
    return came["rows"] == 10 * came["answered"] and not came["aside"] + came["unanswered"]


def load(title: str, *args: str, stations: int) -> dict[str, Any]:
    """Run one load and print what came of it."""
    with tempfile.TemporaryDirectory() as folder:
        server = subprocess.Popen(
            [sys.executable, "-m", "bench.gateway", "--serve", str(stations)],
            env={**os.environ, "SONGHUA_HOME": folder},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert server.stdout is not None
        port = server.stdout.readline().strip()
        loggers = subprocess.Popen(
            [sys.executable, "-m", "bench.loggers", port, "--loggers", str(stations), *args],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert loggers.stdout is not None
        loggers.stdout.readline()  # connected
        peaks: list[float] = []
        spent, began = seconds_of(server.pid), time.monotonic()
        over = threading.Event()

        def watch() -> None:
            while not over.wait(1.0):
                peaks.append(memory_of(server.pid))

        watcher = threading.Thread(target=watch)
        watcher.start()
        came = json.loads(loggers.communicate()[0])
        busy = (seconds_of(server.pid) - spent) / (time.monotonic() - began)
        over.set()
        watcher.join()
        server.send_signal(signal.SIGTERM)
        *said, counted = server.communicate(timeout=_DONE + 60)[0].splitlines()
        print(*said, sep="\n", end="", file=sys.stderr)
        came |= json.loads(counted)
    third = peaks[: max(1, len(peaks) // 3)]
    came |= {"memory": max(peaks), "memory_early": max(third), "busy": busy}
    whole = "whole" if is_whole(came) else "NOT whole"
    print(
        f"{title}: {stations:,} loggers, {came['rate']:,.0f} frames/s for "
        f"{came['served']:.0f} s, p50 {came['p50'] * 1000:.1f} ms, "
        f"p99 {came['p99'] * 1000:.0f} ms, longest {came['longest'] * 1000:.0f} ms, "
        f"unanswered {came['unanswered']:,}, links lost {came['lost']:,}\n"
        f"    connected in {came['connected']:.1f} s; {came['answered']:,} frames acknowledged; "
        f"stored {came['rows']:,} values, set aside {came['aside']:,}, all stored "
        f"{came['lag']:.1f} s after the last ({whole}); memory "
        f"{came['memory_early']:,.0f} MB in the first "
        f"third, at most {came['memory']:,.0f} MB; {busy:.2f} processors",
        flush=True,
    )
    return came


def main() -> None:
    """Run the loads of the design, or one as asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--serve", type=int)
    parser.add_argument("--stations", type=int, default=500)
    parser.add_argument("--rate", type=float, default=3_000)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--soak", action="store_true", help="500 loggers, 3,000 frames/s, 10 min")
    asked = parser.parse_args()
    if asked.serve:
        serve(asked.serve)
    elif asked.soak:
        came = load("soak", "--rate", "3000", "--seconds", "600", stations=500)
        kept = came["p50"] < P50 and came["p99"] < P99 and is_whole(came)
        print(
            f"10 minutes, p50 < 30 ms, p99 < 250 ms, all stored: {'kept' if kept else 'NOT kept'}"
        )
        sys.exit(0 if kept else 1)
    elif asked.seconds:
        speak = ("--rate", str(asked.rate), "--seconds", str(asked.seconds))
        load("load", *speak, stations=asked.stations)
    else:
        full = load("sustained", "--rate", "3000", "--seconds", "60", stations=500)
        idle = load("connected", "--rate", "300", "--seconds", "30", stations=10_000)
        storm = load("storm", "--storm", "--rate", "0", "--seconds", "1", stations=10_000)
        kept = full["p50"] < P50 and full["p99"] < P99 and not full["unanswered"]
        print(f"3,000 frames/s, p50 < 30 ms, p99 < 250 ms: {'kept' if kept else 'NOT kept'}")
        small = idle["memory"] < MEMORY and not idle["lost"] + idle["unanswered"]
        print(f"10,000 connected under 1.2 GB: {'kept' if small else 'NOT kept'}")
        served = storm["served"] + storm["connected"] < 60 and not storm["unanswered"]
        print(f"10,000 reconnects in 10 s served within 60 s: {'kept' if served else 'NOT kept'}")


if __name__ == "__main__":
    main()
