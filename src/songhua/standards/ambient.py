"""Limits of ambient air and the data a valid statistic needs: GB 3095, by the day measured."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

from songhua.model import NoRuleInForce
from songhua.standards.aqi import Averaging
from songhua.standards.edition import Edition, edition_in_force

Limits = Mapping[tuple[str, Averaging], tuple[Decimal, Decimal]]


@dataclass(frozen=True, slots=True)
class Validity:
    """Fewest data of a valid statistic (数据统计的有效性规定).

    Parameters
    ----------
    min_hours_day, min_hours_8h
        Hourly means of a natural day, and of an 8-hour window.
    min_days_year, min_days_month, min_days_february
        Daily means of a year, of each of its months, of a February.
    """

    min_hours_day: int
    min_hours_8h: int
    min_days_year: int
    min_days_month: int
    min_days_february: int


@dataclass(frozen=True, slots=True, eq=False)
class AmbientAirRule:
    """What one phase of GB 3095 says.

    Parameters
    ----------
    edition, year
        ``GB 3095—2026``, 2026.
    phase_zh, phase_en
        ``过渡阶段``, ``transition``.
    limits
        Item and averaging time → limits of class 1 and class 2. A value on the limit meets it.
        [µg/m³; mg/m³ for CO]
    validity
        Table 4.
    clauses
        Where each rule stands.
    """

    edition: str
    year: int
    phase_zh: str
    phase_en: str
    limits: Limits
    validity: Validity
    clauses: Mapping[str, str]

    def limit(self, quantity: str, averaging: Averaging) -> Decimal:
        """Return the class 2 limit (二级), which holds wherever people live.

        Raises
        ------
        KeyError
            If the edition sets no such limit.
        """
        return self.limits[quantity, averaging][1]


@dataclass(frozen=True, slots=True)
class ReferenceState:
    """State of the air (参比状态) to which a mass concentration refers.

    Parameters
    ----------
    gases_k, gases_hpa
        Temperature and pressure of gases. [K, hPa]
    particles_ambient
        Whether particles are given as the air was at the site; else as the gases.
    """

    name_zh: str
    name_en: str
    gases_k: Decimal
    gases_hpa: Decimal
    particles_ambient: bool
    clause: str


def ambient_air_rule(*, on: date) -> AmbientAirRule:
    """Return the limits in force on the day the air was measured.

    An edition may change its own limits part-way: the phase is chosen by the same day as
    the edition.

    Raises
    ------
    NoRuleInForce
        Before 2012-02-29.

    Examples
    --------
    >>> ambient_air_rule(on=date(2030, 12, 31)).limits["pm2_5", Averaging.DAILY]
    (Decimal('35'), Decimal('60'))
    >>> ambient_air_rule(on=date(2031, 1, 1)).limits["pm2_5", Averaging.DAILY]
    (Decimal('25'), Decimal('50'))
    """
    edition = edition_in_force("air", "gb_3095", on=on)
    for number, phase in enumerate(edition.tables["phase"]):
        if phase["kind"] == "limits" and phase["from"] <= on <= phase.get("until", date.max):
            return _rule(edition, number)
    raise NoRuleInForce("gb_3095", on)


def reference_state(*, on: date) -> ReferenceState:
    """Return the state to which concentrations measured on a day refer.

    Raises
    ------
    NoRuleInForce
        Before 2012-02-29.

    Examples
    --------
    >>> reference_state(on=date(2018, 8, 31)).gases_k, reference_state(on=date(2018, 9, 1)).gases_k
    (Decimal('273'), Decimal('298.15'))
    """
    edition = edition_in_force("air", "gb_3095", on=on)
    for state in edition.tables["reference_state"]:
        if state["from"] <= on <= state.get("until", date.max):
            return ReferenceState(
                name_zh=state["name_zh"],
                name_en=state["name_en"],
                gases_k=Decimal(state["gases_k"]),
                gases_hpa=Decimal(state["gases_hpa"]),
                particles_ambient=state["particles_ambient"],
                clause=state["clause"],
            )
    raise NoRuleInForce("gb_3095", on)


@cache
def _rule(edition: Edition, number: int) -> AmbientAirRule:
    phase: Mapping[str, Any] = edition.tables["phase"][number]
    table = edition.tables["table_4"]
    return AmbientAirRule(
        edition=edition.code,
        year=edition.year,
        phase_zh=phase["name_zh"],
        phase_en=phase["name_en"],
        limits={
            (row[0], Averaging(row[1])): (Decimal(row[3]), Decimal(row[4]))
            for row in phase["limits"]
        },
        validity=Validity(
            min_hours_day=table["hours_day"],
            min_hours_8h=table["hours_8h"],
            min_days_year=table["days_year"],
            min_days_month=table["days_month"],
            min_days_february=table["days_february"],
        ),
        clauses=edition.clauses,
    )
