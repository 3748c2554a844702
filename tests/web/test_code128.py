"""Code 128: the table's own properties, and a published check digit."""

from itertools import pairwise

import pytest

from songhua.model import BadInput
from songhua.web.lab.code128 import _WIDTHS, bars, symbols


def test_every_symbol_has_eleven_modules_and_an_even_number_of_black_ones() -> None:
    # ISO/IEC 15417, 4.1: eleven modules; 4.2.2: parity of bars even
    assert len(_WIDTHS) == 107
    assert len(set(_WIDTHS)) == 107
    for one in _WIDTHS[:-1]:
        assert sum(map(int, one)) == 11
        assert sum(map(int, one[::2])) % 2 == 0
    assert sum(map(int, _WIDTHS[-1])) == 13


def test_check_digit() -> None:
    # "PJJ123C" has 54 with start A, of value 103 (en.wikipedia.org/wiki/Code_128, check digit
    # calculation); start B is one more, and these characters stand alike in both sets.
    assert symbols("PJJ123C") == [104, 48, 42, 42, 17, 18, 19, 35, 55, 106]


def test_bars_fill_the_width() -> None:
    found, width = bars("261103-00001")
    assert width == 10 + 11 * (1 + 12 + 1) + 13 + 10
    assert all(a + w < b for (a, w), (b, _) in pairwise(found))


@pytest.mark.parametrize("text", ["", "样品", "a\n"])
def test_what_no_barcode_says_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        symbols(text)
