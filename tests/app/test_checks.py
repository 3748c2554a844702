"""What arrives is checked; a correction checks it, and what it touches, anew."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from django.test import override_settings

from songhua.api.ports import CorrectionOrder, ImportOrder
from songhua.api.reviews import VALUES, ReviewOrder
from songhua.app.platform import Songhua, silent
from songhua.model import Period

pytestmark = [pytest.mark.chdb, pytest.mark.slow]

SITE, OTHER = "1121A", "1122A"
START = datetime(2020, 4, 10, tzinfo=UTC)
DAY = Period(START - timedelta(days=2), START + timedelta(days=3))
LEVELS = [40.0, 42, 44, 600, 43, 41, 40]


def brought(platform: Songhua, folder: Path, site: str = SITE) -> None:
    path = folder / "hours.csv"
    hours = [
        f"{START + timedelta(hours=n):%Y-%m-%dT%H:%M:%SZ},{site},{v}\n"
        for n, v in enumerate(LEVELS)
    ]
    path.write_text("time,site,pm2_5\n" + "".join(hours), encoding="utf-8")
    platform.run_import(ImportOrder(path, path.name, "", "li"), silent)


def told(
    platform: Songhua, site: str = SITE, as_of: datetime | None = None
) -> list[tuple[int, int, str]]:
    rows = platform.shelf.verdicts(period="hour", span=DAY, sites=[site], as_of=as_of)
    hours = [(row["time"] - START) // timedelta(hours=1) for row in rows.to_dicts()]
    return [
        (hour, row["verdict"], row["evidence"])
        for hour, row in zip(hours, rows.to_dicts(), strict=True)
    ]


def test_a_spike_is_told_and_untold(platform: Songhua, tmp_path: Path) -> None:
    brought(platform, tmp_path)
    # Up 556 and down 557 again: more than 360 fails; 557 within an hour is more than 200.
    assert [(hour, verdict) for hour, verdict, _ in told(platform)] == [(3, 4), (4, 3)]
    evidence = told(platform)[0][2].split()
    assert "pm2_5-spike=fail(556.0)" in evidence
    assert "pm2_5-range=suspect(600.0)" in evidence
    before = datetime.now(UTC)
    wrong = START + timedelta(hours=3)
    order = CorrectionOrder("1121A", "pm2_5", wrong, 45.0, "记录有误", "li")
    platform.correct(order)
    assert told(platform) == []
    assert len(told(platform, as_of=before)) == 2
    platform.correct(replace(order, value=None))
    assert told(platform) == []


def test_the_rules_of_a_file_hold(platform: Songhua, tmp_path: Path) -> None:
    path = tmp_path / "checks.toml"
    path.write_text(
        '[[check]]\nname = "own"\nkind = "range"\nquantity = "pm2_5"\nperiod = "hour"\n'
        'since = 2020-01-01\nset_by = "li"\nwhy = "试"\nfail = [41, 1000]\n',
        encoding="utf-8",
    )
    with override_settings(SONGHUA_CHECKS=str(path)):
        brought(platform, tmp_path, OTHER)
    assert told(platform, OTHER) == [(0, 4, "own=fail(40.0)"), (6, 4, "own=fail(40.0)")]


def test_a_value_that_a_reviewer_takes_out_keeps_what_spoke_against_it(
    platform: Songhua, tmp_path: Path
) -> None:
    third = "1123A"
    brought(platform, tmp_path, third)
    span = Period(START + timedelta(hours=3), START + timedelta(hours=4))
    times = pl.col("time").cast(pl.Datetime("us", "UTC"))
    spike = platform.shelf.observations(period="hour", span=span, sites=[third])
    platform.review(
        ReviewOrder(
            "mark",
            level=1,
            author="operator",
            words="零点校准时段",
            verdict="invalid",
            reason="calibration",
            values=spike.with_columns(times).select(*VALUES),
        )
    )
    # What it did to the hour after it is gone: 45 follows a gap, and no fall of 557.
    assert [(hour, verdict) for hour, verdict, _ in told(platform, third)] == [(3, 4)]
    assert "pm2_5-spike=fail(556.0)" in told(platform, third)[0][2].split()
    platform.replay(silent)
    assert [(hour, verdict) for hour, verdict, _ in told(platform, third)] == [(3, 4)]
