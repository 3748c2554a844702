"""A remote folder, polled by SFTP: each file once, by name, size, time and content.

The server is known by its host key or it is not spoken to.
"""

import asyncio
import os
import stat
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncssh

from songhua.app.doors.files import bring_in, check_size
from songhua.app.doors.worker import Kit, Refused, Worker
from songhua.model import BadInput, KnownSource
from songhua.store.registry import sources

_CONNECT = 15.0
_FETCH = timedelta(minutes=15)
_MOST_FILES = 10_000
_PIECE = 1024 * 1024
_HALF = (".part", ".tmp", ".filepart")

Stamp = tuple[int, int]


class SftpWorker(Worker):
    """Watches one remote folder."""

    def __init__(self, source: KnownSource, kit: Kit) -> None:
        super().__init__(source, kit)
        self._seen: dict[str, Stamp] = {}
        self._refused: dict[str, Stamp] = {}

    def once(self) -> None:
        """Take the files that have not changed since the last look."""
        asyncio.run(self._look())

    async def _look(self) -> None:
        async with asyncio.timeout(_FETCH.total_seconds()):
            async with await self._connect() as line, line.start_sftp_client() as remote:
                found = await self._listed(remote)
                ready = [name for name, stamp in found.items() if self._seen.get(name) == stamp]
                self._seen = found
                await asyncio.to_thread(sources.note_state, self.source.id, "watching")
                for name in sorted(ready):
                    if self.stopping.is_set():
                        return
                    if self._refused.get(name) != found[name]:
                        await self._take(remote, name, found[name])

    async def _connect(self) -> asyncssh.SSHClientConnection:
        settings = self.settings
        options: dict[str, Any] = {"known_hosts": _readable(settings["known_hosts"])}
        if settings["key_file"]:
            options["client_keys"] = [_readable(settings["key_file"])]
        else:
            options["client_keys"] = None
        if settings["password_env"]:
            options["password"] = secret_of(settings["password_env"])
        try:
            return await asyncssh.connect(
                settings["host"],
                settings["port"],
                username=settings["user"],
                agent_path=None,
                config=None,
                connect_timeout=_CONNECT,
                login_timeout=_CONNECT,
                keepalive_interval=15,
                **options,
            )
        except asyncssh.HostKeyNotVerifiable as fault:
            raise BadInput(
                "服务器的主机密钥不在 known_hosts 中，没有连接。",
                "The server's host key is not in known_hosts: not connected.",
            ) from fault
        except asyncssh.PermissionDenied as fault:
            raise BadInput("服务器拒绝了登录。", "The server refused the log-in.") from fault
        except (OSError, asyncssh.Error) as fault:
            raise BadInput(
                f"无法连接 SFTP 服务器：{type(fault).__name__}。",
                f"The SFTP server cannot be reached: {type(fault).__name__}.",
            ) from fault

    async def _listed(self, remote: asyncssh.SFTPClient) -> dict[str, Stamp]:
        """Return the plain files of the folder: links and what lies deeper are not followed."""
        found: dict[str, Stamp] = {}
        async for one in remote.scandir(self.settings["folder"]):
            name, attributes = str(one.filename), one.attrs
            is_plain = attributes.permissions is None or stat.S_ISREG(attributes.permissions)
            if "/" in name or name.startswith(".") or name.endswith(_HALF) or not is_plain:
                continue
            found[name] = (int(attributes.size or 0), int(attributes.mtime or 0))
            if len(found) >= _MOST_FILES:
                break
        return found

    async def _take(self, remote: asyncssh.SFTPClient, name: str, stamp: Stamp) -> None:
        path = f"{self.settings['folder'].rstrip('/')}/{name}"
        taken = await asyncio.to_thread(sources.is_taken, self.source.id, name, *stamp)
        if not taken:
            try:
                await self._bring_in(remote, path, name, stamp)
            except Refused as fault:
                self._refused[name] = stamp
                zh, en = f"{name}：{fault.zh}", f"{name}: {fault.en}"
                await asyncio.to_thread(
                    lambda: sources.note_error(self.source.id, zh, en, state="watching")
                )
                return
        await self._after(remote, path, name)

    async def _bring_in(
        self, remote: asyncssh.SFTPClient, path: str, name: str, stamp: Stamp
    ) -> None:
        own = self.kit.home / f"{self.source.name}.taken"
        try:
            await self._fetch(remote, path, own, stamp)
            told = await asyncio.to_thread(bring_in, self.kit, self.source, own, name)
            digest = str(told["sha256"])
            await asyncio.to_thread(sources.note_taken, self.source.id, name, *stamp, digest)
            await asyncio.to_thread(
                lambda: sources.note_state(self.source.id, "watching", seen=True)
            )
        finally:
            own.unlink(missing_ok=True)

    async def _fetch(self, remote: asyncssh.SFTPClient, path: str, own: Path, stamp: Stamp) -> None:
        check_size(stamp[0])
        own.parent.mkdir(parents=True, exist_ok=True)
        size = 0
        async with remote.open(path, "rb") as file:
            with own.open("wb") as copy:
                while piece := bytes(await file.read(_PIECE)):  # type: ignore[arg-type]
                    size += copy.write(piece)
                    if size > stamp[0]:
                        break
        if size != stamp[0]:
            raise BadInput(f"{own.name} 正在变化。", f"{own.name} is changing.")

    async def _after(self, remote: asyncssh.SFTPClient, path: str, name: str) -> None:
        """Delete or move a file that is in the journal, where that is wanted."""
        if self.settings["after"] == "delete":
            await remote.remove(path)
        elif self.settings["after"] == "move":
            await remote.rename(path, f"{self.settings['move_to'].rstrip('/')}/{name}")


def secret_of(name: str) -> str:
    """Return a secret from the environment; raise `BadInput` when there is none."""
    found = os.environ.get(name, "")
    if not found:
        raise BadInput(f"没有设置环境变量 {name}。", f"The variable {name} is not set.")
    return found


def _readable(path: str) -> str:
    if not os.access(path, os.R_OK):
        raise BadInput(f"文件 {path} 无法读取。", f"The file {path} cannot be read.")
    return path
