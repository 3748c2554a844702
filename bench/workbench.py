"""The reviewer's bench with a million values: first paint, and frames while it pans and zooms.

A platform of its own with a million minutes of one site, and the Chromium of this machine. Paint
is counted from the click that opens the page until the chart stands; frames while the pointer
drags and the wheel turns, everything in view and then a day.
"""

import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from playwright.sync_api import Page, sync_playwright

from songhua.store import open_shelf

POINTS = 1_000_000
SITE, QUANTITY = "1121A", "pm10"
FIRST = datetime(2018, 1, 1, tzinfo=UTC) - timedelta(hours=8)
PASSWORD = "gold-pine-7-river"  # noqa: S105 - of a platform that lives a minute
_ROOT = Path(__file__).parents[1]
_ARGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
_TIMES = 5
_SECONDS = 4.0
_COUNT = """() => {
  const plain = CanvasRenderingContext2D.prototype.clearRect;
  window.drawn = 0;
  CanvasRenderingContext2D.prototype.clearRect = function (...box) {
    if (this.canvas.id === "plot") window.drawn += 1;
    return plain.apply(this, box);
  };
}"""
_MOVE = """([seconds, turns]) => new Promise((done) => {
  const canvas = document.getElementById("plot");
  const box = canvas.getBoundingClientRect();
  const at = [];
  const before = window.drawn;
  const end = performance.now() + seconds * 1000;
  const tick = (now) => {
    at.push(now);
    if (now > end) return done({ at, drawn: window.drawn - before });
    const step = at.length;
    const shared = { bubbles: true, cancelable: true, pointerId: 1, pointerType: "mouse" };
    shared.clientY = box.top + 150;
    if (turns) {
      const told = { ...shared, clientX: box.left + 500, deltaY: step % 120 < 60 ? -30 : 30 };
      canvas.dispatchEvent(new WheelEvent("wheel", told));
    } else {
      const clientX = box.left + box.width * (0.5 + 0.35 * Math.sin(step / 20));
      canvas.dispatchEvent(new PointerEvent("pointermove", { ...shared, clientX }));
    }
    requestAnimationFrame(tick);
  };
  requestAnimationFrame(tick);
})"""


def values(points: int) -> pl.DataFrame:
    """Return minutes with a daily course, noise and spikes: the shelf's rows."""
    rng, x = np.random.default_rng(7), np.arange(points)
    course = 60 + 30 * np.sin(x / 1440 * 2 * np.pi) + rng.normal(0, 6, points)
    spikes = (rng.random(points) < 1e-4) * rng.uniform(200, 900, points)
    times = pl.datetime_range(
        FIRST, FIRST + timedelta(minutes=points - 1), "1m", eager=True, time_unit="us"
    )
    return pl.DataFrame(
        {"time": times, "value": np.clip(np.round(course + spikes), 0, None)}
    ).with_columns(
        site=pl.lit(SITE),
        quantity=pl.lit(QUANTITY),
        period=pl.lit("minute"),
        revision=pl.lit(1, pl.UInt64),
        mark=pl.lit(""),
        reason=pl.lit(""),
        author=pl.lit(""),
        recorded_at=pl.lit(FIRST),
    )


def verdicts(rows: pl.DataFrame) -> pl.DataFrame:
    """Return what checks would say of the spikes."""
    return rows.filter(pl.col("value") > 200).select(
        "period",
        "time",
        scope="quantity",
        subject="site",
        verdict=pl.lit(3, pl.UInt8),
        evidence=pl.lit("pm10-spike=suspect(400)"),
        cause=pl.lit(1, pl.UInt64),
        code=pl.lit("bench"),
        computed_at=pl.lit(FIRST),
    )


def fill(home: Path, points: int) -> None:
    """Make a platform with one reviewer and the values."""
    env = _env(home)
    for command in (["migrate"], ["user", "add", "bench", "--role", "analyst"]):
        subprocess.run(
            [*_songhua(), *command],
            env=env,
            input=f"{PASSWORD}\n{PASSWORD}\n",
            text=True,
            check=True,
            capture_output=True,
        )
    script = "from songhua.app.wiring import set_up; set_up()\n" + (
        "from pathlib import Path\nfrom songhua.store.registry import records\n"
        f"records.seed(); records.load_sites(Path({str(_ROOT / 'demo' / 'sites.csv')!r}))"
    )
    subprocess.run([sys.executable, "-c", script], env=env, check=True, capture_output=True)
    shelf = open_shelf(f"chdb://{home / 'observations'}")
    shelf.migrate()
    rows = values(points)
    shelf.save_observations(rows)
    shelf.save_verdicts(verdicts(rows))
    shelf.close()


