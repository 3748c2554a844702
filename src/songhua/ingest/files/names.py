"""What files call quantities: ``PM2.5(μg/m³)``, ``细颗粒物``, ``a34004-Avg``."""

import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from functools import cache

from songhua.ingest.files.units import unit_of
from songhua.standards import QUANTITIES

_BRACKETED = re.compile(r"^(.+?)\s*[(\[【]([^()\[\]【】]+)[)\]】]$")
_TRAILING = re.compile(r"^(.+?)[\s_]+(\S+)$")
_SUFFIXES = (
    *("小时平均浓度", "小时平均", "小时浓度", "小时均值", "实时浓度", "平均浓度", "平均值"),
    *("均值", "浓度", "avg", "1h"),
)
_SHORT = 2  # so short a name means something only as it is usually written: NO, but not No


@dataclass(frozen=True, slots=True)
class Named:
    """A quantity and the unit that its name in a file states, or none."""

    key: str
    unit: str = ""


@cache
def named_quantity(text: str) -> Named | None:
    """Return what a header or a name in a file stands for; None when for nothing we know.

    >>> named_quantity("PM2.5（μg/m3）"), named_quantity("细颗粒物")
    (Named(key='pm2_5', unit='µg/m³'), Named(key='pm2_5', unit=''))
    >>> named_quantity("PM2.5_24h"), named_quantity("No")
    (None, None)
    """
    text = unicodedata.normalize("NFKC", text).strip()
    if key := _key_of(text):
        return Named(key)
    for form in (_BRACKETED, _TRAILING):
        parts = form.match(text)
        if parts and (unit := unit_of(parts[2])) and (key := _key_of(parts[1])):
            return Named(key, unit)
    return None


def plain(text: str) -> str:
    """Return a text without what spellings differ in: width, case, spaces and joints.

    >>> plain("ＰＭ₂.₅"), plain("甩湾子（对照点）") == plain("甩湾子 (对照点)")
    ('pm25', True)
    """
    return re.sub(r"[\s_.()\[\]-]", "", unicodedata.normalize("NFKC", text).casefold())


def _key_of(text: str) -> str | None:
    tidy, short = _names()
    if len(text) <= _SHORT:
        return short.get(text)
    name = plain(text)
    for suffix in ("", *_SUFFIXES):
        if name.endswith(suffix):
            stem = name.removesuffix(suffix)
            if key := tidy.get(stem) or short.get(stem.upper()):
                return key
    return None


@cache
def _names() -> tuple[dict[str, str], dict[str, str]]:
    """Return tidy name → key, and the shortest names, as written → key."""
    tidy: dict[str, set[str]] = defaultdict(set)
    short: dict[str, set[str]] = defaultdict(set)
    for key, quantity in QUANTITIES.items():
        for name in (key, quantity.symbol, quantity.name_zh, *quantity.codes, *quantity.aliases):
            written = unicodedata.normalize("NFKC", name)
            if len(written) > _SHORT:
                tidy[plain(written)].add(key)
            elif len(written) == _SHORT or not written.isascii():
                # A single letter may be anything; a single character such as 铜 is a name.
                short[written].add(key)
    return _single(tidy), _single(short)


def _single(names: dict[str, set[str]]) -> dict[str, str]:
    return {name: next(iter(keys)) for name, keys in names.items() if len(keys) == 1}
