"""A file of noise in, a file of results out: no store, no server."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from songhua.assess.air.standalone import times_of, whole_or_not_at_all
from songhua.assess.explained import Reason
from songhua.assess.noise.compliance import (
    background_corrected,
    boundary_compliance,
    compliance_rate,
    grade,
    zone_compliance,
)
from songhua.assess.noise.days import NoiseDay, NoiseDays
from songhua.assess.noise.levels import mean, rounded
from songhua.assess.tables_in import Asked, batches, numbers, whole
from songhua.model import BadInput
from songhua.standards.noise_rules import NoiseRule, boundary_rule, noise_rule

KINDS = ("series", "zones", "region", "road", "boundary")
_PERIODS = {
    **dict.fromkeys(("day", "昼间", "昼"), "day"),
    **dict.fromkeys(("night", "夜间", "夜"), "night"),
}
_FAMILIES = {"GB12348": "gb_12348", "GB22337": "gb_22337", "GB12523": "gb_12523"}
_YES = frozenset({"1", "yes", "true", "是"})
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class AssessedNoise:
    """What came of a file: rows written, cells that need a look, and what is said of the whole."""

    rows: int
    asked: Asked
    said: tuple[tuple[str, str], ...] = ()


def assess_noise_csv(
    source: Path,
    out: Path,
    *,
    kind: str = "series",
    step: float = 1,
    hours_day: int | None = None,
    hours_night: int | None = None,
    on: date | None = None,
) -> AssessedNoise:
    """Write what noise amounts to.

    Parameters
    ----------
    source
        ``series``: site, time, leq and perhaps zone → a row a day; ``zones``: point, zone, ld, ln;
        ``region``: point, leq, period; ``road``: road, leq, km, period; ``boundary``: point,
        standard, zone, period, leq, perhaps background, lmax, event, indoors. [dB(A), km]
    step
        Seconds between samples of a series.
    hours_day, hours_night
        Valid hours that make Ld and Ln valid; None: as the law data has them.
    on
        The day whose law judges all but series; None: today's newest.

    Raises
    ------
    BadInput
        If the file cannot be read or lacks a column.
    """
    rule = noise_rule(on=on or date.max)
    rule = replace(
        rule,
        hours_day=rule.hours_day if hours_day is None else hours_day,
        hours_night=rule.hours_night if hours_night is None else hours_night,
    )
    asked = Asked()
    said: tuple[tuple[str, str], ...] = ()
    if kind == "series":
        if not 0 < step <= 3600:
            raise BadInput("step 应在 0～3600 秒。", "step must be within 0–3600 s.")
        rows = _series(source, step, rule, asked)
    elif kind == "zones":
        rows, said = _zones(source, rule, asked)
    elif kind in {"region", "road"}:
        rows = _city(source, kind, rule, asked)
    elif kind == "boundary":
        rows = _boundary(source, on or date.max, asked)
    else:
        raise BadInput(f"kind 只能是 {' '.join(KINDS)}。", f"kind must be {' '.join(KINDS)}.")
    try:
        with whole_or_not_at_all(out) as file:
            pl.DataFrame(rows, infer_schema_length=None).write_csv(file)
    except OSError as fault:
        raise BadInput(f"无法写文件：{fault}。", f"Cannot write: {fault}.") from fault
    return AssessedNoise(len(rows), asked, said)


def _series(source: Path, step: float, rule: NoiseRule, asked: Asked) -> list[Row]:
    sites: dict[str, NoiseDays] = {}
    zones: dict[str, str] = {}
    for batch in batches(source, ("site", "time", "leq"), asked):
        at = times_of(batch["time"]).dt.replace_time_zone(None)
        asked.rows(batch, "time", at.is_null(), "time")
        levels = numbers(batch, "leq", asked, lowest=rule.lowest, highest=rule.highest)
        hour = (at.dt.epoch("s") // 3600).alias("hour")
        rows = batch.select("site", *(["zone"] if "zone" in batch.columns else []))
        rows = rows.with_columns(hour, levels).drop_nulls(["site", "hour", "leq"])
        for (site, one), own in rows.group_by("site", "hour", maintain_order=True):
            if site not in sites:
                sites[str(site)] = NoiseDays(rule, step)
            if "zone" in own.columns:
                zones[str(site)] = (own["zone"][0] or "").strip().lower()
            sites[str(site)].add(int(str(one)), own["leq"].to_numpy())
    found = []
    for site, days in sites.items():
        zone = zones.get(site, "")
        if zone and zone not in rule.limits:
            asked.add(0, "zone", f"{site}: {zone}", "unknown")
        found += [_day(site, zone, one, rule) for one in days.days()]
    return found


def _day(site: str, zone: str, one: NoiseDay, rule: NoiseRule) -> Row:
    row: Row = {"site": site, "day": one.day.isoformat(), "zone": zone}
    row |= {"ld": _shown(one.daytime.leq, rule), "ln": _shown(one.night.leq, rule)}
    row["ldn"] = _shown(one.ldn, rule)
    for name, span in (("day", one.daytime), ("night", one.night)):
        for key in ("l10", "l50", "l90", "lmax", "lmin", "deviation"):
            row[f"{key}_{name}"] = _shown(getattr(span, key), rule)
        row |= {f"hours_{name}": span.hours, f"samples_{name}": span.samples}
    return row | _judged(explain_day(one, zone, rule)) | {"edition": rule.edition}


def explain_day(one: NoiseDay, zone: str, rule: NoiseRule) -> tuple[Reason, ...]:
    """Return why a day of a zone complies or not; nothing for a zone that the law lacks."""
    if zone not in rule.limits:
        return ()
    levels = {"day": one.daytime.leq, "night": one.night.leq}
    return zone_compliance(
        zone, {key: value for key, value in levels.items() if value is not None}, rule
    )


def _judged(reasons: Sequence[Reason]) -> Row:
    by_name = {reason.item_en: reason for reason in reasons}
    row: Row = {}
    for period, name in (("day", "day Ld"), ("night", "night Ln")):
        reason = by_name.get(name)
        row[f"limit_{period}"] = float(reason.limit) if reason else None
        row[f"{period}_meets"] = reason.meets if reason else None
    return row


def _shown(level: float | None, rule: NoiseRule) -> float | None:
    return None if level is None else float(rounded(level, rule.places))


def _zones(
    source: Path, rule: NoiseRule, asked: Asked
) -> tuple[list[Row], tuple[tuple[str, str], ...]]:
    rows = _numbered(source, ("point", "zone", "ld", "ln"), ("ld", "ln"), rule, asked)
    found, passed = [], {"day": list[bool](), "night": list[bool]()}
    for row in rows:
        zone = (row["zone"] or "").strip().lower()
        levels = {"day": row["ld"], "night": row["ln"]}
        known = {key: value for key, value in levels.items() if value is not None}
        if zone in rule.limits:
            judged = _judged(zone_compliance(zone, known, rule))
        else:
            asked.add(row["line"], "zone", zone, "unknown")
            judged = _judged(())
        for period, list_ in passed.items():
            list_ += [judged[f"{period}_meets"]] if judged[f"{period}_meets"] is not None else []
        out = {key: row[key] for key in ("point", "zone", "ld", "ln")}
        found.append(out | judged | {"edition": rule.edition})
    rates = {period: compliance_rate(list_) for period, list_ in passed.items()}
    said = tuple(
        (f"{zh}达标率 {rates[key]} %（{len(passed[key])} 点次）",
         f"{key} compliance {rates[key]} % of {len(passed[key])}")
        for key, zh in (("day", "昼间"), ("night", "夜间")) if rates[key] is not None
    )  # fmt: skip
    return found, said


def _city(source: Path, kind: str, rule: NoiseRule, asked: Asked) -> list[Row]:
    needed = ("leq", "period", *(("km",) if kind == "road" else ()))
    rows = _numbered(source, needed, ("leq", *needed[2:]), rule, asked)
    found = []
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        period = _PERIODS.get((row["period"] or "").strip().lower())
        if period is None:
            asked.add(row["line"], "period", row["period"] or "", "unknown")
        elif row["leq"] is not None and (kind == "region" or (row["km"] or 0) > 0):
            groups.setdefault((row.get("city") or "", period), []).append(row)
    for (city, period), own in groups.items():
        levels = [row["leq"] for row in own]
        km = [row["km"] for row in own] if kind == "road" else None
        value = mean(levels, km)
        one = grade(value, kind=kind, period=period, rule=rule)
        out: Row = {"city": city, "kind": kind, "period": period, "points": len(own)}
        out |= {"mean": float(rounded(value, rule.places)), "level": one.level}
        if km is not None:
            over = sum(k for level, k in zip(levels, km, strict=True) if level > rule.road_exceeds)
            out["share_above"] = round(100 * over / sum(km), 1)
        found.append(out | {"word": one.word_zh, "edition": rule.grades_edition})
    return found


def _boundary(source: Path, on: date, asked: Asked) -> list[Row]:
    rows = _numbered(
        source, ("point", "standard", "zone", "period", "leq"), ("leq", "background", "lmax"),
        noise_rule(on=on), asked,
    )  # fmt: skip
    found = []
    for row in rows:
        out: Row = {key: row[key] for key in ("point", "standard", "zone", "period", "leq")}
        out |= dict.fromkeys(
            (
                "background",
                "corrected",
                "limit",
                "meets",
                "lmax",
                "lmax_limit",
                "lmax_meets",
                "note",
            )
        )
        out |= {"background": row.get("background"), "lmax": row.get("lmax"), "edition": None}
        found.append(out)
        said = (row["standard"] or "").upper().replace(" ", "").replace("—", "-")
        family = _FAMILIES.get(said.split("-")[0])
        period = _PERIODS.get((row["period"] or "").strip().lower())
        if family is None or period is None:
            name = "standard" if family is None else "period"
            asked.add(row["line"], name, row[name] or "", "unknown")
            continue
        if row["leq"] is None:
            continue
        rule = boundary_rule(family, on=on)
        level: Any = row["leq"]
        if out["background"] is not None and rule.corrections:
            corrected = background_corrected(level, out["background"], rule)
            if corrected is None:
                out["note"] = "背景过高，降低背景或按 HJ 706 background too high"
                continue
            level, out["corrected"] = corrected[0], float(corrected[0])
        try:
            reasons = boundary_compliance(
                (row["zone"] or "").strip(), period, level, rule, lmax=out["lmax"],
                event=(row.get("event") or "").strip(),
                indoors=(row.get("indoors") or "").strip().lower() in _YES,
            )  # fmt: skip
        except BadInput as fault:
            out["note"] = str(fault)
            asked.add(row["line"], "zone", row["zone"] or "", "unknown")
            continue
        out |= {
            "limit": float(reasons[0].limit),
            "meets": reasons[0].meets,
            "edition": rule.edition,
        }
        if len(reasons) > 1:
            out |= {"lmax_limit": float(reasons[1].limit), "lmax_meets": reasons[1].meets}
    return found


def _numbered(
    source: Path, needed: Sequence[str], columns: Sequence[str], rule: NoiseRule, asked: Asked
) -> list[Row]:
    table = whole(source, needed, asked)
    own = [name for name in columns if name in table.columns]
    return table.with_columns(
        numbers(table, name, asked, lowest=0.0)
        if name == "km"
        else numbers(table, name, asked, lowest=rule.lowest, highest=rule.highest)
        for name in own
    ).to_dicts()
