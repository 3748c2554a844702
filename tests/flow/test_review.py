"""Reviews travel: a mark to the rank, restored, undone; levels, returns, conflicts.

Two cities of two sites, June 2019, the same air every hour but for one PM₁₀ of 1548 in the first:
what must come out is worked out by hand (as in `test_correction`).
"""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from songhua.api.ports import CorrectionOrder
from songhua.api.reviews import VALUES, Drift, ReviewOrder, ReviewStale
from songhua.app.platform import Songhua, silent
from songhua.model import BadInput, Period
from songhua.store.registry.models import ReviewAct, ReviewDay, ReviewTouch
from tests.flow.deliveries import WIDE, bring
from tests.flow.test_correction import AFTER, AIR, BEFORE, HOUR, SITE, SITES, seen

pytestmark = [pytest.mark.chdb, pytest.mark.slow]

DAY = date(2019, 6, 10)
SPIKE = AIR.replace("60", "1548")
WITHOUT = BEFORE._replace(hour=50)  # PM₂.₅ 35 is the highest that remains of the hour


@pytest.fixture(scope="module")
def june(platform: Songhua, tmp_path_factory: pytest.TempPathFactory) -> Songhua:
    path = tmp_path_factory.mktemp("june") / "june.csv"
    hours = [datetime(2019, 6, 1) + timedelta(hours=n) for n in range(720)]  # noqa: DTZ001 - as files write it
    spike = HOUR + timedelta(hours=8)
    lines = [
        f"{site},{hour:%Y-%m-%d %H:%M},"
        + (SPIKE if site == SITE and hour == spike.replace(tzinfo=None) else AIR)
        for site in SITES
        for hour in hours
    ]
    path.write_text("\n".join(["site,time,so2,no2,co,o3,pm10,pm2_5", *lines]), encoding="utf-8")
    bring(platform, path, WIDE)
    assert seen(platform) == AFTER
    return platform


def now(platform: Songhua, at: datetime = HOUR, hours: int = 1) -> pl.DataFrame:
    span = Period(at, at + timedelta(hours=hours))
    return platform.shelf.observations(
        period="hour", span=span, sites=[SITE], quantities=["pm10"]
    ).with_columns(pl.col("time").cast(pl.Datetime("us", "UTC")))


def values(platform: Songhua, **where: Any) -> pl.DataFrame:
    return now(platform, **where).select(*VALUES)


def act(platform: Songhua, what: str, **other: Any) -> Any:
    usual = {"level": 1, "author": "operator", "words": "零点校准时段"}
    if what == "mark":
        usual |= {"verdict": "invalid", "reason": "calibration"}
        other.setdefault("values", values(platform))
    return platform.review(ReviewOrder(what, **{**usual, **other}))


def state() -> ReviewDay:
    return ReviewDay.objects.get(site=SITE, day=DAY)


@pytest.fixture
def marked(june: Songhua) -> Any:
    """The spike marked invalid; afterwards all is as it was."""
    done = act(june, "mark")
    yield done
    if now(june)["mark"][0] != "":
        act(june, "restore", values=values(june))
    ReviewDay.objects.all().delete()
    assert seen(june) == AFTER


def test_an_invalid_value_leaves_every_figure(june: Songhua, marked: Any) -> None:
    assert marked["values"] == 1
    assert seen(june) == WITHOUT
    row = now(june).row(0, named=True)
    assert (row["value"], row["mark"], row["author"]) == (1548.0, "RM", "operator")
    assert row["reason"] == "审核无效·校准或质控检查：零点校准时段"
    kept = ReviewAct.objects.get(journal_seq=marked["revision"])
    assert (kept.verdict, kept.reason, kept.level, kept.values) == (
        *("invalid", "calibration"),
        *(1, 1),
    )
    assert list(kept.touches.values_list("site", "day", "values")) == [(SITE, DAY, 1)]


def test_questionable_counts_until_someone_decides(june: Songhua, marked: Any) -> None:
    act(june, "restore", values=values(june))
    act(june, "mark", verdict="questionable", reason="doubt", words="等运维答复")
    assert now(june)["mark"][0] == "RQ"
    assert seen(june) == AFTER


