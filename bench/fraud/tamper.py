"""Tampering: for each kind what a cheat does to a series, at three strengths."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from songhua.quality.fraud.panel import Event, Panel, resolution

STRENGTHS = ("strong", "clear", "faint")
"""What the generator aims at; what a chart shows of each case is measured (`seen`)."""


@dataclass(frozen=True)
class Case:
    """A label: what was done, where and when (places in time, the end not in it)."""

    kind: str
    strength: str
    site: int
    quantity: str
    start: int
    end: int


@dataclass
class Scene:
    """What a cheat has in hand."""

    panel: Panel  # its values are changed in place
    site: int
    quantity: str
    start: int
    end: int
    chance: np.random.Generator

    @property
    def row(self) -> np.ndarray:
        """The series."""
        found: np.ndarray = self.panel.values[self.quantity][self.site]
        return found

    @property
    def step(self) -> float:
        """Of the instrument."""
        return resolution(self.row)

    @property
    def inside(self) -> np.ndarray:
        """A copy of the values to be changed."""
        return self.row[self.start : self.end].copy()

    def write(self, values: np.ndarray) -> None:
        """Put values in as the instrument would tell them; what is missing stays so."""
        told = np.round(np.round(np.maximum(values, 0) / self.step) * self.step, 6)
        gone = np.isnan(self.inside)
        self.row[self.start : self.end] = np.where(gone, np.nan, told)


def _constant(scene: Scene, _strength: float) -> bool:
    inside = scene.inside
    held = inside[np.isfinite(inside)]
    level = held[0]
    if level < np.nanquantile(scene.row, 0.3):
        return False  # low values stand still by themselves: nobody can tell
    scene.write(np.full(inside.size, level))
    return True


def _repeated(scene: Scene, noise: float) -> bool:
    size = scene.end - scene.start
    others = len(scene.panel.sites)
    site = scene.site if scene.chance.random() < 0.5 else int(scene.chance.integers(others))
    table = scene.panel.values[scene.quantity]
    latest = scene.start - size if site == scene.site else scene.start
    if latest <= 0:
        return False
    at = int(scene.chance.integers(max(0, latest - 2000), latest)) if site == scene.site else latest
    source = table[site, at : at + size]
    if np.isnan(source).mean() > 0.1 or (site == scene.site and at + size > scene.start):
        return False
    if site != scene.site and np.nanstd(source) == 0:
        return False
    if site != scene.site or noise or at != scene.start:
        source = source + np.rint(scene.chance.normal(0, noise, size)) * scene.step
    scene.write(source)
    return site != scene.site or at != scene.start


def _hugging(scene: Scene, share: float) -> bool:
    limit = scene.panel.limits.get(scene.quantity)
    inside = scene.inside
    if limit is None:
        return False
    over = inside > limit
    over &= scene.chance.random(inside.size) < share
    if over.sum() < 0.08 * inside.size:
        return False
    inside[over] = limit * scene.chance.uniform(0.955, 0.995, int(over.sum()))
    scene.write(inside)
    return True


def _clipped(scene: Scene, quantile: float) -> bool:
    inside = scene.inside
    cap = np.nanquantile(inside, quantile)
    if cap < 15 * scene.step:
        return False
    scene.write(np.minimum(inside, cap))
    return True


def _digits(scene: Scene, share: float) -> bool:
    units = scene.inside / scene.step
    if np.nanmedian(units) < 20:
        return False
    human = scene.chance.choice(
        10, units.size, p=[0.3, 0.02, 0.08, 0.06, 0.04, 0.3, 0.1, 0.04, 0.06, 0]
    )
    chosen = scene.chance.random(units.size) < share
    units[chosen] = np.floor(units[chosen] / 10) * 10 + human[chosen]
    scene.write(units * scene.step)
    return True


def _periodic(scene: Scene, depth: float) -> bool:
    inside = scene.inside
    period = scene.chance.choice([5.0, 7.0, 9.0, 10.0, 14.0, 17.0])
    wave = np.sin(2 * np.pi * np.arange(inside.size) / period + scene.chance.uniform(0, 6))
    scene.write(inside + depth * np.nanstd(inside) * wave)
    return True


def _attenuated(scene: Scene, left: float) -> bool:
    inside = scene.inside
    middle = np.nanmean(inside)
    if middle < 20 * scene.step:
        return False
    scene.write(middle + left * (inside - middle))
    return True


def _calm(scene: Scene, left: float) -> bool:
    inside = scene.inside
    if np.nanmedian(inside) < 20 * scene.step:
        return False
    hour = scene.panel.hour()[scene.start : scene.end]
    night = (hour >= 22) | (hour < 6)
    day = (scene.panel.times[scene.start : scene.end] + 10 * 3_600_000_000) // 86_400_000_000
    for one in np.unique(day[night]):
        here = night & (day == one)
        middle = np.nanmedian(inside[here])
        inside[here] = middle + left * (inside[here] - middle)
    scene.write(inside)
    return True


def _inspected(scene: Scene, left: float) -> bool:
    inside = scene.inside
    if np.nanmedian(inside) < 20 * scene.step:
        return False
    middle = np.nanmedian(inside)
    scene.write(middle + left * (inside - middle))
    _record(scene, "inspection")
    return True


def _cleaner(scene: Scene, left: float) -> bool:
    scene.write(scene.inside * left)
    return True


def _unfollowing(scene: Scene, share: float) -> bool:
    inside = np.log(np.maximum(scene.inside, 0) + scene.step)
    noise = np.zeros(inside.size)
    for at in range(1, inside.size):
        noise[at] = 0.95 * noise[at - 1] + scene.chance.normal(0, np.sqrt(1 - 0.95**2))
    made = np.nanmean(inside) + np.nanstd(inside) * noise
    scene.write(np.exp((1 - share) * inside + share * made))
    return True


def _clock(scene: Scene, hours: float) -> bool:
    lag = int(hours)
    if scene.start < lag:
        return False
    scene.write(scene.row[scene.start - lag : scene.end - lag].copy())
    return True


def _stopped(scene: Scene, _strength: float) -> bool:
    declared = scene.panel.values.get("running")
    if declared is None:
        return False
    here = declared[scene.site, scene.start : scene.end]
    if np.nanmin(here) < 1:
        return False
    declared[scene.site, scene.start : scene.end] = 0
    return True


def _dilution(scene: Scene, more: float) -> bool:
    oxygen = scene.panel.values.get("o2")
    if oxygen is None:
        return False
    here = oxygen[scene.site, scene.start : scene.end]
    if np.nanmax(here) > 20.9 - more - 0.5:
        return False
    scene.write(scene.inside * (20.9 - here - more) / (20.9 - here))
    oxygen[scene.site, scene.start : scene.end] = np.round(here + more, 2)
    return True


def _setting(scene: Scene, left: float) -> bool:
    scene.write(scene.inside * left)
    _record(scene, "setting")
    return True


def _record(scene: Scene, what: str) -> None:
    start, end = (int(scene.panel.times[at]) for at in (scene.start, scene.end - 1))
    event = Event(scene.panel.sites[scene.site], what, start, end)  # type: ignore[arg-type]
    scene.panel = replace(scene.panel, events=(*scene.panel.events, event))


Act = Callable[[Scene, float], bool]
ACTS: dict[str, tuple[Act, tuple[tuple[float, float], ...]]] = {
    # what is done, then (hours, how much) at each strength
    "constant": (_constant, ((48, 0), (24, 0), (8, 0))),
    "repeated": (_repeated, ((72, 0), (48, 0), (24, 0.7))),
    "hugging": (_hugging, ((720, 1), (360, 1), (360, 0.3))),
    "clipped": (_clipped, ((720, 0.75), (480, 0.85), (240, 0.95))),
    "digits": (_digits, ((720, 1), (480, 0.7), (360, 0.25))),
    "periodic": (_periodic, ((480, 1), (360, 0.6), (240, 0.15))),
    "attenuated": (_attenuated, ((168, 0.1), (120, 0.25), (72, 0.6))),
    "calm": (_calm, ((336, 0.1), (240, 0.25), (168, 0.5))),
    "inspected": (_inspected, ((24, 0.05), (24, 0.15), (24, 0.5))),
    "cleaner": (_cleaner, ((336, 0.4), (240, 0.6), (168, 0.85))),
    "unfollowing": (_unfollowing, ((336, 1), (240, 0.9), (168, 0.4))),
    "clock": (_clock, ((336, 12), (240, 6), (168, 2))),
    "stopped": (_stopped, ((72, 0), (24, 0), (8, 0))),
    "dilution": (_dilution, ((120, 3), (72, 2), (48, 0.5))),
    "setting": (_setting, ((240, 0.5), (240, 0.65), (240, 0.9))),
}


def tampered(
    panel: Panel, kind: str, strength: str, seed: int, *, each: int = 2
) -> tuple[Panel, list[Case]]:
    """Return a copy of the panel with cases of one kind and strength, `each` a site, and labels.

    Cases of a site lie in separate parts of its record, so that they do not touch.
    """
    act, sizes = ACTS[kind]
    hours, how_much = sizes[STRENGTHS.index(strength)]
    panel = replace(panel, values={k: v.copy() for k, v in panel.values.items()}, _made={})
    chance = np.random.default_rng([seed, list(ACTS).index(kind), STRENGTHS.index(strength)])
    quantities = [q for q in panel.values if q not in {"power", "running", "o2"}]
    size = panel.hours(hours)
    cases = []
    part = panel.times.size // each
    for site in range(len(panel.sites)):
        for number in range(each):
            for _attempt in range(40):
                low, high = number * part + size // 2, (number + 1) * part - size - size // 2
                if high <= low:
                    break
                start = int(chance.integers(low, high))
                quantity = str(chance.choice(quantities))
                scene = Scene(panel, site, quantity, start, start + size, chance)
                inside = scene.inside
                if np.isfinite(inside).mean() < 0.85 or np.nanstd(inside) < 3 * scene.step:
                    continue
                if act(scene, how_much):
                    panel = scene.panel
                    cases.append(Case(kind, strength, site, quantity, start, start + size))
                    break
    return panel, cases
