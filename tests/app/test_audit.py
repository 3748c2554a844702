"""Nothing is altered, removed or put in unseen: journal, registry, shelf, files at rest, proofs."""

import json
import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from django.conf import settings
from django.db import connection

from songhua.api.record import Deed
from songhua.app.audit import seal
from songhua.app.audit.findings import Found, Verdict
from songhua.app.audit.keys import public_of, signing_key
from songhua.app.audit.page import write_page
from songhua.app.audit.prove import check_proof, prove, read_proof
from songhua.app.audit.registry import check_registry
from songhua.app.audit.verify import Asked, check_files, check_shelf
from songhua.app.platform import Songhua
from songhua.ingest.hj212.received import Received, pack
from songhua.model import BadInput
from songhua.store import Journal
from songhua.store.registry.models import Act, Device, Site
from tests.conftest import opened_platform

pytestmark = pytest.mark.chdb
SEED = 20261124
TIME = datetime(2026, 1, 31, 20, tzinfo=UTC)


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory, embedded_url: str) -> Iterator[Songhua]:
    """A platform with frames, values, settings and acts, and two checkpoints."""
    home = tmp_path_factory.mktemp("audited")
    with opened_platform(home, f"{embedded_url}?database=audited") as opened:
        for n in range(40):
            one(opened, n)
        opened.checkpoint()
        for n in range(40, 60):
            one(opened, n)
        opened.checkpoint()
        one(opened, 60)
        yield opened


def one(opened: Songhua, n: int) -> None:
    frame = b"##0101ST=31;CN=2011;MN=X;CP=&&a34004-Rtd=%d.5,a34004-Flag=N&&0000\r\n" % n
    at = TIME + timedelta(hours=n)
    body = pack([Received(frame, "10.0.0.1:99", at)])
    entry = opened.journal.append("note" if n % 3 else "hj212", body, {"n": n})
    row = {
        "site": "1121A", "quantity": "pm2_5", "period": "hour", "time": at,
        "revision": entry.seq, "value": n + 0.5, "mark": "N", "reason": "", "author": "X",
        "recorded_at": entry.time,
    }  # fmt: skip
    opened.shelf.save_observations(pl.DataFrame([row]))
    if n % 5 == 0:
        Device.objects.create(mn=f"M{n}", name=f"数采仪{n}", site_id="1121A")
        opened.record.keep(Deed("setting", "admin", "10.1.1.1", f"POST /x/{n}", 302, f"t{n}"))
    from songhua.app.gateway.keeper import READER
    from songhua.store.registry.models import Cursor

    Cursor.objects.update_or_create(name=READER, defaults={"seq": entry.seq})


def verified(opened: Songhua, journal: Path | None = None, *, stores: bool = True) -> Verdict:
    home = settings.SONGHUA_HOME
    files = check_files(Asked(home, journal or settings.SONGHUA_JOURNAL))
    if stores:
        check_registry(files.expected, files.verdict)
        check_shelf(opened.shelf, files.chain, files.verdict)
    return files.verdict


def first_bad(verdict: Verdict) -> Found:
    return next(one for one in verdict.found if one.state == "fail")


def test_what_was_left_alone_is_verified(platform: Songhua) -> None:
    verdict = verified(platform)
    assert verdict.is_whole, [one.en for one in verdict.found if one.state == "fail"]
    assert {one.part for one in verdict.found if one.state == "ok"} == {
        "key", "journal", "record", "registry", "shelf",
    }  # fmt: skip


def journal_copy(tmp_path: Path) -> Path:
    copy = tmp_path / "journal"
    shutil.copytree(settings.SONGHUA_JOURNAL, copy, ignore=shutil.ignore_patterns("lock"))
    return copy


def test_any_byte_of_the_journal(platform: Songhua, tmp_path: Path) -> None:
    copy, dice = journal_copy(tmp_path), random.Random(SEED)  # noqa: S311
    path = next(copy.glob("*.journal"))
    whole = path.read_bytes()
    for _ in range(30):
        at = dice.randrange(len(whole))
        path.write_bytes(whole[:at] + bytes([whole[at] ^ dice.randrange(1, 256)]) + whole[at + 1 :])
        verdict = verified(platform, copy, stores=False)
        assert not verdict.is_whole, at
        assert first_bad(verdict).part == "journal"
    head = (copy / "head").read_bytes()
    path.write_bytes(whole)
    for _ in range(5):
        at = dice.randrange(len(head))
        (copy / "head").write_bytes(head[:at] + bytes([head[at] ^ 1]) + head[at + 1 :])
        assert not verified(platform, copy, stores=False).is_whole, at


