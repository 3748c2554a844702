"""A thousand random single-byte changes behind the platform's back: how many are found.

Two situations, the same home with real observations of the demo:

``rest``
    The platform was stopped and the home sealed: any byte of any file, chosen over all bytes.
``run``
    The platform has been running since; nothing is sealed. A third each: any byte of the journal's
    files; a byte of a cell of a table on record (the triggers dropped first); any byte of a file
    of the observation store's tables, where each change is looked for by a fresh engine.

Run it with ``python -m bench.audit_tamper rest|run [--changes 1000] [--seed 1]``.
"""

import argparse
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]


def main(kind: str, changes: int, seed: int) -> None:
    place = Path(tempfile.mkdtemp(prefix="songhua-tamper-"))
    try:
        home = place / "home"
        ask("build", home)
        os.environ["SONGHUA_HOME"] = str(home)
        from songhua.app.wiring import set_up

        set_up()
        dice = random.Random(seed)  # noqa: S311 - no secret, and the same again
        (rest if kind == "rest" else run)(home, changes, dice)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def rest(home: Path, changes: int, dice: random.Random) -> None:
    """Any byte of any file of a sealed home."""
    from songhua.app.audit.verify import Asked, check_files

    ask("seal", home)
    files = [path for path in sorted(home.rglob("*")) if path.is_file() and path.stat().st_size]
    sizes = [path.stat().st_size for path in files]
    print(f"sealed home: {len(files)} files, {sum(sizes):,} bytes")
    assert check_files(Asked(home, home / "journal")).verdict.is_whole
    missed: Counter[str] = Counter()
    for number in range(changes):
        path = dice.choices(files, sizes)[0]
        with Flipped(path, dice):
            found = not check_files(Asked(home, home / "journal")).verdict.is_whole
        if not found:
            missed[path.relative_to(home).as_posix()] += 1
        if number % 100 == 99:
            print(f"  {number + 1} changed, {number + 1 - missed.total()} found", flush=True)
    tell("rest", changes, missed)


def run(home: Path, changes: int, dice: random.Random) -> None:
    """Try a home that is not sealed: journal, cells of the registry, files of the store."""
    third = changes // 3
    journal_changes(home, changes - 2 * third, dice)
    registry_changes(home, third, dice)
    shelf_changes(home, third, dice)


def journal_changes(home: Path, changes: int, dice: random.Random) -> None:
    from songhua.app.audit.verify import Asked, check_files

    files = [*sorted((home / "journal").glob("*.journal")), home / "journal" / "head"]
    sizes = [path.stat().st_size for path in files]
    missed: Counter[str] = Counter()
    for _ in range(changes):
        path = dice.choices(files, sizes)[0]
        with Flipped(path, dice):
            if check_files(Asked(home, home / "journal")).verdict.is_whole:
                missed[path.name] += 1
    tell("journal", changes, missed)


def registry_changes(home: Path, changes: int, dice: random.Random) -> None:
    """Change a byte of a cell; each is looked for by a process that knows nothing of it."""
    name = home / "registry.sqlite3"
    kept = name.read_bytes()
    cells = json.loads(ask("cells", home))
    missed: Counter[str] = Counter()
    done = 0
    while done < changes:
        raw = sqlite3.connect(name)
        for (one,) in raw.execute("SELECT name FROM sqlite_master WHERE type='trigger'").fetchall():
            raw.execute(f"DROP TRIGGER {one}")
        table, column = dice.choice(cells)
        rows = raw.execute(
            f'SELECT rowid, CAST("{column}" AS BLOB), typeof("{column}") FROM "{table}" '
            f'WHERE "{column}" IS NOT NULL AND length("{column}") > 0'
        ).fetchall()
        changed = bool(rows) and _flip_cell(raw, table, column, dice.choice(rows), dice)
        raw.commit()
        raw.close()
        if changed:
            done += 1
            if ask("registry", home).strip() == "whole":
                missed[f"{table}.{column}"] += 1
        for side in home.glob("registry.sqlite3-*"):
            side.unlink()
        name.write_bytes(kept)
    tell("registry", changes, missed)


def _flip_cell(
    raw: sqlite3.Connection, table: str, column: str, row: tuple[int, bytes, str],
    dice: random.Random,
) -> bool:  # fmt: skip
    rowid, value, kind = row
    at = dice.randrange(len(value))
    other = value[:at] + bytes([value[at] ^ (1 << dice.randrange(8))]) + value[at + 1 :]
    cast = {"text": "TEXT", "integer": "INTEGER", "real": "REAL", "blob": "BLOB"}[kind]
    asks = f'SELECT "{column}" FROM "{table}" WHERE rowid = ?'
    before = raw.execute(asks, (rowid,)).fetchone()
    raw.text_factory = bytes
    try:
        raw.execute(
            f'UPDATE "{table}" SET "{column}" = CAST(? AS {cast}) WHERE rowid = ?', (other, rowid)
        )
        after = raw.execute(
            f'SELECT "{column}" FROM "{table}" WHERE rowid = ?', (rowid,)
        ).fetchone()
    except sqlite3.IntegrityError:
        return False
    same = after is not None and (
        after[0] == before[0] or (isinstance(after[0], bytes) and after[0] == value)
    )
    return not same  # "5" and "u" are both 0 to an integer: such a change is none


