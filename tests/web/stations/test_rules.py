"""The rules that people set: in their time and place, never changed, refused where impossible."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta

import pytest
from django.test import Client

from songhua.api import rulebook
from songhua.api.rulebook import Draft
from songhua.api.rules import base_rules, laid_over, rules
from songhua.model import BadInput
from songhua.quality.rules import Rule
from songhua.store.registry.models import CheckRule, User
from tests.web.stations.test_review import people

__all__ = ["people"]
pytestmark = pytest.mark.slow

RULES, NEW, PREVIEW = "/verdicts/rules/", "/verdicts/rules/new/", "/verdicts/rules/preview/"
People = Callable[[str], Client]
GOOD = {
    "kind": "range",
    "quantity": "pm10",
    "settings": "fail = [0, 1000]\nsuspect = [0, 200]",
    "since": "2020-04-03",
    "sites": "1121A",
    "why": "点位旁施工",
}
PLACES = {"a": "220100", "b": "220100", "c": "220200"}


@pytest.fixture
def section(people: People) -> Iterator[Client]:
    yield people("section")
    CheckRule.objects.all()._raw_delete("default")  # type: ignore[attr-defined]  # tests alone


def row(**more: object) -> CheckRule:
    usual = {
        "pk": 7, "kind": "range", "quantity": "pm10", "period": "hour", "why": "w", "set_by": "li",
        "settings": {"fail": [0, 900]}, "sites": [], "since": date(2026, 1, 1),
    }  # fmt: skip
    return CheckRule(**{**usual, **more})


def holding(found: tuple[Rule, ...], day: date, site: str) -> list[str]:
    return [
        one.name
        for one in found
        if (one.kind, one.quantity) == ("range", "pm10")
        and one.since <= day
        and (one.until is None or day <= one.until)
        and (not one.sites or site in one.sites)
    ]


@pytest.mark.parametrize(
    ("over", "day", "expected"),
    [
        ([row()], date(2025, 12, 31), ("base", "base")),
        ([row()], date(2026, 1, 1), ("pm10-range-7", "pm10-range-7")),
        ([row(sites=["a"])], date(2026, 5, 1), ("pm10-range-7", "base")),
        ([row(region_id="220200")], date(2026, 5, 1), ("base", "pm10-range-7")),
        ([row(until=date(2026, 3, 1))], date(2026, 3, 1), ("pm10-range-7", "pm10-range-7")),
        ([row(until=date(2026, 3, 1))], date(2026, 3, 2), ("base", "base")),
        ([row(until=date(2025, 12, 31))], date(2026, 1, 1), ("base", "base")),
        ([row(quantity="pm2_5")], date(2026, 5, 1), ("base", "base")),
        ([row(sites=["a"], pk=8), row()], date(2026, 5, 1), ("pm10-range-8", "pm10-range-7")),
    ],
)
def test_one_rule_holds_at_a_place_and_time(
    registry: None, over: list[CheckRule], day: date, expected: tuple[str, str]
) -> None:
    base = Rule("base", "range", "pm10", "hour", date(2012, 1, 1), "s", "w", {"fail": [0, 10]})
    found = laid_over([base], over, PLACES)
    assert (holding(found, day, "a"), holding(found, day, "c")) == ([expected[0]], [expected[1]])


def test_without_rows_the_file_holds(section: Client) -> None:
    assert rules() == base_rules()


def test_a_rule_is_previewed_then_kept_and_ended(section: Client) -> None:
    page = section.post(PREVIEW, GOOD)
    assert page.status_code == 200
    assert 'id="preview"' in page.content.decode()
    assert not CheckRule.objects.exists()
    assert section.post(NEW, GOOD).status_code == 302
    kept = CheckRule.objects.get()
    assert kept.set_by == "section"
    assert any(one.name == kept.name and one.sites == ("1121A",) for one in rules())
    assert "点位旁施工" in section.get(RULES).content.decode()
    last = rulebook.today()
    early = {"last": str(last - timedelta(days=1)), "why": "完工"}
    section.post(f"{RULES}{kept.pk}/end/", early)
    kept.refresh_from_db()
    assert kept.until is None
    section.post(f"{RULES}{kept.pk}/end/", {"last": str(last), "why": "完工"})
    kept.refresh_from_db()
    assert (kept.until, kept.ended_by, kept.ended_why) == (last, "section", "完工")
    assert holding(rules(), last + timedelta(days=1), "1121A").count("pm10-range") == 1
    with pytest.raises(TypeError):
        kept.delete()


def test_the_preview_counts_what_lies_above(section: Client, people: People) -> None:
    who = User.objects.get(username="section")
    draft = Draft(**{**GOOD, "settings": "fail = [0, 5000]\nsuspect = [0, 1328]"})
    found = rulebook.preview(rulebook.drafted(draft, who))
    # 1,329 µg/m³ of 16:00 on 3 April 2020 is the one value of 1121A above 1,328.
    assert found.would == (1, 0)
    assert found.by_site[0][:2] == ("1121A", 1)


@pytest.mark.parametrize(
    ("wrong", "zh", "en"),
    [
        ({"settings": "fail = [1000, 0]"}, "fail 不可能是", "fail cannot be"),
        ({"settings": "fail = [0, 1]\nsuspect = [0, 2]"}, "更宽", "wider"),
        ({"settings": "fail = "}, "设置：请写成", "Settings: write"),
        ({"settings": ""}, "缺少 fail", "fail missing"),
        ({"settings": "fail = [0, 1]\nlimit = 3"}, "未知的设置 limit", "unknown setting limit"),
        ({"quantity": "pm99"}, "没有这个指标", "unknown quantity"),
        ({"kind": "magic"}, "没有这种检查", "there is no check"),
        ({"sites": "9999Z"}, "没有 9999Z", "there is no 9999Z"),
        ({"region": "999999", "sites": ""}, "没有 999999", "there is no 999999"),
        ({"region": "220100"}, "只能给一个", "not both"),
        ({"since": "2020-13-01"}, "起始日", "From"),
        ({"until": "2020-04-01"}, "until 早于 since", "until lies before since"),
        ({"why": " "}, "理由", "Reason"),
    ],
)
def test_what_cannot_be_is_refused(
    section: Client, wrong: dict[str, str], zh: str, en: str
) -> None:
    answer = section.post(NEW, {**GOOD, **wrong})
    assert answer.status_code == 400
    assert zh in answer.content.decode()
    english = section.post(NEW, {**GOOD, **wrong}, headers={"accept-language": "en"})
    assert en in english.content.decode()
    assert not CheckRule.objects.exists()


def test_rows_that_overlap_are_refused(section: Client) -> None:
    section.post(NEW, GOOD)
    again = section.post(NEW, {**GOOD, "since": "2021-01-01", "sites": "1122A 1121A"})
    assert again.status_code == 400
    assert "重叠" in again.content.decode()
    assert section.post(NEW, {**GOOD, "sites": "1122A"}).status_code == 302
    assert section.post(NEW, {**GOOD, "sites": ""}).status_code == 302


def test_who_may_set_rules_and_where(people: People, person: People, section: Client) -> None:
    assert people("operator").get(RULES).status_code == 200
    for path in (NEW, PREVIEW):
        assert people("operator").post(path, GOOD).status_code == 403
    elsewhere = person("elsewhere").post(NEW, GOOD)
    assert elsewhere.status_code == 400
    assert "管辖" in elsewhere.content.decode()
    who = User.objects.get(username="elsewhere")
    with pytest.raises(BadInput):
        rulebook.add(Draft(**{**GOOD, "sites": ""}), who)
