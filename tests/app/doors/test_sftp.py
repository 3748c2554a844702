"""A remote folder: asyncssh's own server, its key known or not."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from songhua.app.doors import Doors
from songhua.app.doors.sftp import SftpWorker
from songhua.app.platform import Songhua
from songhua.model import BadInput
from songhua.store.registry.models import Source, TakenFile
from tests.app.doors.saying import SITE, hour, idle, values

pytestmark = [pytest.mark.chdb, pytest.mark.slow]


class Remote:
    """A server on a port of its choice, one user with a key, one folder."""

    def __init__(self, home: Path) -> None:
        self.folder = home / "remote" / "out"
        (self.folder / "old").mkdir(parents=True)
        host, user = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
        self.key = home / "key"
        user.write_private_key(str(self.key))
        self._authorized = home / "authorized"
        user.write_public_key(str(self._authorized))
        self._host, self._home = host, home
        self._loop = asyncio.new_event_loop()
        self._up, self._end = threading.Event(), asyncio.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._up.wait(10)
        self.known_hosts = home / "known_hosts"
        public = host.export_public_key().decode().strip()
        self.known_hosts.write_text(f"[127.0.0.1]:{self.port} {public}\n")

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(10)

    def _run(self) -> None:
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        root = str(self._home / "remote")
        server = await asyncssh.listen(
            "127.0.0.1",
            0,
            server_host_keys=[self._host],
            authorized_client_keys=str(self._authorized),
            sftp_factory=lambda line: asyncssh.SFTPServer(line, chroot=root),
        )
        self.port = server.get_port()
        self._up.set()
        await self._end.wait()
        server.close()
        await server.wait_closed()

    def settings(self, **more: Any) -> dict[str, Any]:
        return {
            "host": "127.0.0.1",
            "port": self.port,
            "user": "fetch",
            "key_file": str(self.key),
            "known_hosts": str(self.known_hosts),
            "folder": "/out",
            **more,
        }


@pytest.fixture(scope="module")
def remote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Remote]:
    found = Remote(tmp_path_factory.mktemp("sftp"))
    yield found
    found.stop()


def csv(day: int, value: float) -> str:
    return f"site,time,quantity,value\n{SITE},{hour(day):%Y-%m-%d %H:%M:%S},pm10,{value}\n"


def test_a_remote_file_is_taken_once(platform: Songhua, doors: Doors, remote: Remote) -> None:
    worker = SftpWorker(idle("sftp-keep", "sftp", remote.settings()), doors.kit)
    (remote.folder / "a.csv").write_text(csv(1, 71))
    (remote.folder / "half.csv.part").write_text(csv(1, 1))
    (remote.folder / "link.csv").symlink_to(remote.folder / "a.csv")
    worker.once()  # it may still grow
    assert values(platform, hour(1)) == []
    worker.once()
    assert values(platform, hour(1)) == [(SITE, "pm10", 71)]
    last = platform.journal.last_seq
    worker.once()
    again = SftpWorker(worker.source, doors.kit)  # a start remembers
    again.once()
    again.once()
    assert platform.journal.last_seq == last
    assert [one.name for one in TakenFile.objects.filter(source_id=worker.source.id)] == ["a.csv"]
    assert (remote.folder / "a.csv").exists()
    (remote.folder / "a.csv").unlink()
    (remote.folder / "link.csv").unlink()


@pytest.mark.parametrize("after", ["delete", "move"])
def test_what_is_in_the_journal_is_deleted_or_moved(
    platform: Songhua, doors: Doors, remote: Remote, after: str
) -> None:
    more = {"after": after} if after == "delete" else {"after": after, "move_to": "/out/old"}
    worker = SftpWorker(idle(f"sftp-{after}", "sftp", remote.settings(**more)), doors.kit)
    day = 2 if after == "delete" else 3
    name = f"{after}.csv"
    (remote.folder / name).write_text(csv(day, 72))
    (remote.folder / f"bad-{after}.csv").write_text("no table\nat all\n")
    worker.once()
    worker.once()
    worker.once()
    assert not (remote.folder / name).exists()
    assert (remote.folder / "old" / name).exists() == (after == "move")
    assert (remote.folder / f"bad-{after}.csv").exists()  # not in the journal: not touched
    assert values(platform, hour(day)) == [(SITE, "pm10", 72)]
    assert f"bad-{after}.csv" in Source.objects.get(pk=worker.source.id).state.error_zh


def test_a_server_of_another_key_is_not_spoken_to(
    doors: Doors, remote: Remote, tmp_path: Path
) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().strip()
    known = tmp_path / "known_hosts"
    known.write_text(f"[127.0.0.1]:{remote.port} {other}\n")
    settings = remote.settings(known_hosts=str(known))
    with pytest.raises(BadInput, match="not in known_hosts"):
        SftpWorker(idle("sftp-other", "sftp", settings), doors.kit).once()


def test_a_wrong_key_and_a_server_that_is_away_are_named(
    doors: Doors, remote: Remote, tmp_path: Path
) -> None:
    key = tmp_path / "key"
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(str(key))
    wrong = idle("sftp-wrong", "sftp", remote.settings(key_file=str(key)))
    with pytest.raises(BadInput, match="refused the log-in"):
        SftpWorker(wrong, doors.kit).once()
    away = idle("sftp-away", "sftp", remote.settings(port=1))
    with pytest.raises(BadInput, match="cannot be reached"):
        SftpWorker(away, doors.kit).once()
    absent = idle("sftp-absent", "sftp", remote.settings(key_file="/nowhere/key"))
    with pytest.raises(BadInput, match="cannot be read"):
        SftpWorker(absent, doors.kit).once()
