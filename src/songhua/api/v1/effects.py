"""What changes of values would do to indices, days, months and ranks, beside what is now."""

from datetime import timedelta
from typing import Any

from songhua.api.v1 import whatif
from songhua.model import Period
from songhua.store import shelf
from songhua.store.registry.sites import region_names, sites

_HOUR = timedelta(hours=1)


def named(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return figures with the name of the station or region they belong to."""
    names = {
        **{
            key: (zh, en or zh)
            for key, zh, en in sites().select("site", "name_zh", "name_en").rows()
        },
        **{
            code: (zh, en)
            for code, zh, en in region_names().select("code", "name_zh", "name_en").rows()
        },
    }
    return [
        {**one, "zh": names[one["subject"]][0], "en": names[one["subject"]][1]} for one in found
    ]


def compared(trial: whatif.WhatIf) -> list[dict[str, Any]]:
    """Return the hours and days whose index, level or primary pollutant would change."""
    figures = []
    for rows in trial.index:
        if rows.is_empty():
            continue
        period, scope = rows["period"][0], rows["scope"][0]
        span = Period(rows["time"].min(), rows["time"].max() + _HOUR)  # type: ignore[arg-type, operator]
        before = shelf().air_index(
            period=period, scope=scope, span=span, subjects=rows["subject"].unique().to_list()
        )
        shown = ["subject", "time", "aqi", "level", "primary"]
        both = rows.select(shown).join(
            before.select(shown), on=["subject", "time"], how="left", suffix="_before"
        )
        figures += [
            {"period": period, "scope": scope, **_figure(row)}
            for row in both.sort("time").iter_rows(named=True)
            if (row["aqi"], row["primary"]) != (row["aqi_before"], row["primary_before"])
        ]
    return figures


def _figure(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "subject": row["subject"],
        "time": round(row["time"].timestamp() * 1000),
        "before": {
            "aqi": row["aqi_before"],
            "level": row["level_before"] or 0,
            "primary": row["primary_before"] or "",
        },
        "after": {"aqi": row["aqi"], "level": row["level"] or 0, "primary": row["primary"] or ""},
    }


def ranks(trial: whatif.WhatIf) -> list[dict[str, Any]]:
    """Return the months, quarters and years of areas whose composite index or rank would change."""
    found = []
    for rows in trial.summary:
        if rows.is_empty() or rows["scope"][0] == "site":
            continue
        period, scope = rows["period"][0], rows["scope"][0]
        span = Period(rows["time"].min(), rows["time"].max() + _HOUR)  # type: ignore[arg-type, operator]
        before = shelf().air_summary(period=period, scope=scope, span=span)
        shown = ["subject", "time", "composite", "rank"]
        both = rows.select(shown).join(
            before.select(shown), on=["subject", "time"], how="left", suffix="_before"
        )
        found += [
            {
                "period": period,
                "scope": scope,
                "subject": row["subject"],
                "time": round(row["time"].timestamp() * 1000),
                "before": {"composite": row["composite_before"], "rank": row["rank_before"]},
                "after": {"composite": row["composite"], "rank": row["rank"]},
            }
            for row in both.iter_rows(named=True)
            if (row["composite"], row["rank"]) != (row["composite_before"], row["rank_before"])
        ]
    return found
