"""Copies of what a gateway node took in, on their way to the platform and to other nodes.

`protocol` says what goes over the line, `sender` is the node's end of it, `holder` the end that
keeps. See `docs/gateway.md`.
"""

from songhua.app.gateway.relay.holder import Holder, NodeLink
from songhua.app.gateway.relay.protocol import Secret, read_secret
from songhua.app.gateway.relay.sender import CopiedJournal, Relay

__all__ = ["CopiedJournal", "Holder", "NodeLink", "Relay", "Secret", "read_secret"]
