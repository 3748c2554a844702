"""Import of long rows: journal, parse, compare, store. Rows a second and memory."""

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

SITES = [f"{number:04d}A" for number in range(129)]
QUANTITIES = ("so2", "no2", "co", "o3", "pm10", "pm2_5")


def make_file(path: Path, rows: int) -> int:
    """Write a long CSV file of generated hours; return its rows."""
    hours = rows // (len(SITES) * len(QUANTITIES)) + 1
    start = np.datetime64("2020-01-01T00:00:00", "ms")
    times = pl.Series(start + np.arange(hours).astype("timedelta64[h]")).dt.strftime(
        "%Y-%m-%dT%H:%M"
    )
    frame = (
        pl.DataFrame({"time": times})
        .join(pl.DataFrame({"site": SITES}), how="cross")
        .join(pl.DataFrame({"quantity": list(QUANTITIES)}), how="cross")
        .head(rows)
    )
    values = np.round(np.random.default_rng(7).gamma(2, 15, frame.height), 1)
    frame.select("site", "time", "quantity", pl.Series("value", values)).write_csv(path)
    return frame.height


def import_once(path: Path) -> None:
    """Bring the file in, in this process, without assessment; print seconds and peak memory."""
    from songhua.app.wiring import set_up

    set_up()
    from songhua.api.ports import ImportOrder
    from songhua.app import imports
    from songhua.app.platform import Songhua, silent
    from songhua.app.server import migrate_stores
    from songhua.store.registry.models import Region, Site, SitePeriod

    migrate_stores()
    city = Region.objects.get(code="220100")
    for key in SITES:
        Site.objects.create(key=key)
        SitePeriod.objects.create(site_id=key, name_zh=key, city=city, valid_from="2000-01-01")
    platform = Songhua.open()
    began = time.perf_counter()
    entry = imports.receive(platform.journal, ImportOrder(path, path.name, "", "bench"), silent)
    told = imports.apply_file(platform.journal, platform.shelf, entry, silent).told
    seconds = time.perf_counter() - began
    platform.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{told['new']} {seconds:.2f} {peak:.0f}")


def main(sizes: tuple[int, ...] = (1_000_000, 2_500_000, 5_000_000)) -> None:
    """Print rows a second at several sizes, beside a bare Polars read of the same file."""
    for rows in sizes:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "long.csv"
            count = make_file(path, rows)
            began = time.perf_counter()
            pl.read_csv(path)
            bare = time.perf_counter() - began
            done = subprocess.run(
                [sys.executable, "-m", "bench.imports", str(path)],
                env={**os.environ, "SONGHUA_HOME": str(Path(folder) / "home")},
                capture_output=True,
                text=True,
                check=True,
            )
            new, seconds, peak = done.stdout.split()
            rate = count / float(seconds)
            print(
                f"import {count:>9,} rows: {rate:>9,.0f} rows/s, {float(seconds):6.1f} s, "
                f"peak {peak} MiB, new {int(new):,}; bare read_csv {bare:.2f} s"
            )


if __name__ == "__main__":
    if len(sys.argv) > 1:
        import_once(Path(sys.argv[1]))
    else:
        main()