def test_the_first_bad_record_is_named(platform: Songhua, tmp_path: Path) -> None:
    copy = journal_copy(tmp_path)
    path = next(copy.glob("*.journal"))
    whole = path.read_bytes()
    seq = next(e.seq for e in platform.journal.entries() if e.meta.get("n") == 7)
    at = whole.index(b"a34004-Rtd=7.5")
    path.write_bytes(whole.replace(b"a34004-Rtd=7.5", b"a34004-Rtd=3.5"))
    bad = first_bad(verified(platform, copy, stores=False))
    assert bad.where.startswith(f"{seq} ({path.name} @")
    assert int(bad.where.split("@")[1][:-1]) < at


def test_a_chain_written_anew_is_found_and_its_first_record_named(
    platform: Songhua, tmp_path: Path
) -> None:
    forged = Journal.open(tmp_path / "journal")
    seqs = []
    for entry, body in platform.journal.bodies():
        if entry.meta.get("n") == 7:
            body = body.replace(b"7.5", b"3.5")
            seqs.append(entry.seq)
        forged.append(entry.kind, body, entry.meta)
    forged.close()
    assert forged.verify() is None
    verdict = verified(platform, tmp_path / "journal", stores=False)
    # Times differ too, since they cannot be forged through the journal itself: from record 1.
    assert first_bad(verdict).part == "journal"
    assert first_bad(verdict).where == "1"
    assert seqs


