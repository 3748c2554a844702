"""The record verified: a million journal records, the registry's rows, a million rows on the shelf.

Beside each time stands what the machine needs for the same bytes at the least: plain SHA-256 over
the journal's files. Everything runs on one core. Run it alone with ``python -m bench.audit``.
"""

import argparse
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl

RECORDS = 1_000_000
ACTS = 20_000
LIMIT_S = 20.0
_START = datetime(2025, 1, 1, tzinfo=UTC)


def main(records: int = RECORDS, home: Path | None = None) -> None:
    place = home or Path(tempfile.mkdtemp(prefix="songhua-audit-"))
    os.environ["SONGHUA_HOME"] = str(place)
    from songhua.app.wiring import set_up

    set_up()
    try:
        build(place, records)
        measure(place, records)
    finally:
        if home is None:
            shutil.rmtree(place, ignore_errors=True)


def build(place: Path, records: int) -> None:
    """Make a home of that many records; frames are made up, shaped like real ones."""
    from songhua.api.record import Deed
    from songhua.app.audit.acts import ACT, act_row
    from songhua.app.audit.checkpoint import make
    from songhua.app.server import migrate_stores
    from songhua.store import Journal, open_shelf
    from songhua.store.registry.models import Act

    migrate_stores()
    journal = Journal.open(place / "journal")
    shelf = open_shelf(f"chdb://{place / 'observations'}")
    shelf.migrate()
    import json

    from songhua.app.audit.acts import Record

    Record(journal).carry()
    every, rows = max(records // ACTS, 1), []
    for number in range(records - journal.last_seq):
        if number % every:
            frame = (
                b"##0285QN=2026010100%010d;ST=31;CN=2011;PW=123456;MN=88888880000000000%03d;"
                b"Flag=5;CP=&&DataTime=20260101%06d;a34004-Rtd=%d.%d,a34004-Flag=N;"
                b"a34002-Rtd=71.2,a34002-Flag=N;a21026-Rtd=12.1,a21026-Flag=N;a21004-Rtd=33.0,"
                b"a21004-Flag=N;a05024-Rtd=88.3,a05024-Flag=N&&4B80\r\n"
                % (number, number % 500, number % 86400, number % 97, number % 10)
            )
            journal.write("hj212", frame, {"pieces": 1})
            continue
        body = Deed(
            "command", "operator", "10.1.2.3", "POST /links/x", 302, f"{number:032x}"
        ).body()
        raw = json.dumps(body, ensure_ascii=False, sort_keys=True).encode()
        entry = journal.write(ACT, raw, {"kind": "command"})
        rows.append(Act(**act_row(entry.seq, entry.time, body)))
    Act.objects.bulk_create(rows, batch_size=2000)
    shelf.save_observations(observations(records))
    make(place, journal, shelf, hash_name="sha256", reached=journal.last_seq)
    journal.close()
    shelf.close()


def observations(count: int) -> pl.DataFrame:
    """Return that many values of 100 sites."""
    dice, sites = np.random.default_rng(1), 100
    hours = count // sites
    site = np.repeat([f"{1001 + n}A" for n in range(sites)], hours)
    time_ = np.tile(np.arange(hours), sites)
    return pl.DataFrame(
        {
            "site": site,
            "quantity": "pm2_5",
            "period": "hour",
            "time": pl.Series([_START]).dt.cast_time_unit("us").repeat_by(len(site)).explode(),
            "revision": 1,
            "value": dice.gamma(4, 10, len(site)).round(0),
            "mark": "N",
            "reason": "",
            "author": "88888880000000000001",
            "recorded_at": _START,
        }
    ).with_columns(time=pl.col("time") + pl.Series(time_) * pl.duration(hours=1))


def measure(place: Path, records: int) -> None:
    from songhua.app.audit.registry import check_registry
    from songhua.app.audit.verify import Asked, check_files, check_shelf
    from songhua.store import open_shelf

    journal = place / "journal"
    size = sum(path.stat().st_size for path in journal.glob("*.journal"))
    plain = clock(lambda: [_plain(path) for path in journal.glob("*.journal")])
    found: list[object] = []
    files_s = clock(lambda: found.append(check_files(Asked(place, journal))))
    files = found[0]
    registry_s = clock(lambda: check_registry(files.expected, files.verdict))
    shelf = open_shelf(f"chdb://{place / 'observations'}")
    shelf_s = clock(lambda: check_shelf(shelf, files.chain, files.verdict))
    shelf.close()
    wrong = [one.en for one in files.verdict.found if one.state == "fail"]
    assert not wrong, wrong
    total = files_s + registry_s
    for what, seconds in (
        ("plain SHA-256 of the journal's bytes", plain),
        ("journal: chain, bodies, tree, checkpoint", files_s),
        (f"registry: {len(files.expected.acts):,} acts and every row", registry_s),
        ("records verified: journal and registry", total),
        (f"shelf: {records:,} rows told again", shelf_s),
    ):
        print(f"  {what:45} {seconds:6.2f} s  {records / seconds:12,.0f}/s")
    print(
        f"records {records:,}, journal {size / 1e6:,.0f} MB: {total / plain:.0f} times the plain "
        f"hash; limit {LIMIT_S:.0f} s at a million"
    )


def clock(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _plain(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=RECORDS)
    parser.add_argument("--home", type=Path)
    asked = parser.parse_args()
    main(asked.records, asked.home)
