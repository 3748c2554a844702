"""Photos from the camera beside a logger: fetched when a person asks, kept as they came."""

import os
import urllib.request
from email.message import Message
from typing import IO

from songhua.model import BadInput

MOST_BYTES = 8 * 1024 * 1024
_TIMEOUT = 15.0
_KINDS = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png"}


def kind_of(photo: bytes) -> str:
    """Return the media type of a photo by its first bytes; empty for anything else."""
    return next((kind for begin, kind in _KINDS.items() if photo.startswith(begin)), "")


def take_photo(url: str, header_from: str = "") -> bytes:
    """Fetch one photo (JPEG or PNG) from where a camera shows it.

    Parameters
    ----------
    url
        ``https://…`` or ``http://…``; redirects are not followed.
    header_from
        Name of the environment variable that holds the Authorization header; empty for none.

    Raises
    ------
    BadInput
        If there is no such address, nothing comes in time, or what comes is no photo.
    """
    if not url.startswith(("https://", "http://")):
        raise BadInput("没有登记摄像头。", "No camera is registered.")
    headers = {"Authorization": os.environ.get(header_from, "")} if header_from else {}
    asked = urllib.request.Request(url, headers=headers)  # noqa: S310 - the scheme is checked
    try:
        with _OPENER.open(asked, timeout=_TIMEOUT) as answer:
            photo: bytes = answer.read(MOST_BYTES + 1)
    except (OSError, ValueError) as fault:
        words = getattr(fault, "reason", None) or fault
        raise BadInput(
            f"摄像头没有应答：{words}。", f"The camera did not answer: {words}."
        ) from None
    if len(photo) > MOST_BYTES or not kind_of(photo):
        raise BadInput("摄像头给出的不是照片。", "What the camera sent is no photo.")
    return photo


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """The register names the camera; an answer names no other address."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: Message,
        newurl: str,
    ) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirect)
