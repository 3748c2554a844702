"""What can be wrong with a row or a file, in the reader's words."""

from enum import StrEnum

import polars as pl


class Fault(StrEnum):
    """Why a row could not go in."""

    UNKNOWN_SITE = "unknown_site"
    UNKNOWN_QUANTITY = "unknown_quantity"
    BAD_TIME = "bad_time"
    FUTURE_TIME = "future_time"
    NOT_A_NUMBER = "not_a_number"
    IMPOSSIBLE_VALUE = "impossible_value"
    WRONG_UNIT = "wrong_unit"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"
    SHORT_ROW = "short_row"
    LONG_ROW = "long_row"
    BAD_QUOTES = "bad_quotes"
    BAD_ENCODING = "bad_encoding"
    TRUNCATED_FILE = "truncated_file"


WORDS = {
    Fault.UNKNOWN_SITE: ("未登记的点位", "unknown site"),
    Fault.UNKNOWN_QUANTITY: ("未知的指标", "unknown quantity"),
    Fault.BAD_TIME: ("时间无法识别", "time cannot be read"),
    Fault.FUTURE_TIME: ("时间在将来", "time lies in the future"),
    Fault.NOT_A_NUMBER: ("数值不是数", "value is not a number"),
    Fault.IMPOSSIBLE_VALUE: ("数值不可能", "value is impossible"),
    Fault.WRONG_UNIT: ("单位不符", "wrong unit"),
    Fault.DUPLICATE: ("文件内重复，数值相同", "duplicate within the file, same value"),
    Fault.CONFLICT: ("文件内重复，数值不同", "duplicate within the file, another value"),
    Fault.SHORT_ROW: ("列数不足", "too few columns"),
    Fault.LONG_ROW: ("列数过多", "too many columns"),
    Fault.BAD_QUOTES: ("引号不成对", "quotes do not pair"),
    Fault.BAD_ENCODING: ("文字编码有误", "text cannot be decoded"),
    Fault.TRUNCATED_FILE: ("文件不完整", "file is cut off"),
}
"""What each fault is called: Chinese, English."""

REJECTS = {
    "line": pl.UInt64,
    "raw": pl.String,
    "fault": pl.String,
    "detail_zh": pl.String,
    "detail_en": pl.String,
}
"""Columns of a table of rejected rows."""

MOST_RAW = 500
"""Characters kept of a rejected line; the file itself is in the journal."""
