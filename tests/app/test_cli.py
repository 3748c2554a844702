"""The command line as people type it: what it prints, and 2 with words in both languages."""

import csv
import io
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

import pytest

from songhua.app.cli import main
from songhua.app.control import ControlServer
from songhua.app.platform import Songhua
from songhua.app.works import works
from songhua.model import Period
from songhua.store.registry.models import ImportFile, User
from tests.conftest import PASSWORD, data_of

EXAMPLES = Path(__file__).parents[1] / "reference/air/worked-examples.csv"
QUANTITIES = {"pm25": "pm2_5"} | {key: key for key in ("pm10", "so2", "no2", "co", "o3")}
HAN = re.compile("[\u4e00-\u9fff]")
WORDS = re.compile("[A-Za-z]{3}")


class Ran(NamedTuple):
    """What a command said and how it ended."""

    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in this process: ``run("law", "list")``."""

    def ran(*args: object, stdin: str = "") -> Ran:
        monkeypatch.setenv("COLUMNS", "300")
        monkeypatch.setattr(sys, "argv", ["songhua", *map(str, args)])
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        capsys.readouterr()
        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        else:
            code = 0
        return Ran(code, *capsys.readouterr())

    return ran


@pytest.fixture(scope="module")
def served(platform: Songhua) -> Iterator[Songhua]:
    """A platform that runs: commands hand their work over to it."""
    from django.conf import settings

    server = ControlServer(settings.SONGHUA_HOME, works(platform))
    yield platform
    server.close()


# The law


def test_the_law_is_listed_with_the_days_it_holds(run: Run) -> None:
    ran = run("law", "list")
    assert ran.code == 0
    for code in (
        "GB 3095—2012",
        "GB 3095—2026",
        "HJ 633—2012",
        "HJ 633—2026",
        "HJ 663—2013",
        "HJ 663—2026",
    ):
        assert code in ran.out
    assert "2026-03-01" in ran.out


@pytest.mark.parametrize(
    ("day", "there", "gone"),
    [
        ("2026-02-28", "HJ 633—2012", "HJ 633—2026"),
        ("2026-03-01", "HJ 633—2026", "HJ 633—2012"),
    ],
)
def test_a_day_has_one_edition(run: Run, day: str, there: str, gone: str) -> None:
    out = run("law", "list", "--on", day).out
    assert there in out
    assert gone not in out


def test_an_edition_is_shown_with_its_numbers(run: Run) -> None:
    ran = run("law", "show", "hj_633", 2012)
    assert ran.code == 0
    assert "环境空气质量指数（AQI）技术规定" in ran.out
    for number in ("35", "75", "115", "150", "250", "350"):  # PM₂.₅ by the day
        assert re.search(rf"\b{number}\b", ran.out)


def test_an_edition_is_printed_in_the_language_chosen_with_notes_and_clauses(run: Run) -> None:
    zh, en = (run("law", "show", "gb_3095", 2026, "--lang", lang).out for lang in ("zh", "en"))
    assert "苯并[a]芘 BaP 年平均" in zh
    assert "※ 氮氧化物 NOₓ 年平均：表2 注 a：2030年12月31日前为 50" in zh
    assert "表1 过渡阶段（2026年3月1日至2030年12月31日）" in zh
    assert not HAN.search(en)
    assert "※ 4.4 (verified): Transition limits hold to 31 Dec 2030" in en
    assert "table 2 from 2031 (from 1 Jan 2031)" in en
    assert "note b: 100 until 31 Dec 2030" in en
    assert not HAN.search(run("law", "diff", "hj_633", 2012, 2026, "--lang", "en").out)
    assert "nationwide from 1 Jan 2016" in run("law", "show", "hj_633", 2012, "--lang", "en").out
    assert "Technical regulation" in run("law", "list", "--lang", "en").out


def test_what_changed_between_two_editions_is_shown(run: Run) -> None:
    """PM₂.₅ by the day, IAQI 100: 75 became 60; PM₁₀: 150 became 120."""
    rows = run("law", "diff", "hj_633", 2012, 2026).out.splitlines()
    assert any(re.search(r"\b75\b.*\b60\b", line) for line in rows)
    assert any(re.search(r"\b150\b.*\b120\b", line) for line in rows)
    assert "没有变化" in run("law", "diff", "hj_633", 2026, 2026).out


# Assessment of files


def worked(kind: str) -> list[dict[str, str]]:
    lines = EXAMPLES.read_text(encoding="utf-8").splitlines()
    rows = csv.DictReader(line for line in lines if not line.startswith("#"))
    return [row for row in rows if row["kind"] == kind]


@pytest.mark.parametrize("edition", ["2012", "2026"])
def test_the_worked_examples_come_out_of_the_command(
    run: Run, tmp_path: Path, edition: str
) -> None:
    rows = [row for row in worked("aqi_hourly") if row["standard"].endswith(edition)]
    assert len(rows) > 3
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    with source.open("w", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["site", "time", *QUANTITIES.values()])
        for row in rows:
            end = datetime.fromisoformat(row["time"])  # published: the hour's end
            start = (end - timedelta(hours=1)).isoformat(timespec="minutes")
            table.writerow([row["id"], start, *(row[name] for name in QUANTITIES)])
    ran = run("assess", "air", source, "--period", "hour", "--on-edition", edition, "--out", out)
    assert ran.code == 0
    assert f"{len(rows)} rows" in ran.err
    found = list(csv.DictReader(out.read_text(encoding="utf-8").splitlines()))
    assert list(found[0]) == [
        *("site", "time", "edition", "aqi", "level", "primary"),
        *(f"iaqi_{key}" for key in ("so2", "no2", "co", "o3", "pm10", "pm2_5")),
    ]
    for one, expected in zip(found, rows, strict=True):
        assert one["aqi"] == expected["expected_aqi"], expected["id"]
        said = expected["expected_primary"].lower().replace("pm25", "pm2_5")
        assert set(one["primary"].split("+")) == set(said.split("+")), expected["id"]


def test_a_cell_that_is_no_number_is_pointed_at(run: Run, tmp_path: Path) -> None:
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("site,time,pm10,pm2_5\na,2020-04-04T11:00,abc,47\n", encoding="utf-8")
    ran = run("assess", "air", source, "--period", "hour", "--out", out)
    assert ran.code == 0
    assert "第 2 行 line 2: pm10 = 'abc'" in ran.err


def test_a_row_with_an_open_quote_is_pointed_at_and_the_others_are_assessed(
    run: Run, tmp_path: Path
) -> None:
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    rows = 'a,20200404T1100,150\n"[b],2020-04-04T11:00,150\nc,2020-04-04T24:00,150\n'
    source.write_text(f"site,time,pm10\n{rows}", encoding="utf-8")
    ran = run("assess", "air", source, "--period", "hour", "--out", out)
    assert ran.code == 0
    assert '第 3 行 line 3: "[b],2020-04-04T11:00,150' in ran.err
    assert "1 rows with misplaced quotes" in ran.err
    with out.open(encoding="utf-8", newline="") as file:
        assert [row["aqi"] for row in csv.DictReader(file)] == ["100", "", "100"]


# Data in


def test_a_trial_says_what_would_happen_and_keeps_nothing(
    run: Run, served: Songhua, tmp_path: Path
) -> None:
    path = tmp_path / "hours.csv"
    path.write_text(
        "站点编码,时间,PM2.5\n1121A,2020-04-04 12:00,47\n9999A,2020-04-04 12:00,3\n",
        encoding="gb18030",
    )
    ran = run("import", path, "--dry-run")
    assert ran.code == 0
    assert "将会 would 新增 new 1 · 修订 changed 0 · 未变 same 0 · 拒收 rejected 1" in ran.out
    assert "第 3 行 line: " in ran.out
    assert len(data_of(served)) == 0
    assert not ImportFile.objects.exists()


def test_files_come_in_and_their_rejects_can_be_read(
    run: Run, served: Songhua, tmp_path: Path
) -> None:
    path, mapping = tmp_path / "april.csv", tmp_path / "map.toml"
    path.write_text(
        "site,hour,dust\n1121A,2020-04-04T11:00,273\n1121A,2020-04-04T12:00,abc\n",
        encoding="utf-8",
    )
    mapping.write_text(
        'layout = "wide"\ntime = "hour"\nsite = "site"\n[quantities]\ndust = "pm10"\n',
        encoding="utf-8",
    )
    ran = run("import", path, "--mapping", mapping, "--author", "张工")
    assert ran.code == 0
    assert "新增 new 1 · 修订 changed 0 · 未变 same 0 · 拒收 rejected 1" in ran.out
    assert ImportFile.objects.get(name="april.csv").author == "张工"
    assert "此前已导入" in run("import", path, "--mapping", mapping).out
    rejects = run("rejects").out
    assert "not_a_number" in rejects
    assert "1121A,2020-04-04T12:00,abc" in rejects
    assert "没有拒收的行" in run("rejects", 999).out


def test_a_correction_is_made_and_its_effects_told(run: Run, served: Songhua) -> None:
    ran = run(
        *("correct", "1121A", "pm10", "2020-04-04T11:00", "120"),
        *("--reason", "仪器校准后更正", "--author", "李工"),
    )
    assert ran.code == 0
    assert "1121A pm10 2020-04-04T11:00：273 → 120" in ran.out
    assert "1121A hour AQI 162 → 85" in ran.out
    at = datetime(2020, 4, 4, 3, tzinfo=UTC)
    history = served.shelf.observation_history(
        site="1121A", quantity="pm10", period="hour", time=at
    )
    assert history.select("value", "reason", "author").rows()[-1] == (
        120.0,
        "仪器校准后更正",
        "李工",
    )
    assert run("correct", "1121A", "pm10", "2020-04-04T11:00", "none", "--reason", "校零").code == 0
    now = served.shelf.observations(period="hour", span=Period(at, at + timedelta(hours=1)))
    assert now["value"].to_list() == [None]


@pytest.mark.chdb
def test_the_detectors_run_on_what_the_platform_holds(run: Run, served: Songhua) -> None:
    ran = run("fraud", "--platform", "--start", "2020-04-01", "--end", "2020-04-30")
    assert ran.code == 0, ran.err
    assert re.search(r"条线索，其中新线索 \d+ 条", ran.err)
    late = run("fraud", "--platform", "--start", "2020-04-01", "--end", "2020-12-31")
    assert (late.code, "100 天" in late.err, "100 days" in late.err) == (2, True, True)
    for wrong in (("fraud",), ("fraud", "--platform", "x.csv"), ("fraud", "x.csv")):
        assert run(*wrong).code == 2


def test_the_doctor_says_what_there_is(run: Run, served: Songhua) -> None:
    ran = run("doctor")
    assert ran.code == 0
    assert "✗" not in ran.out
    for word in ("chdb", "sqlite", "Home ", "Journal: ", "4 users"):
        assert word in ran.out


def test_a_replay_says_how_much_it_did(run: Run, served: Songhua) -> None:
    before = len(data_of(served))
    ran = run("replay")
    assert (ran.code, len(data_of(served))) == (0, before)
    assert "Replayed 3 entries" in ran.out


def test_a_person_is_registered_with_a_password_from_the_input(run: Run, served: Songhua) -> None:
    ran = run(
        "user", "add", "wang", "--role", "operator", "--region", 220200, stdin=PASSWORD + "\n"
    )
    assert (ran.code, ran.err) == (0, "")
    user = User.objects.get(username="wang")
    assert (user.role, user.region_id, user.is_staff) == ("operator", "220200", False)
    assert user.check_password(PASSWORD)
    assert PASSWORD not in ran.out


# What cannot be done

BAD = [
    ("law", "show", "hj_999", 2012),
    ("law", "show", "hj_633", 1999),
    ("law", "diff", "hj_633", 2012, 1999),
    ("law", "list", "--on", "yesterday"),
    ("assess", "air", "/none/in.csv", "--period", "hour", "--out", "/none/out.csv"),
    ("import", "/none/file.csv"),
    ("import", __file__, "--mapping", "/none/map.toml"),
    ("import", __file__),
    ("correct", "9999A", "pm10", "2020-04-04T11:00", "1", "--reason", "x"),
    ("correct", "1121A", "cs2", "2020-04-04T11:00", "1", "--reason", "x"),
    ("correct", "1121A", "pm10", "noon", "1", "--reason", "x"),
    ("correct", "1121A", "pm10", "2020-04-04T11:00", "much", "--reason", "x"),
    ("correct", "1121A", "pm10", "2020-04-04T11:00", "nan", "--reason", "x"),
    ("correct", "1121A", "pm10", "2020-04-04T11:00", "-5", "--reason", "x"),
    ("correct", "1121A", "pm10", "2020-04-04T11:30", "1", "--reason", "x"),
    ("correct", "1121A", "pm10", "2020-04-04T11:00", "1", "--reason", " "),
    ("user", "add", "x1", "--role", "king"),
    ("user", "add", "x1", "--role", "viewer", "--region", "999999"),
    ("user", "add", "viewer", "--role", "viewer"),
    ("user", "add", "x1", "--role", "viewer"),
]


@pytest.mark.parametrize("args", BAD, ids=lambda args: " ".join(map(str, args))[:60])
def test_what_cannot_be_done_ends_with_2_and_says_why_in_both_languages(
    run: Run, served: Songhua, args: tuple[object, ...]
) -> None:
    before = len(data_of(served))
    ran = run(*args, stdin="short\n")
    assert ran.code == 2
    assert ran.err.startswith("✗ ")
    assert HAN.search(ran.err)
    assert WORDS.search(ran.err)
    assert "Traceback" not in ran.err
    assert len(data_of(served)) == before


@pytest.mark.parametrize("command", ["run", "demo"])
def test_a_port_that_is_taken_is_said_so_with_another_to_try(run: Run, command: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ran = run(command, "--port", port)
    assert ran.code == 2
    assert f"127.0.0.1:{port}" in ran.err
    assert f"PORT={port + 1}" in ran.err


def test_the_version_and_the_commands_are_said(run: Run) -> None:
    assert re.fullmatch(r"songhua \d+\.\d+\.\d+\n", run("--version").out)
    out = run("--help").out
    for command in ("import", "rejects", "correct", "assess", "law", "doctor", "run", "demo"):
        assert command in out


def test_who_imports_the_package_gets_its_types() -> None:
    assert files("songhua").joinpath("py.typed").is_file()


@pytest.mark.chdb
@pytest.mark.slow
def test_without_a_platform_running_commands_open_the_stores_themselves(tmp_path: Path) -> None:
    own = {k: v for k, v in os.environ.items() if not k.startswith(("SONGHUA_", "DJANGO_"))}
    own |= {"SONGHUA_HOME": str(tmp_path / "长春" / "home"), "COLUMNS": "200"}
    program = Path(sys.executable).with_name("songhua")

    def command(*args: str, said: str = "") -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [str(program), *args], env=own, input=said, text=True, capture_output=True, timeout=120
        )

    first = command("doctor")
    assert first.returncode == 0, first.stderr
    assert "0 users" in first.stdout
    added = command("user", "add", "li", "--role", "viewer", said=f"{PASSWORD}\n")
    assert added.returncode == 0, added.stderr
    again = command("doctor")
    assert "1 users" in again.stdout
    refused = command("correct", "1121A", "pm10", "2020-04-04T11:00", "1", "--reason", "x")
    assert (refused.returncode, "Unknown site: 1121A." in refused.stderr) == (2, True)
