"""Addresses as people write them."""

import re

from songhua.model import BadInput


def read_address(text: str, *, lowest: int = 1) -> tuple[str, int]:
    """Return host and port of ``HOST:PORT``; raise `BadInput` where it is none.

    Parameters
    ----------
    lowest
        0 where any free port will do.
    """
    found = re.fullmatch(r"\[?([^\]]+?)\]?:(\d{1,5})", text.strip())
    if found is None or not lowest <= int(found[2]) < 65536:
        raise BadInput(
            f"“{text}”不是地址，应为 主机:端口。", f"“{text}” is no address: HOST:PORT wanted."
        )
    return found[1], int(found[2])
