"""The demo's hours from bytes to cities and months on real stores, beside what was published."""

import gzip
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from songhua.api.ports import ImportOrder
from songhua.app.platform import Songhua, silent
from songhua.model import Period
from songhua.store.registry.models import ImportFile
from songhua.store.registry.sites import sites
from tests.flow.deliveries import HOURS, bring, published

pytestmark = [pytest.mark.chdb, pytest.mark.slow]

EVER = Period(datetime(2020, 4, 1, tzinfo=UTC), datetime(2020, 4, 7, tzinfo=UTC))
KEYS = ("pm2_5", "pm10", "so2", "no2", "co", "o3")
WORDS = {"细颗粒物(PM2.5)": "pm2_5", "颗粒物(PM10)": "pm10", "二氧化硫": "so2"}
"""How the release names the primary pollutants of these days."""


@pytest.fixture(scope="module")
def loaded(platform: Songhua) -> Songhua:
    found = bring(platform, HOURS)
    assert found["rejected"] == 0
    return platform


def rows(platform: Songhua, *, period: str = "hour", scope: str = "site") -> pl.DataFrame:
    return platform.shelf.air_index(period=period, scope=scope, span=EVER)


def held(platform: Songhua) -> dict[str, Any]:
    """Return everything that a repetition could change."""
    return {
        "rows": [(size.table, size.rows) for size in platform.shelf.sizes()],
        "journal": platform.journal.last_seq,
        "files": list(ImportFile.objects.order_by("pk").values("name", "state", "rows_new")),
    }


def test_every_value_of_the_file_is_there(loaded: Songhua) -> None:
    said = (
        published()
        .rename({"pm25": "pm2_5"})
        .unpivot(on=KEYS, index=["site", "time"], variable_name="quantity")
        .drop_nulls("value")
        .with_columns(pl.col("value").cast(pl.Float64))
        .sort("site", "quantity", "time")
    )
    kept = loaded.shelf.observations(period="hour", span=EVER)
    assert kept.select("site", "quantity", "time", "value").rows() == (
        said.select("site", "quantity", "time", "value").rows()
    )
    file = ImportFile.objects.get(name=HOURS.name)
    assert (file.state, file.lines, file.rows_new) == ("done", published().height, said.height)


def test_every_hour_has_the_index_and_pollutants_that_were_published(loaded: Songhua) -> None:
    own = sites().filter("own")["site"]
    both = (
        published()
        .drop_nulls("aqi_published")
        .join(rows(loaded), left_on=["site", "time"], right_on=["subject", "time"], how="left")
    )
    assert both.height > 7000
    assert both.filter(pl.col("site").is_in(own.to_list())).height > 1900
    wrong = both.filter(pl.col("aqi").ne_missing(pl.col("aqi_published")))
    assert wrong.select("site", "time", "aqi", "aqi_published").rows() == []
    others = [
        (site, f"{time:%m-%dT%H}")
        for site, time, ours, words in both.filter(pl.col("aqi") > 50)
        .select("site", "time", "primary", "primary_published")
        .iter_rows()
        if set(ours.split("+")) != {WORDS[word] for word in words.split("+")}
    ]
    # Its PM10 was withheld that hour, beyond the table, and still named beside PM2.5 of 714.
    assert others == [("1128A", "04-05T14")]


def test_a_city_hour_is_the_mean_of_its_sites(loaded: Songhua) -> None:
    """Changchun's ten sites at 11–12 of 4 April: PM10 200 248 273 192 227 122 80 180 142 153."""
    city = rows(loaded, scope="city").filter(
        subject="220100", time=datetime(2020, 4, 4, 3, tzinfo=UTC)
    )
    found = city.row(0, named=True)
    assert found["pm10"] == 182  # 1817 / 10 = 181.7
    assert (found["aqi"], found["level"], found["primary"]) == (116, 3, "pm10")  # 100+50×32/100
    assert found["n"] == 10
    assert found["edition"] == "HJ 633—2012"


def test_days_are_the_means_of_their_hours(loaded: Songhua) -> None:
    """Beijing's 3 April at 1121A, worked out here from the file alone."""
    start = datetime(2020, 4, 2, 16, tzinfo=UTC)
    hours = published().filter(
        pl.col("site") == "1121A",
        pl.col("time").is_between(start, start + timedelta(hours=24), closed="left"),
    )
    assert hours.height >= 20
    day = rows(loaded, period="day").filter(subject="1121A", time=start).row(0, named=True)
    for name, ours in (("pm10", "pm10"), ("pm25", "pm2_5"), ("so2", "so2"), ("no2", "no2")):
        values = hours[name].drop_nulls().to_list()
        assert day[ours] == round(sum(values) / len(values)), name  # half to even, as Python does


