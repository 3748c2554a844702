"""Why a number is what it is: every figure with its inputs, its steps, its clauses, its past."""

from songhua.api.v1.why.asking import Question
from songhua.api.v1.why.routes import explained, router

__all__ = ["Question", "explained", "router"]
