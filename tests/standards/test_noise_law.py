"""The law of noise: dated, and as the documents print it."""

from datetime import date

import pytest

from songhua.model import NoRuleInForce, UnknownName
from songhua.standards.noise_rules import boundary_rule, noise_rule


def test_the_limits_of_zones_are_those_of_the_table() -> None:
    """GB 3096—2008, table 1."""
    limits = noise_rule(on=date(2026, 8, 21)).limits
    assert {zone: (int(one.day), int(one.night)) for zone, one in limits.items()} == {
        "0": (50, 40), "1": (55, 45), "2": (60, 50), "3": (65, 55), "4a": (70, 55), "4b": (70, 60),
    }  # fmt: skip


def test_building_sites_have_the_edition_of_their_day() -> None:
    assert boundary_rule("gb_12523", on=date(2025, 12, 31)).edition == "GB 12523—2011"
    assert boundary_rule("gb_12523", on=date(2026, 1, 1)).edition == "GB 12523—2025"


def test_rooms_for_sleep_are_quieter() -> None:
    """GB 12348—2008, table 2."""
    rooms = boundary_rule("gb_12348", on=date(2026, 1, 1)).structural
    assert (rooms["1", "A"].day, rooms["1", "B"].day, rooms["4", "B"].night) == (40, 45, 40)


def test_what_the_law_does_not_hold_is_named() -> None:
    with pytest.raises(NoRuleInForce):
        noise_rule(on=date(2008, 9, 30))
    with pytest.raises(UnknownName, match="gb_1"):
        boundary_rule("gb_1", on=date(2026, 1, 1))
