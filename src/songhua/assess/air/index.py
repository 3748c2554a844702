"""The air quality index by HJ 633: the readable reference, exact. Pure: no clock, no store.

The columnar twin is `columns`; a property test holds the two equal.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from math import ceil

from songhua.assess.rounding import half_even
from songhua.model import Missing, MissingReason
from songhua.standards import POLLUTANTS, AqiRule, Averaging, IndexScale, Level

PRIMARY_ORDER = ("pm2_5", "pm10", "so2", "no2", "co", "o3")
"""In which order pollutants that share the highest index are named."""

NO_PRIMARY_UP_TO = 50
EXCEEDS_ABOVE = 100
_MISSING_MATTERS_UP_TO = 100


@dataclass(frozen=True, slots=True)
class AirIndex:
    """The index of one hour or day at one place.

    Parameters
    ----------
    aqi
        Air quality index (AQI, 空气质量指数), or why there is none. [unitless]
    iaqi
        Individual index of each of the six pollutants, or why there is none. [unitless]
    primary
        Primary pollutants (首要污染物); empty when the index is 50 or less.
    exceeding
        Pollutants above 100 (超标污染物), where the edition names them.
    level
        Level of the index; None without one.
    edition
        ``HJ 633—2026``.
    """

    aqi: int | Missing
    iaqi: Mapping[str, int | Missing]
    primary: tuple[str, ...]
    exceeding: tuple[str, ...]
    level: Level | None
    edition: str


def iaqi(concentration: Decimal, scale: IndexScale) -> int | Missing:
    """Return the individual air quality index (IAQI, 空气质量分指数) of one pollutant.

    Linear between the two limits around the concentration, then rounded up. Above the last
    limit the index that the edition gives there, or `Missing` where it gives none.

    Parameters
    ----------
    concentration
        Mean over the averaging time of `scale`, already rounded where the edition asks for it.
        [µg/m³; mg/m³ for CO]
    scale
        Column of the IAQI table for this pollutant and averaging time.

    Returns
    -------
    int or Missing
        IAQI, 0 to 500. [unitless]

    Raises
    ------
    ValueError
        If the concentration is negative or not a number.

    Examples
    --------
    A daily mean of PM2.5 at the limit between "good" and "lightly polluted":

    >>> from datetime import date
    >>> from songhua.standards import Averaging, aqi_rule
    >>> rule = aqi_rule(on=date(2026, 11, 23))
    >>> iaqi(Decimal(60), rule.scale("pm2_5", Averaging.DAILY))
    100

    References
    ----------
    HJ 633—2012, 4.2 equation (1), 6.2, table 1; HJ 633—2026, 4.2.4 equation (1), 4.2.6,
    table 3 with notes b and c.
    """
    if not concentration.is_finite() or concentration < 0:
        raise ValueError(f"concentration must be a number and not negative: {concentration}")
    steps = pairwise(zip(scale.limits, scale.index, strict=True))
    for (bp_lo, iaqi_lo), (bp_hi, iaqi_hi) in steps:
        if concentration <= bp_hi:
            share = (Fraction(concentration) - Fraction(bp_lo)) / Fraction(bp_hi - bp_lo)
            return ceil(iaqi_lo + (iaqi_hi - iaqi_lo) * share)
    if scale.above is None:
        return Missing(MissingReason.ABOVE_SCALE, f">{scale.limits[-1]}")
    return scale.above


def hourly_index(values: Mapping[str, Decimal | Missing | None], rule: AqiRule) -> AirIndex:
    """Return the index of one hour (实时报) from its 1-hour means.

    Parameters
    ----------
    values
        1-hour means by pollutant; absent, None or `Missing` where there is none. PM uses the
        daily limits (HJ 633—2026, 4.2.4, and national practice before). [µg/m³; mg/m³ for CO]
    rule
        The edition in force on the day measured.

    References
    ----------
    HJ 633—2012, 4.2–4.4, table 4; HJ 633—2026, 4.2, 4.3, 5.3.
    """
    found = {key: _part(values.get(key), key, rule.hourly[key], rule) for key in POLLUTANTS}
    return _index(found, rule)


def daily_index(values: Mapping[str, Decimal | Missing | None], rule: AqiRule) -> AirIndex:
    """Return the index of one day (日报) from its daily means and ozone's best 8 hours.

    Parameters
    ----------
    values
        Daily means by pollutant, ``o3_8h`` the maximum daily 8-hour mean; ``o3``, the highest
        hour, stands in where an edition gives no 8-hour index above 800. [µg/m³; mg/m³ for CO]
    rule
        The edition in force on the day measured.

    References
    ----------
    HJ 633—2012, 4.2–4.4, table 1 note 3, table 3; HJ 633—2026, 4.2, 4.3, 5.3.
    """
    found = {
        key: _part(values.get("o3_8h" if key == "o3" else key), key, rule.daily[key], rule)
        for key in POLLUTANTS
    }
    beyond = found["o3"]
    if isinstance(beyond, Missing) and beyond.reason == MissingReason.ABOVE_SCALE:
        hour = _part(values.get("o3"), "o3", Averaging.HOURLY, rule)
        found["o3"] = hour if isinstance(hour, int) else beyond
    return _index(found, rule)


def rounded(concentration: Decimal, quantity: str, rule: AqiRule) -> Decimal:
    """Return the concentration as it enters the formula: rounded where the edition asks for it.

    References
    ----------
    HJ 633—2026, 4.2.2, 4.2.3; GB/T 8170. HJ 633—2012 does not round.
    """
    places = rule.places.get(quantity)
    return concentration if places is None else half_even(concentration, places)


def _part(
    value: Decimal | Missing | None, quantity: str, averaging: Averaging, rule: AqiRule
) -> int | Missing:
    if value is None:
        return Missing(MissingReason.NOT_RECEIVED)
    if isinstance(value, Missing):
        return value
    if not value.is_finite() or value < 0:
        return Missing(MissingReason.MARKED_INVALID, "negative or not a number")
    return iaqi(rounded(value, quantity, rule), rule.scale(quantity, averaging))


def _index(found: Mapping[str, int | Missing], rule: AqiRule) -> AirIndex:
    known = {key: value for key, value in found.items() if isinstance(value, int)}
    highest = max(known.values(), default=None)
    exceeding = tuple(k for k in PRIMARY_ORDER if known.get(k, 0) > EXCEEDS_ABOVE)
    aqi = _published(highest, found, rule)
    if isinstance(aqi, Missing):
        return AirIndex(aqi, found, (), (), None, rule.edition)
    return AirIndex(
        aqi=aqi,
        iaqi=found,
        primary=tuple(k for k in PRIMARY_ORDER if known.get(k) == aqi > NO_PRIMARY_UP_TO),
        exceeding=exceeding if rule.names_exceeding else (),
        level=rule.level(aqi),
        edition=rule.edition,
    )


def _published(
    highest: int | None, found: Mapping[str, int | Missing], rule: AqiRule
) -> int | Missing:
    """Return the index, or why it is withheld: HJ 633—2026, 5.3.1."""
    if highest is None:
        return Missing(MissingReason.NOT_RECEIVED)
    absent = [key for key in POLLUTANTS if isinstance(found[key], Missing)]
    if rule.needs_all_pollutants and absent and highest <= _MISSING_MATTERS_UP_TO:
        return Missing(MissingReason.POLLUTANT_MISSING, "+".join(absent))
    return highest
