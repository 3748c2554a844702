"""Which of several revisions is current. Pure: frames in, frames out."""

from collections.abc import Sequence

import polars as pl

_MANY = 10**9
"""More than any value has revisions."""
_KEY = ("time", "quantity", "site")  # what differs most often first


def current(revisions: pl.DataFrame) -> pl.DataFrame:
    """Return the current revision of every value, and whether it ever had another.

    Parameters
    ----------
    revisions
        site, quantity, time, revision, value, decided and more, sorted by the first four. A row
        may be there twice: a replay that the engine has not merged yet.

    Returns
    -------
    DataFrame
        One row a site, quantity and time: that of the greatest (decided, revision), with
        ``changed`` for more than one distinct value; without ``decided``.
    """
    never = pl.lit(value=False).alias("changed")
    begins = pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift()) for name in _KEY)
    rows = revisions.with_columns(begins.alias("begins"))
    if rows["begins"].all():  # as nearly always: nothing was ever delivered twice
        return revisions.drop("decided").with_columns(never)
    rows = rows.with_columns(
        pl.col("begins").cum_sum().alias("number"),
        (pl.col("begins") & pl.col("begins").shift(-1, fill_value=True)).alias("alone"),
    )
    several = (
        rows.filter(~pl.col("alone"))
        .sort("number", "decided", "revision")
        .group_by("number", maintain_order=True)
        .agg(pl.all().last(), (pl.col("value").n_unique() > 1).alias("changed"))
    )
    alone = rows.filter("alone").with_columns(never)
    both = pl.concat([alone, several.select(alone.columns)]).sort("number")
    return both.drop("number", "begins", "alone", "decided")


def changes(history: pl.DataFrame) -> pl.DataFrame:
    """Return what every cause changed: the last result before it beside its own last.

    Parameters
    ----------
    history
        Every revision of some results: period, scope, subject, time, revision, value, rank,
        cause, computed_at.

    Returns
    -------
    DataFrame
        The same with ``former`` and ``former_rank``, one row a key and cause, the first of a key
        left out: nothing was changed by it.
    """
    key = ["period", "scope", "subject", "time"]
    steps = (
        history.sort(*key, "revision")
        .with_columns(pl.col("cause").rle_id().over(key).alias("step"))
        .unique([*key, "step"], keep="last", maintain_order=True)
    )
    return steps.with_columns(
        pl.col("value").shift().over(key).alias("former"),
        pl.col("rank").shift().over(key).alias("former_rank"),
    ).filter(pl.col("step") > 0)


def formers(history: pl.DataFrame, key: Sequence[str]) -> pl.DataFrame:
    """Return what was current before each revision came, and whether the revision is current now.

    Parameters
    ----------
    history
        Every revision of some values: the key, revision, decided, former and former_rank (what
        the revision itself says).

    Returns
    -------
    DataFrame
        The key, revision, former and former_rank (of the revision that was current before; null
        where none was), current.
    """
    # The greatest (decided, place among the revisions) so far is current.
    place = pl.int_range(pl.len()).over(key)
    ranked = history.sort(*key, "revision").with_columns(
        (pl.col("decided").cast(pl.Int64) * _MANY + place).alias("code")
    )
    best = pl.col("code").cum_max().over(key)
    return ranked.with_columns(
        (best.shift().over(key) % _MANY).alias("before"),
        (pl.col("code") == pl.col("code").max().over(key)).alias("current"),
    ).select(
        *key,
        "revision",
        pl.col("former", "former_rank").gather(pl.col("before")).over(key),
        "current",
    )
