"""Frames of any kind in, the same kind out: Polars, pandas, Arrow."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

import polars as pl

from songhua.model import BadInput

Rest = ParamSpec("Rest")
Frame = TypeVar("Frame")


class Door(Protocol[Rest]):
    """A function of a frame that gives back the kind of frame it was given."""

    def __call__(self, frame: Frame, /, *args: Rest.args, **kwargs: Rest.kwargs) -> Frame:
        """Call it."""


def any_frame(function: Callable[Concatenate[pl.DataFrame, Rest], pl.DataFrame]) -> Door[Rest]:
    """Let a function of Polars frames take pandas frames and Arrow tables too."""
    inner: Callable[..., pl.DataFrame] = function

    @wraps(function)
    def door(frame: Any, /, *args: Any, **kwargs: Any) -> Any:
        found = inner(
            as_polars(frame),
            *(as_polars(arg) if _kind(arg) else arg for arg in args),
            **{name: as_polars(arg) if _kind(arg) else arg for name, arg in kwargs.items()},
        )
        if _kind(frame) == "pandas":
            return found.to_pandas()
        return found.to_arrow() if _kind(frame) == "pyarrow" else found

    return door


def as_polars(frame: Any) -> pl.DataFrame:
    """Return a frame as Polars.

    Raises
    ------
    BadInput
        If it is none of the three kinds.
    """
    if isinstance(frame, pl.DataFrame):
        return frame
    if _kind(frame) == "pandas":
        return pl.from_pandas(frame)
    if _kind(frame) == "pyarrow":
        return pl.DataFrame(frame)
    raise BadInput(
        f"不支持的表类型 {type(frame).__name__}，请用 Polars、pandas 或 Arrow。",
        f"Cannot read a {type(frame).__name__}: use Polars, pandas or Arrow.",
    )


def _kind(value: Any) -> str:
    """Return the package that a frame of another kind comes from; empty for all else."""
    package = type(value).__module__.split(".")[0]
    return package if package in {"pandas", "pyarrow"} else ""
