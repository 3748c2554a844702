"""A day of a province from the journal to ranked cities: as after the loss of the other stores.

``python -m bench.gateway_replay`` writes the frames of one day as loggers send them (real-time
values every 30 s, ten minutes, hours) into a journal, and reads it onto an empty shelf.
"""

import argparse
import os
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from songhua.app.simulate import Message, mn_of
from songhua.app.simulate.messages import PASSWORD
from songhua.ingest.hj212.received import KIND, Received, pack
from songhua.model import BEIJING, Period
from songhua.store import Journal

AIR, OTHER = 129, 680
"""Stations of air; of water and dischargers, whose values are stored and not ranked."""
CITIES = 12
DAY = datetime(2026, 3, 1, tzinfo=BEIJING)
MOST_S = 600.0
_KINDS = (("2011", timedelta(seconds=30)), ("2051", timedelta(minutes=10)))
_AIR = ("a21026", "a21004", "a21005", "a05024", "a34002", "a34004")
_WATER = ("w01001", "w01009", "w01018", "w21003")
_AN_ENTRY = 12


def groups(codes: tuple[str, ...], name: str, number: int) -> tuple[dict[str, str], ...]:
    return tuple(
        {f"{code}-{name}": f"{5 + (number + place) % 40}", f"{code}-Flag": "N"}
        for place, code in enumerate(codes)
    )


def fill(journal: Journal, sites: list[str], water: list[str]) -> int:
    """Write the day; return how many frames."""
    made = [(site, _AIR) for site in sites] + [(site, _WATER) for site in water]
    kept: list[Received] = []
    count = 0

    def flush() -> None:
        journal.append(KIND, pack(kept), {"pieces": len(kept)})
        kept.clear()

    at, end = DAY, DAY + timedelta(days=1)
    while at < end:
        for place, (site, codes) in enumerate(made):
            cns = [cn for cn, every in _KINDS if (at - DAY) % every == timedelta(0)]
            if at.minute == at.second == 0:
                cns.append("2061")
            for cn in cns:
                name = "Rtd" if cn == "2011" else "Avg"
                number = place + at.hour * 7 + at.minute
                message = Message(mn_of(site), cn, at, groups(codes, name, number))
                frame = message.frame(f"{at:%Y%m%d%H%M%S}{place % 1000:03d}")
                kept.append(Received(frame, "10.0.0.7", (at + timedelta(hours=1)).astimezone(UTC)))
                count += 1
                if len(kept) == _AN_ENTRY:
                    flush()
        at += timedelta(seconds=30)
    if kept:
        flush()
    return count


def main() -> None:
    """Fill, replay, and say how long it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--share", type=float, default=1.0, help="share of the loggers")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SONGHUA_HOME"] = folder
        from songhua.app.wiring import set_up

        set_up()
        from songhua.app.platform import Songhua, silent
        from songhua.app.server import migrate_stores
        from songhua.store.registry import links
        from songhua.store.registry.models import Region, Site, SitePeriod

        migrate_stores()
        cities = list(Region.objects.filter(level="city", own=True)[:CITIES])
        sites = [f"A{number:04d}" for number in range(round(AIR * asked.share))]
        water = [f"W{number:04d}" for number in range(round(OTHER * asked.share))]
        Site.objects.bulk_create(
            Site(key=key, medium=medium)
            for medium, keys in (("air", sites), ("water", water))
            for key in keys
        )
        SitePeriod.objects.bulk_create(
            SitePeriod(
                site_id=key, name_zh=key, city=cities[n % len(cities)], valid_from="2000-01-01"
            )
            for n, key in enumerate(sites)
        )
        links.register_devices(
            {
                "mn": mn_of(key),
                "name": key,
                "site_id": key,
                "password": PASSWORD,
            }
            for key in (*sites, *water)
        )
        platform = Songhua.open()
        frames = fill(platform.journal, sites, water)
        size = sum(path.stat().st_size for path in Path(folder, "journal").glob("*.journal"))
        began = time.monotonic()
        entries = platform.replay(silent)
        spent = time.monotonic() - began
        rows = platform.shelf.sizes()[0].rows
        year = Period(datetime(2026, 1, 1, tzinfo=BEIJING), datetime(2027, 1, 1, tzinfo=BEIJING))
        ranked = platform.shelf.air_summary(period="month", scope="city", span=year)
        platform.close()
    print(
        f"{len(sites) + len(water):,} loggers, {frames:,} frames in {entries:,} entries "
        f"({size / 1e6:,.0f} MB): {spent:.0f} s, {frames / spent:,.0f} frames/s, "
        f"{rows:,} values, {ranked['rank'].count()} cities ranked"
    )
    print(
        f"a day of the province within {MOST_S:.0f} s: {'kept' if spent < MOST_S else 'NOT kept'}"
    )


if __name__ == "__main__":
    main()
