"""Lose gateways of several under load, and look whether anything acknowledged is missing.

``python -m bench.gateway_nodes --times 50`` starts a platform and two nodes in folders of their
own, each the other's mate, behind a small balancer; virtual loggers speak all the while. At random
moments a node is killed without warning **and its folder deleted**, or the platform is killed, or
a node is lost while the platform is away, or a node is restarted in order. At the end everything
acknowledged is compared with what is on the shelf. It ends with 1 when a value is missing, wrong
or there twice, or when a start failed.
"""

import argparse
import asyncio
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from rich.progress import track

from bench.gateway_crash import Said, compare, messages, prepare
from songhua.app.simulate import Message, Report, run_fleet
from songhua.app.simulate.balancer import Balancer

_STARTS_WITHIN = 60.0
_DELIVERS_WITHIN = 60.0
_NAMES = ("a", "b")
KINDS = ("node lost", "platform killed", "node lost while the platform is away", "node restarted")


class Part:
    """One process of the arrangement."""

    def __init__(self, home: Path, words: list[str], listens: int, env: dict[str, str]) -> None:
        self.home, self._words, self._listens = home, words, listens
        self._env = {**os.environ, **env, "SONGHUA_HOME": str(home)}
        self.failed = 0
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and wait until it listens."""
        self._process = subprocess.Popen(
            [sys.executable, "-c", "from songhua.app.cli import main; main()", *self._words],
            env=self._env,
            stdout=subprocess.DEVNULL,
        )
        end = time.monotonic() + _STARTS_WITHIN
        while time.monotonic() < end:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self._listens), 1):
                return
            time.sleep(0.05)
        self.failed += 1

    def end(self, how: signal.Signals) -> None:
        """Send it a signal and wait until it is gone."""
        assert self._process is not None
        self._process.send_signal(how)
        self._process.wait(120)

    def lose(self) -> None:
        """Kill it, and delete all it had."""
        self.end(signal.SIGKILL)
        shutil.rmtree(self.home)

    def has_delivered(self, seq: int) -> bool:
        """Return whether the platform confirmed an entry of this node."""
        with suppress(OSError, ValueError):
            return int((self.home / "journal" / "delivered").read_text()) >= seq
        return False

    def newest(self) -> int:
        """Return the number of this node's newest entry."""
        with suppress(OSError, ValueError, IndexError):
            return int((self.home / "journal" / "head").read_text().split()[0])
        return 0


class Scene:
    """A platform and two nodes."""

    def __init__(self, home: Path, seed: int) -> None:
        self._chance = random.Random(seed)  # noqa: S311 - moments, no secret
        with _ports(6) as (links, door, *others):
            secret = {"SONGHUA_NODE_SECRET": "a secret of the trial alone"}
            database = {"SONGHUA_DATABASE": f"sqlite:///{home / 'registry.sqlite3'}", **secret}
            listen = f"127.0.0.1:{links}"
            words = ["gateway", "--listen", listen, "--nodes", f"127.0.0.1:{door}"]
            self.platform = Part(home, words, door, secret)
            self.nodes: list[Part] = []
            for number, name in enumerate(_NAMES):
                mate = others[2 + 1 - number]
                words = ["gateway", "--node", name, "--listen", f"127.0.0.1:{others[number]}"]
                words += ["--platform", f"127.0.0.1:{door}", "--copy", f"127.0.0.1:{mate}"]
                words += ["--nodes", f"127.0.0.1:{others[2 + number]}"]
                folder = home.parent / f"node-{name}"
                self.nodes.append(Part(folder, words, others[number], database))
            self.ports = others[:2]

    @property
    def failed(self) -> int:
        """How many starts failed."""
        return sum(part.failed for part in (self.platform, *self.nodes))

    def start(self) -> None:
        """Start everything."""
        for part in (self.platform, *self.nodes):
            part.start()

    def strike(self, kind: str) -> None:
        """Have something happen, and wait until what was copied is delivered."""
        number = self._chance.randrange(len(self.nodes))
        node, mate = self.nodes[number], self.nodes[1 - number]
        if kind == "node lost":
            node.lose()
            node.start()
        elif kind == "platform killed":
            self.platform.end(signal.SIGKILL)
            time.sleep(self._chance.uniform(0, 1))
            self.platform.start()
        elif kind == "node restarted":
            node.end(signal.SIGTERM)
            node.start()
        else:
            self.platform.end(signal.SIGKILL)
            time.sleep(self._chance.uniform(0.5, 3))
            node.lose()
            time.sleep(self._chance.uniform(0, 1))
            self.platform.start()
            node.start()
        self._wait_delivered(mate)
        self._wait_delivered(node)

    def _wait_delivered(self, node: Part) -> None:
        """Wait until all that the node has now is delivered: one loss at a time is promised."""
        newest, end = node.newest(), time.monotonic() + _DELIVERS_WITHIN
        while newest and not node.has_delivered(newest) and time.monotonic() < end:
            time.sleep(0.1)

    def end(self) -> None:
        """Stop in order: nodes first, so that the platform has everything."""
        for part in (*self.nodes, self.platform):
            part.end(signal.SIGTERM)


class _ports:  # noqa: N801 - used like a function
    """Free ports, held together so that they differ."""

    def __init__(self, count: int) -> None:
        self._probes = [socket.socket() for _ in range(count)]

    def __enter__(self) -> list[int]:
        for probe in self._probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in self._probes]

    def __exit__(self, *_: object) -> None:
        for probe in self._probes:
            probe.close()


async def suffer(
    scene: Scene, port: int, times: int, rate: float, chance: random.Random
) -> tuple[Said, Report, Counter[str]]:
    """Let loggers speak while parts of the arrangement are lost."""
    said: Said = {}
    struck: Counter[str] = Counter()
    over = asyncio.Event()

    def told(_qn: str, message: Message) -> None:
        said[message.mn, message.at] = float(message.groups[0]["a34002-Avg"])

    def until_over() -> Iterator[Message]:
        for message in messages():
            if over.is_set():
                return
            yield message

    fleet = asyncio.create_task(run_fleet("127.0.0.1", port, until_over(), rate=rate, told=told))
    for number in track(range(times), description="losing gateways"):
        await asyncio.sleep(chance.uniform(0.3, 1.5))
        kind = KINDS[number % len(KINDS)]
        await asyncio.to_thread(scene.strike, kind)
        struck[kind] += 1
    await asyncio.sleep(1)
    over.set()
    return said, await fleet, struck


def main() -> None:
    """Do it so many times and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=40)
    parser.add_argument("--rate", type=float, default=200)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "platform"
        os.environ["SONGHUA_HOME"] = str(home)
        prepare()
        scene = Scene(home, asked.seed)
        scene.start()
        balancer = Balancer(scene.ports)
        chance = random.Random(asked.seed)  # noqa: S311 - moments, no secret
        said, report, struck = asyncio.run(
            suffer(scene, balancer.port, asked.times, asked.rate, chance)
        )
        balancer.close()
        scene.end()
        wrong = compare(said)
    for kind, number in struck.items():
        print(f"{number:5} × {kind}")
    print(
        f"{scene.failed} starts failed; {report.sent:,} frames sent, {report.sent_again:,} again, "
        f"{report.acknowledged:,} acknowledged; missing or wrong: {len(wrong)}"
    )
    for line in wrong[:20]:
        print(" ", line)
    sys.exit(1 if wrong or scene.failed or report.unanswered else 0)


if __name__ == "__main__":
    main()
