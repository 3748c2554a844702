"""Saying something to a door, and looking at what came of it."""

import json
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.test import Client

from songhua.app.platform import Songhua
from songhua.model import BEIJING, KnownSource, Period, check_settings
from songhua.store.registry import sources
from songhua.store.registry.models import Source

SITE, OTHER, ELSEWHERE = "1121A", "1122A", "1129A"
"""Two sites of the first city of the demo, and one of another."""


def row(at: datetime, value: Any, *, site: str = SITE, quantity: str = "pm10", **more: Any) -> Any:
    time_ = at.isoformat()
    return {"site": site, "quantity": quantity, "time": time_, "value": value, **more}


def body(*rows: Any) -> bytes:
    return json.dumps({"observations": rows}, ensure_ascii=False).encode()


def http_source(name: str, *, region: str = "220100", sites: tuple[str, ...] = ()) -> str:
    return sources.add(name, "http", {}, region=region, sites=sites, author="admin")[1]


def add(name: str, kind: str, settings: dict[str, Any]) -> Source:
    return sources.add(name, kind, settings, region="220100", author="admin")[0]


def idle(name: str, kind: str, settings: dict[str, Any]) -> KnownSource:
    """Return a source that works only when it is told to."""
    source = Source.objects.create(
        name=name,
        kind=kind,
        settings=check_settings(kind, settings),
        region_id="220100",
        active=False,
        author="admin",
    )
    return sources.known(source)


def post(token: str, key: str, data: bytes) -> Any:
    return Client().post(
        "/api/v1/observations",
        data,
        content_type="application/json",
        headers={"authorization": f"Bearer {token}", "idempotency-key": key},
        REMOTE_ADDR=f"10.9.{hash(key) % 250}.{hash(token) % 250}",
    )


def values(platform: Songhua, at: datetime, *, hours: int = 1, period: str = "hour") -> list[Any]:
    span = Period(at, at + timedelta(hours=hours))
    rows = platform.shelf.observations(period=period, span=span, sites=[SITE, OTHER, ELSEWHERE])
    found = rows.sort("site", "quantity", "time").select("site", "quantity", "value")
    return [tuple(one) for one in found.rows()]


def eventually(is_so: Callable[[], Any], seconds: float = 10.0) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := is_so():
            return found
        time.sleep(0.03)
    return is_so()


def hour(day: int, at: int = 0) -> datetime:
    """Return an hour that no other test speaks of."""
    return datetime(2019, 5, day, at, tzinfo=BEIJING)
