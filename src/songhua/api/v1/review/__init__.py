"""The reviewer's door: the queue, one site's values with their verdicts, and the acts."""

from songhua.api.v1.review.routes import router

__all__ = ["router"]
