"""The levels of the air quality index as pages draw them: words, colours, readable ink."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Router

from songhua.api.v1.asked import moment
from songhua.model import BEIJING
from songhua.standards import AqiRule, Level, aqi_rule

router = Router(tags=["law"])

_DARK, _LIGHT = "#000000", "#ffffff"  # pure black: nothing lighter reads on the red level


@router.get("/levels")
def levels(request: HttpRequest, on: str = "") -> dict[str, Any]:
    """Return the levels of the edition in force on a day (today when none is named)."""
    day = moment(on, name="on") if on else datetime.now(BEIJING)
    rule = aqi_rule(on=day.date())
    return {"edition": rule.edition, "levels": levels_of(rule)}


def levels_of(rule: AqiRule) -> list[dict[str, Any]]:
    """Return the levels of an edition, from the cleanest."""
    return [
        {
            "number": level.number,
            "lo": level.index_lo,
            "hi": level.index_hi,
            "grade": level.grade_zh,
            "zh": level.category_zh,
            "en": level.category_en,
            "colour": level.colour,
            "ink": ink_on(level.colour),
            "safe": level.colour_safe,
            "safe_ink": ink_on(level.colour_safe),
            "advice_zh": level.advice_zh,
            "advice_en": level.advice_en,
        }
        for level in rule.levels
    ]


def stylesheet(levels: tuple[Level, ...]) -> str:
    """Return the colours as CSS: variables, and a class a level.

    >>> from songhua.standards import levels
    >>> stylesheet(levels()).splitlines()[0][:40]
    ':root { --level-1: #00e400; --ink-1: #00'
    """
    official = _variables((level.number, level.colour) for level in levels)
    safe = _variables((level.number, level.colour_safe) for level in levels)
    classes = [
        f".level-{n} {{ background: var(--level-{n}); color: var(--ink-{n}); }}"
        for n in (level.number for level in levels)
    ]
    return "\n".join(
        [f":root {{ {official} }}", f':root[data-scale="safe"] {{ {safe} }}', *classes, ""]
    )


def ink_on(colour: str) -> str:
    """Return the ink that reads better on a colour, by the contrast of WCAG 2.2.

    >>> ink_on("#ffff00"), ink_on("#7e0023")
    ('#000000', '#ffffff')
    """
    ground = _luminance(colour)
    dark = (ground + 0.05) / (_luminance(_DARK) + 0.05)
    light = 1.05 / (ground + 0.05)
    return _DARK if dark >= light else _LIGHT


def _variables(colours: Any) -> str:
    return " ".join(f"--level-{n}: {colour}; --ink-{n}: {ink_on(colour)};" for n, colour in colours)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
