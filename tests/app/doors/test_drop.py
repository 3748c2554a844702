"""A drop folder: whole files once, what cannot be used beside its reason."""

import json
import os
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from songhua.app.doors import Doors
from songhua.app.doors.drop import DropWorker
from songhua.app.platform import Songhua
from songhua.model import BadInput
from songhua.store.registry.models import ImportFile, Source, SourceState
from tests.app.doors.saying import ELSEWHERE, SITE, add, eventually, hour, idle, values

pytestmark = [pytest.mark.chdb, pytest.mark.slow]


def csv(day: int, value: float, *, site: str = SITE) -> str:
    at = hour(day)
    return f"site,time,quantity,value\n{site},{at:%Y-%m-%d %H:%M:%S},pm10,{value}\n"


@pytest.fixture
def drop(doors: Doors, tmp_path: Path, request: Any) -> tuple[DropWorker, Path]:
    """Return a worker that works when it is told to."""
    folder = tmp_path / "drop"
    folder.mkdir()
    settings = {"folder": str(folder), "settle": 0.05, "every": 3600}
    name = f"drop.{abs(hash(request.node.name)) % 10**6}"
    return DropWorker(idle(name, "drop", settings), doors.kit), folder


def rounds(worker: DropWorker, number: int = 2) -> None:
    for _ in range(number):
        worker.once()
        worker.stopping.wait(0.06)


def report(path: Path) -> Any:
    return json.loads(path.with_name(f"{path.name}.report.json").read_text(encoding="utf-8"))


def test_a_file_is_taken_once_it_stays_the_same(
    platform: Songhua, drop: tuple[DropWorker, Path]
) -> None:
    worker, folder = drop
    path = folder / "hours.csv"
    path.write_text(csv(1, 61))
    worker.once()
    assert path.exists()
    with path.open("a") as file:  # it still grows
        file.write(f"{SITE},2019-05-01 01:00:00,pm10,62\n")
    worker.stopping.wait(0.06)
    worker.once()
    assert path.exists()
    worker.stopping.wait(0.06)
    worker.once()
    assert not path.exists()
    told = report(folder / "done" / "hours.csv")
    assert (told["state"], told["new"], told["rejected"]) == ("done", 2, 0)
    assert platform.journal.read(told["journal"]) == (folder / "done" / "hours.csv").read_bytes()
    assert values(platform, hour(1), hours=2) == [(SITE, "pm10", 61), (SITE, "pm10", 62)]
    assert ImportFile.objects.get(journal_seq=told["journal"]).author.startswith("source:drop")


def test_half_files_and_hidden_ones_wait(drop: tuple[DropWorker, Path]) -> None:
    worker, folder = drop
    for name in ("a.csv.part", ".hidden.csv", "b.tmp"):
        (folder / name).write_text(csv(2, 1))
    rounds(worker, 3)
    assert sorted(one.name for one in folder.iterdir()) == [
        ".hidden.csv",
        "a.csv.part",
        "b.tmp",
        "done",
        "refused",
    ]
    (folder / "a.csv.part").rename(folder / "a.csv")
    rounds(worker)
    assert (folder / "done" / "a.csv").exists()


def test_the_same_file_again_is_not_twice_in_the_journal(
    platform: Songhua, drop: tuple[DropWorker, Path]
) -> None:
    worker, folder = drop
    (folder / "one.csv").write_text(csv(3, 5))
    rounds(worker)
    last = platform.journal.last_seq
    (folder / "one.csv").write_text(csv(3, 5))
    rounds(worker)
    assert platform.journal.last_seq == last
    assert (folder / "done" / "one.2.csv").exists()
    assert report(folder / "done" / "one.2.csv")["en"] == "This file was taken in before."


