"""Long work in the background: one at a time, with progress, faults in words, and a way to stop."""

import threading
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from songhua.api.ports import ImportOrder, Job
from songhua.app.jobs import Jobs, Report, Stopped
from songhua.app.platform import Songhua, silent
from songhua.model import BEIJING, BadInput, Period
from songhua.store.registry.models import ImportFile
from tests.flow.deliveries import WIDE


@pytest.fixture
def jobs() -> Iterator[Jobs]:
    opened = Jobs()
    yield opened
    opened.close()


def ended(jobs: Jobs, job_id: str) -> Job:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        job = jobs.find(job_id)
        assert job is not None
        if job.state in {"done", "failed"}:
            return job
        time.sleep(0.01)
    raise AssertionError(job)


def test_a_job_tells_how_far_it_is_and_what_came_of_it(jobs: Jobs) -> None:
    half, go = threading.Event(), threading.Event()

    def work(report: Report) -> Mapping[str, Any]:
        report({"phase": "read", "done": 5, "total": 10})
        half.set()
        assert go.wait(timeout=10)
        return {"new": 10}

    job_id = jobs.start("import", work)
    assert half.wait(timeout=10)
    job = jobs.find(job_id)
    assert job is not None
    assert (job.state, job.phase, job.done, job.total) == ("running", "read", 5, 10)
    go.set()
    job = ended(jobs, job_id)
    assert (job.state, job.result, job.error_zh) == ("done", {"new": 10}, "")
    assert job.seconds == jobs.find(job_id).seconds  # type: ignore[union-attr]  # its clock stands


def test_jobs_run_one_after_another_in_the_order_they_came(jobs: Jobs) -> None:
    running, most, order = 0, 0, []

    def work(number: int) -> Mapping[str, Any]:
        nonlocal running, most
        running += 1
        most = max(most, running)
        order.append(number)
        time.sleep(0.01)
        running -= 1
        return {}

    ids = [jobs.start("import", lambda _, n=n: work(n)) for n in range(5)]  # type: ignore[misc]
    assert [ended(jobs, job_id).state for job_id in ids] == ["done"] * 5
    assert (most, order) == (1, [0, 1, 2, 3, 4])


def test_what_went_wrong_is_said_in_both_languages(jobs: Jobs) -> None:
    def refuse(_: Report) -> Mapping[str, Any]:
        raise BadInput("文件是空的。", "The file is empty.")

    job = ended(jobs, jobs.start("import", refuse))
    assert (job.state, job.error_zh, job.error_en) == (
        "failed",
        "文件是空的。",
        "The file is empty.",
    )


