"""A gateway node as options and settings describe it."""

import ssl
from collections.abc import Sequence
from pathlib import Path

from django.conf import settings

from songhua.app.addresses import read_address
from songhua.app.gateway import Limits, tls_context
from songhua.app.gateway.node import NodeOrder
from songhua.app.gateway.proxy import read_networks
from songhua.app.gateway.relay import read_secret
from songhua.model import BadInput


def order_of(name: str, platform: str, mates: Sequence[str], *, alone: bool) -> NodeOrder:
    """Return how a node is to run; raise `BadInput` where that is unclear."""
    tls = _listening(settings.SONGHUA_GATEWAY_CERTIFICATE, settings.SONGHUA_GATEWAY_KEY)
    balancers = read_networks(settings.SONGHUA_PROXY_FROM)
    if tls is not None and balancers:
        raise BadInput(
            "在发送 PROXY 头的均衡器之后，由均衡器负责 TLS。",
            "Behind a balancer that sends PROXY headers, TLS is the balancer's.",
        )
    ca = settings.SONGHUA_NODES_CA
    return NodeOrder(
        name=name,
        listen=read_address(settings.SONGHUA_GATEWAY, lowest=0),
        platform=read_address(platform),
        secret=read_secret(settings.SONGHUA_NODE_SECRET, settings.SONGHUA_NODE_SECRET_FILE),
        mates=tuple(read_address(one) for one in mates),
        nodes=read_address(settings.SONGHUA_NODES, lowest=0) if settings.SONGHUA_NODES else None,
        alone=alone,
        balancers=balancers,
        limits=Limits(connections_per_address=settings.SONGHUA_GATEWAY_PER_ADDRESS),
        tls=tls,
        node_tls=_listening(settings.SONGHUA_NODES_CERTIFICATE, settings.SONGHUA_NODES_KEY),
        relay_tls=ssl.create_default_context(cafile=ca) if ca else None,
    )


def _listening(certificate: str, key: str) -> ssl.SSLContext | None:
    return tls_context(Path(certificate), Path(key)) if certificate and key else None