def test_what_cannot_be_used_lies_beside_its_reason(
    platform: Songhua, drop: tuple[DropWorker, Path], tmp_path: Path
) -> None:
    worker, folder = drop
    secret = tmp_path / "secret.csv"
    secret.write_text(csv(4, 99))
    (folder / "link.csv").symlink_to(secret)
    (folder / "folder.csv").mkdir()
    os.mkfifo(folder / "pipe.csv")
    (folder / "empty.csv").write_text("")
    (folder / "poem.csv").write_text("春眠不觉晓\n处处闻啼鸟\n")
    before = platform.journal.last_seq
    rounds(worker)
    assert sorted(one.name for one in folder.iterdir()) == ["done", "refused"]
    for name in ("link.csv", "folder.csv", "pipe.csv", "empty.csv", "poem.csv"):
        told = report(folder / "refused" / name)
        assert told["state"] == "refused"
        assert told["zh"]
        assert told["en"]
    assert platform.journal.last_seq == before
    assert secret.exists()
    assert values(platform, hour(4)) == []
    assert Source.objects.get(pk=worker.source.id).state.error_zh


def test_a_source_speaks_only_for_its_own_sites(
    platform: Songhua, drop: tuple[DropWorker, Path]
) -> None:
    worker, folder = drop
    (folder / "both.csv").write_text(csv(5, 7) + csv(5, 8, site=ELSEWHERE).split("\n", 1)[1])
    rounds(worker)
    told = report(folder / "done" / "both.csv")
    assert (told["new"], told["rejected"]) == (1, 1)
    assert values(platform, hour(5)) == [(SITE, "pm10", 7)]


def test_a_store_that_is_down_leaves_the_file_and_one_entry(
    platform: Songhua, drop: tuple[DropWorker, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    worker, folder = drop
    (folder / "late.csv").write_text(csv(6, 44))
    before = platform.journal.last_seq
    with monkeypatch.context() as down:

        def refuses(_frame: pl.DataFrame) -> None:
            raise ConnectionError("no shelf")

        down.setattr(platform.shelf, "save_observations", refuses)
        worker.once()
        worker.stopping.wait(0.06)
        for _ in range(3):
            with pytest.raises(ConnectionError):
                worker.once()
        assert (folder / "late.csv").exists()
    worker.once()
    assert (folder / "done" / "late.csv").exists()
    assert values(platform, hour(6)) == [(SITE, "pm10", 44)]
    assert len(list(platform.journal.entries(after=before, kinds=("file",)))) == 1


def test_a_name_leads_nowhere_else(drop: tuple[DropWorker, Path], tmp_path: Path) -> None:
    worker, folder = drop
    outside = tmp_path / "outside"
    outside.mkdir()
    (folder / "done").symlink_to(outside)
    (folder / "x.csv").write_text(csv(7, 1))
    with pytest.raises(Exception, match="not a folder"):
        worker.once()
    assert list(outside.iterdir()) == []


def test_the_home_of_the_platform_is_no_drop_folder(doors: Doors) -> None:
    home = doors.kit.home.parent
    for number, folder in enumerate((home, home / "journal", home.parent)):
        source = idle(f"home{number}", "drop", {"folder": str(folder)})
        with pytest.raises(BadInput, match="home"):
            DropWorker(source, doors.kit)
    assert (home / "journal").is_dir()


def test_the_register_starts_and_stops_a_source(doors: Doors, tmp_path: Path) -> None:
    folder = tmp_path / "live"
    folder.mkdir()
    broken = add("drop-broken", "drop", {"folder": "/nowhere/at/all", "every": 0.05})
    source = add("drop-live", "drop", {"folder": str(folder), "every": 0.05, "settle": 0.05})
    (folder / "live.csv").write_text(csv(8, 3))
    assert eventually(lambda: (folder / "done" / "live.csv.report.json").exists())
    assert eventually(
        lambda: SourceState.objects.filter(pk=broken.pk).exclude(error_en="").exists()
    )
    Source.objects.filter(pk__in=[source.pk, broken.pk]).update(active=False)
    assert eventually(lambda: Source.objects.get(pk=source.pk).state.state == "stopped")
    assert not {source.pk, broken.pk} & set(doors._workers)