def test_a_fault_in_one_job_stops_no_other(jobs: Jobs) -> None:
    def fail(_: Report) -> Mapping[str, Any]:
        return {"quotient": 1 // 0}

    job = ended(jobs, jobs.start("import", fail))
    assert job.state == "failed"
    assert "ZeroDivisionError" in job.error_zh
    assert ended(jobs, jobs.start("import", lambda _: {"new": 1})).state == "done"


def test_a_job_that_waits_can_be_stopped_before_it_begins(jobs: Jobs) -> None:
    go = threading.Event()

    def wait(_: Report) -> Mapping[str, Any]:
        return {"went": go.wait(timeout=10)}

    def work(report: Report) -> Mapping[str, Any]:
        report({"phase": "read"})
        raise AssertionError

    first, second = jobs.start("import", wait), jobs.start("import", work)
    jobs.stop(second)
    go.set()
    assert ended(jobs, first).state == "done"
    job = ended(jobs, second)
    assert (job.state, job.error_zh, job.error_en) == ("failed", "已停止。", "Stopped.")


def test_a_job_nobody_knows_is_none(jobs: Jobs) -> None:
    assert jobs.find("7" * 32) is None
    jobs.stop("7" * 32)


def test_a_closing_platform_waits_for_the_step_under_way_and_begins_no_other() -> None:
    jobs = Jobs()
    begun, steps = threading.Event(), []

    def work(report: Report) -> Mapping[str, Any]:
        for step in range(1000):
            report({"phase": "read", "done": step})
            steps.append(step)
            begun.set()
            time.sleep(0.01)
        return {}

    first, second = jobs.start("import", work), jobs.start("import", work)
    assert begun.wait(timeout=10)
    jobs.close()
    told = [jobs.find(first), jobs.find(second)]
    assert [job.state for job in told if job] == ["failed", "waiting"]
    count = len(steps)
    time.sleep(0.05)
    assert len(steps) == count < 1000


# An import as a job, on real stores


def order(folder: Path, month: int) -> ImportOrder:
    path = folder / f"month_{month}.csv"
    hours = [f"2019-{month:02d}-{d:02d} {h:02d}:00" for d in range(1, 29) for h in range(24)]
    rows = [f"{site},{hour},5,20,0.5,60,70,35" for hour in hours for site in ("2229A", "2230A")]
    path.write_text("\n".join(["site,time,so2,no2,co,o3,pm10,pm2_5", *rows]), encoding="utf-8")
    return ImportOrder(path, path.name, WIDE, "analyst")


def results(platform: Songhua, month: int) -> dict[str, int]:
    """Return how many site hours, site days, city days and city months have results."""
    start = datetime(2019, month, 1, tzinfo=BEIJING).astimezone(UTC)
    month_long = Period(start, start + timedelta(days=28))
    shelf = platform.shelf
    return {
        "hours": shelf.air_index(period="hour", scope="site", span=month_long)["aqi"].count(),
        "days": shelf.air_index(period="day", scope="site", span=month_long)["aqi"].count(),
        "city days": shelf.air_index(period="day", scope="city", span=month_long)["aqi"].count(),
        "months": shelf.air_summary(period="month", scope="city", span=month_long)[
            "composite"
        ].count(),
    }


ALL = {"hours": 2 * 28 * 24, "days": 2 * 28, "city days": 28, "months": 1}


def stopping_at(phase: str) -> Report:
    def report(step: Mapping[str, Any]) -> None:
        if step["phase"] == phase:
            raise Stopped

    return report


@pytest.mark.chdb
@pytest.mark.slow
def test_an_import_in_the_background_ends_with_its_counts(
    platform: Songhua, tmp_path: Path
) -> None:
    job = ended(platform.jobs, platform.import_file(order(tmp_path, 1)))
    assert (job.state, job.error_en) == ("done", "")
    assert job.result["new"] == 2 * 28 * 24 * 6
    assert results(platform, 1) == ALL


@pytest.mark.chdb
@pytest.mark.slow
def test_a_file_stopped_before_it_is_in_the_journal_leaves_nothing(
    platform: Songhua, tmp_path: Path
) -> None:
    before = platform.journal.last_seq
    with pytest.raises(Stopped):
        platform.run_import(order(tmp_path, 2), stopping_at("journal"))
    assert platform.journal.last_seq == before
    assert not ImportFile.objects.filter(name="month_2.csv").exists()


@pytest.mark.chdb
@pytest.mark.slow
def test_what_a_stopped_import_brought_is_assessed_and_can_be_sent_again(
    platform: Songhua, tmp_path: Path
) -> None:
    with pytest.raises(Stopped):
        platform.run_import(order(tmp_path, 3), stopping_at("read"))
    stopped = ImportFile.objects.get(name="month_3.csv")
    assert (stopped.state, stopped.fault) == ("failed", "已停止。\nStopped.")
    assert stopped.rows_new == 2 * 28 * 24 * 6  # the file has one batch
    assert results(platform, 3) == ALL

    again = platform.run_import(order(tmp_path, 3), silent)
    assert (again["new"], again["same"]) == (0, 2 * 28 * 24 * 6)
    assert results(platform, 3) == ALL


@pytest.mark.chdb
@pytest.mark.slow
@pytest.mark.parametrize(("month", "phase"), [(4, "hours"), (5, "days"), (7, "periods")])
def test_once_the_rows_are_in_all_that_rests_on_them_is_assessed(
    platform: Songhua, tmp_path: Path, month: int, phase: str
) -> None:
    platform.run_import(order(tmp_path, month), stopping_at(phase))
    assert ImportFile.objects.get(name=f"month_{month}.csv").state == "done"
    assert results(platform, month) == ALL
