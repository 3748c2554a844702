"""Cities and counties side by side: places with ties, and change against an earlier period."""

from datetime import timedelta
from typing import Literal

import polars as pl

from songhua.assess.air.doors import any_frame
from songhua.assess.air.statistics_columns import MEANS, PERCENTILES, subject_column
from songhua.assess.rounding import half_even_quotient, nano, shifted

_BEIJING = timedelta(hours=8)  # no summer time since 1992
_PLACES = 1  # of a change in per cent
_EARLIER = {"month": "-1mo", "quarter": "-1q", "year": "-1y"}
_COUNTED = ("good_days", "rank")
_MEASURED = (*MEANS, *PERCENTILES, "composite")


@any_frame
def rank(summary: pl.DataFrame) -> pl.DataFrame:
    """Return period statistics with ``rank``: from the lowest composite index on, per period.

    Equal indices share a place and the next is skipped. A row without a composite index has no
    place. A row with a ``reason`` is ranked too: a page must mark it as incomplete.

    Parameters
    ----------
    summary
        As `period_statistics` gives it; rows of one kind of area, of any periods.

    References
    ----------
    环办监测〔2018〕19号: ascending by the composite index, equal values share the rank.
    """
    return _placed(summary, "composite", "rank", descending=False)


@any_frame
def rank_by_good_days(summary: pl.DataFrame) -> pl.DataFrame:
    """Return period statistics with ``rank_good``: from the highest ratio of good days on."""
    return _placed(summary, "good_rate", "rank_good", descending=True)


@any_frame
def rank_by_aqi(index: pl.DataFrame) -> pl.DataFrame:
    """Return hours or days with ``rank_aqi``: from the lowest AQI on, at each time."""
    return _placed(index, "aqi", "rank_aqi", descending=False)


@any_frame
def year_on_year(summary: pl.DataFrame) -> pl.DataFrame:
    """Return period statistics beside those of the same period a year before (同比).

    Parameters
    ----------
    summary
        As `rank` gives it, with the earlier periods among the rows.

    Returns
    -------
    DataFrame
        With ``before_…`` and, for concentrations and the composite index, ``change_…`` in per
        cent of the earlier published figure (one place, half to even; null where that is 0 or
        absent), for ``good_days`` and ``rank`` the difference.
    """
    return _beside(summary, "-1y")


@any_frame
def on_previous(
    summary: pl.DataFrame, *, period: Literal["month", "quarter", "year"]
) -> pl.DataFrame:
    """Return period statistics beside those of the period before (环比); as `year_on_year`."""
    return _beside(summary, _EARLIER[period])


def _placed(frame: pl.DataFrame, figure: str, name: str, *, descending: bool) -> pl.DataFrame:
    together = [column for column in ("period", "scope", "time") if column in frame.columns]
    # Figures are published with few places: as whole numbers equal ones are equal.
    place = nano(pl.col(figure)).rank("min", descending=descending).over(together)
    return frame.with_columns(place.cast(pl.UInt16).alias(name))


def _beside(summary: pl.DataFrame, shift: str) -> pl.DataFrame:
    key = subject_column(summary)
    measured = [name for name in _MEASURED if name in summary.columns]
    counted = [name for name in _COUNTED if name in summary.columns]
    same = [name for name in ("period", "scope") if name in summary.columns]
    local = (pl.col("time") + _BEIJING).dt.replace_time_zone(None)
    before = summary.select(
        key,
        *same,
        local.alias("earlier"),
        pl.col(*measured, *counted).name.prefix("before_"),
    )
    return (
        summary.with_columns(earlier=local.dt.offset_by(shift))
        .join(before, on=[key, *same, "earlier"], how="left", maintain_order="left")
        .drop("earlier")
        .with_columns(
            *(_change(name) for name in measured),
            *(
                (pl.col(name).cast(pl.Int64) - pl.col(f"before_{name}").cast(pl.Int64)).alias(
                    f"change_{name}"
                )
                for name in counted
            ),
        )
    )


def _change(name: str) -> pl.Expr:
    now, before = nano(pl.col(name)), nano(pl.col(f"before_{name}"))
    share = half_even_quotient((now - before) * (100 * 10**_PLACES), before)
    return pl.when(before > 0).then(shifted(share, _PLACES)).alias(f"change_{name}")
