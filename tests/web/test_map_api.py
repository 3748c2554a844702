"""The map's API against what was published, and against requests that cannot be served."""

import csv
import io
import json
from datetime import timedelta
from typing import Any

import polars as pl
import pytest
from django.test import Client

from songhua.standards import levels
from songhua.store.registry.models import AppliedEntry
from tests.web.conftest import NOON, MemoryShelf

T = "2020-04-04T11"


def answer(client: Client, path: str, status: int = 200, **asked: str) -> Any:
    found = client.get(f"/api/v1/{path}", asked)
    assert found.status_code == status, found.content[:300]
    return json.loads(found.content)


def test_every_station_shows_the_aqi_that_was_published(
    client: Client, published: pl.DataFrame
) -> None:
    complete = published.drop_nulls(["aqi_published", "so2", "no2", "co", "o3", "pm10", "pm2_5"])
    for hour in range(3):
        at = NOON + timedelta(hours=hour)
        sites = answer(client, "air/map", time=at.isoformat())["sites"]
        shown = dict(zip(sites["site"], sites["aqi"], strict=True))
        rows = complete.filter(pl.col("time") == at)
        assert rows.height > 60
        for site, aqi in rows.select("site", "aqi_published").rows():
            assert shown[site] == aqi, site


def test_a_station_has_name_place_parts_and_level(client: Client) -> None:
    sites = answer(client, "air/map", time=T)["sites"]
    row = {name: column[sites["site"].index("1121A")] for name, column in sites.items()}
    assert (row["zh"], row["city_zh"], row["own"]) == ("邮电学院", "长春", True)
    assert (row["aqi"], row["level"], row["primary"]) == (162, 4, "pm10")
    assert (row["pm10"], row["iaqi_pm10"]) == (273, 162)
    assert 125 < row["lon"] < 126
    assert 43 < row["lat"] < 45


def test_a_silent_station_is_there_with_the_reason(client: Client) -> None:
    sites = answer(client, "air/map", time="2020-01-01T00")["sites"]
    assert len(sites["site"]) > 60
    assert set(sites["aqi"]) == {None}
    assert set(sites["level"]) == {0}
    assert set(sites["reason"]) == {"not_received"}


def test_the_map_costs_one_query_a_scope(client: Client, shelf: MemoryShelf) -> None:
    answer(client, "air/map", time=T)
    assert sorted(shelf.asked) == [("hour", "city"), ("hour", "site")]


def test_the_edition_is_that_of_the_day_shown(client: Client) -> None:
    assert answer(client, "air/map", time=T)["edition"] == "HJ 633—2012"
    assert answer(client, "air/map", time="2026-03-01", period="day")["edition"] == "HJ 633—2026"


def test_without_a_time_the_last_one(client: Client) -> None:
    ends = answer(client, "air/times")
    assert answer(client, "air/map")["time"] == ends["hour"][1]
    assert ends["day"] is None


def test_the_revision_moves_when_an_entry_is_fully_applied(client: Client) -> None:
    before = answer(client, "air/times")["revision"]
    entry = AppliedEntry.objects.create(journal_seq=before + 5, at=NOON)
    assert answer(client, "air/times")["revision"] == before + 5
    entry.delete()


def test_what_was_not_known_yet_is_not_shown(client: Client) -> None:
    assert not any(answer(client, "air/map", time=T, as_of="2020-04-05")["sites"]["aqi"])
    assert any(answer(client, "air/map", time=T, as_of="2020-04-07")["sites"]["aqi"])


@pytest.mark.parametrize(
    ("path", "asked", "status"),
    [
        ("air/map", {"time": "yesterday"}, 400),
        ("air/map", {"time": "99999-01-01"}, 400),
        ("air/map", {"time": T, "period": "month"}, 422),
        ("air/map", {"time": T, "as_of": "'; DROP"}, 400),
        ("air/map", {"time": "2001-01-01"}, 404),
        ("air/map/export", {"time": ""}, 400),
        ("air/map/export", {"time": T, "of": "everything"}, 422),
        ("air/why-short", {"scope": "galaxy", "subject": "1", "time": T}, 422),
        ("air/near", {}, 422),
        ("search", {"q": "x" * 41}, 422),
        ("levels", {"on": "today"}, 400),
    ],
)
def test_what_cannot_be_served_is_said_in_both_languages(
    client: Client, path: str, asked: dict[str, str], status: int
) -> None:
    said = answer(client, path, status, **asked)
    assert said["zh"]
    assert said["en"]


def test_levels_come_from_the_standard_with_readable_ink(client: Client) -> None:
    found = answer(client, "levels", on="2020-04-04")
    assert found["edition"] == "HJ 633—2012"
    assert [one["colour"] for one in found["levels"]] == [level.colour for level in levels()]
    for one in found["levels"]:
        assert contrast(one["colour"], one["ink"]) >= 4.5
        assert contrast(one["safe"], one["safe_ink"]) >= 4.5


def test_why_in_short_is_the_formula_and_clause(client: Client) -> None:
    found = answer(client, "air/why-short", scope="site", subject="1121A", time=T)
    assert found["lines"][-1] == "(200−150)/(350−250)×(273−250)+150 = 161.5 → 162"
    assert "4.2" in found["clause"]
    assert found["url"].startswith("/why/?")
    other = answer(client, "air/why-short", scope="site", subject="1121A", time=T, q="o3")
    assert other["lines"][0].startswith("O₃ 92 ∈ [0, 160]")


def test_changes_are_of_level_and_within_the_province(client: Client) -> None:
    for one in answer(client, "air/changes", time=T)["levels"]:
        assert one["level_from"] != one["level_to"]
        assert one["city"].startswith("22")


def test_the_export_says_the_same_as_the_map(client: Client) -> None:
    text = client.get("/api/v1/air/map/export", {"time": T}).getvalue().decode("utf-8-sig")
    head = [line for line in text.splitlines() if line.startswith("#")]
    assert "2020-04-04 11:00" in head[0]
    assert head[1] == "# HJ 633—2012"
    rows = list(csv.DictReader(io.StringIO("\n".join(text.splitlines()[len(head) :]))))
    assert next(row["aqi"] for row in rows if row["site"] == "1121A") == "162"


def test_the_nearest_times_with_data(client: Client, shelf: MemoryShelf) -> None:
    ends = answer(client, "air/times")["hour"]
    assert answer(client, "air/near", time="2020-04-01T00")["after"] == ends[0]
    assert answer(client, "air/near", time="2020-04-08T00")["before"] == ends[1]


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("长春", "220100"),
        ("1121A", "1121A"),
        ("邮电", "1121A"),
        ("changchun", "220100"),
        ("220104", "220104"),
    ],
)
def test_search_finds_by_name_and_code(client: Client, words: str, first: str) -> None:
    assert answer(client, "search", q=words)["found"][0]["key"] == first


def test_search_finds_nothing_for_nothing(client: Client) -> None:
    assert answer(client, "search", q="  ")["found"] == []
    assert answer(client, "search", q="没有这个地方")["found"] == []


def contrast(one: str, other: str) -> float:
    """Contrast of two colours by WCAG 2.2."""

    def light(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (
            p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    dark, bright = sorted((light(one), light(other)))
    return (bright + 0.05) / (dark + 0.05)