def test_restored_and_undone_is_as_it_was(june: Songhua, marked: Any) -> None:
    act(june, "undo", of=marked["revision"], words="看错了时段")
    assert seen(june) == AFTER
    row = now(june).row(0, named=True)
    assert (row["value"], row["mark"]) == (1548.0, "")
    assert row["reason"] == f"撤销审核（{marked['revision']}）：看错了时段"
    past = june.shelf.observation_history(site=SITE, quantity="pm10", period="hour", time=HOUR)
    assert past["revision"].is_unique().all()
    with pytest.raises(BadInput, match="changed after"):
        act(june, "undo", of=marked["revision"], words="再撤一次")


def test_what_the_source_sends_later_is_what_a_restore_brings(
    june: Songhua, marked: Any, tmp_path: Path
) -> None:
    path = tmp_path / "later.csv"
    local = HOUR + timedelta(hours=8)
    head = "site,time,so2,no2,co,o3,pm10,pm2_5"
    for pm10 in (60, 1548):
        path = tmp_path / f"later{pm10}.csv"
        row = AIR.replace("60", str(pm10))
        path.write_text(f"{head}\n{SITE},{local:%Y-%m-%d %H:%M},{row}\n", encoding="utf-8")
        bring(june, path, WIDE)
        assert now(june)["mark"][0] == "RM"
        assert seen(june) == WITHOUT
        act(june, "restore", values=values(june), words="回补数据已到")
        assert now(june)["value"][0] == pm10
        if pm10 == 60:
            assert seen(june) == BEFORE
            act(june, "mark")


def test_the_second_of_two_is_told_what_the_first_did(june: Songhua, marked: Any) -> None:
    act(june, "undo", of=marked["revision"], words="重来")
    both = values(june)
    act(june, "mark", values=both, verdict="questionable", reason="doubt", words="待核实")
    last = june.journal.last_seq
    with pytest.raises(ReviewStale) as stale:
        act(june, "mark", values=both, author="other")
    told = stale.value.changed.row(0, named=True)
    assert (told["mark"], told["author"], told["was"]) == ("RQ", "operator", last)
    assert june.journal.last_seq == last


def test_three_levels_a_return_and_a_change(june: Songhua, marked: Any) -> None:
    days = ((SITE, DAY),)
    act(june, "confirm", days=days, words="")
    assert (state().level, state().by_1) == (1, "operator")
    for level, who, word in ((1, "x", "level 1 cannot"), (3, "x", "level 3 cannot")):
        with pytest.raises(BadInput, match=word):
            act(june, "confirm", days=days, level=level, author=who)
    with pytest.raises(BadInput, match="different people"):
        act(june, "confirm", days=days, level=2)
    act(june, "return", days=days, level=2, author="section", words="原因不对", to=1)
    assert (state().level, state().opinion, state().by_1) == (0, "原因不对", "")
    act(june, "confirm", days=days, words="")
    act(june, "confirm", days=days, level=2, author="section")
    with pytest.raises(BadInput, match="confirmed at level 2"):
        act(june, "restore", values=values(june))
    changed = act(
        *(june, "mark"), verdict="questionable", reason="doubt", level=2, author="section"
    )
    assert state().level == 1  # the level that changed it confirms again
    act(june, "undo", of=changed["revision"], level=2, author="section", words="保留无效")
    assert now(june)["mark"][0] == "RM"
    act(june, "confirm", days=days, level=2, author="section")
    act(june, "confirm", days=days, level=3, author="leader")
    assert (state().level, state().by_2, state().by_3) == (3, "section", "leader")
    with pytest.raises(BadInput, match="cannot return"):
        act(june, "return", days=days, level=2, author="section", words="晚了", to=1)
    act(june, "return", days=days, level=3, author="leader", words="请再核", to=1)
    act(june, "restore", values=values(june))


def test_replayed_all_is_the_same(june: Songhua, marked: Any) -> None:
    act(june, "confirm", days=((SITE, DAY),), words="")
    before = (seen(june), list(ReviewDay.objects.values_list()), ReviewTouch.objects.count())
    june.replay(silent)
    assert seen(june) == before[0]
    rows = ReviewDay.objects.values_list()
    assert [row[1:] for row in rows] == [row[1:] for row in before[1]]
    assert ReviewTouch.objects.count() == before[2]
    act(june, "restore", values=values(june))


