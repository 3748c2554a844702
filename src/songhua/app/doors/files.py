"""Files of a source: brought in by the usual import, and what came of each said in a report."""

import json
import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings

from songhua.api.ports import ImportOrder
from songhua.app.doors.worker import Kit, Refused
from songhua.model import BEIJING, BadInput, KnownSource
from songhua.store.registry import sources

_COUNTS = ("lines", "rows", "new", "changed", "same", "missing", "rejected")


def bring_in(kit: Kit, source: KnownSource, path: Path, name: str) -> Mapping[str, Any]:
    """Bring a file in and return what came of it.

    Raises
    ------
    Refused
        If it cannot be used, whatever is tried.
    BadInput
        If it cannot be kept now: it stays where it is.
    """
    mapping = source.settings.get("mapping", "")
    told = kit.take_file(ImportOrder(path, name, _mapping(mapping), source.author))
    if not told.get("again"):
        sources.note_file(
            source.id,
            new=told["new"],
            changed=told["changed"],
            same=told["same"],
            aside=told["rejected"],
        )
    return told


def check_size(size: int) -> None:
    """Raise `Refused` where a file is empty or larger than the platform accepts."""
    most = settings.SONGHUA_UPLOAD_BYTES
    if size > most:
        raise Refused(
            f"文件超过上限 {most // 2**20} MB。", f"The file is larger than {most // 2**20} MB."
        )
    if not size:
        raise Refused("文件是空的。", "The file is empty.")


def report_of(name: str, told: Mapping[str, Any] | None, fault: BadInput | None) -> dict[str, Any]:
    """Return what is said about a file."""
    at = datetime.now(BEIJING).isoformat(timespec="seconds")
    if fault is not None:
        return {"file": name, "at": at, "state": "refused", "zh": fault.zh, "en": fault.en}
    assert told is not None  # noqa: S101 - one of both
    kept = {key: told[key] for key in ("journal", "sha256", *_COUNTS) if key in told}
    if told.get("again"):
        zh, en = "这个文件先前已经收下。", "This file was taken in before."
    else:
        new, changed, same, refused = (told[k] for k in ("new", "changed", "same", "rejected"))
        zh = f"新增 {new}，修订 {changed}，未变 {same}，拒收 {refused}。"
        en = f"{new} new, {changed} changed, {same} same, {refused} rejected."
    report = {"file": name, "at": at, "state": "done", "zh": zh, "en": en, **kept}
    for key in ("faults", "notes_zh", "notes_en"):
        if told.get(key):
            report[key] = told[key]
    return report


def write_report(folder_fd: int, name: str, report: Mapping[str, Any]) -> None:
    """Write a report beside a file; never through a link."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
    handle = os.open(f"{name}.report.json", flags, 0o644, dir_fd=folder_fd)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(report, file, ensure_ascii=False, indent=2, default=str)


def _mapping(text: str) -> str:
    """Return a mapping: as written, or from the file it names."""
    if not text.startswith("/"):
        return text
    try:
        return Path(text).read_text(encoding="utf-8")
    except OSError as fault:
        raise BadInput(
            f"列对照文件 {text} 无法读取：{fault.strerror}。",
            f"The mapping {text} cannot be read: {fault.strerror}.",
        ) from fault
