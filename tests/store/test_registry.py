"""The registry on SQLite and on a real PostgreSQL."""

import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction

from songhua.model import BadInput, UnknownName
from songhua.standards import QUANTITIES, regions
from songhua.store.registry import records
from songhua.store.registry.models import (
    AppliedEntry,
    Correction,
    DustPeriod,
    ImportFile,
    Quantity,
    Region,
    Reject,
    Site,
    SitePeriod,
    User,
)
from songhua.store.registry.rights import Action, Role, covers
from songhua.store.registry.sites import members, overlapping, region_names, sites, spellings

AT = datetime(2020, 4, 4, 3, tzinfo=UTC)
PASSWORD = "gold-pine-7-river"
HEADER = (
    "city,city_name,city_en,valid_from,valid_until,level,aliases,key,name_zh,name_en,"
    "county,lon,lat,source,confidence,note\n"
)


@pytest.fixture
def seeded(registry: str) -> str:
    records.seed()
    return registry


def site_file(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "sites.csv"
    path.write_text("\ufeff# 点位表\n" + HEADER + "\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_the_engine_is_the_one_asked_for(registry: str) -> None:
    assert connection.vendor == {"sqlite": "sqlite", "postgres": "postgresql"}[registry]


def test_models_and_migrations_agree(registry: str) -> None:
    call_command("makemigrations", "registry", check=True, dry_run=True, verbosity=0)


def test_sqlite_keeps_keys_and_waits(registry: str) -> None:
    if registry != "sqlite":
        return
    with connection.cursor() as cursor:
        said = {}
        for name in ("journal_mode", "foreign_keys", "busy_timeout"):
            cursor.execute(f"PRAGMA {name}")
            said[name] = cursor.fetchone()[0]
    assert said == {"journal_mode": "wal", "foreign_keys": 1, "busy_timeout": 20000}


def test_seeds_are_the_files_of_the_law(seeded: str) -> None:
    for _ in range(2):
        records.seed()
        assert records.is_seeded()
        own = Region.objects.filter(own=True)
        counts = {
            level: own.filter(level=level).count() for level in ("province", "city", "county")
        }
        assert counts == {"province": 1, "city": 9, "county": 60}
        assert Quantity.objects.count() == len(QUANTITIES)
    assert Region.objects.get(code="220184").parent_id == "220100"
    assert region_names().height == len(regions())


def test_sites_are_valid_in_time(seeded: str, tmp_path: Path) -> None:
    """A site that moved and was renamed; one of a neighbour; one without a place."""
    path = site_file(
        tmp_path,
        "220100,长春市,,2013-01-01,2018-06-30,国控,旧名|OLD,1121A,食品厂,,220103,125.33,43.92,表,single,",
        "220100,长春市,,2018-07-01,,国控,,1121A,新食品厂,,220106,125.40,43.95,表,single,",
        "210100,沈阳市,Shenyang,,,国控,,1105A,小河沿,Xiaoheyan,,,,表,single,",
    )
    for _ in range(2):
        assert records.load_sites(path) == 3
    assert Site.objects.count() == 2
    before, after = sites(on=date(2018, 6, 30)), sites(on=date(2018, 7, 1))
    assert before.filter(site="1121A")["name_zh"].to_list() == ["食品厂"]
    assert after.filter(site="1121A")["name_zh"].to_list() == ["新食品厂"]
    assert members(date(2018, 6, 30)).filter(site="1121A").row(0) == ("1121A", "220103", "220100")
    assert members(date(2018, 7, 1)).filter(site="1121A").row(0) == ("1121A", "220106", "220100")
    assert sites(on=date(2012, 12, 31))["site"].to_list() == ["1105A"]
    assert sites()["site"].to_list() == ["1105A", "1121A", "1121A"]
    shenyang = sites().filter(site="1105A").row(0, named=True)
    assert (shenyang["own"], shenyang["lon"], shenyang["county"]) == (False, None, None)
    names = {(row[0], row[1]): row[2] for row in spellings().iter_rows()}
    assert names["长春市", "OLD"] == names["长春", "新食品厂"] == "1121A"
    assert sites(medium="surface_water").is_empty()
    assert overlapping() == []


def test_a_day_has_one_answer(seeded: str) -> None:
    site = Site.objects.create(key="1121A")
    city = Region.objects.get(code="220100")
    first = SitePeriod(site=site, name_zh="甲", city=city, valid_from=date(2015, 1, 1))
    first.full_clean()
    first.save()
    first.full_clean()
    second = SitePeriod(site=site, name_zh="乙", city=city, valid_from=date(2016, 1, 1))
    with pytest.raises(ValidationError, match="重叠"):
        second.full_clean()
    second.save()  # what the admin refuses, a script can do: then the doctor says it
    assert overlapping() == ["1121A"]
    second.delete()
    first.valid_until = date(2015, 12, 31)
    first.save()
    SitePeriod(site=site, name_zh="乙", city=city, valid_from=date(2016, 1, 1)).full_clean()


@pytest.mark.parametrize(
    "wrong",
    [
        {"valid_until": date(2014, 12, 31)},
        {"lon": 12.5},
        {"lat": 91.0},
    ],
)
def test_the_database_refuses_nonsense(seeded: str, wrong: dict[str, object]) -> None:
    site = Site.objects.create(key="1121A")
    period = {"site": site, "name_zh": "甲", "city_id": "220100", "valid_from": date(2015, 1, 1)}
    with pytest.raises(IntegrityError), transaction.atomic():
        SitePeriod.objects.create(**{**period, **wrong})


def test_dust_ends_after_it_starts(seeded: str) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        DustPeriod.objects.create(region_id="220100", start=AT, end=AT, author="wang")


def test_who_covers_what() -> None:
    assert covers("220000", "220000")
    assert covers("220000", "222426")
    assert covers("220100", "220184")
    assert covers("220184", "220184")
    assert not covers("220100", "220284")
    assert not covers("220100", "220000")
    assert not covers("220184", "220100")
    assert not covers("220000", "210100")
    assert not covers("500000", "510100")  # Chongqing is not Sichuan
    assert not covers("", "220100")


COMMON = ("read", "export", "see_imports", "import", "correct")


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        (Role.VIEWER, {"read", "export"}),
        (Role.OPERATOR, {*COMMON, "request", "sample", "review_1"}),
        (
            Role.ANALYST,
            {
                *(*COMMON, "sample", "analyse", "review_1", "review_2", "investigate"),
                "set_checks",
            },
        ),
        (Role.SIGNATORY, {*COMMON, "sample", "analyse", "issue"}),
        (
            Role.LEADER,
            {
                *("read", "export", "see_imports", "review_2", "review_3"),
                *("investigate", "decide", "see_record"),
            },
        ),
        (Role.ADMINISTRATOR, set(Action)),
    ],
)
def test_what_a_role_may(seeded: str, role: Role, allowed: set[str]) -> None:
    user = records.add_user("wang", role=role, region="220100", password=PASSWORD)
    assert {action for action in Action if user.may(action)} == allowed
    assert user.check_password(PASSWORD)
    assert user.covers("220104") is True
    assert user.covers("220204") is (role == Role.ADMINISTRATOR)
    user.is_active = False
    assert not any(user.may(action) for action in Action)
    with pytest.raises(ValueError, match="fly"):
        User(role=role).may("fly")


