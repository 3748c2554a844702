"""What a review reads of the shelf: site-days counted, and whole series of one quantity."""

from collections.abc import Sequence
from datetime import datetime

import polars as pl

from songhua.model import Period
from songhua.store.asking import asked as asked_of
from songhua.store.asking import where
from songhua.store.engine import Engine

_DAY = "toDate(time, 'Asia/Shanghai')"


class Counted:
    """The part of the shelf that counts, and reads a million values at once."""

    _engine: Engine

    def site_days(
        self, *, span: Period, sites: Sequence[str], period: str = "hour"
    ) -> pl.DataFrame:
        """Return how many values each site-day has, and how many of them wait to be judged.

        Returns
        -------
        DataFrame
            site, day (of Beijing), values, reviewed (carry a reviewer's mark), invalid (their
            value does not count), suspect, fail (verdicts of values without a reviewer's mark),
            last (the greatest revision of a current value).
        """
        asked = asked_of(period, span, sites=sites)
        sql = f"""
            WITH current AS (
                SELECT site, quantity, time,
                       argMax(mark, (decided, revision)) AS said,
                       max((decided, revision)).2 AS number
                FROM observations WHERE {where(asked, known="recorded_at")}
                GROUP BY site, quantity, time
            ), judged AS (
                SELECT scope AS quantity, subject AS site, time,
                       argMax(verdict, revision) AS judgement
                FROM verdicts
                WHERE {where(asked, known="computed_at").replace("site IN", "subject IN")}
                GROUP BY quantity, site, time
            )
            SELECT site, CAST({_DAY}, 'String') AS day, count() AS values,
                   countIf(said IN ('RM', 'RQ', 'RV')) AS reviewed,
                   countIf(said = 'RM') AS invalid,
                   countIf(judgement = 3 AND said NOT IN ('RM', 'RQ', 'RV')) AS suspect,
                   countIf(judgement = 4 AND said NOT IN ('RM', 'RQ', 'RV')) AS fail,
                   max(number) AS last
            FROM current LEFT JOIN judged USING (site, quantity, time)
            GROUP BY site, day ORDER BY day, site
        """  # noqa: S608 - names and operators are ours, values are bound
        found = self._engine.frame(sql, asked)
        return found.with_columns(pl.col("day").str.to_date())

    def marks(
        self,
        *,
        span: Period,
        sites: Sequence[str],
        period: str = "hour",
        as_of: datetime | None = None,
    ) -> pl.DataFrame:
        """Return how many current values each site has by month and mark.

        Returns
        -------
        DataFrame
            site, month (``2020-04``), quantity, mark, values, missing (no value came with it).
        """
        asked = asked_of(period, span, sites=sites, as_of=as_of)
        sql = f"""
            WITH current AS (
                SELECT site, quantity, time,
                       argMax(mark, (decided, revision)) AS said,
                       argMax(isNull(value), (decided, revision)) AS gone
                FROM observations WHERE {where(asked, known="recorded_at")}
                GROUP BY site, quantity, time
            )
            SELECT site, formatDateTime(time, '%Y-%m', 'Asia/Shanghai') AS month, quantity,
                   said AS mark, count() AS values, countIf(gone) AS missing
            FROM current GROUP BY site, month, quantity, mark
            ORDER BY site, month, quantity, mark
        """  # noqa: S608 - names and operators are ours, values are bound
        return self._engine.frame(sql, asked)

    def hour_states(self, *, span: Period, sites: Sequence[str] | None = None) -> pl.DataFrame:
        """Return how many current hours each series has by month, mark and what a person said.

        Returns
        -------
        DataFrame
            site, month (``2020-04``, of Beijing), quantity, mark, reason (empty unless a reviewer
            took the value out), values, missing (no value came with it).
        """
        asked = asked_of("hour", span, sites=sites)
        sql = f"""
            WITH current AS (
                SELECT site, quantity, time,
                       argMax((mark, if(mark = 'RM', reason, ''), isNull(value)),
                              (decided, revision)) AS said
                FROM observations WHERE {where(asked, known="recorded_at")}
                GROUP BY site, quantity, time
            )
            SELECT site, formatDateTime(time, '%Y-%m', 'Asia/Shanghai') AS month, quantity,
                   said.1 AS mark, said.2 AS reason, count() AS values, countIf(said.3) AS missing
            FROM current GROUP BY site, month, quantity, mark, reason
            ORDER BY site, month, quantity, mark, reason
        """  # noqa: S608 - names and operators are ours, values are bound
        return self._engine.frame(sql, asked)

    def course(self, *, period: str, span: Period, site: str, quantity: str) -> pl.DataFrame:
        """Return the current values of one series with nothing beside them, for a chart.

        Returns
        -------
        DataFrame
            time, value, mark, revision; in order of time.
        """
        asked = asked_of(period, span, sites=[site], quantities=[quantity])
        sql = f"""
            SELECT time, value, mark, revision, decided FROM observations
            WHERE {where(asked, known="recorded_at")}
            ORDER BY site, quantity, time, revision
        """  # noqa: S608 - names and operators are ours, values are bound
        rows = self._engine.frame(sql, asked)
        if (rows["time"] == rows["time"].shift()).any():
            rows = rows.sort("time", "decided", "revision").unique(
                "time", keep="last", maintain_order=True
            )
        return rows.select("time", "value", "mark", "revision")

    def judged(self, *, period: str, span: Period, site: str, quantity: str) -> pl.DataFrame:
        """Return the current verdicts of one series that are suspect or worse.

        Returns
        -------
        DataFrame
            time, verdict, evidence; in order of time.
        """
        asked = asked_of(period, span, scopes=[quantity], subjects=[site])
        sql = f"""
            SELECT time, verdict, evidence FROM (
                SELECT time, verdict, evidence FROM verdicts
                WHERE {where(asked, known="computed_at")}
                ORDER BY time, revision DESC LIMIT 1 BY time
            ) WHERE verdict >= 3 ORDER BY time
        """  # noqa: S608 - names and operators are ours, values are bound
        return self._engine.frame(sql, asked)
