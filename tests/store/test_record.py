"""Each change of a protected table is written down by the database; the record only grows."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from songhua.model import acting
from songhua.store.registry import triggers
from songhua.store.registry.models import (
    Act,
    Change,
    Device,
    Influence,
    Region,
    Site,
    SitePeriod,
    User,
)


def changes(table: str, op: str | None = None) -> list[Change]:
    found = Change.objects.filter(table=table).exclude(op__in=("schema", "found"))
    return list(found.filter(op=op) if op else found)


def after(change: Change) -> dict[str, Any]:
    assert change.after is not None
    told: dict[str, Any] = json.loads(change.after)
    return told


def test_a_row_is_written_down_when_it_comes_changes_and_goes(registry: str) -> None:
    del registry
    triggers.tell_postgres("act-7")
    with acting.acting("act-7"):
        site = Site.objects.create(key="X1", medium="air", note="新站")
        Site.objects.filter(pk="X1").update(note="改过")
        Site.objects.filter(pk="X1").update(note="改过")  # nothing changes
        site.delete()
    triggers.tell_postgres("")
    rows = changes("registry_site")
    assert [row.op for row in rows] == ["insert", "update", "delete"]
    assert {row.token for row in rows} == {"act-7"}
    assert {row.key for row in rows} == {"X1"}
    assert after(rows[0])["note"] == "新站"
    assert json.loads(rows[1].before or "")["note"] == "新站"
    assert after(rows[1])["note"] == "改过"
    assert rows[2].after is None


def test_many_rows_at_once_are_written_down_too(registry: str) -> None:
    del registry
    Device.objects.bulk_create([Device(mn=f"M{n}", name="x") for n in range(30)])
    assert len(changes("registry_device", "insert")) == 30
    Device.objects.filter(mn__startswith="M").update(active=False)
    assert len(changes("registry_device", "update")) == 30


def test_no_secret_is_written_down(registry: str) -> None:
    del registry
    Device.objects.create(mn="S", name="x", password="654321", sm4_keys="sealed-key")
    user = User.objects.create_user("someone", password="gold-pine-7-river")
    for text in [one.after or "" for one in Change.objects.all()]:
        assert "654321" not in text
        assert "sealed-key" not in text
        assert user.password not in text
    before = len(changes("registry_user", "update"))
    User.objects.filter(pk=user.pk).update(last_login="2026-01-01T00:00:00+08:00")
    assert len(changes("registry_user", "update")) == before
    user.set_password("silver-oak-9-lake")
    user.save()
    assert len(changes("registry_user", "update")) == before + 1


def test_the_last_bit_of_a_number_counts(registry: str) -> None:
    del registry
    site = Site.objects.create(key="X2")
    lon = 125.3
    city = Region.objects.create(code="220100", name_zh="长春市", name_en="C", short_zh="长春",
                                 level="city")  # fmt: skip
    period = SitePeriod.objects.create(
        site=site, name_zh="x", city=city, lon=lon, valid_from="2026-01-01"
    )
    SitePeriod.objects.filter(pk=period.pk).update(lon=125.30000000000001)
    assert len(changes("registry_siteperiod", "update")) == 1


@pytest.mark.parametrize(
    "words",
    [
        "UPDATE registry_change SET at = 'x'",
        "DELETE FROM registry_change",
        "DELETE FROM registry_act",
        "DELETE FROM registry_influence",
        "UPDATE registry_influence SET words = ''",
    ],
)
def test_the_record_only_grows(registry: str, words: str) -> None:
    Site.objects.create(key="X3")
    now = datetime(2026, 1, 1, tzinfo=UTC)
    Act.objects.create(journal_seq=1, at=now, outcome=200)
    Influence.objects.create(journal_seq=2, at=now, happened_at=now)
    with (
        pytest.raises(DatabaseError, match="only grows"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(words)


def test_triggers_that_went_come_again_and_make_nothing_true(registry: str) -> None:
    Site.objects.create(key="X4", note="是")
    name = "songhua_registry_site_note" + ("_update" if registry == "sqlite" else "")
    where = "" if registry == "sqlite" else " ON registry_site"
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER {name}{where}")
    Site.objects.filter(pk="X4").update(note="非")
    triggers.install()
    assert "非" not in str([one.after for one in changes("registry_site")])
    Site.objects.filter(pk="X4").update(note="再")
    assert len(changes("registry_site", "update")) == 1