def test_a_corrected_value_is_brought_back_as_corrected(june: Songhua, marked: Any) -> None:
    act(june, "restore", values=values(june))
    order = CorrectionOrder(SITE, "pm10", HOUR, 100.0, "核对纸带", "analyst")
    june.correct(order)
    act(june, "mark")
    act(june, "restore", values=values(june))
    assert now(june)["value"][0] == 100.0
    june.correct(CorrectionOrder(SITE, "pm10", HOUR, 1548.0, "撤销", "analyst"))


def test_drift_between_two_calibrations_is_taken_out(june: Songhua, marked: Any) -> None:
    """Half way: zero +20 and span +10 % at the end make (1548 - 10) / 1.05 = 1464.76."""
    act(june, "restore", values=values(june))
    drift = Drift(HOUR - timedelta(hours=24), HOUR + timedelta(hours=24), zero=20, span=10)
    done = act(june, "correct", values=values(june), drift=drift, words="跨度核查不合格")
    row = now(june).row(0, named=True)
    assert (row["value"], row["mark"]) == (1465.0, "T")
    assert "零点 +20，量程 +10 %" in row["reason"]
    assert row["reason"].endswith("跨度核查不合格")
    act(june, "undo", of=done["revision"], words="量程值抄错")
    assert (now(june)["value"][0], now(june)["mark"][0]) == (1548.0, "")


@pytest.mark.parametrize(
    ("zero", "span", "hours", "word"),
    [
        (0, 0, (-1, 1), "nothing corrects"),
        (0, 60, (-1, 1), "invalid, not to be"),
        (float("nan"), 1, (-1, 1), "number"),
        (5, 0, (1, -1), "follows the first"),
        (5, 0, (1, 2), "do not lie between"),
        (1e9, 0, (-1, 1), "would not lie"),
    ],
)
def test_a_drift_that_cannot_be_is_refused(
    june: Songhua, zero: float, span: float, hours: tuple[int, int], word: str
) -> None:
    first, second = (HOUR + timedelta(hours=one) for one in hours)
    with pytest.raises(BadInput, match=word):
        act(june, "correct", values=values(june), drift=Drift(first, second, zero, span))
    with pytest.raises(BadInput, match="two calibrations"):
        act(june, "correct", values=values(june))


def test_site_days_are_counted(june: Songhua, marked: Any) -> None:
    rows = june.shelf.site_days(
        span=Period(HOUR - timedelta(days=1), HOUR + timedelta(days=1)), sites=[SITE]
    )
    found = {row["day"]: row for row in rows.to_dicts()}
    assert found[DAY]["values"] == 24 * 6
    assert (found[DAY]["reviewed"], found[DAY]["invalid"]) == (1, 1)
    assert found[DAY]["last"] == marked["revision"]


@pytest.mark.parametrize(
    ("what", "other", "word"),
    [
        ("mark", {"reason": ""}, "Choose a reason"),
        ("mark", {"reason": "checked"}, "no reason to mark"),
        ("mark", {"reason": "falsification", "words": "假"}, "at least 10"),
        ("mark", {"words": "说" * 501}, "At most"),
        ("mark", {"verdict": "good"}, "Choose valid"),
        ("mark", {"level": 4}, "1, 2 or 3"),
        ("mark", {"period": "week"}, "period"),
        ("fly", {}, "no such act"),
        ("restore", {"words": ""}, "Say why"),
        ("undo", {"of": 1}, "no such act"),
        ("confirm", {"days": ()}, "One to"),
        ("confirm", {"days": ((SITE, date(2100, 1, 1)),)}, "not over"),
    ],
)
def test_what_cannot_be_a_review_is_refused(
    june: Songhua, what: str, other: dict[str, Any], word: str
) -> None:
    last = june.journal.last_seq
    with pytest.raises(BadInput, match=word):
        act(june, what, **other)
    assert june.journal.last_seq == last


def test_a_time_without_data_is_refused(june: Songhua) -> None:
    none = pl.DataFrame(
        [{"site": SITE, "quantity": "pm10", "time": datetime(2018, 1, 1, tzinfo=UTC)}]
    ).with_columns(revision=pl.lit(0, pl.UInt64))
    with pytest.raises(BadInput, match="no data"):
        act(june, "mark", values=none.with_columns(pl.col("time").cast(pl.Datetime("us", "UTC"))))
    with pytest.raises(BadInput, match="Select values"):
        act(june, "mark", values=none.clear())
