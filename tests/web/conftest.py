"""Pages and their API without an engine: a real registry, and a shelf of real hours in memory."""

import os
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

ROOT = Path(__file__).parents[2]
PUBLISHED = ROOT / "tests/reference/air_stations_2020_04.parquet"
PASSWORD = "gold-pine-7-river"
NOON = datetime(2020, 4, 4, 3, tzinfo=UTC)
"""The hour 11–12 of 4 April 2020 in Beijing."""


def _set_up_django() -> None:
    if "DJANGO_SETTINGS_MODULE" not in os.environ:
        os.environ.setdefault("SONGHUA_HOME", tempfile.mkdtemp(prefix="songhua-test-"))
    from songhua.app.wiring import set_up

    set_up()


_set_up_django()

from django.conf import settings  # noqa: E402 - settings come first
from django.core.management import call_command  # noqa: E402
from django.db import connections  # noqa: E402
from django.test import Client, override_settings  # noqa: E402

from songhua.app.settings import _database  # noqa: E402
from songhua.assess import air  # noqa: E402
from songhua.model import Period  # noqa: E402
from songhua.store import configure  # noqa: E402
from songhua.store.registry import records  # noqa: E402
from songhua.store.registry.sites import members, sites  # noqa: E402


class MemoryShelf:
    """What pages ask of the shelf, answered from frames; remembers how often it was asked."""

    def __init__(self, frames: dict[tuple[str, str], pl.DataFrame]) -> None:
        self.frames = frames
        self.asked: list[tuple[str, str]] = []
        self.recorded = datetime(2020, 4, 6, tzinfo=UTC)

    def times(self, period: str, *, scope: str = "site") -> tuple[datetime, datetime] | None:
        frame = self.frames.get((period, scope))
        return None if frame is None else (frame["time"].min(), frame["time"].max())  # type: ignore[return-value]

    def last_revision(self) -> int:
        return 7

    def air_index(
        self,
        *,
        period: str,
        scope: str,
        span: Period,
        subjects: Sequence[str] | None = None,
        as_of: datetime | None = None,
        columns: Sequence[str] = (),
    ) -> pl.DataFrame:
        self.asked.append((period, scope))
        frame = self.frames.get((period, scope), self.frames["hour", "site"].clear())
        found = frame.filter((pl.col("time") >= span.start) & (pl.col("time") < span.end))
        if subjects is not None:
            found = found.filter(pl.col("subject").is_in(list(subjects)))
        if as_of is not None and as_of < self.recorded:
            found = found.clear()
        return found.select("subject", "time", *columns) if columns else found


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A registry with the regions, the demo's sites and one person a role."""
    before = connections.settings["default"]
    connections["default"].close()
    own = {"default": _database(f"sqlite:///{tmp_path_factory.mktemp('web')}/registry.sqlite3")}
    connections.settings["default"] = connections.configure_settings(own)["default"]
    del connections["default"]
    call_command("migrate", verbosity=0, interactive=False)
    records.seed()
    records.load_sites(ROOT / "demo" / "sites.csv")
    for role in ("viewer", "operator", "analyst"):
        records.add_user(role, role=role, region="220100", password=PASSWORD, title=f"的{role}")
    yield
    connections["default"].close()
    connections.settings["default"] = before
    del connections["default"]


@pytest.fixture(scope="session")
def published(registry: None) -> pl.DataFrame:
    """What was published for the sites of the register: site, time (start), six values, AQI."""
    names = sites(on=date(2020, 4, 4)).select("site", "name_zh", "city_short")
    rows = pl.read_parquet(PUBLISHED).with_columns(
        pl.col("time").dt.replace_time_zone("Asia/Shanghai").dt.convert_time_zone("UTC")
        - pl.duration(hours=1),
        pl.col("city").str.strip_suffix("市").str.strip_suffix("州"),
    )
    return rows.join(
        names, left_on=["city", "station_name"], right_on=["city_short", "name_zh"]
    ).with_columns(pl.col("time").cast(pl.Datetime("us", "UTC")))


@pytest.fixture(scope="session")
def memory(published: pl.DataFrame) -> MemoryShelf:
    """Twelve hours of 4 April 2020, assessed by the platform's own rules."""
    near = pl.col("time").is_between(
        datetime(2020, 4, 3, 22, tzinfo=UTC), datetime(2020, 4, 4, 10, tzinfo=UTC)
    )
    values = ("so2", "no2", "co", "o3", "pm10", "pm2_5", "o3_8h")
    hours = published.filter(near).select(
        "site", "time", *(pl.col(v).cast(pl.Float64) for v in values)
    )
    register = members(date(2020, 4, 4)).select("site", pl.col("city").alias("region"))
    frames: dict[tuple[str, str], Any] = {
        ("hour", "site"): air.hourly_columns(hours).rename({"site": "subject"}),
        ("hour", "city"): air.hourly_columns(air.area_means(hours, register, period="hour")).rename(
            {"region": "subject"}
        ),
    }
    return MemoryShelf({key: _shaped(frame) for key, frame in frames.items()})


@pytest.fixture
def shelf(memory: MemoryShelf) -> Iterator[MemoryShelf]:
    memory.asked.clear()
    configure(memory)  # type: ignore[arg-type]
    yield memory
    configure(None)


@pytest.fixture
def client(shelf: MemoryShelf) -> Iterator[Client]:
    """A visitor where reading is open."""
    with override_settings(
        SONGHUA_OPEN_READING=True, ALLOWED_HOSTS=["testserver"], STORAGES=settings.STORAGES
    ):
        yield Client(headers={"accept-language": "zh-CN"})


def _shaped(frame: pl.DataFrame) -> pl.DataFrame:
    extra = {"n": pl.lit(1), "reason": pl.lit("")}
    frame = frame.with_columns(**{k: v for k, v in extra.items() if k not in frame.columns})
    return frame.with_columns(pl.col("level").fill_null(0), pl.col("primary").fill_null(""))
