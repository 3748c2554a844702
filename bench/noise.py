"""10⁸ samples of one station to Leq, L10, L50, L90 a day and a night, beside reading the array.

The levels are made up. Run it alone with ``python -m bench.noise``.
"""

import time
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from songhua.assess.noise import days_of_array
from songhua.standards.noise_rules import noise_rule

SAMPLES = 100_000_000
LIMIT_S = 10.0
_EACH = 24 * 3600


def write_levels(path: Path, samples: int) -> None:
    """Write made-up 1-s levels in tenths: quieter at night, with passing cars."""
    chance = np.random.default_rng(1)
    with path.open("wb") as file:
        for at in range(0, samples, _EACH * 50):
            n = min(_EACH * 50, samples - at)
            clock = np.arange(at, at + n) % _EACH / _EACH
            levels = 52 - 8 * np.cos(2 * np.pi * clock) + chance.normal(0, 3, n)
            levels += 15 * (chance.random(n) < 0.02)
            file.write(np.round(levels, 1).astype(np.float32).tobytes())


def main() -> None:
    """Measure and print."""
    rule = noise_rule(on=date(2026, 1, 1))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "levels.f32"
        write_levels(path, SAMPLES)
        begun = time.perf_counter()
        levels = np.memmap(path, dtype=np.float32, mode="r")
        total = float(levels.sum(dtype=np.float64))
        read = time.perf_counter() - begun
        begun = time.perf_counter()
        days = list(days_of_array(levels, start_hour=490_000, step=1, rule=rule).days())
        took = time.perf_counter() - begun
        del levels
    print(f"mean level {total / SAMPLES:.1f} dB; {len(days)} days")
    print(f"reading and adding up {SAMPLES:.0e} samples: {read:.2f} s")
    print(f"Leq, L10, L50, L90, Lmax, SD, Ld, Ln of each day: {took:.2f} s (limit {LIMIT_S} s)")


if __name__ == "__main__":
    main()
