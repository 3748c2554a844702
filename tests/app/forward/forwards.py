"""A process that forwards until it is killed: run with a port and a number of frames."""

import os
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

WINDOW, LOGGERS, FIRST = 10, 7, datetime(2026, 3, 1, tzinfo=UTC)


def main(port: int, frames: int) -> None:
    from songhua.app.wiring import set_up

    set_up()
    from django.core.management import call_command

    from songhua.app.forward import service
    from songhua.app.simulate import Message, mn_of
    from songhua.ingest.hj212.received import KIND, Received, pack
    from songhua.model import BEIJING
    from songhua.store import Journal
    from songhua.store.registry import links
    from songhua.store.registry.models import Site, Upstream, UpstreamState

    call_command("migrate", verbosity=0)
    journal = Journal.open(Path(os.environ["SONGHUA_HOME"]) / "journal")
    if not journal.last_seq:
        keys = [f"L{number:05d}" for number in range(LOGGERS)]
        Site.objects.bulk_create(Site(key=key) for key in keys)
        links.register_devices({"mn": mn_of(key), "name": key, "site_id": key} for key in keys)
        for first in range(0, frames, 20):
            pieces = []
            for number in range(first, min(first + 20, frames)):
                at = (FIRST + timedelta(minutes=number)).astimezone(BEIJING)
                said = Message(mn_of(keys[number % LOGGERS]), "2051", at, ({"a34004-Avg": "1"},))
                pieces.append(Received(said.frame(f"{number:017d}"), "127.0.0.1", at))
            journal.append(KIND, pack(pieces), {})
        links.write_down(journal.last_seq, {}, [], reader="hj212")
        made = Upstream.objects.create(
            name="up", host="127.0.0.1", port=port, active=True, rate=100_000, window=WINDOW
        )
        UpstreamState.objects.create(upstream=made, seq=1)
    service._BACK_OFF = (0.05, 0.1)
    service.Forwarding(journal).start()
    while UpstreamState.objects.get().state != "caught_up":
        time.sleep(0.02)
    sys.stdout.write("caught up\n")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
