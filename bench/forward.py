"""Frames forwarded a second to a local upstream that acknowledges: ``python -m bench.forward``."""

import argparse
import os
import signal
import socket
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

LEAST = 1000.0
"""Frames a second that must be reached."""
_LOGGERS = 500
_BATCH = 50


def receive(listener: socket.socket) -> None:
    """Be an upstream that answers each frame at once."""
    from songhua.ingest.hj212 import Decoder, Frame, data_reply

    while True:
        line, _ = listener.accept()
        decoder = Decoder()
        with line:
            while data := line.recv(65536):
                found = [one for one in decoder.feed(data) if isinstance(one, Frame)]
                line.sendall(b"".join(data_reply(one) for one in found))


def main(frames: int) -> float:
    """Fill a journal, forward it, and return frames a second."""
    home = Path(tempfile.mkdtemp(prefix="songhua-forward-"))
    os.environ["SONGHUA_HOME"] = str(home)
    os.environ["SONGHUA_DATABASE"] = f"sqlite:///{home / 'registry.sqlite3'}"
    from songhua.app.wiring import set_up

    set_up()
    from django.core.management import call_command

    from songhua.app.forward.service import Forwarding
    from songhua.app.simulate import Message, mn_of
    from songhua.ingest.hj212.received import KIND, Received, pack
    from songhua.model import BEIJING
    from songhua.store import Journal
    from songhua.store.registry import links
    from songhua.store.registry.models import Site, Upstream, UpstreamState

    call_command("migrate", verbosity=0)
    keys = [f"L{number:05d}" for number in range(_LOGGERS)]
    Site.objects.bulk_create(Site(key=key) for key in keys)
    links.register_devices({"mn": mn_of(key), "name": key, "site_id": key} for key in keys)
    now = datetime.now(BEIJING)
    groups = tuple({f"a{n:05d}-Avg": "12.5", f"a{n:05d}-Flag": "N"} for n in range(10))
    journal = Journal.open(home / "journal")
    for first in range(0, frames, _BATCH):
        pieces = [
            Received(
                Message(mn_of(keys[n % _LOGGERS]), "2051", now, groups).frame(f"{n:017d}"),
                "127.0.0.1",
                now.astimezone(UTC),
            )
            for n in range(first, first + _BATCH)
        ]
        journal.append(KIND, pack(pieces), {})
    links.write_down(journal.last_seq, {}, [], reader="hj212")
    listener = socket.create_server(("127.0.0.1", 0))
    child = os.fork()
    if child == 0:
        receive(listener)
    made = Upstream.objects.create(
        name="bench", host="127.0.0.1", port=listener.getsockname()[1], active=True, rate=100_000
    )
    UpstreamState.objects.create(upstream=made, seq=1)
    forwarding = Forwarding(journal)
    began = time.monotonic()
    forwarding.start()
    while UpstreamState.objects.get(pk=made.pk).acknowledged < frames:
        time.sleep(0.05)
    seconds = time.monotonic() - began
    forwarding.stop()
    journal.close()
    os.kill(child, signal.SIGTERM)
    os.waitpid(child, 0)
    return frames / seconds


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--frames", type=int, default=20_000)
    reached = main(asked.parse_args().frames)
    print(f"forwarded {reached:,.0f} frames/s (at least {LEAST:,.0f})")
    sys.exit(reached < LEAST)
