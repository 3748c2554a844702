"""A seal over a home at rest: the digest of every file, signed; then no byte changes unseen.

While the platform runs its files change with every merge, and only what they say can be proved.
A seal covers the bytes themselves, free space in a database too; it is spent when the home is
opened again.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from songhua.app.audit.findings import Verdict
from songhua.app.audit.keys import folder, is_signed, public_of, signing_key
from songhua.model import BadInput

FORMAT = "songhua-seal 1"
_LEFT_OUT = frozenset({"audit/seal.json", "songhua.sock", "journal/lock"})


def seal_path(home: Path) -> Path:
    """Return where a home keeps its seal."""
    return folder(home) / "seal.json"


def make_seal(home: Path, records: int) -> int:
    """Seal a home that nothing has open; return how many files."""
    key = signing_key(home)
    files = digests(home)
    told = {
        "format": FORMAT,
        "time": datetime.now(UTC).isoformat(),
        "records": records,
        "files": files,
        "key": public_of(key),
    }
    text = json.dumps(told, ensure_ascii=False, sort_keys=True)
    sealed = {"seal": text, "signature": key.sign(text.encode()).hex()}
    seal_path(home).write_bytes(json.dumps(sealed, ensure_ascii=False).encode())
    return len(files)


def read_seal(home: Path, public: str) -> Mapping[str, Any] | None:
    """Return what a seal says; None where there is none.

    Raises
    ------
    BadInput
        If it does not bear the signature of the key.
    """
    path = seal_path(home)
    if not path.is_file():
        return None
    raw = path.read_bytes()
    try:
        sealed = json.loads(raw)
        text, signature = sealed["seal"], sealed["signature"]
        exact = json.dumps(sealed, ensure_ascii=False).encode() == raw and len(sealed) == 2
        told: Mapping[str, Any] = json.loads(text)
    except (ValueError, KeyError, TypeError, AttributeError):
        exact, text, signature, told = False, "", "", {}
    if not exact or not is_signed(public, signature, text.encode()):
        raise BadInput("封存文件被改动。", "The seal was altered.")
    return told


def check_seal(home: Path, told: Mapping[str, Any], verdict: Verdict) -> None:
    """Compare every file with the seal."""
    found, sealed = digests(home), told["files"]
    for name in sorted(found.keys() | sealed.keys()):
        if found.get(name) == sealed.get(name):
            continue
        zh, en = "被改动", "was altered"
        if name not in sealed:
            zh, en = "是后来放入的", "was put in"
        elif name not in found:
            zh, en = "不见了", "is missing"
        return verdict.fail("files", name, f"文件 {name} {zh}", f"The file {name} {en}")
    return verdict.ok(
        "files",
        f"{len(found):,} 个文件的每个字节都与 {told['time'][:19]}Z 的封存一致",
        f"Every byte of {len(found):,} files is as sealed at {told['time'][:19]}Z",
    )


def digests(home: Path) -> dict[str, str]:
    """Return the digest of every file of a home."""
    found = {}
    for path in sorted(home.rglob("*")):
        name = path.relative_to(home).as_posix()
        if name in _LEFT_OUT or path.is_symlink() or not path.is_file():
            if path.is_symlink():
                found[name] = f"→ {path.readlink()}"
            continue
        with path.open("rb") as file:
            found[name] = hashlib.file_digest(file, "sha256").hexdigest()
    return found
