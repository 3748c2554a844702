"""What shows a lead, as places in a picture: the course with the span, digits, leads in time."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from songhua.model import BEIJING
from songhua.store.registry.casework import Lead

WIDTH, HEIGHT = 960, 280
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 16, 26, 28
_LABELS = 8
_HOUR = 3600
_STEPS = (1, 2, 3, 6, 12, 24, 48, 72, 120, 240, 360, 720)
"""Hours between two labels of time."""


def course(lead: Lead) -> Mapping[str, Any] | None:
    """Return the course of a lead: values, what they are laid beside, span, limit.

    None where the evidence was too long to be kept.
    """
    series = lead.evidence.get("series")
    if not series:
        return None
    values, near = series["values"], series["reference"]
    first, step = int(series["first"]), int(series["step"])
    last = first + step * max(1, len(values) - 1)
    limit = lead.evidence.get("limit")
    known: list[float] = [one for one in (*values, *near, limit, 0.0) if one is not None]
    low, high = min(known), max(known)
    tall = (high - low) * 1.06 or 1.0

    def x(at: float) -> float:
        return round(_LEFT + (at - first) / (last - first) * (WIDTH - _LEFT - _RIGHT), 1)

    def y(value: float) -> float:
        return round(HEIGHT - _BOTTOM - (value - low) / tall * (HEIGHT - _TOP - _BOTTOM), 1)

    start, end = lead.start.timestamp(), lead.end.timestamp() + step
    begin = max(_LEFT, x(start - step / 2))
    stop = min(WIDTH - _RIGHT, x(end - step / 2))
    times = [first + step * n for n in range(len(values))]
    return {
        "width": WIDTH, "height": HEIGHT, "left": _LEFT, "right": WIDTH - _RIGHT,
        "top": _TOP, "base": HEIGHT - _BOTTOM, "tall": HEIGHT - _BOTTOM - _TOP,
        "span": {"x": begin, "width": round(max(2.0, stop - begin), 1), "end": stop},
        "value": _pieces(times, values, x, y),
        "near": _pieces(times, near, x, y),
        "has_near": any(one is not None for one in near),
        "near_is": lead.evidence.get("reference_is", "neighbours"),
        "limit": None if limit is None else {"y": y(limit), "words": f"{limit:g}"},
        "marks_x": _time_marks(first, last, x),
        "marks_y": [
            {"y": y(low + (high - low) * n / 4), "words": f"{low + (high - low) * n / 4:.3g}"}
            for n in range(5)
        ],
    }  # fmt: skip


def digits(lead: Lead) -> Mapping[str, Any] | None:
    """Return last digits inside a lead beside those of all sites, as bars; None where not kept."""
    told = lead.evidence.get("digits")
    if not told:
        return None
    most = max(*told["here"], *told["all"], 0.01)
    wide, tall, base = 40, 150, 180
    bars = []
    for digit, (here, usual) in enumerate(zip(told["here"], told["all"], strict=True)):
        left, up, up_all = 44 + wide * digit, here / most * tall, usual / most * tall
        bars.append(
            {
                "digit": digit,
                "x": left,
                "x_all": left + 15,
                "y": round(base - up, 1),
                "tall": round(up, 1),
                "y_all": round(base - up_all, 1),
                "tall_all": round(up_all, 1),
                "here": f"{100 * here:.1f}",
                "all": f"{100 * usual:.1f}",
            }
        )
    return {"width": wide * 10 + 60, "height": base + 24, "base": base, "bars": bars}


def strip(leads: Sequence[Lead], names: Mapping[str, Mapping[str, str]]) -> Mapping[str, Any]:
    """Return leads as bars over time, a row a site; the strongest sites first."""
    order = list(dict.fromkeys(one.site_id for one in leads))[:_MOST_ROWS]
    shown = [one for one in leads if one.site_id in order]
    if not shown:
        return {}
    first = min(one.start for one in shown)
    last = max(max(one.end for one in shown), first + timedelta(hours=6))
    whole = (last - first).total_seconds()
    left, right, row = 190, 44, 20

    def x(at: float) -> float:
        share = (at - first.timestamp()) / whole
        return round(left + share * (WIDTH - left - right), 1)

    lanes: dict[str, int] = {}
    bars = []
    for one in shown:
        lane = lanes[one.site_id] = lanes.get(one.site_id, -1) + 1
        begin, end = x(one.start.timestamp()), x(one.end.timestamp())
        bars.append(
            {
                "lead": one,
                "x": min(begin, WIDTH - right - 4),
                "width": max(4.0, round(end - begin, 1)),
                "y": 8 + order.index(one.site_id) * row + (lane % 3) * 5,
            }
        )
    base = 8 + len(order) * row
    return {
        "width": WIDTH,
        "height": base + 24,
        "base": base,
        "left": left,
        "right": WIDTH - right,
        "scores": WIDTH - 4,
        "bars": bars,
        "rows": [
            {
                "middle": 8 + n * row + 8,
                "site": key,
                "name": names.get(key, {}),
                "score": max(one.score for one in shown if one.site_id == key),
            }
            for n, key in enumerate(order)
        ],
        "marks_x": _time_marks(int(first.timestamp()), int(last.timestamp()), x),
        "left_out": len(leads) - len(shown),
    }


_MOST_ROWS = 25


def _pieces(times: Sequence[float], values: Sequence[float | None], x: Any, y: Any) -> list[str]:
    """Return unbroken pieces as polylines take them; a value alone is a short line."""
    pieces: list[list[str]] = [[]]
    for at, value in zip(times, values, strict=True):
        if value is None:
            if pieces[-1]:
                pieces.append([])
        else:
            pieces[-1].append(f"{x(at)},{y(value)}")
    return [" ".join(one if len(one) > 1 else one * 2) for one in pieces if one]


def _time_marks(first: int, last: int, x: Any) -> list[dict[str, Any]]:
    """Return where hours or days are written under a picture, whole ones in Beijing."""
    hours = (last - first) / _HOUR
    apart = next((one for one in _STEPS if hours / one <= _LABELS), _STEPS[-1] * 2)
    begin = datetime.fromtimestamp(first, UTC).astimezone(BEIJING)
    midnight = begin.replace(hour=0, minute=0, second=0, microsecond=0)
    marks = []
    at = midnight
    while at.timestamp() <= last:
        if at.timestamp() >= first:
            words = f"{at.month}-{at.day}" if at.hour == 0 else f"{at.hour}:00"
            marks.append({"x": x(at.timestamp()), "words": words})
        at += timedelta(hours=apart)
    return marks
