"""The demo file from bytes to city hours on real stores; and a correction that travels."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

pytestmark = [pytest.mark.chdb, pytest.mark.slow]

DEMO = Path(__file__).parents[2] / "demo"
JILIN = DEMO / "air_hourly_2020-04.csv.gz"
NOON = datetime(2020, 4, 4, 3, tzinfo=UTC)  # 11–12 of 4 April in Beijing


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory, embedded_url: str) -> Iterator["Songhua"]:  # noqa: F821 - imported once Django is ready
    from django.conf import settings
    from django.db import connections

    from songhua.app.demo import _FOLDER
    from songhua.app.platform import Songhua
    from songhua.app.server import migrate_stores
    from songhua.app.settings import _database
    from songhua.store.registry import records

    home = tmp_path_factory.mktemp("flow")
    former = connections.databases["default"]
    connections["default"].close()
    connections.databases["default"] = connections.configure_settings(
        {"default": _database(f"sqlite:///{home / 'registry.sqlite3'}")}
    )["default"]
    del connections["default"]
    settings.SONGHUA_HOME, settings.SONGHUA_JOURNAL = home, home / "journal"
    settings.SONGHUA_OBSERVATIONS = f"{embedded_url}?database=flow"
    migrate_stores()
    records.load_sites(_FOLDER / "sites.csv")
    opened = Songhua.open()
    yield opened
    opened.close()
    connections["default"].close()
    connections.databases["default"] = former
    del connections["default"]


def bring(platform: "Songhua", path: Path, mapping: Path) -> dict[str, object]:  # noqa: F821
    from songhua.api.ports import ImportOrder
    from songhua.app.platform import silent

    order = ImportOrder(path, path.name, mapping.read_text(encoding="utf-8"), "flow")
    return dict(platform.run_import(order, silent))


@pytest.fixture(scope="module")
def loaded(platform: "Songhua") -> "Songhua":  # noqa: F821
    found = bring(platform, JILIN, JILIN.with_name("air_hourly_2020-04.toml"))
    assert found["rejected"] == 0
    return platform


def test_every_hour_has_the_index_that_was_published(loaded: "Songhua") -> None:  # noqa: F821
    from songhua.model import Period

    span = Period(datetime(2020, 4, 1, tzinfo=UTC), datetime(2020, 4, 7, tzinfo=UTC))
    ours = loaded.shelf.air_index(period="hour", scope="site", span=span)
    published = pl.read_csv(JILIN).filter(
        pl.all_horizontal(
            pl.col(name).is_not_null()
            for name in ("so2", "no2", "co", "o3", "pm10", "pm25", "aqi_published")
        )
    )
    # The file names the hour's end in Beijing time.
    start = (
        pl.col("time").str.to_datetime("%Y-%m-%d %H:%M").dt.replace_time_zone("Asia/Shanghai")
    ).dt.convert_time_zone("UTC") - timedelta(hours=1)
    both = published.with_columns(start.cast(pl.Datetime("us", "UTC")).alias("time")).join(
        ours, left_on=["site", "time"], right_on=["subject", "time"], how="left"
    )
    assert both.height > 4000
    assert both.filter(pl.col("aqi") != pl.col("aqi_published")).is_empty()
    assert both["aqi"].null_count() == 0


def test_the_same_file_again_changes_nothing(loaded: "Songhua") -> None:  # noqa: F821
    before, sizes = loaded.journal.last_seq, loaded.shelf.sizes()
    again = bring(loaded, JILIN, JILIN.with_name("air_hourly_2020-04.toml"))
    assert again["already"]
    assert loaded.journal.last_seq == before
    assert [size.rows for size in loaded.shelf.sizes()] == [size.rows for size in sizes]


def test_a_correction_travels_and_the_past_can_be_asked_for(loaded: "Songhua") -> None:  # noqa: F821
    from songhua.api.ports import CorrectionOrder
    from songhua.model import BadInput, Period

    hour = Period(NOON, NOON + timedelta(hours=1))

    def aqi(scope: str, subject: str, as_of: datetime | None = None) -> int:
        rows = loaded.shelf.air_index(
            period="hour", scope=scope, span=hour, subjects=[subject], as_of=as_of
        )
        return int(rows["aqi"][0])

    shown = {("site", "1121A"): aqi("site", "1121A"), ("city", "220100"): aqi("city", "220100")}
    assert shown["site", "1121A"] == 162  # published for 11–12 of 4 April 2020
    before = datetime.now(UTC)
    order = CorrectionOrder("1121A", "pm10", NOON, 120.0, "仪器校准后更正", "analyst")
    result = loaded.correct(order)
    assert result["former"] == 273
    assert aqi("site", "1121A") == 85  # PM10 120: 50 + 50 × 70/100
    assert aqi("city", "220100") < shown["city", "220100"]
    assert {key: aqi(*key, as_of=before) for key in shown} == shown
    history = loaded.shelf.observation_history(
        site="1121A", quantity="pm10", period="hour", time=NOON
    )
    assert history.select("value", "reason", "author").rows() == [
        (273.0, "", "flow"),
        (120.0, "仪器校准后更正", "analyst"),
    ]
    with pytest.raises(BadInput, match="原因"):
        loaded.correct(CorrectionOrder("1121A", "pm10", NOON, 1.0, " ", "analyst"))

    undone = CorrectionOrder("1121A", "pm10", NOON, 273.0, "撤销：原值无误", "analyst")
    loaded.correct(undone)
    assert {key: aqi(*key) for key in shown} == shown


def test_a_decision_stands_when_the_source_sends_the_old_value_again(
    loaded: "Songhua",  # noqa: F821
    tmp_path: Path,
) -> None:
    from songhua.api.ports import CorrectionOrder
    from songhua.model import Period

    at = NOON + timedelta(hours=1)
    loaded.correct(CorrectionOrder("1121A", "so2", at, 7.0, "核对纸带", "analyst"))
    path = tmp_path / "again.csv"
    path.write_text("site,time,so2\n1121A,2020-04-04T12:00,9\n", encoding="utf-8")
    mapping = tmp_path / "again.toml"
    mapping.write_text(
        'layout = "wide"\ntime = "time"\nsite = "site"\n[quantities]\nso2 = "so2"\n',
        encoding="utf-8",
    )
    bring(loaded, path, mapping)
    rows = loaded.shelf.observations(
        period="hour",
        span=Period(at, at + timedelta(hours=1)),
        sites=["1121A"],
        quantities=["so2"],
    )
    assert rows["value"].to_list() == [7.0]


def test_a_replay_of_the_journal_changes_nothing(loaded: "Songhua") -> None:  # noqa: F821
    from songhua.app.platform import silent
    from songhua.model import Period

    span = Period(datetime(2020, 4, 1, tzinfo=UTC), datetime(2020, 4, 7, tzinfo=UTC))

    def current() -> pl.DataFrame:
        return loaded.shelf.observations(period="hour", span=span).select(
            "site", "quantity", "time", "value", "mark", "revision"
        )

    before = current()
    assert loaded.replay(silent) >= 3
    assert current().equals(before)


def test_an_operator_brings_data_of_their_own_region_only(
    loaded: "Songhua",  # noqa: F821
    tmp_path: Path,
) -> None:
    from songhua.api.ports import ImportOrder
    from songhua.app.platform import silent
    from songhua.store.registry import records

    records.add_user("cc", role="operator", region="220100", password="gold-pine-7-river")
    path = tmp_path / "two.csv"
    path.write_text(
        "site,time,so2\n1121A,2020-04-08T12:00,9\n1773A,2020-04-08T12:00,9\n", encoding="utf-8"
    )
    found = loaded.run_import(ImportOrder(path, path.name, "", "cc", dry_run=True), silent)
    assert (found["new"], found["faults"]) == (1, {"unknown_site": 1})
