"""Cities and counties: ranking, calendar, trend, and the two editions of the index compared."""

from songhua.api.v1.cities.routes import router

__all__ = ["router"]
