"""What a lead is kept with: series, digits, explanations by the platform's own records."""

import threading
from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl
import pytest

from songhua.app import evidence, nightly
from songhua.app.evidence import Marked
from songhua.app.nightly import Nightly, read_clock
from songhua.model import BadInput
from songhua.quality.fraud.lead import Innocent, Lead
from songhua.quality.fraud.panel import Panel

HOUR = 3_600_000_000
T0 = 1_700_000_000 * 1_000_000 // HOUR * HOUR
N = 48
NO_MARKS = Marked(frozenset(), {})


def panel(**more: Any) -> Panel:
    here = np.array([20.0, 25.0] * (N // 2))
    there = np.arange(30.0, 30.0 + N)
    table = {"pm2_5": np.array([here, there]), **more}
    return Panel(("A", "B"), T0 + HOUR * np.arange(N), HOUR, table, limits={"pm2_5": 75.0})


def lead(kind: str = "digits", **more: Any) -> Lead:
    frame = pl.DataFrame(
        {"time": T0 + HOUR * np.arange(N), "value": [1.23456789, *[2.0] * (N - 1)],
         "reference": [float("nan")] * N}
    ).with_columns(pl.from_epoch("time", "us").dt.replace_time_zone("UTC"))  # fmt: skip
    told: dict[str, Any] = {
        "kind": kind, "sites": ("A",), "quantity": "pm2_5", "start": T0 + 12 * HOUR,
        "end": T0 + 35 * HOUR, "score": 0.9, "numbers": {"stat": 3.0}, "evidence": frame,
        "innocent": (),
    }  # fmt: skip
    return Lead(**{**told, **more})


def test_the_series_is_plain_and_knows_its_clock() -> None:
    told = evidence.evidence(lead(), panel())
    assert told["series"]["first"] == T0 // 1_000_000
    assert told["series"]["step"] == 3600
    assert told["series"]["values"][:2] == [1.23457, 2.0]
    assert told["series"]["reference"] == [None] * N
    assert (told["days"], told["limit"], told["reference_is"]) == (2.0, None, "neighbours")


def test_last_digits_inside_and_of_all() -> None:
    told = evidence.evidence(lead(), panel())["digits"]
    assert told["here"] == [0.5, 0, 0, 0, 0, 0.5, 0, 0, 0, 0]  # 20 and 25 by turns
    assert sum(told["all"]) == pytest.approx(1, abs=1e-3)
    assert evidence.evidence(lead("hugging"), panel())["limit"] == 75.0
    assert evidence.evidence(lead("repeated"), panel())["reference_is"] == "source"


def outcomes(one: Lead, table: Panel, marked: Marked) -> dict[str, str]:
    return {told["key"]: told["outcome"] for told in evidence.innocent(one, table, marked)}


def test_explanations_are_excluded_not_excluded_or_not_tested() -> None:
    tested = (
        Innocent("coarse", "粗", "coarse", holds=True, number=0.1),
        Innocent("floor", "低", "low", holds=False, number=0.2),
        Innocent("windless", "静", "still", holds=False, number=float("nan")),
    )
    told = evidence.innocent(lead(innocent=tested), panel(), NO_MARKS)
    assert [one["outcome"] for one in told] == [
        "not_excluded", "excluded", "not_tested", "not_tested",
    ]  # fmt: skip
    assert told[2]["because_zh"] == "没有该时段的风速数据"
    assert told[3]["because_en"] == "the source sends no marks"


def test_maintenance_is_told_by_the_marks() -> None:
    def marked(site: str, hours: range, mark: str = "CZ") -> Marked:
        rows = pl.DataFrame(
            {"site": site, "mark": mark, "quantity": "pm2_5",
             "time": [datetime.fromtimestamp(T0 / 1e6 + 3600 * h, UTC) for h in hours]}
        )  # fmt: skip
        return evidence.marked_times(rows)

    assert outcomes(lead(), panel(), marked("A", range(12, 24)))["maintenance"] == "not_excluded"
    assert outcomes(lead(), panel(), marked("A", range(10)))["maintenance"] == "excluded"
    assert outcomes(lead(), panel(), marked("A", range(12, 24), "N"))["maintenance"] == "excluded"
    assert outcomes(lead(), panel(), marked("B", range(12, 24)))["maintenance"] == "not_tested"
    assert outcomes(lead(), panel(), marked("A", range(12, 24), ""))["maintenance"] == "not_tested"


def test_rain_is_asked_where_values_are_low() -> None:
    dry, wet = np.zeros((2, N)), np.ones((2, N))
    none = np.full((2, N), np.nan)
    for rain, outcome in ((dry, "excluded"), (wet, "not_excluded"), (none, "not_tested")):
        told = outcomes(lead("cleaner"), panel(precipitation=rain), NO_MARKS)
        assert told["rain"] == outcome
    assert outcomes(lead("cleaner"), panel(), NO_MARKS)["rain"] == "not_tested"
    assert "rain" not in outcomes(lead("constant"), panel(), NO_MARKS)


def test_the_night_comes_and_faults_stop_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nightly, "seconds_until", lambda _clock, _now: 0.01)
    came, times = threading.Event(), []

    def work() -> None:
        times.append(1)
        if len(times) == 1:
            raise BadInput("正在检测", "at work")
        if len(times) == 2:
            raise RuntimeError
        came.set()

    clock = read_clock("02:30")
    assert clock is not None
    one = Nightly(clock, work)
    one.start()
    assert came.wait(5)
    one.stop()
    assert read_clock("") is None
    with pytest.raises(BadInput):
        read_clock("25 o'clock")
