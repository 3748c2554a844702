"""Pages of the map; what they show comes from `/api/v1/air/map`."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET

from songhua.api.v1.levels import stylesheet
from songhua.standards import levels, quantity

_SHOWN = ("pm2_5", "pm10", "o3", "no2", "so2", "co")
"""The six in the order pages list them."""


@require_GET
def one_map(request: HttpRequest) -> HttpResponse:
    """Show the map with its list, table and the panel of the thing selected."""
    return render(request, "map/map.html", {"quantities": _quantities()})


@require_GET
def wall(request: HttpRequest) -> HttpResponse:
    """Show the map for a wall: large, dark, moving only when the data move."""
    return render(request, "map/wall.html", {"quantities": _quantities(), "theme": "dark"})


@require_GET
@cache_control(public=True, max_age=300)
def levels_css(request: HttpRequest) -> HttpResponse:
    """Return the colours of the levels, as the standard has them, for every page."""
    return HttpResponse(stylesheet(levels()), content_type="text/css; charset=utf-8")


def _quantities() -> list[dict[str, object]]:
    return [_described(name) for name in (*_SHOWN, "o3_8h")]


def _described(name: str) -> dict[str, object]:
    one = quantity(name)
    return {
        "name": name,
        "symbol": one.symbol,
        "zh": one.name_zh,
        "en": one.name_en,
        "unit": one.unit,
        "places": one.places,
    }
