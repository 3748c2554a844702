"""A folder into which others put files: taken once they no longer change, then moved away.

``name.part`` is left alone until it is renamed. Nothing is followed: no link, no folder within.
"""

import os
import stat
import time
from pathlib import Path

from django.conf import settings

from songhua.app.doors.files import bring_in, check_size, report_of, write_report
from songhua.app.doors.worker import Kit, Refused, Worker
from songhua.model import BadInput, KnownSource
from songhua.store.registry import sources

_DONE, _REFUSED = "done", "refused"
_HALF = (".part", ".tmp", ".filepart", ".crdownload")
_MOST_NAME = 200

Seen = tuple[int, int, int]


class DropWorker(Worker):
    """Watches one folder."""

    def __init__(self, source: KnownSource, kit: Kit) -> None:
        super().__init__(source, kit)
        self._folder = Path(source.settings["folder"])
        own, home = self._folder.resolve(), settings.SONGHUA_HOME.resolve()
        if own == home or own in home.parents or home in own.parents:
            raise BadInput(
                "投递文件夹不能在平台的数据目录之内，也不能包含它。",
                "The drop folder may not lie in the platform's home, nor hold it.",
            )
        self._settle = float(source.settings["settle"])
        self._seen: dict[str, tuple[Seen, float]] = {}

    def once(self) -> None:
        """Take the files that no longer change."""
        folder = self._open()
        try:
            names = sorted(os.listdir(folder))  # noqa: PTH208 - of the folder that is open
            self._seen = {name: seen for name, seen in self._seen.items() if name in names}
            sources.note_state(self.source.id, "watching", seen=False)
            for name in names:
                if self.stopping.is_set():
                    return
                if self._is_ready(folder, name):
                    self._take(folder, name)
        finally:
            os.close(folder)

    def _open(self) -> int:
        try:
            handle = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except OSError as fault:
            raise BadInput(
                f"文件夹 {self._folder} 无法打开：{fault.strerror}。",
                f"The folder {self._folder} cannot be opened: {fault.strerror}.",
            ) from fault
        for name in (_DONE, _REFUSED):
            try:
                os.mkdir(name, 0o755, dir_fd=handle)
            except FileExistsError:
                if not stat.S_ISDIR(os.stat(name, dir_fd=handle, follow_symlinks=False).st_mode):
                    os.close(handle)
                    raise BadInput(
                        f"{self._folder / name} 不是文件夹。",
                        f"{self._folder / name} is not a folder.",
                    ) from None
            except OSError as fault:
                os.close(handle)
                raise BadInput(
                    f"文件夹 {self._folder} 不可写：{fault.strerror}。",
                    f"The folder {self._folder} cannot be written: {fault.strerror}.",
                ) from fault
        return handle

    def _is_ready(self, folder: int, name: str) -> bool:
        """Return whether a file has not changed for a while."""
        if name in (_DONE, _REFUSED) or name.startswith(".") or name.endswith(_HALF):
            return False
        try:
            found = os.stat(name, dir_fd=folder, follow_symlinks=False)
        except FileNotFoundError:
            return False
        now = time.monotonic()
        seen = (found.st_ino, found.st_size, found.st_mtime_ns)
        former, since = self._seen.get(name, (None, now))
        if former != seen:
            self._seen[name] = (seen, now)
            return self._settle <= 0
        return now - since >= self._settle

    def _take(self, folder: int, name: str) -> None:
        sources.note_state(self.source.id, "reading")
        try:
            own = self._fetch(folder, name)
        except Refused as fault:
            self._put_away(folder, name, _REFUSED, fault)
            return
        try:
            told = bring_in(self.kit, self.source, own, name)
        except Refused as fault:
            self._put_away(folder, name, _REFUSED, fault)
        else:
            target = self._free(folder, _DONE, name)
            self._move(folder, name, _DONE, target)
            self._report(folder, _DONE, target, report_of(name, told, None))
            sources.note_state(self.source.id, "watching", seen=True)
        finally:
            own.unlink(missing_ok=True)

    def _fetch(self, folder: int, name: str) -> Path:
        """Copy a file to a place of our own: what is read is what is kept."""
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
        if not stat.S_ISREG(found.st_mode):
            raise Refused(
                "只收普通文件，不收链接与文件夹。", "Only plain files: no links, no folders."
            )
        if len(name.encode()) > _MOST_NAME or not name.isprintable():
            raise Refused("文件名过长或含不可见字符。", "The name is too long or not printable.")
        check_size(found.st_size)
        self.kit.home.mkdir(parents=True, exist_ok=True)
        own = self.kit.home / f"{self.source.name}.taken"
        handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
        with os.fdopen(handle, "rb") as file, own.open("wb") as copy:
            left = found.st_size
            while left and (piece := file.read(min(left, 1 << 20))):
                left -= copy.write(piece)
            if left or file.read(1):
                raise BadInput(f"{name} 正在变化。", f"{name} is changing.")
        return own

    def _put_away(self, folder: int, name: str, where: str, fault: Refused) -> None:
        target = self._free(folder, where, name)
        self._move(folder, name, where, target)
        self._report(folder, where, target, report_of(name, None, fault))
        zh, en = f"{name}：{fault.zh}", f"{name}: {fault.en}"
        sources.note_error(self.source.id, zh, en, state="watching")

    def _free(self, folder: int, where: str, name: str) -> str:
        """Return a name that is free there: nothing is overwritten."""
        taken = set(os.listdir(self._folder / where))  # noqa: PTH208 - names only
        stem, dot, suffix = name[:_MOST_NAME].rpartition(".")
        stem, ending = (stem, dot + suffix) if stem else (suffix, "")
        target, number = name[:_MOST_NAME], 1
        while target in taken or f"{target}.report.json" in taken:
            number += 1
            target = f"{stem}.{number}{ending}"
        return target

    def _move(self, folder: int, name: str, where: str, target: str) -> None:
        inside = os.open(where, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
        try:
            os.rename(name, target, src_dir_fd=folder, dst_dir_fd=inside)
        finally:
            os.close(inside)
        self._seen.pop(name, None)

    def _report(self, folder: int, where: str, name: str, report: dict[str, object]) -> None:
        inside = os.open(where, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
        try:
            write_report(inside, name, report)
        finally:
            os.close(inside)
