"""What the laboratory does goes on record first; what it issues becomes observations."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import polars as pl

from songhua.api import laboratory
from songhua.app.imports import Applied
from songhua.model import BadInput
from songhua.store import Entry, Journal, Shelf
from songhua.store.registry import batches
from songhua.store.registry.models import Batch, User

NOTE = "lab_note"
"""Kind of an entry that says what was done; it brings no values."""
ISSUED = "lab"
"""Kind of an entry with the results of a batch that three persons signed."""
PERIOD = "sample"
NOT_DETECTED = "L"
"""Mark of a value that is a detection limit: nothing was found above it."""


def note(journal: Journal, what: str, body: Mapping[str, Any], who: str) -> int:
    """Keep on record what was done; return its number in the journal."""
    raw = json.dumps({**body, "author": who}, ensure_ascii=False, default=str).encode()
    return journal.append(NOTE, raw, {"what": what, "author": who}).seq


def sign(journal: Journal, batch: Batch, level: int, who: User, opinion: str) -> Entry | None:
    """Sign a batch; return the entry that issues it with the third signature.

    Raises
    ------
    BadInput
        If it is out of order, the person may not, or the batch is not accepted; all that is wrong.
    """
    batches.refuse_signature(batch, level, who)
    found = laboratory.refuse_unfit(batch)
    at, name = datetime.now(UTC), who.get_username()
    told = {"batch": batch.number, "round": batch.round, "level": level, "opinion": opinion}
    if level == 3:
        return journal.append(ISSUED, _body(batch, {**told, "who": name, "at": at.isoformat()}),
                              {"author": name, "batch": batch.number})  # fmt: skip
    seq = note(journal, "signature", told, name)
    if level == 1:
        batches.set_results(batch, found.results)
    batches.sign(batch, level, name, opinion=opinion, at=at, seq=seq)
    return None


def give_back(journal: Journal, batch: Batch, who: User, opinion: str) -> None:
    """Return a batch to its analyst with an opinion.

    Raises
    ------
    BadInput
        If it awaits no signature of this person, or the opinion is missing.
    """
    level = batches.level_due(batch)
    if level is None or level == 1:
        raise BadInput("这一批没有待您签审的内容。", "This batch awaits no signature of yours.")
    batches.refuse_signature(batch, level, who)
    if len(opinion.strip()) < 2:
        raise BadInput("退回须写明意见。", "A return needs an opinion.")
    told = {"batch": batch.number, "round": batch.round, "level": level, "opinion": opinion}
    name = who.get_username()
    seq = note(journal, "return", told, name)
    batches.return_batch(batch, level, name, opinion=opinion.strip(), seq=seq)


def apply_issue(
    journal: Journal, shelf: Shelf, entry: Entry, report: Callable[[Mapping[str, Any]], None]
) -> Applied:
    """Bring issued results onto the shelf; safe to repeat."""
    del report
    body = json.loads(journal.read(entry.seq))
    rows = [
        {
            "site": one["site"],
            "quantity": one["item"],
            "period": PERIOD,
            "time": datetime.fromisoformat(one["time"]),
            "revision": entry.seq,
            "value": float(one["detection_limit"] if one["value"] is None else one["value"]),
            "mark": NOT_DETECTED if one["value"] is None else "",
            "reason": "",
            "author": body["signature"]["who"],
            "recorded_at": entry.time,
        }
        for one in body["results"]
        if one["kind"] == "routine"
    ]
    if rows:
        shelf.save_observations(
            pl.DataFrame(rows).with_columns(pl.col("time").cast(pl.Datetime("us", "UTC")))
        )
    batches.issue(
        body["signature"]["batch"], body["signature"], seq=entry.seq,
        at=datetime.fromisoformat(body["signature"]["at"]),
    )  # fmt: skip
    return Applied({"batch": body["signature"]["batch"], "values": len(rows)}, None)


def _body(batch: Batch, signature: Mapping[str, Any]) -> bytes:
    results = [
        {
            "sample": one.sample.barcode,
            "kind": one.sample.kind,
            "site": one.sample.site_id,
            "time": one.sample.sampled_at.astimezone(UTC).replace(microsecond=0).isoformat(),
            "item": one.item,
            "value": None if one.value is None else str(one.value.normalize()),
            "detection_limit": str(one.detection_limit.normalize()),
            "told": one.told,
            "unit": one.unit,
        }
        for one in batch.results.select_related("sample").order_by("pk")
    ]
    earlier = [
        {"level": one.level, "who": one.who, "at": one.at.isoformat(), "opinion": one.opinion}
        for one in batch.signatures.filter(round=batch.round, returned=False)
    ]
    body = {
        "signature": signature,
        "earlier": earlier,
        "method": batch.method,
        "instrument": batch.instrument.code,
        "analysed_on": batch.analysed_on.isoformat(),
        "results": results,
    }
    return json.dumps(body, ensure_ascii=False).encode()