def shelf_changes(home: Path, changes: int, dice: random.Random) -> None:
    parts = [Path(one) for one in json.loads(ask("parts", home))]
    files = [
        path
        for part in parts
        for path in sorted(part.rglob("*"))
        if path.is_file() and path.stat().st_size
    ]
    sizes = [path.stat().st_size for path in files]
    print(f"store: {len(files)} files, {sum(sizes):,} bytes", flush=True)
    missed: Counter[str] = Counter()
    kept = home.parent / "kept"
    shutil.copytree(home / "observations", kept)
    for number in range(changes):
        path = dice.choices(files, sizes)[0]
        Flipped(path, dice).__enter__()
        if ask("shelf", home).strip() == "whole":
            missed[path.name] += 1
        shutil.rmtree(home / "observations")  # an engine may set a broken part aside
        shutil.copytree(kept, home / "observations")
        if number % 50 == 49:
            print(f"  {number + 1} changed, {number + 1 - missed.total()} found", flush=True)
    tell("store", changes, missed)


class Flipped:
    """A file with one byte changed, for a while."""

    def __init__(self, path: Path, dice: random.Random) -> None:
        self._path, self._kept = path, path.read_bytes()
        at = dice.randrange(len(self._kept))
        other = bytes([self._kept[at] ^ dice.randrange(1, 256)])
        self._changed = self._kept[:at] + other + self._kept[at + 1 :]

    def __enter__(self) -> None:
        self._path.write_bytes(self._changed)

    def __exit__(self, *_: object) -> None:
        self._path.write_bytes(self._kept)


def tell(name: str, changes: int, missed: "Counter[str]") -> None:
    print(f"{name}: {changes} changed, {changes - missed.total()} found", flush=True)
    for where, count in missed.most_common():
        print(f"  not found: {where} {count}")


# What runs in a process of its own: an engine, once opened, remembers what it read.


def ask(what: str, home: Path) -> str:
    env = {**os.environ, "SONGHUA_HOME": str(home)}
    command = [sys.executable, "-m", "bench.audit_tamper", "--do", what]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    if done.returncode and what in ("shelf", "registry"):
        return "broken"  # the process itself could not read it: that is found too
    assert not done.returncode, done.stderr[-3000:]
    return done.stdout


def do(what: str) -> None:
    from songhua.app.wiring import set_up

    set_up()
    from django.conf import settings

    home = Path(settings.SONGHUA_HOME)
    if what == "build":
        build(home)
    elif what == "seal":
        from songhua.app.audit.seal import make_seal
        from songhua.store.walk import walk

        make_seal(home, walk(home / "journal").count)
    elif what == "cells":
        print(json.dumps(cells_on_record()))
    elif what == "parts":
        print(json.dumps(parts_of(settings.SONGHUA_OBSERVATIONS)))
    else:
        look(what, home, settings.SONGHUA_OBSERVATIONS)


def build(home: Path) -> None:
    """Make a home with the demo's observations, people, devices, acts, and a checkpoint."""
    from songhua.api.ports import ImportOrder
    from songhua.api.record import Deed
    from songhua.app.platform import Songhua, silent
    from songhua.app.server import migrate_stores
    from songhua.store.registry import records
    from songhua.store.registry.models import Device

    migrate_stores()
    records.load_sites(ROOT / "demo" / "sites.csv")
    for name in ("operator", "analyst"):
        records.add_user(name, role=name, region="220100", password="gold-pine-7-river")  # noqa: S106
    opened = Songhua.open()
    for path in sorted((ROOT / "demo").glob("*.csv.gz"))[:1]:
        opened.run_import(ImportOrder(path, path.name, "", "operator"), silent)
    for number in range(200):
        Device.objects.create(mn=f"M{number:04d}", name=f"数采仪 {number}", site_id="1121A")
        deed = Deed("setting", "analyst", "10.0.0.8", f"POST /admin/{number}", 302, f"t{number}")
        opened.record.keep(deed)
    opened.checkpoint()
    opened.close()


def cells_on_record() -> list[tuple[str, str]]:
    from songhua.store.registry.protected import GROWING, columns, tables

    cells = [(one.name, name) for one in tables() for name in columns(one)]
    for model in GROWING:
        about = model._meta  # noqa: SLF001 - Django's public name for it
        cells += [(about.db_table, field.column) for field in about.concrete_fields]
    return cells


def parts_of(url: str) -> list[str]:
    from songhua.store import open_shelf

    shelf = open_shelf(url)
    sql = "SELECT path FROM system.parts WHERE active AND database = 'songhua'"
    rows = shelf._engine.rows(sql)  # noqa: SLF001 - where the files lie is no question of the shelf
    shelf.close()
    return [row[0] for row in rows]


def look(what: str, home: Path, url: str) -> None:
    from songhua.app.audit.findings import Verdict
    from songhua.app.audit.registry import check_registry
    from songhua.app.audit.verify import Asked, check_files, check_shelf
    from songhua.store import open_shelf

    files = check_files(Asked(home, home / "journal"))
    verdict = Verdict()
    if what == "registry":
        check_registry(files.expected, verdict)
    else:
        shelf = open_shelf(url)
        check_shelf(shelf, files.chain, verdict)
        shelf.close()
    print("whole" if verdict.is_whole else "found")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", nargs="?", choices=("rest", "run"), default="rest")
    parser.add_argument("--changes", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--do", help=argparse.SUPPRESS)
    told = parser.parse_args()
    if told.do:
        do(told.do)
    else:
        main(told.kind, told.changes, told.seed)
