"""The detectors of fraud run on what the platform holds; what they find becomes leads on record."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from typing import Any, NamedTuple

import polars as pl

from songhua.api.ports import FraudOrder
from songhua.app import evidence
from songhua.app.version import code_version
from songhua.model import BEIJING, BadInput, NoRuleInForce, Period, UnknownName
from songhua.quality.fraud.find import DETECTORS, USUAL_SCORE, calibration, find, one_each
from songhua.quality.fraud.lead import Lead
from songhua.quality.fraud.panel import Event, Panel
from songhua.standards import ambient_air_rule, is_valid_mark
from songhua.standards.aqi import Averaging
from songhua.store import Journal, Shelf
from songhua.store.registry import leads
from songhua.store.registry.leads import Finding
from songhua.store.registry.models import Command, Device, FraudRun, Region
from songhua.store.registry.rights import covers
from songhua.store.registry.sites import sites

Report = Callable[[Mapping[str, Any]], None]

NOTE = "case_note"
"""Kind of a journal entry that says what was done with leads and cases; it brings no values."""
DOCUMENT = "case_document"
"""Kind of a journal entry that is a document of a case."""
PERIOD = "hour"
MOST_DAYS = 100
USUAL_DAYS = 60
MOST_CELLS = 40_000_000
"""Sites × times × quantities looked at in one run, for memory: 320 MB."""
MOST_LEADS = 2_000
"""Kept of one run, the strongest."""
_MEDIA = {"air": "air", "water": "water", "surface_water": "water", "stack": "stack"}
"""Medium of a site → which curves of false leads."""
_DERIVED = ("o3_8h",)
_WEATHER = frozenset(
    {"temperature", "humidity", "pressure", "wind_speed", "wind_direction", "precipitation"}
)
"""Of use to the detectors; what they find in it is no fraud."""
_SETTINGS = ("1012", "3021")
"""Commands of HJ 212 by which clock or parameters of an instrument are set."""
_TIME = pl.Datetime("us", "UTC")


class _Looked(NamedTuple):
    """What one medium gave."""

    findings: list[Finding]
    sites: int
    values: int


def note(journal: Journal, what: str, body: Mapping[str, Any], who: str) -> int:
    """Put in the journal what was done with a lead or a case; return its number."""
    raw = json.dumps({**body, "what": what, "author": who}, ensure_ascii=False, default=str)
    return journal.append(NOTE, raw.encode(), {"what": what, "author": who}).seq


def run_fraud(
    journal: Journal, shelf: Shelf, order: FraudOrder, report: Report
) -> Mapping[str, Any]:
    """Look for leads in a region and span, and keep them.

    Every site of the register is looked at, whatever the region, so that who asks changes no
    score; leads are kept of the province's own sites within the region.

    Raises
    ------
    BadInput
        If the span is too long, there is too much or nothing to look at, the score impossible, or
        the region unknown.
    """
    began = datetime.now(UTC)
    span = _span(shelf, order, began)
    if not Region.objects.filter(code=order.region).exists():
        raise UnknownName("地区", "region", order.region[:20])
    if not 0 < order.least < 1:
        raise BadInput("分数须在 0 与 1 之间。", "The score must lie between 0 and 1.")
    looked = [_look(shelf, order, span, medium, report) for medium in _MEDIA]
    found = sorted((one for part in looked for one in part.findings), key=lambda one: -one.score)
    report({"phase": "keep"})
    run = FraudRun(
        asked_by=order.author,
        began_at=began,
        ended_at=datetime.now(UTC),
        region=order.region,
        start=span.start,
        end=span.end,
        configuration=_configuration(order),
        sites=sum(part.sites for part in looked),
        values=sum(part.values for part in looked),
    )
    leads.keep_run(
        run, found[:MOST_LEADS], lambda what, body: note(journal, what, body, order.author)
    )
    return {
        "run": run.pk,
        "found": run.found,
        "new": run.new,
        "left_out": max(0, len(found) - MOST_LEADS),
        "sites": run.sites,
        "values": run.values,
    }


def _span(shelf: Shelf, order: FraudOrder, now: datetime) -> Period:
    """Return the span asked for, by default the last days of what is held."""
    if order.end is None:
        held = shelf.observed(PERIOD)
        if held is None:
            raise BadInput("平台还没有小时值。", "The platform holds no hourly values yet.")
        end = min(held.end, now)
    else:
        end = order.end
    start = order.start or end - timedelta(days=USUAL_DAYS)
    if start >= end:
        raise BadInput("起始须早于结束。", "The span must end after it starts.")
    if end - start > timedelta(days=MOST_DAYS):
        raise BadInput(f"一次最多 {MOST_DAYS} 天。", f"At most {MOST_DAYS} days at once.")
    return Period(start, end)


def _look(shelf: Shelf, order: FraudOrder, span: Period, medium: str, report: Report) -> _Looked:
    """Return what the detectors find at sites of a medium."""
    register = sites(medium=medium).unique("site", keep="last", maintain_order=True)
    if register.is_empty():
        return _Looked([], 0, 0)
    report({"phase": "read"})
    rows = shelf.observations(period=PERIOD, span=span, sites=register["site"].to_list()).filter(
        ~pl.col("quantity").is_in(_DERIVED)
    )
    valid = pl.col("mark").map_elements(is_valid_mark, return_dtype=pl.Boolean)
    good = rows.filter(valid & pl.col("value").is_not_null())
    if good.height < 2:
        return _Looked([], 0, 0)
    panel = _panel(good, register, span, medium)
    marked = evidence.marked_times(rows)
    own = {row["site"]: row["city"] for row in register.filter("own").iter_rows(named=True)}
    kept = [
        _finding(lead, panel, own, marked)
        for lead in _leads(panel, _MEDIA[medium], order.least, report)
        if lead.sites[0] in own
        and covers(order.region, own[lead.sites[0]])
        and lead.quantity not in _WEATHER
    ]
    return _Looked(kept, len(panel.sites), good.height)


def _leads(panel: Panel, medium: str, least: float, report: Report) -> list[Lead]:
    """Return leads; one detector after another, each a step at which a person may stop."""
    found: list[Lead] = []
    for number, kind in enumerate(DETECTORS):
        report({"phase": kind, "done": number, "total": len(DETECTORS)})
        found += find(panel, medium=medium, kinds=[kind], least=least)
    return one_each(found)


def _panel(rows: pl.DataFrame, register: pl.DataFrame, span: Period, medium: str) -> Panel:
    hours = (span.end - span.start) / timedelta(hours=1)
    cells = rows["site"].n_unique() * rows["quantity"].n_unique() * hours
    if cells > MOST_CELLS:
        raise BadInput("数据太多，请缩短时段。", "Too much data: ask for a shorter span.")
    frame = rows.select("site", "quantity", pl.col("time").cast(_TIME), "value")
    return Panel.of_frame(
        frame,
        places=register.select("site", "lon", "lat"),
        limits=_limits(span.end.astimezone(BEIJING).date()) if medium == "air" else {},
        events=tuple(_events(span)),
    )


def _limits(on: date) -> dict[str, float]:
    """Return the limits an hourly value must keep on a day."""
    try:
        rule = ambient_air_rule(on=on)
    except NoRuleInForce:
        return {}
    return {
        quantity: float(rule.limit(quantity, averaging))
        for quantity, averaging in rule.limits
        if averaging is Averaging.HOURLY
    }


def _events(span: Period) -> Iterator[Event]:
    """Yield the settings that were changed through the platform."""
    of = dict(Device.objects.exclude(site=None).values_list("mn", "site_id"))
    asked = Command.objects.filter(
        cn__in=_SETTINGS, state="done", asked_at__gte=span.start, asked_at__lt=span.end
    )
    for one in asked:
        if one.mn in of:
            at = int(one.asked_at.timestamp() * 1e6)
            yield Event(of[one.mn], "setting", at, at)


def _finding(lead: Lead, panel: Panel, own: Mapping[str, str], marked: evidence.Marked) -> Finding:
    site, *others = lead.sites
    return Finding(
        detector=lead.kind,
        site=site,
        other_site=others[0] if others else "",
        region=own[site],
        quantity=lead.quantity,
        start=datetime.fromtimestamp(lead.start / 1e6, UTC),
        end=datetime.fromtimestamp(lead.end / 1e6, UTC),
        score=round(lead.score, 4),
        evidence=evidence.evidence(lead, panel),
        innocent=evidence.innocent(lead, panel, marked),
    )


def _configuration(order: FraudOrder) -> dict[str, Any]:
    """Return what makes the same run give the same leads."""
    curves = (files("songhua.quality.fraud") / "calibration.json").read_bytes()
    return {
        "least": order.least,
        "period": PERIOD,
        "detectors": {medium: sorted(calibration(medium)) for medium in set(_MEDIA.values())},
        "calibration": hashlib.sha256(curves).hexdigest(),
        "code": code_version(),
        "usual_score": USUAL_SCORE,
    }
