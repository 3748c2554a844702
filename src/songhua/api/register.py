"""The register of air as assessment wants it."""

from songhua.assess.air import Exclusion, admitted_events, dust_exclusion
from songhua.assess.register import Register
from songhua.store.registry.models import DustPeriod, ExceptionalEvent
from songhua.store.registry.sites import sites


def air_register() -> Register:
    """Return sites with their areas in time, and what was decided to be excluded."""
    dust = [
        dust_exclusion(one.region_id, one.start, one.end, record=one.document)
        for one in DustPeriod.objects.order_by("start")
    ]
    events = [
        Exclusion(one.region_id, one.start, one.end, tuple(one.quantities.split("+")), one.document)
        for one in ExceptionalEvent.objects.order_by("start")
    ]
    stays = sites().select("site", "county", "city", "valid_from", "valid_until")
    return Register(stays, (*dust, *admitted_events(events)))
