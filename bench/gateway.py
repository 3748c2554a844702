"""The gateway under load: frames journaled, acknowledged and stored; delays; memory.

``python -m bench.gateway`` starts a platform of its own in a new process, registers loggers that
do not exist, and lets them speak. Another process is the loggers.
"""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path


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
    platform.gateway.keeper.wait(300)
    lag = time.monotonic() - began
    rows = platform.shelf.sizes()[0].rows
    aside = links.SetAside.objects.count()
    platform.close()
    print(json.dumps({"rows": rows, "aside": aside, "lag": lag}), flush=True)


def memory_of(pid: int) -> float:
    """Return the resident memory of a process, in MiB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    return int(found[1]) / 1024 if found else 0.0


def load(stations: int, rate: float, seconds: float) -> None:
    """Run one load and print what came of it."""
    with tempfile.TemporaryDirectory() as folder:
        env = {**os.environ, "SONGHUA_HOME": folder}
        server = subprocess.Popen(
            [sys.executable, "-m", "bench.gateway", "--serve", str(stations)],
            env=env,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert server.stdout is not None
        port = server.stdout.readline().strip()
        command = ["simulate", f"127.0.0.1:{port}", "--stations", str(stations)]
        command += ["--rate", str(rate), "--seconds", str(seconds), "--json"]
        loggers = subprocess.Popen(
            [sys.executable, "-c", "from songhua.app.cli import main; main()", *command],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        peaks = []
        while loggers.poll() is None:
            peaks.append(memory_of(server.pid))
            time.sleep(1)
        report = json.loads(loggers.communicate()[0])
        server.send_signal(signal.SIGTERM)
        told = json.loads(server.communicate(timeout=400)[0])
        print(
            f"{stations:,} loggers, {rate:,.0f} frames/s wanted, {seconds:.0f} s: "
            f"{report['rate']:,.0f} frames/s acknowledged, p50 {report['p50'] * 1000:.1f} ms, "
            f"p99 {report['p99'] * 1000:.1f} ms, unanswered {report['unanswered']:,}, "
            f"stored {told['rows']:,} values, set aside {told['aside']:,}, "
            f"stored {told['lag']:.1f} s after the last, "
            f"memory {peaks[len(peaks) // 2]:,.0f} then {max(peaks):,.0f} MiB"
        )


def main() -> None:
    """Run the loads of the design."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--serve", type=int)
    parser.add_argument("--stations", type=int, default=500)
    parser.add_argument("--rate", type=float, default=3_000)
    parser.add_argument("--seconds", type=float, default=60)
    asked = parser.parse_args()
    if asked.serve:
        serve(asked.serve)
        return
    load(asked.stations, asked.rate, asked.seconds)


if __name__ == "__main__":
    main()