def test_records_cut_off_at_the_end_are_missed(platform: Songhua, tmp_path: Path) -> None:
    copy = journal_copy(tmp_path)
    path = next(copy.glob("*.journal"))
    whole = path.read_bytes()
    cut = whole.rindex(b"SJ01")
    path.write_bytes(whole[:cut])
    assert "missing" in first_bad(verified(platform, copy, stores=False)).en
    seq, chain = (
        platform.journal.last_seq - 1,
        platform.journal.entry(platform.journal.last_seq - 1).chain,
    )
    (copy / "head").write_bytes(f"{seq:020d} {chain}\n".encode())
    assert verified(platform, copy, stores=False).is_whole  # after the last checkpoint: unseen
    cut = whole.index(b"SJ01", len(whole) // 2)
    path.write_bytes(whole[:cut])
    assert not verified(platform, copy, stores=False).is_whole


Change = Callable[[sqlite3.Connection, random.Random], None]


def raw_registry() -> sqlite3.Connection:
    """The database as one who goes behind the platform opens it: no trigger is in the way."""
    found = sqlite3.connect(str(connection.settings_dict["NAME"]))
    for (name,) in found.execute(
        "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    ).fetchall():
        found.execute(f"DROP TRIGGER {name}")
    return found


def test_any_byte_of_a_protected_row(platform: Songhua) -> None:
    from songhua.store.registry.protected import columns, growing, tables

    dice = random.Random(SEED)  # noqa: S311
    cells = [(one.name, name) for one in tables() for name in columns(one)]
    cells += [(name, column.name) for name in growing() for column in described(name)]
    raw, tried = raw_registry(), 0
    while tried < 30:
        table, column = dice.choice(cells)
        rows = raw.execute(
            f'SELECT rowid, CAST("{column}" AS BLOB), typeof("{column}") FROM "{table}"'
            f' WHERE "{column}" IS NOT NULL AND length("{column}") > 0'
        ).fetchall()
        if not rows:
            continue
        rowid, value, kind = dice.choice(rows)
        at = dice.randrange(len(value))
        other = value[:at] + bytes([value[at] ^ 1]) + value[at + 1 :]
        cast = {"text": "TEXT", "integer": "INTEGER", "real": "REAL"}[kind]
        try:
            raw.execute("BEGIN")
            raw.execute(f'UPDATE "{table}" SET "{column}" = CAST(? AS {cast}) WHERE rowid = ?',
                        (other, rowid))  # fmt: skip
        except sqlite3.IntegrityError:
            raw.rollback()
            continue
        raw.commit()
        verdict = registry_verdict()
        assert not verdict.is_whole, (table, column, value, other)
        key = raw.execute(f'SELECT rowid FROM "{table}" WHERE rowid = ?', (rowid,)).fetchone()
        raw.execute(f'UPDATE "{table}" SET "{column}" = CAST(? AS {cast}) WHERE rowid = ?',
                    (value, key[0] if key else int(other)))  # fmt: skip
        raw.commit()
        tried += 1
    raw.close()
    put_back(platform)


def described(table: str) -> list[object]:
    with connection.cursor() as cursor:
        return list(connection.introspection.get_table_description(cursor, table))


def registry_verdict() -> Verdict:
    files = check_files(Asked(settings.SONGHUA_HOME, settings.SONGHUA_JOURNAL))
    verdict = Verdict()
    check_registry(files.expected, verdict)
    return verdict


def put_back(platform: Songhua) -> None:
    from songhua.store.registry import triggers

    triggers.install()
    platform.record.carry()
    assert registry_verdict().is_whole


@pytest.mark.parametrize(
    ("words", "where"),
    [
        ("DELETE FROM registry_act WHERE journal_seq = (SELECT min(journal_seq) FROM registry_act)",
         "registry_act"),
        ("INSERT INTO registry_act SELECT 3, at, kind, who, address, door, region, site, subject,"
         " why, by_order, outcome, token, brought FROM registry_act LIMIT 1", "registry_act 3"),
        ("DELETE FROM registry_device WHERE mn = 'M5'", "registry_device M5"),
        ("INSERT INTO registry_quantity SELECT 'forged', symbol, name_zh, name_en, unit, places,"
         " codes, medium FROM registry_quantity LIMIT 1", "registry_quantity forged"),
        ("UPDATE registry_user SET password = 'x' WHERE username = 'admin'", "registry_user"),
        ("DELETE FROM registry_change WHERE id = 12", "registry_change"),
    ],
)  # fmt: skip
def test_rows_taken_out_and_put_in(platform: Songhua, words: str, where: str) -> None:
    name = Path(connection.settings_dict["NAME"])
    connection.close()
    kept = name.read_bytes()
    raw = raw_registry()
    raw.execute(words)
    raw.commit()
    raw.close()
    try:
        assert first_bad(registry_verdict()).where.startswith(where)
    finally:
        connection.close()
        for path in name.parent.glob(f"{name.name}-*"):
            path.unlink()
        name.write_bytes(kept)
    put_back(platform)


def test_what_is_changed_through_the_database_itself_is_on_record(platform: Songhua) -> None:
    Site.objects.filter(pk="1121A").update(note="改了一下")
    files = check_files(Asked(settings.SONGHUA_HOME, settings.SONGHUA_JOURNAL))
    check_registry(files.expected, files.verdict)
    assert files.verdict.is_whole
    assert any("not in the journal yet" in one.en for one in files.verdict.found)
    assert platform.record.carry() == 1


def test_a_row_put_on_the_shelf_is_found(platform: Songhua) -> None:
    row = platform.shelf.observation_history(
        site="1121A", quantity="pm2_5", period="hour", time=TIME + timedelta(hours=9)
    ).with_columns(
        site=pl.lit("1121A"), quantity=pl.lit("pm2_5"), period=pl.lit("hour"),
        time=pl.lit(TIME + timedelta(hours=9)),
    )  # fmt: skip
    platform.shelf.save_observations(row.with_columns(value=pl.col("value") + 1e-9))
    bad = first_bad(verified(platform))
    assert (bad.part, bad.where) == ("shelf", "observations hour 202602")
    platform.shelf.save_observations(row)
    assert verified(platform).is_whole


def test_checkpoints_of_another_key_or_altered_are_refused(platform: Songhua) -> None:
    home = settings.SONGHUA_HOME
    path = home / "audit" / "checkpoint-000001.json"
    whole, dice = path.read_bytes(), random.Random(SEED)  # noqa: S311
    try:
        for _ in range(20):
            at = dice.randrange(len(whole))
            path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
            assert first_bad(verified(platform, stores=False)).part == "key"
    finally:
        path.write_bytes(whole)
    other = check_files(Asked(home, settings.SONGHUA_JOURNAL, public="00" * 32))
    assert first_bad(other.verdict).part == "key"
    held = check_files(
        Asked(home, settings.SONGHUA_JOURNAL, witness=whole, public=public_of(signing_key(home)))
    )
    assert held.verdict.is_whole
    leaves = home / "audit" / "leaves.sha256"
    kept = leaves.read_bytes()
    leaves.write_bytes(kept[:-1] + bytes([kept[-1] ^ 1]))
    assert first_bad(verified(platform, stores=False)).where == "audit/leaves.sha256"
    leaves.write_bytes(kept)


def test_a_sealed_home_shows_any_byte_of_any_file(tmp_path: Path) -> None:
    home, dice = tmp_path / "home", random.Random(SEED)  # noqa: S311
    (home / "parts").mkdir(parents=True)
    for n in range(6):
        (home / "parts" / f"{n}.bin").write_bytes(dice.randbytes(500))
    journal = Journal.open(home / "journal")
    journal.append("note", b"x", {})
    journal.close()
    seal.make_seal(home, 1)
    asked = Asked(home, home / "journal")
    assert check_files(asked).at_rest
    files = [path for path in sorted(home.rglob("*")) if path.is_file() and path.stat().st_size]
    for _ in range(40):
        path = dice.choice(files)
        whole = path.read_bytes()
        at = dice.randrange(len(whole))
        path.write_bytes(whole[:at] + bytes([whole[at] ^ dice.randrange(1, 256)]) + whole[at + 1 :])
        found = check_files(asked)
        assert not found.verdict.is_whole, path
        assert not found.at_rest
        path.write_bytes(whole)
    (home / "new").write_bytes(b"")
    assert first_bad(check_files(asked).verdict).where == "new"
    (home / "new").unlink()
    (home / "parts" / "3.bin").unlink()
    assert "missing" in first_bad(check_files(asked).verdict).en


def test_a_value_is_proved_on_one_page(platform: Songhua) -> None:
    at = TIME + timedelta(hours=30)
    told = prove(
        settings.SONGHUA_HOME, platform.journal, platform.shelf,
        site="1121A", quantity="pm2_5", period="hour", time=at,
    )  # fmt: skip
    page = write_page(told)
    assert page.startswith(b"%PDF")
    assert page.count(b"/Type /Page\n") + page.count(b"/Type/Page\n") <= 1
    assert read_proof(page) == told
    public = public_of(signing_key(settings.SONGHUA_HOME))
    verdict = Verdict()
    check_proof(told, public, verdict)
    assert [one.state for one in verdict.found] == ["ok", "ok", "ok"]
    for forged in (
        {**told, "header": told["header"].replace("hj212", "hj213")},
        {**told, "record": told["record"] + 1},
        {**told, "body": "eA=="},
        {**told, "path": told["path"][:-1]},
        {**told, "checkpoint": told["checkpoint"].replace("a", "b", 1)},
        {key: value for key, value in told.items() if key != "path"},
    ):
        verdict = Verdict()
        check_proof(forged, public, verdict)
        assert not verdict.is_whole
    other = {**told, "value": {**told["value"], "value": 99.0}}
    verdict = Verdict()
    check_proof(other, public, verdict)
    assert verdict.found[-1].state == "warn"
    with pytest.raises(BadInput, match="no proof"):
        read_proof(b"%PDF-1.7 nothing")
    with pytest.raises(BadInput, match="checkpoint"):
        prove(
            settings.SONGHUA_HOME, platform.journal, platform.shelf,
            site="1121A", quantity="pm2_5", period="hour", time=TIME + timedelta(hours=60),
        )  # fmt: skip


def test_no_checkpoint_is_signed_over_an_altered_past(platform: Songhua) -> None:
    leaves = settings.SONGHUA_HOME / "audit" / "leaves.sha256"
    leaves.write_bytes(bytes(len(leaves.read_bytes())))
    made = platform.checkpoint()  # the journal itself is whole: leaves are made again
    assert made.number == 3
    assert verified(platform).is_whole
    assert json.loads(made.signed)["former"]
    assert Act.objects.exists()
