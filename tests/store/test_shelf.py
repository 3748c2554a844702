"""The shelf on both engines: nothing is overwritten, and any past state can be asked for."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from songhua import store
from songhua.model import BadInput, Period
from songhua.store import INDEX_VALUES, SUMMARY_VALUES, Shelf, open_shelf
from songhua.store.engine import Engine, migrations, sql_time
from tests.store.rows import (
    EVER,
    HOUR,
    KNOWN,
    T0,
    index,
    observations,
    observed,
    results,
    summary,
)

AT_T0 = Period(T0, T0 + HOUR)


def current(shelf: Shelf, **asked: Any) -> list[tuple[Any, ...]]:
    """Return site, quantity, hours after T0, value, revision of every current value."""
    found = shelf.observations(period="hour", span=EVER, **asked)
    hours = (pl.col("time") - T0).dt.total_hours()
    return found.select("site", "quantity", hours, "value", "revision").rows()


def aqi(shelf: Shelf, **asked: Any) -> dict[tuple[str, datetime], int | None]:
    found = shelf.air_index(period="hour", scope="site", span=EVER, **asked)
    return {(row["subject"], row["time"]): row["aqi"] for row in found.iter_rows(named=True)}


# Opening


def test_migrations_run_once(url: str) -> None:
    shelf = open_shelf(url)
    names = shelf.migrate()
    assert names == sorted(names)
    assert len(names) == 5
    assert shelf.migrate() == []
    shelf.close()
    again = open_shelf(url)
    assert again.migrate() == []
    again.close()


def test_a_newer_store_is_left_alone(url: str) -> None:
    shelf = open_shelf(url)
    shelf.migrate()
    shelf._engine.rows("INSERT INTO migrations (name) VALUES ('9999_tomorrow.sql')")
    with pytest.raises(BadInput, match=r"newer version \(9999_tomorrow.sql\)"):
        shelf.migrate()
    shelf.close()


@pytest.mark.parametrize(
    "url",
    ["postgres://localhost/x", "chdb:///tmp/x?database=a%20b", "clickhouse://localhost/a;b"],
)
def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(BadInput):
        open_shelf(url)


def test_a_server_that_is_not_there() -> None:
    with pytest.raises(BadInput, match="cannot be reached"):
        open_shelf("clickhouse://nobody:secret@127.0.0.1:9/x")


@pytest.mark.chdb
def test_a_wrong_password(http_url: str) -> None:
    with pytest.raises(BadInput, match="Authentication failed") as caught:
        open_shelf(http_url.replace("p%40ss", "guess"))
    assert "guess" not in str(caught.value)


@pytest.mark.chdb
def test_one_process_has_many_databases(embedded_url: str) -> None:
    shelves = [open_shelf(f"{embedded_url}?database=side_{name}") for name in "ab"]
    for number, shelf in enumerate(shelves):
        shelf.migrate()
        shelf.save_observations(observations(observed(float(number))))
    assert [current(shelf)[0][3] for shelf in shelves] == [0.0, 1.0]
    for shelf in shelves:
        shelf.close()


def test_a_cluster_gets_replicated_and_distributed_tables(shelf: Shelf) -> None:
    """The statements are read by the engine itself; only a cluster could run them."""
    alone, cluster = (Engine(f"clickhouse://h/db{end}") for end in ("", "?cluster=jilin"))
    made = [text for text in migrations().values() if "CREATE TABLE" in text]
    for text in made:
        assert len(alone.statements(text)) == 1
        local, distributed = cluster.statements(text)
        assert "_local ON CLUSTER jilin" in local
        assert "ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/" in local
        assert "ENGINE = Distributed(jilin, db, " in distributed
        for statement in (local, distributed):
            assert shelf._engine.rows(f"EXPLAIN AST {statement}")
    for text in set(migrations().values()) - set(made):
        changed = cluster.statements(text)
        assert len(changed) == 2 * len(alone.statements(text)) == 2 * len(made)
        assert all(" ON CLUSTER jilin" in statement for statement in changed)
        assert all(shelf._engine.rows(f"EXPLAIN AST {statement}") for statement in changed)


def test_the_shelf_of_the_process(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("songhua.store.handle._shelf", None)
    store.configure(shelf)
    assert store.shelf() is shelf
    store.configure(None)
    with pytest.raises(RuntimeError, match="no shelf was opened"):
        store.shelf()


# Observations


def test_an_empty_shelf(shelf: Shelf) -> None:
    found = shelf.observations(period="hour", span=EVER)
    assert found.is_empty()
    assert found.schema["changed"] == pl.Boolean
    assert found.schema["time"] == pl.Datetime("us", "UTC")
    assert shelf.last_revision() == 0
    assert shelf.times("hour") is None
    assert shelf.changes(since=KNOWN).is_empty()
    assert shelf.air_index(period="hour", scope="site", span=EVER).is_empty()
    assert [(size.table, size.rows) for size in shelf.sizes()] == [
        ("observations", 0),
        ("air_index", 0),
        ("air_summary", 0),
        ("verdicts", 0),
    ]


def test_what_is_saved_is_read(shelf: Shelf) -> None:
    row = observed(None, mark="<H>", author="长春'; DROP TABLE", quantity="co", line=12)
    shelf.save_observations(observations(row, observed(35.5)))
    found = shelf.observations(period="hour", span=EVER)
    assert found["quantity"].to_list() == ["co", "pm2_5"]
    assert found.row(0, named=True) == {
        **{k: v for k, v in row.items() if k != "period"},
        "changed": False,
    }
    assert shelf.observations(period="day", span=EVER).is_empty()


def test_a_not_a_number_is_none(shelf: Shelf) -> None:
    shelf.save_observations(observations(observed(float("nan"))))
    assert current(shelf)[0][3] is None


def test_a_later_delivery_is_current_and_the_former_stays(shelf: Shelf) -> None:
    shelf.save_observations(observations(observed(50, revision=1)))
    shelf.save_observations(observations(observed(60, revision=2)))
    found = shelf.observations(period="hour", span=EVER)
    assert found.select("value", "revision", "changed").rows() == [(60, 2, True)]
    past = shelf.observation_history(site="1121A", quantity="pm2_5", period="hour", time=T0)
    assert past.select("revision", "value").rows() == [(1, 50), (2, 60)]
    assert past["recorded_at"].to_list() == [KNOWN + HOUR, KNOWN + 2 * HOUR]


def test_the_same_value_again_is_no_change(shelf: Shelf) -> None:
    shelf.save_observations(observations(observed(50, revision=1)))
    shelf.save_observations(observations(observed(50, revision=2)))
    found = shelf.observations(period="hour", span=EVER)
    assert found.select("revision", "changed").rows() == [(2, False)]


def test_a_value_that_becomes_missing_is_a_change(shelf: Shelf) -> None:
    shelf.save_observations(observations(observed(50, revision=1)))
    shelf.save_observations(observations(observed(None, revision=2)))
    found = shelf.observations(period="hour", span=EVER)
    assert found.select("value", "changed").rows() == [(None, True)]


def test_a_persons_decision_outranks_a_delivery(shelf: Shelf) -> None:
    shelf.save_observations(
        observations(
            observed(500, revision=1),
            observed(50, revision=2, reason="零点检查期间的读数", author="wang"),
            observed(505, revision=3),
        )
    )
    assert current(shelf) == [("1121A", "pm2_5", 0, 50.0, 2)]
    delivered = shelf.delivered(period="hour", span=AT_T0, sites=["1121A"], quantities=["pm2_5"])
    assert delivered.row(0, named=True)["value"] == 505
    shelf.save_observations(
        observations(observed(55, revision=4, reason="复核后改回", author="li"))
    )
    assert current(shelf) == [("1121A", "pm2_5", 0, 55.0, 4)]


def test_as_of_is_what_was_known(shelf: Shelf) -> None:
    for revision, value in ((1, 50.0), (2, 60.0), (3, 70.0)):
        shelf.save_observations(observations(observed(value, revision=revision)))
    just_before = KNOWN + 2 * HOUR - timedelta(microseconds=1)
    assert current(shelf, as_of=KNOWN) == []
    assert current(shelf, as_of=just_before) == [("1121A", "pm2_5", 0, 50.0, 1)]
    assert current(shelf, as_of=KNOWN + 2 * HOUR) == [("1121A", "pm2_5", 0, 60.0, 2)]
    assert current(shelf, as_of=datetime(9999, 12, 31, tzinfo=UTC))[0][3] == 70.0
    assert current(shelf, as_of=datetime(1900, 1, 1, tzinfo=UTC)) == []


def test_span_sites_and_quantities_choose(shelf: Shelf) -> None:
    rows = [
        observed(1.0, site=site, quantity=quantity, time=T0 + hour * HOUR)
        for site in ("1121A", "1122A", "1123A")
        for quantity in ("o3", "pm2_5", "so2")
        for hour in range(4)
    ]
    shelf.save_observations(observations(*rows))
    found = shelf.observations(
        period="hour",
        span=Period(T0 + HOUR, T0 + 3 * HOUR),
        sites=["1123A", "1121A"],
        quantities=("so2", "o3"),
    )
    keys = found.select("site", "quantity", (pl.col("time") - T0).dt.total_hours()).rows()
    assert keys == [(s, q, h) for s in ("1121A", "1123A") for q in ("o3", "so2") for h in (1, 2)]
    assert shelf.observations(period="hour", span=EVER, sites=[]).is_empty()


def test_the_order_of_saving_does_not_matter(shelf: Shelf) -> None:
    """Rows of several values, some with one revision and some with many, out of order."""
    rows = [
        observed(float(10 * hour + revision), time=T0 + hour * HOUR, revision=revision)
        for revision in (3, 1, 2)
        for hour in range(5)
        if revision <= 1 + hour % 3
    ]
    for row in rows:
        shelf.save_observations(observations(row))
    shelf.save_observations(observations(*rows))  # all of it again
    assert current(shelf) == [
        ("1121A", "pm2_5", hour, 10.0 * hour + 1 + hour % 3, 1 + hour % 3) for hour in range(5)
    ]
    past = shelf.observation_history(
        site="1121A", quantity="pm2_5", period="hour", time=T0 + 2 * HOUR
    )
    assert past["revision"].to_list() == [1, 2, 3]


def test_the_engine_merges_replays_away(shelf: Shelf) -> None:
    for _ in range(4):
        shelf.save_observations(observations(observed(50), observed(51, revision=2)))
    shelf._engine.rows("OPTIMIZE TABLE observations FINAL")
    assert shelf._engine.rows("SELECT count() FROM observations") == [(2,)]
    assert shelf.last_revision() == 2
    assert current(shelf) == [("1121A", "pm2_5", 0, 51.0, 2)]


# Results


def test_only_what_differs_is_saved(shelf: Shelf) -> None:
    first = [index(aqi=50, level=1), index("1122A", aqi=80, level=2)]
    assert shelf.save_air_index(results(*first)) == 2
    assert shelf.save_air_index(results(*first)) == 0
    later = {"cause": 2, "computed_at": KNOWN + HOUR, "code": "0.2"}
    again = [index(aqi=50, level=1, **later), index("1122A", aqi=90, level=2, **later)]
    assert shelf.save_air_index(results(*again)) == 1
    past = shelf.air_index_history(period="hour", scope="site", subject="1122A", time=T0)
    assert past.select("aqi", "revision", "cause", "code").rows() == [
        (80, 1, 1, "0.1"),
        (90, 2, 2, "0.2"),
    ]
    assert aqi(shelf) == {("1121A", T0): 50, ("1122A", T0): 90}
    assert aqi(shelf, as_of=KNOWN) == {("1121A", T0): 50, ("1122A", T0): 80}
    assert aqi(shelf, as_of=KNOWN - timedelta(microseconds=1)) == {}


def test_every_column_counts_as_a_difference(shelf: Shelf) -> None:
    values: dict[str, Any] = {}
    shelf.save_air_index(results(index()))
    for name in INDEX_VALUES:
        values[name] = "x" if name in {"primary", "reason", "edition"} else 3
        assert shelf.save_air_index(results(index(**values))) == 1, name
    values = {}
    shelf.save_air_summary(results(summary()))
    for name in SUMMARY_VALUES:
        values[name] = "x" if name in {"reason", "edition", "largest"} else 3
        assert shelf.save_air_summary(results(summary(**values))) == 1, name
    values["rank"] = None
    assert shelf.save_air_summary(results(summary(**values))) == 1
    assert shelf.save_air_summary(results(summary(**values))) == 0


def test_one_cause_may_save_twice(shelf: Shelf) -> None:
    """A year is summed up after its first season and again after its last, by the same import."""
    shelf.save_air_summary(results(summary(composite=4.0, rank=2)))
    shelf.save_air_summary(results(summary(composite=5.0, rank=3)))
    found = shelf.air_summary(period="month", scope="city", span=EVER)
    assert found.select("composite", "rank", "revision").rows() == [(5.0, 3, 2)]


def test_an_old_cause_applied_again_by_new_code_is_current(shelf: Shelf) -> None:
    shelf.save_air_index(results(index(aqi=50, cause=5)))
    shelf.save_air_index(results(index(aqi=60, cause=9)))
    shelf.save_air_index(results(index(aqi=70, cause=5, code="0.2")))
    assert aqi(shelf) == {("1121A", T0): 70}
    past = shelf.air_index_history(period="hour", scope="site", subject="1121A", time=T0)
    assert past["aqi"].to_list() == [50, 60, 70]


def test_what_has_no_time_is_known_from_now(shelf: Shelf) -> None:
    before = datetime.now(UTC)
    shelf.save_air_index(results(index(aqi=50)).drop("computed_at"))
    known = shelf.air_index(period="hour", scope="site", span=EVER)["computed_at"][0]
    assert before <= known <= datetime.now(UTC)


def test_several_periods_and_scopes_in_one_frame(shelf: Shelf) -> None:
    frame = results(index(aqi=1), index(aqi=2, period="day"), index("220100", aqi=3, scope="city"))
    assert shelf.save_air_index(frame) == 3
    assert shelf.save_air_index(frame) == 0
    for period, scope, value in (("hour", "site", 1), ("day", "site", 2), ("hour", "city", 3)):
        found = shelf.air_index(period=period, scope=scope, span=EVER)
        assert found["aqi"].to_list() == [value]


def test_results_come_by_subject_and_time(shelf: Shelf) -> None:
    rows = [
        index(subject, T0 + hour * HOUR, aqi=hour)
        for hour in (2, 0, 1)
        for subject in ("1123A", "1121A", "1122A")
    ]
    shelf.save_air_index(results(*rows))
    found = shelf.air_index(
        period="hour",
        scope="site",
        span=Period(T0, T0 + 2 * HOUR),
        subjects=["1123A", "1121A"],
        columns=["aqi", "level"],
    )
    assert found.columns == [
        *("subject", "time", "aqi", "level", "revision", "cause", "code", "computed_at")
    ]
    assert found.select("subject", "aqi").rows() == [
        ("1121A", 0),
        ("1121A", 1),
        ("1123A", 0),
        ("1123A", 1),
    ]
    assert shelf.times("hour") == (T0, T0 + 2 * HOUR)
    assert shelf.times("hour", scope="city") is None
    with pytest.raises(ValueError, match="no such columns"):
        shelf.air_index(period="hour", scope="site", span=EVER, columns=["1; DROP"])


def test_changes_tell_former_new_and_cause(shelf: Shelf) -> None:
    shelf.save_air_index(results(index(aqi=50), index("1122A", aqi=70)))
    shelf.save_air_summary(results(summary(composite=4.0, rank=2)))
    second = {"cause": 2, "computed_at": KNOWN + HOUR}
    shelf.save_air_index(results(index(aqi=120, **second)))
    shelf.save_air_summary(results(summary(composite=4.5, rank=2, **second)))
    third = {"cause": 2, "computed_at": KNOWN + 2 * HOUR}
    shelf.save_air_summary(results(summary(composite=5.0, rank=3, **third)))
    found = shelf.changes(since=KNOWN)
    wanted = ("table", "subject", "former", "value", "former_rank", "rank", "cause")
    assert found.select(wanted).rows() == [
        ("air_summary", "220100", 4.0, 5.0, 2, 3, 2),
        ("air_index", "1121A", 50.0, 120.0, None, None, 2),
    ]
    assert shelf.changes(since=KNOWN + 3 * HOUR).is_empty()
    assert shelf.changes(since=KNOWN, most=1).height == 1


def test_what_readers_had_is_not_crowded_out_by_what_still_runs(shelf: Shelf) -> None:
    at = datetime(2020, 4, 3, 16, tzinfo=UTC)  # 4 April in Beijing, over a day later
    day = {"period": "day", "time": at}
    shelf.save_air_index(results(index(aqi=50, **day)))
    noon = at + timedelta(hours=36)
    shelf.save_air_index(results(index(aqi=60, **day, cause=2, computed_at=noon)))
    hours = [index(time=T0 + n * HOUR, aqi=30) for n in range(5)]
    shelf.save_air_index(results(*hours))
    later = {"cause": 3, "computed_at": noon + 9 * HOUR}
    shelf.save_air_index(results(*({**row, "aqi": 31.0, **later} for row in hours)))
    span = {"since": KNOWN, "until": noon + 99 * HOUR}
    assert shelf.changes(**span, most=5)["period"].unique().to_list() == ["hour"]
    found = shelf.changes(**span, most=5, settled=timedelta(hours=12))
    assert found.select("period", "former", "value").rows() == [("day", 50.0, 60.0)]
    assert shelf.count_changed(**span) == 6
    assert shelf.count_changed(**span, settled=timedelta(hours=12)) == 1
    assert shelf.changes(since=KNOWN, until=noon).is_empty()


@pytest.mark.parametrize(
    ("period", "begins", "over"),
    [
        ("day", "2020-02-28T16:00Z", "2020-02-29T16:00Z"),
        ("month", "2020-01-31T16:00Z", "2020-02-29T16:00Z"),
        ("quarter", "2019-12-31T16:00Z", "2020-03-31T16:00Z"),
        ("year", "2019-12-31T16:00Z", "2020-12-31T16:00Z"),
    ],
)
def test_a_result_settles_so_long_after_its_period(
    shelf: Shelf, period: str, begins: str, over: str
) -> None:
    asked = {"period": period, "time": datetime.fromisoformat(begins)}
    out = datetime.fromisoformat(over) + 12 * HOUR
    changed = (out - timedelta(seconds=1), out)
    shelf.save_air_summary(results(summary(composite=3.0, **asked)))
    for cause, at in enumerate(changed, start=2):
        row = summary(composite=float(cause), **asked, cause=cause, computed_at=at)
        shelf.save_air_summary(results(row))
    found = shelf.changes(since=EVER.start, settled=timedelta(hours=12))
    assert found["computed_at"].to_list() == [out]


def test_an_index_that_goes_missing_is_a_change(shelf: Shelf) -> None:
    shelf.save_air_index(results(index(aqi=50)))
    shelf.save_air_index(
        results(index(aqi=None, reason="too_few_hours", cause=2, computed_at=KNOWN + HOUR))
    )
    assert shelf.changes(since=KNOWN).select("former", "value").rows() == [(50.0, None)]


def test_how_full(shelf: Shelf) -> None:
    shelf.save_observations(observations(observed(1), observed(2, time=T0 + HOUR)))
    shelf.save_air_index(results(index(aqi=50)))
    sizes = {size.table: size for size in shelf.sizes()}
    assert (sizes["observations"].rows, sizes["air_index"].rows) == (2, 1)
    assert (sizes["observations"].first, sizes["observations"].last) == (T0, T0 + HOUR)
    assert sizes["observations"].size > 0
    assert sizes["air_summary"].first is None


def test_threads_share_a_shelf(shelf: Shelf) -> None:
    failed: list[BaseException] = []

    def work(number: int) -> None:
        try:
            site = f"{number}A"
            for hour in range(5):
                shelf.save_observations(
                    observations(observed(hour, site=site, time=T0 + hour * HOUR))
                )
                assert len(current(shelf, sites=[site])) == hour + 1
        except BaseException as fault:  # noqa: BLE001 - told to the main thread
            failed.append(fault)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len(current(shelf)) == 30


def test_instants_the_engine_cannot_hold_become_the_nearest() -> None:
    assert sql_time(datetime.min.replace(tzinfo=UTC)) == "1970-01-01 00:00:00"
    assert sql_time(datetime.max.replace(tzinfo=UTC)) == "2105-12-31 00:00:00"


def test_hours_are_counted_by_what_became_of_them(shelf: Shelf) -> None:
    """Series that were revised and series that were not count alike: an hour once."""
    at = [T0 + n * HOUR for n in range(6)]
    shelf.save_observations(
        observations(
            *(observed(5.0, time=time) for time in at[:4]),
            *(observed(5.0, site="1122A", time=time) for time in at[:3]),
            observed(None, site="1122A", time=at[3]),
            observed(6.0, site="1122A", time=at[4], mark="B"),
        )
    )
    said = "审核无效·停电：来电后恢复"
    shelf.save_observations(
        observations(observed(5.0, time=at[1], revision=2, mark="RM", reason=said))
    )
    shelf.save_observations(observations(observed(9.0, time=at[1], revision=3)))
    shelf.save_observations(observations(observed(5.0, time=at[0])))  # a replay
    found = shelf.hour_states(span=EVER)
    names = ("site", "month", "quantity", "mark", "reason", "values", "missing")
    assert found.select(names).rows() == [
        ("1121A", "2020-04", "pm2_5", "", "", 3, 0),
        ("1121A", "2020-04", "pm2_5", "RM", said, 1, 0),
        ("1122A", "2020-04", "pm2_5", "", "", 4, 1),
        ("1122A", "2020-04", "pm2_5", "B", "", 1, 0),
    ]
    assert shelf.hour_states(span=EVER, sites=["9999A"]).is_empty()
