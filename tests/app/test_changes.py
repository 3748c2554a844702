"""Who follows the API has what the platform has: values, results, and what they were before."""

import base64
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client, override_settings

from songhua.api.ports import CorrectionOrder, ImportOrder
from songhua.api.v1.changes import cursor, read_cursor
from songhua.app.platform import Songhua, silent
from songhua.model import BadInput
from songhua.store.followed import Place
from songhua.store.registry.models import User

pytestmark = pytest.mark.chdb

START = datetime(2019, 5, 6, tzinfo=UTC)
"""08:00 in Beijing."""
SITE = "1121A"


@pytest.fixture(autouse=True)
def _open(platform: Songhua) -> Iterator[None]:
    del platform
    with override_settings(ALLOWED_HOSTS=["testserver"]):
        yield


def client(name: str = "viewer") -> Client:
    made = Client(headers={"accept-language": "zh-CN"})
    made.force_login(User.objects.get(username=name))
    return made


def answer(status: int = 200, who: str = "viewer", **asked: Any) -> Any:
    found = client(who).get("/api/v1/changes", asked)
    assert found.status_code == status, found.content[:300]
    return found.json()


def follow(since: str, **asked: Any) -> tuple[list[dict[str, Any]], str]:
    rows: list[dict[str, Any]] = []
    while True:
        told = answer(since=since, **asked)
        rows += told["changes"]
        since = told["next"]
        if not told["more"]:
            return rows, since


def mark(raw: str) -> str:
    """Return text of a stranger in the clothes of a cursor."""
    return "c." + base64.urlsafe_b64encode(raw.encode()).decode().rstrip("=")


def brought(platform: Songhua, folder: Path, hours: range, level: float) -> None:
    path = folder / f"hours{hours.start}.csv"
    lines = [f"{START + timedelta(hours=n):%Y-%m-%dT%H:%M:%SZ},{SITE},{level + n}\n" for n in hours]
    path.write_text("time,site,pm2_5\n" + "".join(lines), encoding="utf-8")
    platform.run_import(ImportOrder(path, path.name, "", "li"), silent)


def test_a_copy_is_kept_by_following(platform: Songhua, tmp_path: Path) -> None:
    since = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    brought(platform, tmp_path, range(5), 40.0)
    rows, here = follow(since, site=SITE, limit=2)
    assert [(row["time"], row["value"], row["former"]) for row in rows] == [
        (f"2019-05-06T{8 + n:02}:00:00+08:00", 40.0 + n, None) for n in range(5)
    ]
    assert all(row["current"] and not row["decided"] for row in rows)
    assert follow(here, site=SITE)[0] == []
    index, _ = follow(since, of="air_index", site=SITE)
    assert [row["period"] for row in index] == ["hour"] * 5 + ["day"]
    order = CorrectionOrder(SITE, "pm2_5", START + timedelta(hours=2), 12.0, "记录有误", "li")
    platform.correct(order)
    (row,), here = follow(here, site=SITE)
    assert (row["value"], row["former"], row["decided"], row["reason"]) == (
        12.0, 42.0, True, "记录有误",
    )  # fmt: skip
    assert "author" not in row
    assert follow(here, region="220200")[0] == []
    assert len(follow(since, region="220100")[0]) == 6


def test_verdicts_are_for_those_who_work_with_the_data() -> None:
    since = "2019-01-01"
    assert "运维" in answer(403, since=since, of="verdicts")["zh"]
    assert "changes" in answer(who="analyst", since=since, of="verdicts")


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({}, "请给出 since"),
        ({"since": "yesterday"}, "不是 2000 年以后"),
        ({"since": "c.bm9uZQ"}, "不是本平台给出的游标"),
        ({"since": "c.WzEsMiwzLDQsNSwtNl0"}, "不是本平台给出的游标"),
        ({"since": mark('[1,"\\ud800","pm2_5","1121A",0,1]')}, "不是本平台给出的游标"),
        ({"since": mark("[" * 1400)}, "不是本平台给出的游标"),
        ({"since": "2019-01-01", "of": "users"}, "of 只能是"),
        ({"since": "2019-01-01", "limit": 5001}, "limit"),
        ({"since": "2019-01-01", "limit": 0}, "limit"),
        ({"since": "2019-01-01", "site": SITE, "region": "220100"}, "只能给一个"),
    ],
)
def test_what_cannot_be_asked_is_said(asked: dict[str, Any], words: str) -> None:
    assert words in answer(400, **asked)["zh"]


def test_who_is_not_in_the_register_is_not_found() -> None:
    answer(404, since="2019-01-01", site="9999A")
    answer(404, since="2019-01-01", region="999999")


def test_a_cursor_comes_back_as_it_went() -> None:
    at = datetime(2026, 11, 24, 15, 30, 1, 234567, tzinfo=UTC)
    place = Place(at, "hour", "pm2_5", "1121A", datetime(2020, 4, 4, tzinfo=UTC), 12)
    assert read_cursor(cursor(place)) == place
    with pytest.raises(BadInput):
        read_cursor("c." + "A" * 40)
