"""Which values a file has had before, in bounded memory."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]
Prints = NDArray[np.uint32]


_LARGEST_RUN = 2_000_000


class Seen:
    """Hashes of the keys a file has had, and of the values they had.

    Sorted runs, merged as they grow up to a size: twelve bytes a value (120 MB for ten million),
    and some 100 MB while two are merged. Keys are told apart by 64 bits: among ten million there is
    a chance of one in 400,000 that two of them are taken for one.
    """

    def __init__(self) -> None:
        self._runs: list[tuple[Hashes, Prints]] = []

    def again(self, rows: pl.DataFrame) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Return which rows repeat an earlier one, and which of them with another value.

        Parameters
        ----------
        rows
            site, quantity, time, value, mark, in the order of the file.
        """
        if rows.is_empty():
            return np.zeros(0, dtype=bool), np.zeros(0, dtype=bool)
        keys, prints = _hashed(rows)
        order = np.argsort(keys, kind="stable")
        keys, prints = keys[order], prints[order]
        begins = np.concatenate([[True], keys[1:] != keys[:-1]])
        group = np.cumsum(begins) - 1
        distinct, first = keys[begins], prints[begins].copy()
        known = np.zeros(distinct.size, dtype=bool)
        for run, run_prints in self._runs:
            at = np.minimum(np.searchsorted(run, distinct), run.size - 1)
            found = run[at] == distinct
            known |= found
            first[found] = run_prints[at[found]]
        self._keep(distinct[~known], first[~known])
        again = np.empty(keys.size, dtype=bool)
        differs = np.empty(keys.size, dtype=bool)
        again[order] = ~begins | known[group]
        differs[order] = prints != first[group]
        return again, differs & again

    def _keep(self, keys: Hashes, prints: Prints) -> None:
        while self._runs and _may_merge(self._runs[-1][0].size, keys.size):
            others, their_prints = self._runs.pop()
            keys, prints = np.concatenate([keys, others]), np.concatenate([prints, their_prints])
            order = np.argsort(keys, kind="stable")
            keys, prints = keys[order], prints[order]
        if keys.size:
            self._runs.append((keys, prints))


def _may_merge(before: int, size: int) -> bool:
    return before <= 2 * size and before + size <= _LARGEST_RUN


def _hashed(rows: pl.DataFrame) -> tuple[Hashes, Prints]:
    hashes = rows.select(
        key=pl.struct("site", "quantity", "time").hash(seed=7),
        value=pl.struct("value", "mark").hash(seed=11) % 2**32,
    )
    return hashes["key"].to_numpy(), hashes["value"].cast(pl.UInt32).to_numpy()
