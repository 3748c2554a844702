"""Decisions of the register: on record before they count, and what they change is recomputed."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import polars as pl

from songhua.api.ports import Decision
from songhua.api.register import air_register
from songhua.app.imports import Applied
from songhua.assess.job import Affected
from songhua.assess.register import regions_of
from songhua.model import Period
from songhua.store import Entry, Journal, Shelf


def receive(journal: Journal, decision: Decision) -> Entry:
    """Keep a decision in the journal."""
    body = {
        **asdict(decision),
        "start": decision.start.astimezone(UTC).isoformat(),
        "end": decision.end.astimezone(UTC).isoformat(),
    }
    raw = json.dumps(body, ensure_ascii=False).encode()
    return journal.append("decision", raw, {"author": decision.author})


def apply_decision(
    journal: Journal, shelf: Shelf, entry: Entry, report: Callable[[Mapping[str, Any]], None]
) -> Applied:
    """Return what a decision touches; the register itself holds what was decided."""
    del shelf, report
    body = json.loads(journal.read(entry.seq))
    region = body["region"]
    span = Period(datetime.fromisoformat(body["start"]), datetime.fromisoformat(body["end"]))
    sites = {
        site
        for _, members in air_register().stretches(span)
        for site in regions_of(members).filter(pl.col("region") == region)["site"]
    }
    return Applied({"decision": body["words"]}, Affected((*sorted(sites), region), span, entry.seq))
