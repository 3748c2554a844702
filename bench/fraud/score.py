"""Thresholds on the first half, leads on the second, labels against leads."""

import json
from dataclasses import dataclass
from pathlib import Path

from bench.fraud.seen import seen
from bench.fraud.series import fit_to_learn, half, load, more_events
from bench.fraud.tamper import ACTS, STRENGTHS, Case, tampered
from songhua.quality.fraud.find import DETECTORS, calibrate, find, traces
from songhua.quality.fraud.lead import Lead
from songhua.quality.fraud.panel import Panel

SEED = 11
"""Of the cases that are scored; those to develop with had others, in the first half."""
HELD_OUT = ("Dingling", "Gucheng", "Shunyi", "Wanshouxigong")
"""Sites of air that had no part in curves, shares, or any choice."""
EACH = 3
_MANY = 10
_BY_EVENT = frozenset({"setting", "inspected"})


@dataclass
class Score:
    """Of one medium, kind and strength; each case with its class and whether it was found."""

    medium: str
    kind: str
    strength: str
    cases: list[tuple[str, str, bool]]  # site, class, found
    leads: int
    true: int


def fixed(folder: Path) -> dict[str, dict[str, list[tuple[float, float]]]]:
    """Return the curves of the first half of each medium.

    Events are rare, so what needs one is learned from ten times as many harmless ones.
    """
    found = {}
    for medium, whole in load(folder).items():
        panel = fit_to_learn(medium, half(whole, second=False))
        learned = [n for n, site in enumerate(panel.sites) if site not in HELD_OUT]
        years = panel.years() * len(learned) / len(panel.sites)
        curves: dict[str, list[tuple[float, float]]] = {}
        for kind in DETECTORS:
            many = kind in _BY_EVENT
            from_panel = more_events(panel, SEED, _MANY) if many else panel
            told = [t for t in traces(from_panel, (kind,)) if t.site in learned]
            curves |= calibrate(told, years * (_MANY if many else 1))
        found[medium] = curves
    return found


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


def score(panel: Panel, medium: str, kind: str, strength: str) -> Score | None:
    """Return which of the cases of a kind and strength leads of that kind point at."""
    cheated, cases = tampered(panel, kind, strength, SEED, each=EACH)
    if not cases:
        return None
    leads = find(cheated, medium=medium, kinds=(kind,))
    own = [lead for lead in leads if not lead.excused]
    told = [
        (
            panel.sites[case.site],
            seen(case, panel, cheated),
            any(meets(lead, case, cheated) for lead in own),
        )
        for case in cases
    ]
    true = sum(any(meets(lead, case, cheated) for case in cases) for lead in own)
    return Score(medium, kind, strength, told, len(own), true)


def clean(panel: Panel, medium: str) -> list[Lead]:
    """Return the leads that the untouched series give, one a span."""
    return [lead for lead in find(panel, medium=medium) if not lead.excused]


def run(folder: Path) -> tuple[list[Score], dict[str, tuple[float, list[Lead]]]]:
    """Return every score, and of each medium site-years and false leads of the second half."""
    scores, false = [], {}
    for medium, whole in load(folder).items():
        panel = half(whole, second=True)
        false[medium] = (panel.years(), clean(panel, medium))
        for kind in ACTS:
            for strength in STRENGTHS:
                found = score(panel, medium, kind, strength)
                if found is not None:
                    scores.append(found)
    return scores, false
