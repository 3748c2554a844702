"""The law: what was in force when, what it says, what changed. Numbers are the documents'."""

import re
from collections.abc import Iterator
from datetime import date
from itertools import pairwise

import pytest
from django.test import Client, override_settings

from songhua.api.v1.law import stretches
from songhua.standards import Edition, law_list, law_show
from songhua.web.law.tables import sheets


@pytest.fixture
def client(registry: None) -> Iterator[Client]:
    with override_settings(SONGHUA_OPEN_READING=True, ALLOWED_HOSTS=["testserver"]):
        yield Client(headers={"accept-language": "zh-CN"})


def text_of(client: Client, path: str, status: int = 200) -> str:
    page = client.get(path)
    assert page.status_code == status
    return page.content.decode()


@pytest.mark.parametrize(
    ("day", "codes"),
    [
        ("2020-04-04", {"GB 3095—2012", "HJ 633—2012", "HJ 663—2013"}),
        ("2026-02-28", {"GB 3095—2012", "HJ 633—2012", "HJ 663—2013"}),
        ("2026-03-01", {"GB 3095—2026", "HJ 633—2026", "HJ 663—2026"}),
    ],
)
def test_the_day_chooses_the_editions(client: Client, day: str, codes: set[str]) -> None:
    found = client.get(f"/api/v1/law?on={day}").json()["editions"]
    assert codes <= {edition["code"] for edition in found}
    assert len({edition["family"] for edition in found}) == len(found)
    shown = re.search(
        r"<h2>[^<]*有效</h2>.*?</table>", text_of(client, f"/law/?on={day}"), re.DOTALL
    )
    assert shown is not None
    assert all(code in shown[0] for code in codes)


def test_no_family_leaves_a_day_without_a_rule_once_it_began() -> None:
    families: dict[str, list[tuple[date, date | None]]] = {}
    for piece in stretches():
        families.setdefault(piece.edition.family, []).append((piece.first, piece.last))
    for pieces in families.values():
        assert pieces[-1][1] is None
        for (_, last), (first, _) in pairwise(pieces):
            assert last is not None
            assert (first - last).days == 1


def test_the_phases_of_the_limits_stand_on_the_timeline(client: Client) -> None:
    found = client.get("/api/v1/law?on=2030-12-31").json()["editions"]
    limits = next(edition for edition in found if edition["family"] == "gb_3095")
    assert (limits["phase_zh"], limits["last"]) == ("过渡阶段", "2030-12-31")
    later = client.get("/api/v1/law?on=2031-01-01").json()["editions"]
    assert next(e for e in later if e["family"] == "gb_3095")["first"] == "2031-01-01"


def test_the_index_table_stands_as_printed_with_the_index_down_the_side() -> None:
    daily = next(s for s in sheets(law_show("hj_633", 2026).cells) if "daily" in s.title[1])
    columns = [name for name, _ in daily.columns]
    row = next(line for line in daily.lines if line.head[1] == "IAQI 100")
    printed = {c: cell.value_en for c, cell in zip(columns, row.cells, strict=True) if cell}
    # HJ 633—2026, table 3, row 100
    assert printed == {"SO₂": "150", "NO₂": "80", "CO": "4", "PM₁₀": "120", "PM₂.₅": "60"}
    assert dict(zip(columns, daily.units, strict=True))["CO"] == "mg/m³"
    assert daily.lines[-1].head == ("", "")  # above each column's own last limit


def test_an_empty_place_of_the_document_stays_empty() -> None:
    hourly = next(s for s in sheets(law_show("hj_633", 2012).cells) if "1-hour" in s.title[1])
    so2 = [name for name, _ in hourly.columns].index("SO₂")
    row = next(line for line in hourly.lines if line.head[1] == "IAQI 300")
    assert row.cells[so2] is None  # HJ 633—2012, table 1, note 3: no hourly SO2 above 800


def test_an_edition_shows_its_numbers_clauses_and_doubts(client: Client) -> None:
    text = text_of(client, "/law/hj_663/2026/")
    assert "HJ 663—2013" in text  # what it replaces
    assert 'class="mark memory"' in text
    assert "凭记忆，未核对" in text
    assert "6.1.2" in text
    answer = client.get("/api/v1/law/hj_663/2026").json()
    assert {cell["confidence"] for cell in answer["cells"]} >= {"memory", "verified"}
    assert answer["notes"]


def test_the_list_says_from_when_a_document_holds_and_which_days_it_judges(client: Client) -> None:
    """HJ 663—2013 was issued on 22 Sep 2013 for 1 Oct 2013; earlier days are judged by it too."""
    rows = re.findall(r"<tr>.*?</tr>", text_of(client, "/law/"), re.DOTALL)
    (row,) = [re.sub(r"<[^>]+>", "|", row) for row in rows if "2013年9月22日" in row]
    cells = [cell for cell in re.split(r"[|\s]+", row) if cell]
    assert cells[-5:-1] == ["2013年9月22日", "2013年10月1日", "2012年2月29日至2026年2月28日", "—"]


@pytest.mark.parametrize("edition", law_list(), ids=lambda edition: edition.code)
def test_an_english_reader_finds_an_edition_in_english(client: Client, edition: Edition) -> None:
    client.post("/language/", {"language": "en"})
    text = text_of(client, f"/law/{edition.family}/{edition.year}/")
    page = text[text.index('class="law-head"') :].partition("</main>")[0]
    shown = re.sub(r"<[^>]+>", " ", page).replace(edition.code, "").replace(edition.replaces, "")
    assert re.search("[一-鿿]", shown) is None


def test_what_changed_is_shown_from_old_to_new(client: Client) -> None:
    changes = client.get("/api/v1/law/diff?family=hj_633&a=2012&b=2026").json()["changes"]
    limits = {
        change["after"]["row_en"]: (change["before"]["value_en"], change["after"]["value_en"])
        for change in changes
        if change["after"] and change["after"]["column_en"] == "IAQI 100"
    }
    # HJ 633—2012, table 1, and HJ 633—2026, table 3: only these two limits of the table differ
    assert limits == {"PM₁₀": ("150", "120"), "PM₂.₅": ("75", "60")}
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text_of(client, "/law/diff/?family=hj_633")))
    assert "PM₂.₅ IAQI 100 75 → 60 µg/m³" in text
    assert f"{len(changes)} 处不同" in text


@pytest.mark.parametrize(
    "path",
    ["/law/hj_633/1999/", "/law/nothing/2012/", "/law/diff/?family=zz", "/law/diff/?a=x&b=y"],
)
def test_an_unknown_edition_is_not_found(client: Client, path: str) -> None:
    assert "没有这一版" in text_of(client, path, 404)


def test_a_day_that_is_none_is_refused_in_words(client: Client) -> None:
    assert "日期应写作" in text_of(client, "/law/?on=4%20April")
    assert client.get("/api/v1/law?on=4%20April").status_code == 400
    assert client.get("/api/v1/law/nothing/2012").status_code == 404


@pytest.mark.parametrize("path", ["/law/", "/law/gb_3095/2026/", "/law/hj_633/2012/", "/law/diff/"])
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_pages_answer_in_both_languages_without_inline_code(
    client: Client, path: str, language: str
) -> None:
    client.post("/language/", {"language": language})
    text = text_of(client, path)
    assert not re.search(r"<style|\son\w+=|\sstyle=", text)
    found = re.findall(r'\sid="([^"]+)"', text)
    assert len(found) == len(set(found))
