"""Links of loggers: how they stand, what is asked of them, what is missing."""

from ninja import Router

from songhua.api.v1.links import routes, watching

__all__ = ["router"]

router = Router(tags=["links"])
router.add_router("", routes.router)
router.add_router("", watching.router)  # an identity may be any word: it comes last
