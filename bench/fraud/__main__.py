"""`python -m bench.fraud [run|calibrate|export DIR|judge DIR --leads CSV] [--data FOLDER]`."""

import argparse
import os
from collections import Counter
from pathlib import Path

from bench.fraud.export import export
from bench.fraud.judge import judge
from bench.fraud.score import HELD_OUT, Score, run, write_calibration
from bench.fraud.seen import CLASSES
from bench.fraud.tamper import ACTS
from songhua.quality.fraud.lead import Lead

CURVES = Path(__file__).parents[2] / "src/songhua/quality/fraud/calibration.json"


def table(scores: list[Score], false: dict[str, tuple[float, list[Lead]]]) -> None:
    """Print recall of each kind by its own detector, by what a chart shows, and false leads."""
    for medium in false:
        for name, held in (("all sites", False), ("held-out sites", True)):
            if held and medium != "air":
                continue
            print(f"\n{medium}, {name}: recall (cases)")
            print(f"{'kind':<12}" + "".join(f"{c:>14}" for c in CLASSES) + f"{'precision':>14}")
            for kind in ACTS:
                group = [s for s in scores if (s.kind, s.medium) == (kind, medium)]
                if group:
                    leads, true = sum(s.leads for s in group), sum(s.true for s in group)
                    precision = f"{true / leads:>14.2f}" if leads and not held else ""
                    cases = _cases(group, held=held)
                    print(f"{kind:<12}" + "".join(_cell(cases, c) for c in CLASSES) + precision)
            cases = _cases([s for s in scores if s.medium == medium], held=held)
            print(f"{'every case':<12}" + "".join(_cell(cases, c) for c in CLASSES))
    for medium, (years, clean) in false.items():
        counts = dict(Counter(lead.kind for lead in clean))
        print(
            f"{medium}: {years:.1f} site-years, {len(clean) / years:.2f} false leads each {counts}"
        )
        if medium == "air":
            apart = sum(lead.sites[0] in HELD_OUT for lead in clean)
            share = years * len(HELD_OUT) / 12
            print(f"  of them at held-out sites: {apart / share:.2f} each ({apart})")


def _cases(scores: list[Score], *, held: bool) -> list[tuple[str, bool]]:
    return [
        (kind, found)
        for score in scores
        for site, kind, found in score.cases
        if not held or site in HELD_OUT
    ]


def _cell(cases: list[tuple[str, bool]], kind: str) -> str:
    here = [found for one, found in cases if one == kind]
    text = f"{sum(here) / len(here):.2f} ({len(here)})" if here else "—"
    return f"{text:>14}"


def main() -> None:
    """Run what is asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "what", nargs="?", choices=("run", "calibrate", "export", "judge"), default="run"
    )
    parser.add_argument("out", nargs="?", type=Path)
    parser.add_argument("--leads", type=Path)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("SONGHUA_DATA", "data")))
    asked = parser.parse_args()
    if asked.what == "calibrate":
        write_calibration(asked.data, CURVES)
    elif asked.what == "export":
        if asked.out is None:
            parser.error("export needs a folder")
        export(asked.data, asked.out)
    elif asked.what == "judge":
        if asked.out is None or asked.leads is None:
            parser.error("judge needs a folder and --leads")
        print(judge(asked.out, asked.leads))
    else:
        table(*run(asked.data))


if __name__ == "__main__":
    main()
