"""Observations by HTTP: kept before they are answered, a key a message, bad rows set aside."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from django.test import Client

from songhua.api.ports import CorrectionOrder
from songhua.app.doors import Doors, RowKeeper
from songhua.app.platform import Songhua, silent
from songhua.model import BEIJING, BadInput, Period
from songhua.store.registry import links, sources
from songhua.store.registry.models import Receipt, Region, RowAside, Site, SitePeriod, Source
from tests.app.doors.saying import (
    ELSEWHERE,
    OTHER,
    SITE,
    body,
    eventually,
    hour,
    http_source,
    post,
    row,
    values,
)
from tests.conftest import PASSWORD

pytestmark = [pytest.mark.chdb, pytest.mark.slow]


@pytest.fixture(scope="module")
def token(doors: Doors) -> str:
    return http_source("lab")


def test_what_is_answered_is_in_the_journal_and_on_the_shelf(
    platform: Songhua, doors: Doors, token: str
) -> None:
    sent = body(row(hour(1), 80), row(hour(1), 35.5, quantity="a34004", unit="ug/m3"))
    answer = post(token, "first", sent)
    assert answer.status_code == 201, answer.content
    told = answer.json()
    assert (told["state"], told["rows"], told["new"], told["set_aside"]) == ("done", 2, 2, 0)
    assert platform.journal.read(told["journal"]) == sent
    assert values(platform, hour(1)) == [(SITE, "pm10", 80), (SITE, "pm2_5", 35.5)]
    assert doors.kit.rows.wait(10)
    assert not platform.shelf.air_index(
        period="hour", scope="site", span=_span(hour(1)), subjects=[SITE]
    ).is_empty()
    state = Source.objects.get(name="lab").state
    assert state.rows_new == 2
    assert state.last_seen is not None


def test_the_same_key_gets_the_same_answer_and_another_body_none(
    platform: Songhua, token: str
) -> None:
    sent = body(row(hour(2), 10))
    first = post(token, "twice", sent)
    last = platform.journal.last_seq
    again = post(token, "twice", sent)
    assert (again.status_code, again.json()) == (201, first.json())
    assert platform.journal.last_seq == last
    other = post(token, "twice", body(row(hour(2), 11)))
    assert other.status_code == 409
    assert values(platform, hour(2)) == [(SITE, "pm10", 10)]
    receipt = Client().get(
        "/api/v1/observations/receipts/twice", headers={"authorization": f"Bearer {token}"}
    )
    assert (receipt.status_code, receipt.json()) == (200, first.json())


def test_rows_that_cannot_be_used_are_set_aside_and_the_others_go_in(
    platform: Songhua, token: str
) -> None:
    at, now = hour(3), datetime.now(BEIJING).replace(minute=0, second=0, microsecond=0)
    rows = [
        row(at, 1),
        row(at, 1, site="nowhere"),
        row(at, 1, site=ELSEWHERE),
        row(at, 1, quantity="xenon"),
        row(at, 1, unit="°C"),
        row(at, "much"),
        row(at, -5),
        row(now + timedelta(hours=3), 1),
        row(at + timedelta(minutes=20), 1),
        row(at, 1, period="week"),
        row(at, 2),
        row(at, 1),
        "no row",
    ]
    told = post(token, "mixed", body(*rows)).json()
    assert (told["rows"], told["new"], told["same"], told["set_aside"]) == (13, 1, 1, 11)
    assert [(one["row"], one["reason"]) for one in told["aside"]] == [
        (2, "unknown_site"),
        (3, "outside_scope"),
        (4, "unknown_quantity"),
        (5, "wrong_unit"),
        (6, "not_a_number"),
        (7, "impossible_value"),
        (8, "future_time"),
        (9, "bad_time"),
        (10, "unknown_period"),
        (11, "conflict"),
        (13, "unknown_site"),
    ]
    assert values(platform, at) == [(SITE, "pm10", 1)]
    assert RowAside.objects.filter(journal_seq=told["journal"]).count() == 11


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [(0.35, "mg/m3", 350), (100, "ppb", 214.3), (None, "", None)],
)
def test_units_become_ours(
    platform: Songhua, token: str, value: Any, unit: str, expected: Any
) -> None:
    # GB 3095—2012 before its amendment: 1 ppb of O₃ is 48.00 / 22.4 µg/m³ at 273 K. May 2017.
    at = datetime(2017, 5, 4, tzinfo=BEIJING)
    mark = "" if value is not None else "B"
    sent = body(row(at, value, quantity="o3", unit=unit, mark=mark))
    assert post(token, f"unit {unit}".replace(" ", "-"), sent).status_code == 201
    ((_, _, found),) = values(platform, at)
    assert found == (pytest.approx(expected, rel=0.001) if expected else None)


def test_who_has_no_token_or_sends_no_message_is_refused(platform: Songhua, token: str) -> None:
    before = platform.journal.last_seq
    good = body(row(hour(4), 1))
    assert post("shs_wrong", "k", good).status_code == 401
    assert post("", "k", good).status_code == 401
    assert Client().post("/api/v1/observations", good, "application/json").status_code == 401
    assert post(token, "with space", good).status_code == 400
    for bad in (b"", b"{", b"[]", b'{"observations": []}', b"[" * 100_000, b"\xff", b'{"a":NaN}'):
        answer = post(token, "bad", bad)
        assert (answer.status_code, set(answer.json())) == (400, {"zh", "en"})
    assert post(token, "large", b" " * (10 * 2**20 + 1)).status_code == 413
    Source.objects.filter(name="lab").update(active=False)
    assert post(token, "k", good).status_code == 401
    Source.objects.filter(name="lab").update(active=True)
    assert platform.journal.last_seq == before


def test_ten_mebibytes_and_a_hundred_thousand_rows(platform: Songhua, token: str) -> None:
    first = datetime(2009, 1, 1, tzinfo=BEIJING)
    times = [(first + timedelta(hours=n)).isoformat() for n in range(50_000)]
    rows = [
        {"site": site, "quantity": "temperature", "time": at, "value": 7}
        for at in times
        for site in (SITE, OTHER)
    ]
    sent = json.dumps({"observations": rows}, separators=(",", ":")).encode()
    told = post(token, "many", sent).json()
    assert (told["new"], told["set_aside"]) == (100_000, 0)
    assert post(token, "too-many", body(*rows, rows[0])).status_code == 400


def test_a_store_that_is_down_delays_and_loses_nothing(
    platform: Songhua, doors: Doors, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("songhua.app.doors.service.ANSWER_WITHIN", 0.2)
    with monkeypatch.context() as down:

        def refuses(_frame: pl.DataFrame) -> None:
            raise ConnectionError("no shelf")

        down.setattr(platform.shelf, "save_observations", refuses)
        answer = post(token, "down", body(row(hour(5), 9)))
        assert (answer.status_code, answer.json()["state"]) == (202, "waiting")
        assert post(token, "down", body(row(hour(5), 9))).status_code == 202
    assert eventually(lambda: post(token, "down", body(row(hour(5), 9))).status_code == 201)
    assert values(platform, hour(5)) == [(SITE, "pm10", 9)]
    assert Receipt.objects.filter(key="down").count() == 1


def test_a_journal_that_cannot_be_written_acknowledges_nothing(
    platform: Songhua, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise BadInput("磁盘已满。", "The disk is full.")

    with monkeypatch.context() as disk:
        disk.setattr(platform.journal, "append", full)
        assert post(token, "full", body(row(hour(6), 9))).status_code == 503
    assert post(token, "full", body(row(hour(6), 9))).status_code == 201


def test_a_crash_between_journal_and_store_is_taken_up(
    platform: Songhua, doors: Doors, token: str
) -> None:
    """In the journal by a process that then died: no receipt, nothing on the shelf."""
    source = sources.by_token(token)
    assert source is not None
    assert doors.kit.rows.wait(10)
    dead = RowKeeper(platform.journal, platform.shelf, lambda _: None)
    sent = body(row(hour(7), 12))
    digest = hashlib.sha256(sent).hexdigest()
    seq, again = dead.take(source, sent, key="crash", sha256=digest)
    assert not again
    Receipt.objects.filter(key="crash").delete()
    assert values(platform, hour(7)) == []
    links.Cursor.objects.update_or_create(name="observations", defaults={"seq": seq - 1})
    alive = RowKeeper(platform.journal, platform.shelf, platform._assess_links)
    alive.start()
    assert alive.wait(10)
    alive.stop()
    assert values(platform, hour(7)) == [(SITE, "pm10", 12)]
    last = platform.journal.last_seq
    assert post(token, "crash", sent).json()["journal"] == seq
    assert platform.journal.last_seq == last


def test_rows_are_released_once_the_register_is_mended_and_a_replay_changes_nothing(
    platform: Songhua, doors: Doors
) -> None:
    token = http_source("mended")
    rows = (row(hour(8), 31, site="NEW1"), row(hour(8), 32, site=ELSEWHERE), row(hour(8), 33))
    told = post(token, "early", body(*rows)).json()
    assert told["set_aside"] == 2
    source = Source.objects.get(name="mended")
    assert platform.release_rows(source.pk, "admin") == (0, 2)
    Site.objects.create(key="NEW1")
    city = Region.objects.get(pk="220100")
    SitePeriod.objects.create(site_id="NEW1", name_zh="新站", city=city, valid_from="2019-01-01")
    platform.replay(silent)  # what nobody released stays outside
    found = platform.shelf.observations(period="hour", span=_span(hour(8)), sites=["NEW1"])
    assert found.is_empty()
    assert platform.release_rows(source.pk, "admin") == (1, 1)
    found = platform.shelf.observations(period="hour", span=_span(hour(8)), sites=["NEW1"])
    assert found["value"].to_list() == [31]
    Source.objects.filter(pk=source.pk).update(sites=ELSEWHERE)
    assert platform.release_rows(source.pk, "admin") == (1, 0)
    assert RowAside.objects.get(journal_seq=told["journal"], row=1).released_by == "admin"
    before, last = _all(platform), platform.journal.last_seq
    assert platform.replay(silent) > 0
    assert _all(platform).equals(before)
    assert platform.journal.last_seq == last


def test_what_a_person_decided_outranks_what_comes_later(platform: Songhua, token: str) -> None:
    at = hour(9)
    post(token, "before", body(row(at, 500)))
    platform.correct(CorrectionOrder(SITE, "pm10", at.astimezone(UTC), 50.0, "仪器故障", "li"))
    again = post(token, "after", body(row(at, 500))).json()
    assert (again["new"], again["changed"], again["same"]) == (0, 0, 1)
    assert values(platform, at) == [(SITE, "pm10", 50)]


def _span(at: datetime) -> Any:
    return Period(at, at + timedelta(hours=1))


def _all(platform: Songhua) -> pl.DataFrame:
    span = Period(datetime(2009, 1, 1, tzinfo=UTC), datetime(2020, 1, 1, tzinfo=UTC))
    return platform.shelf.observations(period="hour", span=span)


def test_the_door_is_described(platform: Songhua, token: str) -> None:
    client = Client()
    assert client.login(username="viewer", password=PASSWORD)
    door = client.get("/api/openapi.json").json()["paths"]["/api/v1/observations"]["post"]
    assert {"201", "202", "409", "413"} <= set(door["responses"])
    assert {one["name"] for one in door["parameters"]} == {"Idempotency-Key"}
    body_ = door["requestBody"]["content"]["application/json"]["schema"]
    assert "time" in body_["properties"]["observations"]["items"]["properties"]
    assert door["security"]


def test_no_token_is_in_the_journal(platform: Songhua, token: str) -> None:
    post(token, "quiet", body(row(hour(10), 1)))
    written = b"".join(path.read_bytes() for path in platform.journal.segments)
    assert b"quiet" in written
    assert token.encode() not in written
    assert sources.token_digest(token).encode() not in written
