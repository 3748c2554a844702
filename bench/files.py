"""Parsing of files alone: rows a second on one core and memory, at several sizes and shapes."""

import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from bench.imports import QUANTITIES, SITES, make_file
from songhua.ingest.files import OnDisk, SiteTable, detect, read_batches

NOW = datetime(2100, 1, 1, tzinfo=UTC)


def parse(path: Path) -> tuple[int, float, float]:
    """Return how many values a file gave, in how many seconds, at what peak memory [MiB]."""
    spellings = pl.DataFrame(schema={"city_name": pl.String, "name": pl.String, "site": pl.String})
    sites = SiteTable(frozenset(SITES), spellings)
    began = time.perf_counter()
    mapping = detect(OnDisk(path)).mapping
    batches = read_batches(OnDisk(path), mapping, sites=sites, now=NOW)
    values = sum(batch.rows.height for batch in batches)
    seconds = time.perf_counter() - began
    return values, seconds, peak_memory()


def peak_memory() -> float:
    """Return the most memory this process has held [MiB]; `getrusage` would count its parent's."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def make_wide(long: Path, path: Path) -> None:
    """Write the same values a column a quantity."""
    frame = pl.read_csv(long).pivot("quantity", index=["site", "time"], values="value")
    frame.select("site", "time", *QUANTITIES).write_csv(path)


def main(sizes: tuple[int, ...] = (1_000_000, 5_000_000, 10_000_000)) -> None:
    """Print values a second, each size in a process of its own, on one core."""
    for rows in sizes:
        with tempfile.TemporaryDirectory() as folder:
            long, wide = Path(folder) / "long.csv", Path(folder) / "wide.csv"
            make_file(long, rows)
            make_wide(long, wide)
            for path in (long, wide):
                done = subprocess.run(
                    [sys.executable, "-m", "bench.files", str(path)],
                    env={"POLARS_MAX_THREADS": "1", "PYTHONPATH": ":".join(sys.path)},
                    capture_output=True,
                    text=True,
                    check=True,
                )
                print(f"parse {path.stem} {rows:>10,}: {done.stdout.strip()}")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        count, taken, peak = parse(Path(sys.argv[1]))
        print(f"{count:,} values, {count / taken:,.0f} values/s, peak {peak:.0f} MiB")
    else:
        main()
