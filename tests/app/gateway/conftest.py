"""A platform that listens."""

from collections.abc import Iterator

import pytest

from songhua.app.gateway import GatewayService
from songhua.app.platform import Songhua
from songhua.app.simulate import mn_of
from songhua.app.simulate.messages import PASSWORD
from songhua.store.registry import links
from tests.app.gateway.speaking import OTHER, SITE


@pytest.fixture(scope="module")
def gateway(platform: Songhua) -> Iterator[GatewayService]:
    links.register_devices(
        {"mn": mn_of(site), "name": site, "site_id": site, "password": PASSWORD}
        for site in (SITE, OTHER)
    )
    with pytest.MonkeyPatch.context() as soon:
        soon.setattr("songhua.app.gateway.keeper._SETTLE_EVERY", 0.0)
        soon.setattr("songhua.app.gateway.keeper._GATHER", 0.02)
        platform.listen("127.0.0.1", 0)
        assert platform.gateway is not None
        yield platform.gateway
