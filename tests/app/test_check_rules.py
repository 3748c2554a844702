"""Rules that people set: dated, ended, never changed; one holds at each place and day."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from django.test import Client, override_settings
from hypothesis import given, settings
from hypothesis import strategies as st

from songhua.api.ports import ImportOrder
from songhua.api.rules import base_rules, laid_over
from songhua.app.platform import Songhua, silent
from songhua.app.works import works
from songhua.model import BEIJING, Period
from songhua.store.registry.models import Act, Change, CheckRule, User

pytestmark = pytest.mark.chdb

NEW, RULES = "/verdicts/rules/new/", "/verdicts/rules/"
PLACES = {"a": "220102", "b": "220102", "c": "220202", "d": "220300"}
DAY_0 = date(2024, 1, 1)
REGIONS = (None, "220100", "220102", "220200")

days = st.integers(0, 12)
drafts = st.lists(
    st.tuples(
        st.one_of(st.sampled_from(REGIONS), st.sets(st.sampled_from("abcd"), min_size=1)),
        days,
        st.one_of(st.none(), days),
    ),
    max_size=5,
)


@pytest.fixture(autouse=True)
def _open(platform: Songhua) -> Iterator[None]:
    with override_settings(ALLOWED_HOSTS=["testserver"]):
        yield
    del platform


def client(name: str) -> Client:
    made = Client(headers={"accept-language": "zh-CN"})
    made.force_login(User.objects.get(username=name))
    return made


def form(**more: str) -> dict[str, str]:
    usual = {"kind": "range", "quantity": "pm10", "settings": "fail = [0, 70]"}
    return {**usual, "since": "2017-03-01", "why": "试行本地限值", **more}


def row(where: Any, since: int, until: int | None, number: int) -> CheckRule:
    return CheckRule(
        pk=number,
        kind="range",
        quantity="pm10",
        period="hour",
        settings={"fail": [0, 1000 + number]},
        sites=sorted(where) if isinstance(where, set) else [],
        region_id=where if isinstance(where, str) else None,
        since=DAY_0 + timedelta(since),
        until=None if until is None else DAY_0 + timedelta(until),
        why="x",
        set_by="li",
    )


def reach(one: CheckRule, site: str, day: date) -> int:
    """Return how narrowly a rule speaks of a site and day; -1 where it does not."""
    if day < one.since or (one.until is not None and day > one.until):
        return -1
    if one.sites:
        return 9 if site in one.sites else -1
    if one.region_id is None:
        return 0
    stem = one.region_id.rstrip("0")
    return len(stem) if PLACES[site].startswith(stem) else -1


@settings(deadline=None, max_examples=80)
@given(drafts)
def test_one_rule_holds_at_each_place_and_day_and_it_is_the_narrowest(told: list[Any]) -> None:
    rows = [row(where, since, until, n) for n, (where, since, until) in enumerate(told, start=1)]
    mixed = laid_over(base_rules(), rows, PLACES)
    same = [
        one for one in mixed if (one.kind, one.quantity, one.period) == ("range", "pm10", "hour")
    ]
    (base,) = [one.name for one in base_rules() if (one.kind, one.quantity) == ("range", "pm10")]
    for site in PLACES:
        for day in (DAY_0 + timedelta(n) for n in range(-1, 15)):
            holds = [
                one.name
                for one in same
                if (not one.sites or site in one.sites)
                and one.since <= day
                and (one.until is None or day <= one.until)
            ]
            best = max((reach(one, site, day) for one in rows), default=-1)
            hoped = {one.name for one in rows if reach(one, site, day) == best >= 0} or {base}
            assert len(holds) == 1
            assert holds[0] in hoped
    others = [one for one in mixed if one not in same]
    assert others == [one for one in base_rules() if (one.kind, one.quantity) != ("range", "pm10")]


def test_a_rule_holds_from_its_day_and_is_on_record(platform: Songhua, tmp_path: Path) -> None:
    asks = client("analyst")
    answer = asks.post(NEW, form(sites="1774A", since="2017-03-02", until="2017-03-03"))
    assert answer.status_code == 302, answer.content.decode()[:2000]
    made = CheckRule.objects.latest("pk")
    assert (made.set_by, made.sites) == ("analyst", ["1774A"])
    act = Act.objects.filter(door=f"POST {NEW}").latest("journal_seq")
    assert Change.objects.filter(token=act.token, table="registry_checkrule").exists()
    lines = [
        f"2017-03-0{day} 12:00,{site},80,20\n"
        for day in (1, 2, 3, 4)
        for site in ("1774A", "1775A")
    ]
    path = tmp_path / "march.csv"
    path.write_text("time,site,pm10,so2\n" + "".join(lines), encoding="utf-8")
    platform.run_import(ImportOrder(path, path.name, "", "li"), silent)
    span = Period.days(date(2017, 3, 1), date(2017, 3, 4))
    told = platform.shelf.verdicts(period="hour", span=span, least=3)
    mine = told.filter(pl.col("evidence").str.contains(made.name, literal=True))
    found = [(one["site"], one["time"].astimezone(BEIJING).day) for one in mine.to_dicts()]
    assert sorted(found) == [("1774A", 2), ("1774A", 3)]
    asks.post(NEW, form(sites="1775A", since="2017-03-04"))
    later = CheckRule.objects.latest("pk")
    asked = {"start": "2017-03-01T00:00+08:00", "end": "2017-03-08T00:00+08:00", "author": "li"}
    again = works(platform)["check"]
    assert again({**asked, "site": "1774A"}, lambda _: None) == {"changed": 0}
    steps: list[Any] = []
    assert again({**asked, "site": ""}, steps.append) == {"changed": 1}
    assert steps[0]["total"] == 7 * 24
    told = platform.shelf.verdicts(period="hour", span=span, sites=["1775A"], least=3)
    assert any(f"{later.name}=fail(80.0)" in one for one in told["evidence"])
    assert again({**asked, "site": ""}, lambda _: None) == {"changed": 0}
    text = asks.get(RULES).content.decode()
    assert made.name in text
    assert "试行本地限值" in text


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"kind": "magic"}, "没有这种检查"),
        ({"quantity": "gold"}, "没有这个指标"),
        ({"settings": "fail = [70, 0]"}, "fail"),
        ({"settings": "fail = 1"}, "fail"),
        ({"settings": "fail ="}, "设置"),
        ({"settings": "limit = [0, 1]"}, "fail"),
        ({"settings": ""}, "fail"),
        ({"since": "tomorrow"}, "起始日"),
        ({"until": "2016-01-01"}, "until"),
        ({"sites": "9999A"}, "没有 9999A"),
        ({"region": "999999"}, "没有 999999"),
        ({"sites": "1121A", "region": "220100"}, "只能给一个"),
        ({"why": " "}, "理由"),
    ],
)
def test_what_cannot_be_a_rule_is_refused_with_what_is_wrong(
    wrong: dict[str, str], words: str
) -> None:
    before = CheckRule.objects.count()
    answer = client("analyst").post(NEW, form(**wrong))
    assert answer.status_code == 400
    text = answer.content.decode()
    notice = text[text.index('role="alert"') :][:400]
    assert words in notice
    assert CheckRule.objects.count() == before


def test_a_rule_is_previewed_ended_and_not_set_twice() -> None:
    asks = client("analyst")
    count = CheckRule.objects.count()
    seen = asks.post("/verdicts/rules/preview/", form(region="220200", since="2099-01-01"))
    assert 'id="preview"' in seen.content.decode()
    assert CheckRule.objects.count() == count
    assert asks.post(NEW, form(region="220200", since="2099-01-01")).status_code == 302
    made = CheckRule.objects.latest("pk")
    again = asks.post(NEW, form(region="220200", since="2099-06-01"))
    assert "重叠" in again.content.decode()
    asks.post(f"{RULES}{made.pk}/end/", {"last": "", "why": "不需要了"})
    made.refresh_from_db()
    assert made.until is not None
    assert made.until < made.since
    assert (made.ended_by, made.ended_why) == ("analyst", "不需要了")
    assert asks.post(NEW, form(region="220200", since="2099-06-01")).status_code == 302


@pytest.mark.parametrize(("who", "sees", "sets"), [("viewer", 403, 403), ("operator", 200, 403)])
def test_who_sees_and_who_sets(who: str, sees: int, sets: int) -> None:
    asks = client(who)
    assert asks.get(RULES).status_code == sees
    assert asks.get(NEW).status_code == sets
    assert asks.post(NEW, form()).status_code == sets


def test_a_row_is_never_removed() -> None:
    with pytest.raises(TypeError):
        CheckRule.objects.all().delete()
