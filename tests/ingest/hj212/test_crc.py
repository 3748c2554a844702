import pytest
from hypothesis import given
from hypothesis import strategies as st

from songhua.ingest.hj212.crc import crc16, modbus, modbus_low_first
from tests.ingest.hj212.packets import rows

VECTORS = rows("crc_vectors.csv")


def as_written(segment: bytes) -> int:
    """Compute the check word for word as HJ 212—2017, annex A, says it."""
    crc = 0xFFFF
    for byte in segment:
        crc = (crc >> 8) ^ byte
        for _ in range(8):
            lowest = crc & 1
            crc >>= 1
            if lowest:
                crc ^= 0xA001
    return crc


@pytest.mark.parametrize("row", VECTORS, ids=lambda row: row["source"])
def test_the_check_agrees_with_the_standards_and_with_traffic(row: dict[str, str]) -> None:
    segment = row["text"].encode()
    assert f"{crc16(segment):04X}" == row["crc_hj212"]
    assert f"{modbus(segment):04X}" == row["crc_modbus"]
    assert f"{modbus_low_first(segment):04X}" == row["crc_modbus"][2:] + row["crc_modbus"][:2]


@given(st.binary(max_size=3000))
def test_folding_is_the_check_of_the_standard_for_every_segment(segment: bytes) -> None:
    assert crc16(segment) == as_written(segment)
