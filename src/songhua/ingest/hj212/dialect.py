"""How one device departs from the standard (方言), confirmed by a person."""

from dataclasses import dataclass

from songhua.ingest.hj212.crc import CrcKind

LARGEST_SEGMENT = 4096
"""Most bytes a data segment may declare; the standard says 1024, 1623 was seen. [byte]"""


@dataclass(frozen=True, slots=True)
class Dialect:
    """One device's departures from the standard.

    Parameters
    ----------
    crc
        The check it computes, and that it expects in what it is sent.
    largest_segment
        A frame that declares more is damaged. [byte]
    lower_case_crc
        Write the check in lower case; read either way.
    line_end
        Write CR LF after the check; read with and without.
    """

    crc: CrcKind = CrcKind.STANDARD
    largest_segment: int = LARGEST_SEGMENT
    lower_case_crc: bool = False
    line_end: bool = True


STANDARD = Dialect()
"""No departure."""
