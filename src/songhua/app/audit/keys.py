"""The key that signs checkpoints; it lies in the platform's home and never leaves it."""

import os
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from songhua.model import BadInput


def folder(home: Path) -> Path:
    """Return where a home keeps its key and its checkpoints."""
    return home / "audit"


def signing_key(home: Path) -> Ed25519PrivateKey:
    """Return the key of a home; one that has none gets one.

    Raises
    ------
    BadInput
        If what lies there is none.
    """
    path = folder(home) / "key.pem"
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        key = Ed25519PrivateKey.generate()
        raw = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(raw)
        return key
    try:
        found = load_pem_private_key(raw, None)
    except (ValueError, TypeError) as fault:
        raise BadInput(f"{path} 不是密钥。", f"{path} holds no key.") from fault
    if not isinstance(found, Ed25519PrivateKey):
        raise BadInput(f"{path} 不是 Ed25519 密钥。", f"{path} holds no Ed25519 key.")
    return found


def public_of(key: Ed25519PrivateKey) -> str:
    """Return the public half as text: what a witness keeps."""
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()


def is_signed(public: str, signature: str, data: bytes) -> bool:
    """Return whether a signature over data is that of a key."""
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public))
        key.verify(bytes.fromhex(signature), data)
    except (InvalidSignature, ValueError):
        return False
    return True
