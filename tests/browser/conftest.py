"""The demo in a real Chromium: no network but its own, no message on the console."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Page,
    Playwright,
    Route,
    expect,
    sync_playwright,
)

ROOT = Path(__file__).parents[2]
_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--enable-unsafe-swiftshader",  # WebGL without a graphics card
]
_START_S = 180.0

OpenPage = Callable[..., Page]


@pytest.fixture(scope="session")
def live_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the demo of this session keeps its data."""
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="session")
def live_url(live_home: Path) -> Iterator[str]:
    """Address of a demo with the real observations, started for this session."""
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    own = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("SONGHUA_", "DJANGO_"))
    }
    log = live_home / "demo.log"
    with log.open("wb") as out:
        demo = subprocess.Popen(
            [
                str(Path(sys.executable).with_name("songhua")),
                "demo",
                "--port",
                str(port),
                "--playback",
                "0",
            ],
            cwd=ROOT,
            env={**own, "SONGHUA_HOME": str(live_home)},
            stdout=out,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait(url, demo, log)
            yield url
        finally:
            demo.terminate()
            demo.wait(timeout=30)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Return one Chromium for the session."""
    with sync_playwright() as play:
        program = _chromium() or _own_of(play)
        if program is None:
            if os.environ.get("CI"):
                pytest.fail("no Chromium found: CI must have one")
            pytest.skip("no Chromium found")
        opened = play.chromium.launch(executable_path=program, args=_ARGS)
        yield opened
        opened.close()


@pytest.fixture
def open_page(browser: Browser, live_url: str) -> Iterator[OpenPage]:
    """Open a path in a window of its own; afterwards nothing may have been complained about.

    ``open_page("/", width=390, height=844, language="en", dark=True, script=…)``
    """
    faults: list[str] = []
    contexts: list[Any] = []

    def opened(
        path: str,
        *,
        width: int = 1440,
        height: int = 900,
        language: str = "zh-hans",
        dark: bool = False,
        before: Callable[[Page], None] | None = None,
    ) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            locale="en-GB" if language == "en" else "zh-CN",
            timezone_id="America/New_York",  # readers anywhere see Beijing's clock
            has_touch=width < 500,
            base_url=live_url,
        )
        contexts.append(context)
        context.add_cookies([{"name": "django_language", "value": language, "url": live_url}])
        page = context.new_page()
        page.on("console", lambda message: _note(faults, message))
        page.on("pageerror", lambda fault: faults.append(f"error: {fault}"))
        page.route("**/*", lambda route: _local(route, live_url, faults))
        if before is not None:
            before(page)
        page.goto(path, wait_until="networkidle")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert faults == []


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    """Return the map at 1440 × 900, Chinese, light, at an hour whose figures were published."""
    opened = open_page("/?t=2020-04-04T11")
    expect(opened.locator("#now")).to_have_text("4月4日 11–12 时")
    return opened


def _chromium() -> str | None:
    """Return the machine's Chromium; what only stands in for a snap tells no version."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        program = shutil.which(name)
        if program and not subprocess.run([program, "--version"], capture_output=True).returncode:
            return program
    return None


def _own_of(play: Playwright) -> str | None:
    program = play.chromium.executable_path
    return program if Path(program).is_file() else None


def _note(faults: list[str], message: ConsoleMessage) -> None:
    own = ("GPU stall due to ReadPixels", "409 (Conflict)")
    if not any(one in message.text for one in own):  # the software renderer; a told conflict
        faults.append(f"{message.type}: {message.text}")


def _local(route: Route, live_url: str, faults: list[str]) -> None:
    if route.request.url.startswith((live_url, "data:", "blob:")):
        route.continue_()
    else:
        faults.append(f"left the machine: {route.request.url}")
        route.abort()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(url: str, demo: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + _START_S
    while time.monotonic() < until:
        if demo.poll() is not None:
            pytest.fail(f"the demo ended by itself:\n{log.read_text(encoding='utf-8')[-2000:]}")
        try:
            with urllib.request.urlopen(f"{url}/login/", timeout=5):  # noqa: S310 - our own address
                return
        except OSError:
            time.sleep(0.5)
    pytest.fail(f"the demo did not start:\n{log.read_text(encoding='utf-8')[-2000:]}")
