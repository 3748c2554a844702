"""Rates of what the platform holds, against a file counted by hand; pages, files, refusals."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client, override_settings

from songhua.api.ports import ImportOrder
from songhua.app.platform import Songhua, silent
from songhua.app.works import works
from songhua.store.registry.models import Gap, User

pytestmark = pytest.mark.chdb

FIRST = datetime(2018, 8, 31, 16, tzinfo=UTC)
"""1 September 2018 in Beijing."""
SITE = "1773A"
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _open(platform: Songhua) -> Iterator[None]:
    del platform
    with override_settings(ALLOWED_HOSTS=["testserver"]):
        yield


@pytest.fixture
def september(platform: Songhua, tmp_path: Path) -> Songhua:
    """Sixty hours of PM10: 50 good, 3 marked B, 2 CZ, 5 not sent, of which 4 were explained."""
    marks = {10: "(B)", 11: "(B)", 12: "(B)", 30: "(CZ)", 31: "(CZ)"}
    lines = [
        f"{FIRST + n * HOUR:%Y-%m-%dT%H:%M:%SZ},{SITE},{40 + n}{marks.get(n, '')}\n"
        for n in range(60)
        if not 20 <= n < 25
    ]
    lines.append(f"{FIRST + 45 * 24 * HOUR:%Y-%m-%dT%H:%M:%SZ},{SITE},40\n")  # October goes on
    path = tmp_path / "september.csv"
    path.write_text("time,site,pm10\n" + "".join(lines), encoding="utf-8")
    platform.run_import(ImportOrder(path, path.name, "", "li"), silent)
    Gap.objects.get_or_create(
        site_id=SITE, mn="x", first=FIRST + 21 * HOUR, last=FIRST + 24 * HOUR, state="explained",
        defaults={"reason": "power", "found_at": FIRST, "quantities": "pm10"},
    )  # fmt: skip
    return platform


def client(name: str = "viewer") -> Client:
    made = Client(headers={"accept-language": "zh-CN"})
    made.force_login(User.objects.get(username=name))
    return made


def asked(status: int = 200, **what: Any) -> Any:
    answer = client().get("/api/v1/capture", what)
    assert answer.status_code == status, answer.content[:300]
    return answer.json()


def test_every_hour_of_the_month_is_told(september: Songhua) -> None:
    del september
    rows = asked(month="2018-09", by="quantity", site=SITE)["rows"]
    (row,) = [row for row in rows if row["quantity"] == "pm10"]
    lost = {key: row[key] for key in ("instrument", "calibration", "power", "not_sent")}
    # 720 hours; 60 - 5 came; of the rest of the month nothing came at all.
    assert (row["expected"], row["came"], row["valid"]) == (720, 55, 50)
    assert lost == {"instrument": 3, "calibration": 2, "power": 4, "not_sent": 661}
    assert row["transmission"] == pytest.approx(100 * 55 / 720)
    assert row["validity"] == pytest.approx(100 * 50 / 55)
    assert row["capture"] == pytest.approx(100 * 50 / 720)
    whole = next(row for row in rows if row["quantity"] == "so2")
    assert (whole["came"], whole["not_sent"], whole["validity"]) == (0, 720, None)


def test_pages_files_and_the_command_say_the_same(september: Songhua) -> None:
    text = client().get("/capture/", {"month": "2018-09", "by": "site"}).content.decode()
    assert f"/capture/{SITE}/?month=2018-09" in text
    picture = client().get(f"/capture/{SITE}/", {"month": "2018-09"}).content.decode()
    assert "<title>09-01 21–24 停电</title>" in picture
    table = client().get("/api/v1/capture", {"month": "2018-09", "by": "site", "format": "csv"})
    assert SITE in b"".join(table).decode()  # type: ignore[arg-type]
    made = works(september)["capture"](
        {"first": "2018-09", "last": "", "by": "site", "region": "220200"}, lambda _: None
    )
    line = next(one for one in made["csv"].splitlines() if one.startswith(SITE))
    assert line.split(",")[1:4] == ["4320", "55", "50"]


@pytest.mark.parametrize(
    ("what", "status"),
    [
        ({"month": "2018-13"}, 400),
        ({"month": "last"}, 400),
        ({"month": "2018-09", "to": "2018-08"}, 400),
        ({"month": "2001-01", "to": "2019-01"}, 400),
        ({"month": "2999-01"}, 400),
        ({"month": "2018-09", "by": "owner"}, 404),
        ({"month": "2018-09", "region": "999999"}, 404),
        ({"month": "2018-09", "site": "9999A"}, 404),
        ({"month": "2018-09", "format": "pdf"}, 400),
    ],
)
def test_what_cannot_be_asked_is_said(what: dict[str, str], status: int) -> None:
    assert "zh" in asked(status, **what)


def test_a_page_with_a_month_that_cannot_be_read_says_so() -> None:
    assert 'role="alert"' in client().get("/capture/", {"month": "never"}).content.decode()
    assert client().get("/capture/9999A/").status_code == 404
