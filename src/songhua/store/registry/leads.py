"""Leads on record: found, found again, dismissed with a reason, and who may see them."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from songhua.model import BadInput, UnknownName
from songhua.store.registry.casework import CaseEvent, FraudRun, Lead
from songhua.store.registry.models import User
from songhua.store.registry.rights import Action, stem

Note = Callable[[str, Mapping[str, Any]], int]
"""Puts what was done in the journal and returns its number; called before the register changes."""

MOST_EVIDENCE = 200_000
"""Of the evidence of a lead, as JSON. [characters]"""
SHORTEST_REASON, LONGEST_REASON = 4, 1000
_SAME_SCORE = 0.001


@dataclass(frozen=True, slots=True)
class Finding:
    """What a detector found, ready to be kept.

    Parameters
    ----------
    site, other_site
        Where; and the site it was copied from, empty where none.
    start, end
        First and last time, the last included.
    evidence, innocent
        As JSON: no NaN.
    """

    detector: str
    site: str
    other_site: str
    region: str
    quantity: str
    start: datetime
    end: datetime
    score: float
    evidence: Mapping[str, Any]
    innocent: list[Mapping[str, Any]]

    @property
    def excused(self) -> bool:
        """Whether an innocent explanation holds."""
        return any(one["outcome"] == "not_excluded" for one in self.innocent)

    @property
    def key(self) -> str:
        """Return what tells it from every other: of the place it was first found at."""
        told = "|".join((*self._same(), self.start.isoformat()))
        return hashlib.sha256(told.encode()).hexdigest()[:12]

    @property
    def digest(self) -> str:
        """Return the SHA-256 of its evidence as it is kept."""
        return digest_of(bounded(self.evidence))

    def _same(self) -> tuple[str, ...]:
        return (self.detector, self.site, self.quantity, self.other_site)

    def is_again(self, lead: Lead) -> bool:
        """Return whether a lead is the same: same series, half of the shorter span in common."""
        own = (lead.detector, lead.site_id, lead.quantity, lead.other_site)
        if own != self._same():
            return False
        shared = min(lead.end, self.end) - max(lead.start, self.start)
        shorter = min(lead.end - lead.start, self.end - self.start)
        return shared >= max(shorter / 2, timedelta(0))


def leads_of(who: User) -> QuerySet[Lead]:
    """Return the leads a person may see: of their region, by their role."""
    if not who.may(Action.INVESTIGATE):
        return Lead.objects.none()
    if who.is_superuser:
        return Lead.objects.all()
    if who.region_id is None:
        return Lead.objects.none()
    return Lead.objects.filter(region__code__startswith=stem(who.region_id))


def lead_named(who: User, key: str) -> Lead:
    """Return a lead that a person may see.

    Raises
    ------
    UnknownName
        If there is none.
    """
    found = leads_of(who).filter(key=key).select_related("region", "run", "first_run").first()
    if found is None:
        raise UnknownName("线索", "lead", key[:20])
    return found


@transaction.atomic
def keep_run(run: FraudRun, findings: Iterable[Finding], note: Note) -> FraudRun:
    """Keep a run and what it found; a lead found again is no second one.

    One that nobody has handled follows what was found last; one that was joined or dismissed
    stays as the person saw it.
    """
    every = list(findings)
    known = _known(every)
    told = [
        {"key": key, "digest": one.digest, "score": one.score}
        for one in every
        for key in [next((lead.key for lead in known if one.is_again(lead)), one.key)]
    ]
    run.journal_seq = note("fraud_run", {**_told_run(run), "leads": told})
    run.found, run.new = len(every), 0
    run.save()
    for one in every:
        former = next((lead for lead in known if one.is_again(lead)), None)
        if former is None:
            known.append(_new(one, run))
            run.new += 1
        else:
            _again(former, one, run)
    run.save()
    return run


@transaction.atomic
def dismiss(lead: Lead, who: str, why: str, note: Note) -> None:
    """Say that a lead is none, and why.

    Raises
    ------
    BadInput
        If it was handled already, or the reason is missing.
    """
    lead = _locked(lead)
    why = reason(why)
    if lead.state != "new":
        raise BadInput("这条线索已有人处理，请刷新。", "The lead was handled already: reload.")
    _turn(lead, "dismissed", who, why, note)


@transaction.atomic
def restore(lead: Lead, who: str, why: str, note: Note) -> None:
    """Take up a lead again that was dismissed.

    Raises
    ------
    BadInput
        If it was not dismissed, or the reason is missing.
    """
    lead = _locked(lead)
    why = reason(why)
    if lead.state != "dismissed":
        raise BadInput("这条线索没有被排除。", "The lead was not dismissed.")
    _turn(lead, "new", who, why, note)


def reason(text: str) -> str:
    """Return a reason as it is kept.

    Raises
    ------
    BadInput
        If it is too short or too long.
    """
    told = " ".join(text.split())
    if not SHORTEST_REASON <= len(told) <= LONGEST_REASON:
        raise BadInput(
            f"理由须写明，{SHORTEST_REASON} 至 {LONGEST_REASON} 字。",
            f"Give a reason of {SHORTEST_REASON} to {LONGEST_REASON} characters.",
        )
    return told


def _turn(lead: Lead, state: str, who: str, why: str, note: Note) -> None:
    what = "restored" if state == "new" else state
    before, after = {"state": lead.state}, {"state": state}
    seq = note(what, {"lead": lead.key, "before": before, "after": after, "why": why})
    lead.state = state
    lead.save(update_fields=["state"])
    CaseEvent.objects.create(
        lead=lead, what=what, who=who, at=timezone.now(), before=before, after=after, why=why,
        journal_seq=seq,
    )  # fmt: skip


def _locked(lead: Lead) -> Lead:
    return Lead.objects.select_for_update().get(pk=lead.pk)


def _known(findings: list[Finding]) -> list[Lead]:
    found = Lead.objects.select_for_update().filter(
        site__in={one.site for one in findings},
        detector__in={one.detector for one in findings},
    )
    return list(found)


def _new(one: Finding, run: FraudRun) -> Lead:
    lead = Lead.objects.create(
        key=one.key, detector=one.detector, site_id=one.site, other_site=one.other_site,
        region_id=one.region, quantity=one.quantity, start=one.start, end=one.end,
        score=one.score, evidence=bounded(one.evidence), innocent=one.innocent,
        excused=one.excused, found_at=run.ended_at, last_found_at=run.ended_at,
        first_run=run, run=run,
    )  # fmt: skip
    CaseEvent.objects.create(
        lead=lead, what="found", who=run.asked_by, at=run.ended_at, after=_told(lead),
        journal_seq=run.journal_seq,
    )  # fmt: skip
    return lead


def _again(lead: Lead, one: Finding, run: FraudRun) -> None:
    if lead.run_id == run.pk:  # two parts of what is one lead
        return
    before = _told(lead)
    lead.last_found_at, lead.times, lead.run = run.ended_at, lead.times + 1, run
    moved = (lead.start, lead.end) != (one.start, one.end)
    if lead.state == "new" and (moved or abs(lead.score - one.score) > _SAME_SCORE):
        lead.start, lead.end, lead.score = one.start, one.end, one.score
        lead.evidence, lead.innocent = bounded(one.evidence), one.innocent
        lead.excused = one.excused
        CaseEvent.objects.create(
            lead=lead, what="found_again", who=run.asked_by, at=run.ended_at, before=before,
            after=_told(lead), journal_seq=run.journal_seq,
        )  # fmt: skip
    lead.save()


def digest_of(evidence: Mapping[str, Any]) -> str:
    """Return the SHA-256 of evidence, as the journal has it of each finding."""
    raw = json.dumps(evidence, sort_keys=True, ensure_ascii=False).encode()
    return hashlib.sha256(raw).hexdigest()


def bounded(evidence: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return evidence that is small enough to be kept; the series is left out where it is not."""
    if len(json.dumps(evidence)) <= MOST_EVIDENCE:
        return evidence
    return {**evidence, "series": None, "too_long": True}


def _told(lead: Lead) -> dict[str, Any]:
    return {
        "start": lead.start.isoformat(),
        "end": lead.end.isoformat(),
        "score": round(lead.score, 4),
        "evidence": digest_of(lead.evidence),
    }


def _told_run(run: FraudRun) -> dict[str, Any]:
    return {
        "region": run.region,
        "start": run.start.isoformat(),
        "end": run.end.isoformat(),
        "configuration": run.configuration,
        "sites": run.sites,
        "values": run.values,
    }
