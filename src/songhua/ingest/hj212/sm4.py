"""CP encrypted by HJ 212—2025: SM4 in pieces of 16 bytes, what remains is plain.

Length and check are those of the plain segment, so the check tells whether the key was right; as
it has eight bits only, what comes out must be text as well. One public implementation says so and
the example of the standard was not reproduced: try it against a vendor's device before relying on
it. Needs the package `cryptography`, which the platform has and the analysts' half may lack.
"""

from songhua.ingest.hj212.segment import read_segment
from songhua.model import BadInput
from songhua.standards.hj212 import must_encrypt

BLOCK = 16
_OPEN = b"CP=&&"
_CLOSE = b"&&"
_SEGMENT = 6
_CRC = 4


def encrypt(text: bytes, key: bytes) -> bytes:
    """Return a text encrypted in whole pieces of 16 bytes, the remainder as it is.

    Parameters
    ----------
    key
        16 bytes.

    References
    ----------
    GB/T 32907; HJ 212—2025 (from a public implementation).
    """
    whole = len(text) - len(text) % BLOCK
    return _cipher(text[:whole], key, encrypts=True) + text[whole:]


def decrypt(text: bytes, key: bytes) -> bytes:
    """Return the plain text: the inverse of `encrypt`."""
    whole = len(text) - len(text) % BLOCK
    return _cipher(text[:whole], key, encrypts=False) + text[whole:]


def encrypt_frame(data: bytes, key: bytes) -> bytes:
    """Return a frame with its CP encrypted, where HJ 212—2025 asks for it; else the frame itself.

    Length and check stay those of the plain segment.
    """
    size = int(data[2:_SEGMENT])
    segment, rest = data[_SEGMENT : _SEGMENT + size], data[_SEGMENT + size :]
    if not must_encrypt(read_segment(segment)[0].get("CN", "")):
        return data
    return data[:_SEGMENT] + _turned(segment, key, encrypts=True) + rest


def decrypt_segment(segment: bytes, key: bytes) -> bytes | None:
    """Return the plain segment; None where what comes out is no text, so the key is another."""
    plain = _turned(segment, key, encrypts=False)
    return plain if is_plain(plain) else None


def is_plain(segment: bytes) -> bool:
    r"""Return whether a segment is text that a device writes, not encrypted.

    >>> is_plain(b"CN=2011;CP=&&DataTime=20260801000000&&"), is_plain(b"CP=&&\x51\xd4\x5d&&")
    (True, False)
    """
    try:
        text = segment.decode()
    except UnicodeDecodeError:
        return False
    return text.isprintable() or all(sign.isprintable() or sign in "\r\n\t" for sign in text)


def _turned(segment: bytes, key: bytes, *, encrypts: bool) -> bytes:
    begin = segment.find(_OPEN) + len(_OPEN)
    end = len(segment) - len(_CLOSE)
    if begin < len(_OPEN) or end < begin or not segment.endswith(_CLOSE):
        return segment
    turn = encrypt if encrypts else decrypt
    return segment[:begin] + turn(segment[begin:end], key) + segment[end:]


def _cipher(text: bytes, key: bytes, *, encrypts: bool) -> bytes:
    try:
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    except ImportError:
        raise BadInput(
            "解密需要安装 cryptography：pip install 'songhua[platform]'。",
            "Decryption needs cryptography: pip install 'songhua[platform]'.",
        ) from None
    if len(key) != BLOCK:
        raise BadInput(
            f"SM4 密钥须为 16 字节，而不是 {len(key)}。",
            f"An SM4 key has 16 bytes, not {len(key)}.",
        )
    cipher = Cipher(algorithms.SM4(key), modes.ECB())  # noqa: S305 - the standard says ECB
    worker = cipher.encryptor() if encrypts else cipher.decryptor()
    return worker.update(text) + worker.finalize()
