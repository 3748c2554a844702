"""The benchmark as files that others can use: series, labels, data card."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from bench.fraud.score import EACH, SEED
from bench.fraud.seen import seen
from bench.fraud.series import frame, half, load
from bench.fraud.tamper import ACTS, STRENGTHS, tampered

_CARD = """# Tampered environmental series

Real hourly series with tampering of known kind, strength, place and time, put in by a generator
(seed {seed}). Made by `python -m bench.fraud export` of Songhua.

## Files

- `clean/MEDIUM_fix.parquet`: untouched, first half in time: fix thresholds here.
- `clean/MEDIUM_score.parquet`: untouched, second half: count false leads here.
- `tampered/MEDIUM_KIND_STRENGTH.parquet`: the second half with the cases of one kind and strength.
- `labels.csv`: `file medium kind strength seen site quantity start end`.
- `events.csv`: inspections and changes of settings on record, harmless and not
  (`file` empty: in every file of the medium).

Columns of series: `site quantity time value`; times UTC, hourly. Units as in the sources.
{rows} labelled cases. A case counts as found when a lead at the same site and quantity covers a
third of it, and is at most ten times as long as what they share.

## Kinds and strengths (hours, how much)

{kinds}

`strength` is what the generator aims at. `seen` is how plainly a chart shows the case (`strong`,
`evident`, `faint`): for acts that leave a pattern the generator's three; else measured, d'
of level, movement or agreement with the neighbours over the span, 5 and 3 (bench/fraud/seen.py).

## Score your own

`python -m bench.fraud judge THIS_FOLDER --leads LEADS.csv`; leads: `file site quantity start end`
(UTC), with `kind` if a lead counts for its own kind only. Leads on `clean/MEDIUM_score.parquet`
(write that as `file`) are the false ones. Held-out sites of air: Dingling, Gucheng, Shunyi,
Wanshouxigong: take no part of them to fix anything.

## Sources and licences

- air: "Beijing Multi-Site Air-Quality", UCI 501, S. Chen, 2019, CC BY 4.0: 12 stations.
- stack: "Gas Turbine CO and NOx Emission Data Set", UCI 551, 2019, CC BY 4.0. Time stamps,
  stops, declared state and oxygen are made up; power, CO and NOx are real.
- water: Logan River Observatory, Utah, corrected series, by pyhydroqc (BSD-3): two stations.

The untouched series were never proved free of tampering or faults; what is found there counts as
false all the same. The generator's part: Apache-2.0; the files: CC BY 4.0, name the sources.
"""


def export(source: Path, out: Path) -> None:
    """Write the data set into a folder."""
    for name in ("clean", "tampered"):
        (out / name).mkdir(parents=True, exist_ok=True)
    labels, events = [], []
    for medium, whole in load(source).items():
        for name, second in (("fix", False), ("score", True)):
            frame(half(whole, second=second)).write_parquet(
                out / "clean" / f"{medium}_{name}.parquet"
            )
        panel = half(whole, second=True)
        known = set(whole.events)
        events += [("", medium, e.site, e.what, e.start, e.end) for e in whole.events]
        for kind in ACTS:
            for strength in STRENGTHS:
                made, cases = tampered(panel, kind, strength, SEED, each=EACH)
                if not cases:
                    continue
                file = f"{medium}_{kind}_{strength}.parquet"
                frame(made).write_parquet(out / "tampered" / file)
                events += [
                    (file, medium, e.site, e.what, e.start, e.end)
                    for e in made.events
                    if e not in known
                ]
                labels += [
                    (
                        file,
                        medium,
                        kind,
                        strength,
                        seen(case, panel, made),
                        made.sites[case.site],
                        case.quantity,
                        int(made.times[case.start]),
                        int(made.times[case.end - 1]),
                    )
                    for case in cases
                ]
    keys = ["file", "medium", "kind", "strength", "seen", "site", "quantity", "start", "end"]
    _write(out / "labels.csv", labels, keys)
    _write(out / "events.csv", events, ["file", "medium", "site", "what", "start", "end"])
    kinds = "\n".join(f"- `{kind}`: {sizes}" for kind, (_act, sizes) in ACTS.items())
    card = _CARD.format(seed=SEED, rows=len(labels), kinds=kinds)
    (out / "README.md").write_text(card, encoding="utf-8")


def _write(path: Path, rows: Sequence[tuple[object, ...]], keys: list[str]) -> None:
    pl.DataFrame(rows, schema=keys, orient="row", infer_schema_length=None).with_columns(
        pl.from_epoch("start", "us"), pl.from_epoch("end", "us")
    ).write_csv(path, datetime_format="%Y-%m-%dT%H:%M:%SZ")
