import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from songhua.ingest.hj212 import Damaged, Decoder, Fault, Frame, encode
from songhua.ingest.hj212.sm4 import decrypt, encrypt, encrypt_frame
from songhua.model import BadInput
from tests.ingest.hj212.packets import rows

VECTORS = rows("sm4_vectors.csv")
KEY = b"0000000000000000"  # the test key of the annex
OTHER = b"msbE74gsiSHSEh5e"
DATA = {
    "QN": "20260801000000000",
    "ST": "22",
    "CN": "2011",
    "PW": "123456",
    "MN": "A1",
    "Flag": "9",
}
GROUPS = [{"DataTime": "20240601085800"}, {"a34004-Rtd": "35", "a34004-Flag": "N"}]


def bytes_of(text: str) -> bytes:
    first = text.split(" (")[0]
    return bytes.fromhex(first) if "(hex" in text else first.encode()


@pytest.mark.parametrize("row", [row for row in VECTORS if row["mode"] == "block"], ids=str)
def test_texts_are_encrypted_as_published(row: dict[str, str]) -> None:
    key, plain, told = (bytes_of(row[name]) for name in ("key", "plain", "result"))
    assert encrypt(plain, key) == told
    assert decrypt(told, key) == plain


def test_the_published_authorization_is_of_the_same_cipher() -> None:
    (row,) = (row for row in VECTORS if row["mode"] == "http")
    plain = decrypt(base64.b64decode(row["result"]), row["key"].encode())
    assert plain[: -plain[-1]].decode() == row["plain"]  # PKCS 7


@given(st.binary(max_size=200), st.binary(min_size=16, max_size=16))
def test_decrypting_gives_the_text_back(text: bytes, key: bytes) -> None:
    assert decrypt(encrypt(text, key), key) == text
    assert len(encrypt(text, key)) == len(text)


def test_an_encrypted_frame_is_read_with_the_key_of_its_device() -> None:
    plain = encode(DATA, GROUPS)
    sent = encrypt_frame(plain, KEY)
    assert sent != plain
    assert len(sent) == len(plain)
    asked: list[str] = []

    def keys(mn: str) -> list[bytes]:
        asked.append(mn)
        return [OTHER, KEY]

    (frame,) = Decoder(keys=keys).feed(sent)
    assert isinstance(frame, Frame)
    assert frame.groups == tuple(GROUPS)
    assert frame.raw == sent
    assert asked == ["A1"]


@pytest.mark.parametrize("keys", [[], [OTHER]])
def test_without_the_right_key_it_is_a_fault_and_kept(keys: list[bytes]) -> None:
    sent = encrypt_frame(encode(DATA, GROUPS), KEY)
    (piece,) = Decoder(keys=lambda _: keys).feed(sent)
    assert piece == Damaged(Fault.CRC, sent)


def test_plain_frames_are_read_beside_encrypted_ones() -> None:
    plain = encode(DATA, GROUPS)
    pieces = Decoder(keys=lambda _: [KEY]).feed(plain + encrypt_frame(plain, KEY) + plain)
    assert [piece.groups for piece in pieces if isinstance(piece, Frame)] == [tuple(GROUPS)] * 3


def test_only_what_the_standard_names_is_encrypted() -> None:
    heartbeat = encode(DATA | {"CN": "9015"}, [])
    assert encrypt_frame(heartbeat, KEY) == heartbeat


def test_a_key_of_another_length_is_refused() -> None:
    with pytest.raises(BadInput):
        encrypt(b"0123456789abcdef", b"short")
