"""Clauses and days as readers of each language write them."""

import re
from datetime import date

_WORDS = {
    "2018 年修改单": "amendment of 2018",
    "PM₂.₅ 期间均值": "period means of PM₂.₅",
    "优良天数": "good days",
    "例外事件": "exceptional events",
    "加权指数": "weighted index",
    "发布日期": "date of issue",
    "实施日期": "date of effect",
    "点位数要求": "quorum of sites",
    "点位数": "quorum of sites",
    "标准值": "standard values",
    "主要污染指标": "main pollution indicators",
    "自动监测": "automatic monitoring",
    "三年滑动平均": "three-year moving mean",
    "数值修约": "rounding",
    "综合指数": "composite index",
    "起止判据": "criteria",
    "扣除": "deduction of",
    "排名": "ranking",
    "前言": "foreword",
    "文本": "text",
    "附录": "annex",
    "月": "months",
}
_NUMBERED = {"表": "table", "注": "note", "式": "equation"}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SIGNS = {"，": ", ", "、": ", ", "；": "; "}


def clause_en(clause: str) -> str:
    """Return a clause as an English reader finds it; one without Chinese stays what it is.

    >>> clause_en("4.2.4 式(1)，表3")
    '4.2.4 equation (1), table 3'
    >>> clause_en("表1 注2")
    'table 1 note 2'
    >>> clause_en("表3、表4 注")
    'table 3, table 4 note'
    """
    said = clause
    for zh, en in {**_WORDS, **_SIGNS}.items():
        said = said.replace(zh, en)
    for zh, en in _NUMBERED.items():
        said = re.sub(rf" ?{zh} ?", f" {en} ", said)
    return " ".join(said.split())


def day_words(day: date) -> tuple[str, str]:
    """Say a day in Chinese and English.

    >>> day_words(date(2026, 3, 1))
    ('2026年3月1日', '1 Mar 2026')
    """
    zh = f"{day.year}年{day.month}月{day.day}日"
    return zh, f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def span_words(first: date, last: date | None) -> tuple[str, str]:
    """Say in Chinese and English from when to when something holds; `last` None: without end.

    >>> span_words(date(2026, 3, 1), date(2030, 12, 31))
    ('2026年3月1日至2030年12月31日', '1 Mar 2026 – 31 Dec 2030')
    >>> span_words(date(2031, 1, 1), None)
    ('2031年1月1日起', 'from 1 Jan 2031')
    """
    first_zh, first_en = day_words(first)
    if last is None:
        return f"{first_zh}起", f"from {first_en}"
    last_zh, last_en = day_words(last)
    return f"{first_zh}至{last_zh}", f"{first_en} – {last_en}"
