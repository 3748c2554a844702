"""`python -m bench.fraud [run|calibrate|export DIR] [--data FOLDER]`."""

import argparse
import os
from pathlib import Path

from bench.fraud.export import export
from bench.fraud.score import Score, run, write_calibration
from bench.fraud.tamper import ACTS, STRENGTHS

CURVES = Path(__file__).parents[2] / "src/songhua/quality/fraud/calibration.json"


def table(scores: list[Score], false: dict[str, tuple[float, dict[str, int]]]) -> None:
    """Print recall and precision of each kind by its own detector, and false leads."""
    print(
        f"recall / precision\n{'kind':<12} {'medium':<6}" + "".join(f"{s:>22}" for s in STRENGTHS)
    )
    for kind in ACTS:
        for medium in false:
            cells = {s.strength: s for s in scores if (s.kind, s.medium) == (kind, medium)}
            if cells:
                print(f"{kind:<12} {medium:<6}" + "".join(_cell(cells.get(s)) for s in STRENGTHS))
    for strength in STRENGTHS:
        group = [s for s in scores if s.strength == strength]
        every = sum(s.cases for s in group)
        found, leads = sum(s.found for s in group), sum(s.leads for s in group)
        true = sum(s.true for s in group)
        print(
            f"{strength}: {every} cases, recall {found / every:.3f}, "
            f"precision {true / max(1, leads):.3f}"
        )
    for medium, (years, counts) in false.items():
        total = sum(counts.values())
        shown = ", ".join(f"{kind} {count}" for kind, count in counts.items() if count)
        print(f"{medium}: {years:.1f} site-years, {total / years:.2f} false leads each ({shown})")
    years = sum(y for y, _ in false.values())
    total = sum(sum(counts.values()) for _, counts in false.values())
    print(f"all: {years:.1f} site-years, {total / years:.2f} false leads each")


def _cell(score: Score | None) -> str:
    if score is None:
        return f"{'—':>22}"
    precision = score.true / score.leads if score.leads else float("nan")
    text = f"{score.found / score.cases:.2f} / {precision:.2f} of {score.cases}"
    return f"{text:>22}"


def main() -> None:
    """Run what is asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="?", choices=("run", "calibrate", "export"), default="run")
    parser.add_argument("out", nargs="?", type=Path)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("SONGHUA_DATA", "data")))
    asked = parser.parse_args()
    if asked.what == "calibrate":
        write_calibration(asked.data, CURVES)
    elif asked.what == "export":
        if asked.out is None:
            parser.error("export needs a folder")
        export(asked.data, asked.out)
    else:
        table(*run(asked.data))


if __name__ == "__main__":
    main()
