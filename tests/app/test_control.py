"""Commands hand their work to a running platform: one JSON line a message, over a local socket."""

import json
import socket
import stat
import tempfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from songhua.app.control import ControlServer, Report, hand_over, is_running, socket_path
from songhua.model import BadInput, UnknownName


def double(args: Mapping[str, Any], report: Report) -> Mapping[str, Any]:
    for done in range(3):
        report({"phase": "read", "done": done, "total": 3})
    return {"double": 2 * args["n"], "by": args["by"]}


def refuse(args: Mapping[str, Any], report: Report) -> Mapping[str, Any]:
    raise UnknownName("点位", "site", args["site"])


def read(args: Mapping[str, Any], report: Report) -> Mapping[str, Any]:
    return {"text": Path(args["path"]).read_text(encoding="utf-8")}


def fail(args: Mapping[str, Any], report: Report) -> Mapping[str, Any]:
    return {"quotient": 1 // args["n"]}


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    server = ControlServer(
        tmp_path, {"double": double, "refuse": refuse, "fail": fail, "read": read}
    )
    yield tmp_path
    server.close()


def unheard(step: Mapping[str, Any]) -> None:
    raise AssertionError(step)


def test_work_is_done_by_the_running_platform_and_its_progress_told(home: Path) -> None:
    steps: list[Mapping[str, Any]] = []
    result = hand_over(home, "double", {"n": 21, "by": "张工"}, steps.append)
    assert result == {"double": 42, "by": "张工"}
    assert [step["done"] for step in steps] == [0, 1, 2]


def test_what_was_wrong_comes_back_in_both_languages(home: Path) -> None:
    with pytest.raises(BadInput) as caught:
        hand_over(home, "refuse", {"site": "9999A"}, unheard)
    assert (caught.value.zh, caught.value.en) == ("没有这个点位：9999A。", "Unknown site: 9999A.")


@pytest.mark.parametrize(("work", "word"), [("fail", "ZeroDivisionError"), ("none", "KeyError")])
def test_a_fault_of_the_platform_is_said_and_stops_nothing(
    home: Path, work: str, word: str
) -> None:
    with pytest.raises(BadInput, match=word):
        hand_over(home, work, {"n": 0}, unheard)
    assert hand_over(home, "double", {"n": 1, "by": ""}, lambda _: None)["double"] == 2


def test_a_file_that_the_platform_cannot_read_is_said_to_be_so(home: Path) -> None:
    with pytest.raises(BadInput, match="FileNotFoundError"):
        hand_over(home, "read", {"path": str(home / "none")}, unheard)


def test_a_command_that_goes_away_stops_no_work(tmp_path: Path) -> None:
    gone, finished = threading.Event(), threading.Event()

    def slow(args: Mapping[str, Any], report: Report) -> Mapping[str, Any]:
        assert gone.wait(timeout=10)
        for done in range(100):
            report({"phase": "read", "done": done, "total": 100, "text": "x" * 10_000})
        finished.set()
        return {}

    server = ControlServer(tmp_path, {"slow": slow})
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(str(socket_path(tmp_path)))
        line.sendall(b'{"work": "slow", "args": {}}\n')
    gone.set()
    assert finished.wait(timeout=10)
    server.close()


def test_several_commands_are_served_at_once(home: Path) -> None:
    found: list[int] = []
    threads = [
        threading.Thread(
            target=lambda n=n: found.append(  # type: ignore[misc]
                hand_over(home, "double", {"n": n, "by": ""}, lambda _: None)["double"]
            )
        )
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=10)
    assert sorted(found) == [0, 2, 4, 6, 8, 10, 12, 14]


def test_only_its_own_user_can_reach_it(home: Path) -> None:
    assert stat.S_IMODE(socket_path(home).stat().st_mode) == 0o600


def test_rubbish_on_the_line_is_answered(home: Path) -> None:
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(str(socket_path(home)))
        line.sendall(b"\xff\x00 not json\n")
        answer = json.loads(line.makefile().readline())
    assert "内部错误" in answer["error"]["zh"]
    assert is_running(home)


def test_a_platform_that_stopped_is_not_running(tmp_path: Path) -> None:
    assert not is_running(tmp_path)
    ControlServer(tmp_path, {}).close()
    assert not is_running(tmp_path)
    assert not socket_path(tmp_path).exists()


def test_what_a_crash_left_of_the_socket_is_no_hindrance(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(socket_path(tmp_path)))
    assert socket_path(tmp_path).exists()
    assert not is_running(tmp_path)
    server = ControlServer(tmp_path, {"double": double})
    assert is_running(tmp_path)
    server.close()


def test_a_platform_that_dies_while_working_is_told_apart_from_success(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dying:
        dying.bind(str(socket_path(tmp_path)))
        dying.listen()

        def die() -> None:
            line, _ = dying.accept()
            with line:
                line.recv(1000)
                line.sendall(b'{"progress": {"done": 1}}\n')

        thread = threading.Thread(target=die)
        thread.start()
        steps: list[Mapping[str, Any]] = []
        with pytest.raises(BadInput, match="下次启动"):
            hand_over(tmp_path, "double", {"n": 1}, steps.append)
        thread.join(timeout=10)
    assert steps == [{"done": 1}]


@pytest.mark.parametrize("length", [60, 100, 101, 300])
def test_a_home_with_a_long_path_is_served_too(length: int) -> None:
    """The system allows a socket no more than about 107 bytes of path."""
    with tempfile.TemporaryDirectory(prefix="s") as root:
        home = Path(root)
        while len(str(home)) < length - len("/songhua.sock"):
            left = length - len("/songhua.sock") - len(str(home)) - 1
            home /= "长" if left == 0 else "h" * max(1, min(left, 80))
        home.mkdir(parents=True)
        server = ControlServer(home, {"double": double})
        try:
            assert len(str(socket_path(home)).encode()) <= 107
            assert hand_over(home, "double", {"n": 2, "by": ""}, lambda _: None)["double"] == 4
        finally:
            server.close()


def test_a_path_of_chinese_words_is_measured_in_bytes() -> None:
    home = Path("/srv") / "松花江流域生态环境监测平台数据目录" / "吉林省生态环境监测中心" / "空气"
    assert len(str(home / "songhua.sock")) < 70
    assert len(str(home / "songhua.sock").encode()) > 107
    assert len(str(socket_path(home)).encode()) <= 107
