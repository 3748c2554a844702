"""Fetch the browser's libraries exactly as locked, or check the copies that are here.

``python tools/vendor.py`` fetches (needs npm); ``--check`` compares every file with the lock and
needs nothing. To upgrade: write the new version into ``vendor.lock.json``, take the hashes out of
its files, run this, and review the changed lock.
"""

import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

VENDOR = Path(__file__).parents[1] / "src/songhua/web/static/vendor"
LOCK = VENDOR / "vendor.lock.json"

Lock = dict[str, dict[str, Any]]


def faults(lock: Lock, folder: Path) -> list[str]:
    """Return what differs between the lock and the files of a folder."""
    found = []
    named = {"vendor.lock.json"}
    for package in lock.values():
        for name, entry in package["files"].items():
            named.add(name)
            path = folder / name
            if not path.is_file():
                found.append(f"missing: {name}")
            elif _sha256(path.read_bytes()) != entry.get("sha256"):
                found.append(f"differs from the lock: {name}")
    here = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    return found + [f"not in the lock: {name}" for name in sorted(here - named)]


def fetch(lock: Lock, folder: Path) -> list[str]:
    """Bring every file of the lock here; fill in hashes it lacks; return what does not match."""
    found = []
    for package, about in lock.items():
        with tempfile.TemporaryDirectory() as place:
            members = _unpacked(f"{package}@{about['version']}", Path(place))
        for name, entry in about["files"].items():
            body = members[f"package/{entry['from']}"]
            if entry.setdefault("sha256", _sha256(body)) != _sha256(body):
                found.append(f"{package} {about['version']} is not what was locked: {name}")
                continue
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(body)
    return found


def main() -> int:
    """Run from the command line."""
    lock: Lock = json.loads(LOCK.read_text(encoding="utf-8"))
    if "--check" not in sys.argv:
        wrong = fetch(lock, VENDOR)
        LOCK.write_text(json.dumps(lock, indent=2) + "\n", encoding="utf-8")
        if wrong:
            sys.exit("\n".join(wrong))
    wrong = faults(lock, VENDOR)
    sys.stdout.write("\n".join(wrong or ["vendored files match the lock"]) + "\n")
    return 1 if wrong else 0


def _unpacked(package: str, place: Path) -> dict[str, bytes]:
    subprocess.run(  # noqa: S603 - the package names stand in our own lock file
        ["npm", "pack", package, "--silent"],  # noqa: S607
        cwd=place,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    (archive,) = place.glob("*.tgz")
    with tarfile.open(archive) as tar:
        return {
            member.name: file.read()
            for member in tar.getmembers()
            if (file := tar.extractfile(member)) is not None
        }


def _sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
