"""A private PostgreSQL for the tests: made, used and removed."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote


def programs() -> Path | None:
    """Return the folder of PostgreSQL's programs, the newest, or None when there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=_version)
    on_path = shutil.which("initdb")
    if found:
        return found[-1].parent
    return Path(on_path).resolve().parent if on_path else None


@contextmanager
def server() -> Iterator[str]:
    """Start a server on a socket of its own; yield the address of its database."""
    place = Path(tempfile.mkdtemp(prefix="songhua-pg-"))  # a socket's path must be short
    data = place / "data"
    try:
        _hand_over(place)
        _run("initdb", "--pgdata", data, "--username", "songhua", "--auth", "trust", "--no-sync")
        options = f"-c listen_addresses='' -k {place} -c fsync=off -c full_page_writes=off"
        _run("pg_ctl", "start", "--wait", "-D", data, "-l", place / "log", "-o", options)
        try:
            _run("createdb", "--host", place, "--username", "songhua", "songhua")
            yield f"postgres://songhua@{quote(str(place), safe='')}/songhua"
        finally:
            _run("pg_ctl", "stop", "--wait", "--mode", "immediate", "-D", data)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _version(path: Path) -> float:
    return float(path.parts[-3])


def _somebody() -> str | None:
    """Return whom to be instead of root, who may not run PostgreSQL."""
    if os.geteuid() != 0:
        return None
    names = {person.pw_name for person in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _hand_over(place: Path) -> None:
    if name := _somebody():
        shutil.chown(place, user=name)


def _run(program: str, *words: object) -> None:
    folder = programs()
    assert folder is not None
    command = [str(folder / program), *map(str, words)]
    if name := _somebody():
        command = ["runuser", "-u", name, "--", *command]
    done = subprocess.run(
        command, cwd="/", stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{program}: {done.stdout}{done.stderr}")
