"""Thresholds on the first half, leads on the second, labels against leads."""

import json
from dataclasses import dataclass
from pathlib import Path

from bench.fraud.series import fit_to_learn, half, load
from bench.fraud.tamper import ACTS, NAMED, STRENGTHS, Case, tampered
from songhua.quality.fraud.find import DETECTORS, calibrate, find, traces
from songhua.quality.fraud.lead import Lead
from songhua.quality.fraud.panel import Panel

SEED = 7


@dataclass
class Score:
    """Of one medium, kind and strength."""

    medium: str
    kind: str
    strength: str
    cases: int
    found: int
    leads: int
    true: int


def fixed(folder: Path) -> dict[str, dict[str, list[tuple[float, float]]]]:
    """Return the curves of the first half of each medium."""
    halves = {
        medium: fit_to_learn(medium, half(whole, second=False))
        for medium, whole in load(folder).items()
    }
    return {medium: calibrate(traces(panel), panel.years()) for medium, panel in halves.items()}


def write_calibration(folder: Path, path: Path) -> None:
    """Write the curves that are delivered with the code."""
    media = []
    for medium, curves in fixed(folder).items():
        lines = [f'    "{kind}": {json.dumps(curve)}' for kind, curve in curves.items()]
        media.append(f'  "{medium}": {{\n' + ",\n".join(lines) + "\n  }")
    path.write_text("{\n" + ",\n".join(media) + "\n}\n", encoding="utf-8")


def meets(lead: Lead, case: Case, panel: Panel) -> bool:
    """Return whether a lead covers a third of a case, and is not ten times what they share."""
    site = panel.sites[case.site]
    same = lead.quantity == case.quantity or case.kind == "stopped"
    if site not in lead.sites or not same:
        return False
    start, end = int(panel.times[case.start]), int(panel.times[case.end - 1])
    shared = min(end, lead.end) - max(start, lead.start)
    return shared >= 0.33 * (end - start) and shared >= 0.1 * (lead.end - lead.start)


def score(panel: Panel, medium: str, kind: str, strength: str, *, each: int) -> Score | None:
    """Return how many of the cases of a kind and strength leads of that kind point at."""
    cheated, cases = tampered(panel, kind, strength, SEED, each=each)
    if not cases:
        return None
    leads = find(cheated, medium=medium, kinds=(NAMED.get(kind, kind),))
    own = [lead for lead in leads if not lead.excused]
    found = sum(any(meets(lead, case, cheated) for lead in own) for case in cases)
    true = sum(any(meets(lead, case, cheated) for case in cases) for lead in own)
    return Score(medium, kind, strength, len(cases), found, len(own), true)


def clean(panel: Panel, medium: str) -> dict[str, int]:
    """Return how many leads of each kind the untouched series give."""
    counts = dict.fromkeys(DETECTORS, 0)
    for lead in find(panel, medium=medium):
        counts[lead.kind] += not lead.excused
    return counts


def run(folder: Path) -> tuple[list[Score], dict[str, tuple[float, dict[str, int]]]]:
    """Return every score, and of each medium site-years and false leads of the second half."""
    scores, false = [], {}
    for medium, whole in load(folder).items():
        panel = half(whole, second=True)
        false[medium] = (panel.years(), clean(panel, medium))
        for kind in ACTS:
            for strength in STRENGTHS:
                found = score(panel, medium, kind, strength, each=2 if medium == "air" else 3)
                if found is not None:
                    scores.append(found)
    return scores, false