def test_a_user_that_cannot_be(seeded: str) -> None:
    good = {"role": "viewer", "region": "220000", "password": PASSWORD}
    records.add_user("wang", **good)
    with pytest.raises(BadInput, match="taken"):
        records.add_user("wang", **good)
    with pytest.raises(UnknownName, match="king"):
        records.add_user("li", **{**good, "role": "king"})
    with pytest.raises(UnknownName, match="999999"):
        records.add_user("li", **{**good, "region": "999999"})
    with pytest.raises(BadInput, match="too weak"):
        records.add_user("li", **{**good, "password": "12345678"})
    assert User.objects.count() == 1


def begin(seq: int, *, mapping: str = "a = 1", sha256: str = "s") -> int:
    meta = {"name": "年" * 300, "mapping": mapping, "author": "wang"}
    return records.begin_file(seq, meta, sha256=sha256, size=10, at=AT)


def test_a_file_from_start_to_end(seeded: str) -> None:
    number = begin(7)
    keeper = records.RejectKeeper(number)
    row = {
        "line": 3,
        "raw": "a,b\x01",
        "fault": "bad_time",
        "detail_zh": "时间",
        "detail_en": "time",
    }
    keeper.keep([row, {**row, "line": 9}])
    assert records.find_same("s", "a = 1") is None
    records.finish_file(number, state="done", lines=9, rows_rejected=2)
    same = records.find_same("s", "a = 1")
    assert same is not None
    assert (same.pk, same.lines, same.finished_at is not None) == (number, 9, True)
    assert records.find_same("s", "a = 2") is None
    assert [one.line for one in records.rejects(None)] == [3, 9]
    assert records.files_by_seq([7, 8]) == {7: same}
    assert begin(7) == number  # the entry is replayed
    assert Reject.objects.count() == 0
    assert ImportFile.objects.get().state == "reading"


def test_rejects_are_bounded(seeded: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "MOST_REJECTS", 5)
    row = {"raw": "", "fault": "bad_time", "detail_zh": "", "detail_en": ""}
    keeper = records.RejectKeeper(begin(7))
    for start in (0, 3, 6):
        keeper.keep([{**row, "line": start + number} for number in range(3)])
    assert [one.line for one in records.rejects(None)] == [0, 1, 2, 3, 4]


def test_corrections_and_the_watermark_repeat_safely(seeded: str) -> None:
    fields = {
        **{"site": "1121A", "quantity": "pm2_5", "period": "hour", "time": AT},
        **{"former": 500.0, "value": None, "reason": "零点检查", "author": "wang"},
    }
    for _ in range(2):
        records.add_correction(9, fields, at=AT)
        records.mark_applied(9)
    assert Correction.objects.count() == AppliedEntry.objects.count() == 1
    assert records.corrections_by_seq([9])[9].value is None
    assert records.applied() == {9}


@pytest.fixture
def committed(database: str) -> Iterator[str]:
    """A registry where threads see one another's work; emptied afterwards."""
    yield database
    AppliedEntry.objects.all().delete()


def test_threads_write_without_a_lock_error(committed: str) -> None:
    failed: list[BaseException] = []

    def work(first: int) -> None:
        try:
            for seq in range(first, first + 25):
                records.mark_applied(seq)
        except BaseException as fault:  # noqa: BLE001 - told to the main thread
            failed.append(fault)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(1 + 100 * number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len(records.applied()) == 150