def test_months_say_why_they_have_no_figure(loaded: Songhua) -> None:
    """Four days make no month: 27 are asked for (GB 3095—2012, table 4)."""
    month = loaded.shelf.air_summary(
        period="month",
        scope="city",
        span=Period(datetime(2020, 3, 31, 16, tzinfo=UTC), datetime(2020, 4, 30, 16, tzinfo=UTC)),
        subjects=["220100"],
    ).row(0, named=True)
    assert month["composite"] is None
    assert month["rank"] is None
    assert month["days"] == 30
    assert month["valid_days"] < 4
    assert "too_few_days" in month["reason"]


def test_the_same_file_again_changes_nothing(loaded: Songhua) -> None:
    before = held(loaded)
    assert bring(loaded, HOURS)["already"]
    assert held(loaded) == before


def test_the_same_rows_in_another_file_change_nothing(loaded: Songhua, tmp_path: Path) -> None:
    before = held(loaded)
    again = tmp_path / "again.csv"
    lines = gzip.decompress(HOURS.read_bytes()).decode().splitlines()
    again.write_text("\ufeff" + "\r\n".join([lines[0], *reversed(lines[1:])]), encoding="utf-8")
    found = bring(loaded, again)
    assert (found["new"], found["changed"], found["rejected"]) == (0, 0, 0)
    assert found["same"] == ImportFile.objects.get(name=HOURS.name).rows_new
    assert held(loaded)["rows"] == before["rows"]


def test_a_changed_copy_of_the_file_makes_revisions(loaded: Songhua, tmp_path: Path) -> None:
    changed = tmp_path / "changed.csv"
    text = gzip.decompress(HOURS.read_bytes()).decode()
    line = "1121A,2020-04-04 14:00,4,14,0.6,102,190,41,"
    assert text.count(line) == 1
    changed.write_text(
        text.replace(line, "1121A,2020-04-04 14:00,4,14,0.6,102,191,,"), encoding="utf-8"
    )
    found = bring(loaded, changed)
    assert (found["new"], found["changed"], found["rejected"]) == (0, 1, 0)
    at = datetime(2020, 4, 4, 5, tzinfo=UTC)
    history = loaded.shelf.observation_history(
        site="1121A", quantity="pm10", period="hour", time=at
    )
    assert history["value"].to_list() == [190.0, 191.0]
    # An empty cell says nothing: what was delivered before stands.
    untouched = loaded.shelf.observation_history(
        site="1121A", quantity="pm2_5", period="hour", time=at
    )
    assert untouched["value"].to_list() == [41.0]
    index = rows(loaded).filter(subject="1121A", time=at).row(0, named=True)
    assert index["aqi"] == 121  # 100 + 50 × 41/100 = 120.5, up
    past = loaded.shelf.air_index_history(period="hour", scope="site", subject="1121A", time=at)
    assert past["aqi"].to_list() == [120, 121]


def test_a_dry_run_says_what_would_happen_and_keeps_nothing(
    loaded: Songhua, tmp_path: Path
) -> None:
    before = held(loaded)
    path = tmp_path / "trial.csv"
    path.write_text(
        "site,time,so2\n1121A,2020-04-04 12:00,99\n1121A,2020-04-09 12:00,5\n9999A,2020-04-09,1\n",
        encoding="utf-8",
    )
    order = ImportOrder(path, path.name, "", "flow", dry_run=True)  # the columns are guessed
    found = loaded.run_import(order, silent)
    assert (found["new"], found["changed"], found["rejected"]) == (1, 1, 1)
    assert held(loaded) == before


def test_a_replay_of_the_journal_changes_nothing(loaded: Songhua) -> None:
    def current() -> list[Any]:
        values = loaded.shelf.observations(period="hour", span=EVER)
        return [
            values.select("site", "quantity", "time", "value", "mark", "revision").rows(),
            rows(loaded).select("subject", "time", "aqi", "primary", "revision").rows(),
            rows(loaded, period="day", scope="city").select("subject", "time", "aqi").rows(),
        ]

    before, files = current(), held(loaded)["files"]
    assert loaded.replay(silent) >= 3
    assert current() == before
    assert held(loaded)["files"] == files


def test_an_operator_brings_data_of_their_own_region_only(loaded: Songhua, tmp_path: Path) -> None:
    path = tmp_path / "two.csv"
    path.write_text(
        "site,time,so2\n1121A,2020-04-08T12:00,9\n1773A,2020-04-08T12:00,9\n", encoding="utf-8"
    )
    order = ImportOrder(path, path.name, "", "operator", dry_run=True)
    found = loaded.run_import(order, silent)
    assert (found["new"], found["faults"]) == (1, {"unknown_site": 1})
