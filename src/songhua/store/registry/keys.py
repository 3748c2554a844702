"""Secrets of the registry are sealed: a copy of the database alone opens none."""

import base64
import hashlib
from collections.abc import Iterable

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings


def seal(data: bytes) -> str:
    """Return data that only this platform opens."""
    return _lock().encrypt(data).decode()


def unseal(text: str, *, within: int | None = None) -> bytes | None:
    """Return what was sealed here, at most `within` seconds ago; None for anything else."""
    try:
        return _lock().decrypt(text.encode(), ttl=within)
    except InvalidToken:
        return None


def sealed(keys: Iterable[bytes]) -> str:
    """Return keys as the registry keeps them."""
    return " ".join(seal(key) for key in keys)


def opened(text: str) -> tuple[bytes, ...]:
    """Return the keys that the registry keeps; those sealed with another secret are left out."""
    found = (unseal(one) for one in text.split())
    return tuple(key for key in found if key is not None)


def _lock() -> Fernet:
    secret = hashlib.sha256(b"songhua registry " + settings.SECRET_KEY.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(secret))
