"""What one peer may ask of the gateway."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds that keep one peer, or a storm of them, from harming the others.

    Parameters
    ----------
    connections, connections_per_address
        Beyond, a new connection is closed at once.
    bytes_per_second
        Of one connection, over ten seconds; beyond, it is read no faster.
    idle
        A connection that says nothing for so long is closed. [s]
    half_frame
        Bytes that wait for their rest so long are given up. [s]
    waiting
        Frames in memory that are not yet in the journal; beyond, nobody is read.
    """

    connections: int = 20_000
    connections_per_address: int = 20_000
    bytes_per_second: int = 256 * 1024
    idle: float = 900.0
    half_frame: float = 60.0
    waiting: int = 20_000


DEFAULT = Limits()
"""Behind a balancer or a carrier's network many loggers share one address."""