def measure(points: int = POINTS) -> dict[str, Any]:
    """Return seconds to the first paint, and frames a second, of a bench with some values."""
    home = Path(tempfile.mkdtemp(prefix="songhua-bench-"))
    platform = None
    try:
        fill(home, points)
        port = _free_port()
        platform = subprocess.Popen(
            [*_songhua(), "run", "--port", str(port)],
            env=_env(home),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        url = f"http://127.0.0.1:{port}"
        _wait(url)
        return {"points": points, **_looked_at(url, points)}
    finally:
        if platform is not None:
            platform.terminate()
            platform.wait(timeout=30)
        shutil.rmtree(home, ignore_errors=True)


def _looked_at(url: str, points: int) -> dict[str, Any]:
    last = (FIRST + timedelta(hours=8, minutes=points - 1)).date().isoformat()
    query = f"site={SITE}&q={QUANTITY}&period=minute&from=2018-01-01&to={last}"
    with sync_playwright() as play:
        program = shutil.which("chromium") or play.chromium.executable_path
        browser = play.chromium.launch(executable_path=program, args=_ARGS)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"{url}/login/")
        page.fill("input[name=username]", "bench")
        page.fill("input[name=password]", PASSWORD)
        page.press("input[name=password]", "Enter")
        page.wait_for_load_state("networkidle")
        cold, *paints = [_paint(page, f"{url}/review/bench/?{query}") for _ in range(_TIMES + 1)]
        page.evaluate(_COUNT)
        found = {
            "paint, first visit": cold,
            "paint": statistics.median(paints),
            "slowest paint": max(paints),
        }
        page.mouse.move(700, 400)
        page.mouse.wheel(0, -120)  # some room to pan
        found["pan, nearly all"] = _frames(page)
        found["zoom, all"] = _frames(page, turns=True)
        page.keyboard.press("0")
        for _ in range(9):
            page.locator("[data-do=closer]").click()
        found["pan, a day"] = _frames(page)
        browser.close()
    return found


def _paint(page: Page, address: str) -> float:
    """Return seconds from the start of the navigation until the chart stands."""
    page.goto(address, wait_until="commit")
    entry = "performance.getEntriesByName('songhua-bench-painted')[0]?.startTime ?? 0"
    until = time.monotonic() + 60
    while not (painted := float(page.evaluate(entry))) and time.monotonic() < until:
        time.sleep(0.05)
    seconds = painted / 1000 or float("inf")
    page.wait_for_load_state("networkidle")
    return seconds


def _frames(page: Page, *, turns: bool = False) -> dict[str, float]:
    """Return frames a second and the longest wait [ms] while the chart is moved every frame."""
    box = page.locator("#plot").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 150)
    if not turns:
        page.mouse.down()
    found = page.evaluate(_MOVE, [_SECONDS, turns])
    if not turns:
        page.mouse.up()
    gaps = np.diff(np.asarray(found["at"]))
    return {
        "frames/s": round(1000 / float(gaps.mean()), 1),
        "charts drawn/s": round(1000 * found["drawn"] / float(gaps.sum()), 1),
        "95 % [ms]": round(float(np.quantile(gaps, 0.95)), 1),
        "longest [ms]": round(float(gaps.max()), 1),
    }


def _songhua() -> list[str]:
    return [str(Path(sys.executable).with_name("songhua"))]


def _env(home: Path) -> dict[str, str]:
    own = {k: v for k, v in os.environ.items() if not k.startswith(("SONGHUA_", "DJANGO_"))}
    return {**own, "SONGHUA_HOME": str(home)}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(url: str) -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(f"{url}/login/", timeout=5):  # noqa: S310 - our own address
                return
        except OSError:
            time.sleep(0.3)
    raise TimeoutError(url)


def main() -> None:
    """Measure and print."""
    found = measure()
    print(f"{found['points']:,} values; load of the machine {os.getloadavg()[0]:.1f}")
    for name, one in found.items():
        if name != "points":
            print(f"{name:<16} {json.dumps(one) if isinstance(one, dict) else f'{one:.2f} s'}")


if __name__ == "__main__":
    main()
