"""The tables of HJ 212 (污染物数据传输) of 2005, 2017 and 2025: codes, fields, flags, factors."""

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from songhua.model import UnknownName
from songhua.standards.edition import editions

EDITIONS = (2005, 2017, 2025)


@dataclass(frozen=True, slots=True)
class System:
    """A system code (系统编码, ST): what kind of place a device stands at.

    Parameters
    ----------
    medium
        What its factors measure in the open: ``air``; empty at a source or process.
    """

    st: str
    name_zh: str
    name_en: str
    since: int
    medium: str
    source: str
    confidence: str


@dataclass(frozen=True, slots=True)
class Command:
    """A command code (命令编码, CN) in one direction.

    Parameters
    ----------
    direction
        ``down`` to the field, ``up`` to the host, ``up/down``, ``both``.
    kind
        ``request``, ``upload``, ``notice``, ``ack`` or ``private``.
    editions
        Those that have it; empty where it is practice alone.
    cp_fields
        What its CP holds, as the table says it.
    asks
        What a request must hold, in our form: ``PolId;InfoId;BeginTime?;EndTime?``, where ``;``
        begins a group and ``?`` may be left out.
    """

    cn: str
    direction: str
    kind: str
    name_zh: str
    name_en: str
    editions: frozenset[int]
    cp_fields: str
    asks: str
    source: str
    confidence: str
    note: str

    @property
    def is_up(self) -> bool:
        """Whether a device sends it."""
        return self.direction != "down"

    @property
    def is_down(self) -> bool:
        """Whether the host sends it."""
        return self.direction != "up"


@dataclass(frozen=True, slots=True)
class CpField:
    """A field of CP (字段). ``xxxxxx`` stands for a factor code, ``SBxxx`` for a device."""

    field: str
    meaning_zh: str
    meaning_en: str
    type: str
    range: str
    since: int
    source: str
    confidence: str


@dataclass(frozen=True, slots=True)
class DataFlag:
    """A data flag (数据标记) of an edition.

    Parameters
    ----------
    usable
        ``yes``, ``no`` or ``depends``.
    mark
        What is kept with the value, in the words of `station_marks`.
    """

    flag: str
    meaning_zh: str
    meaning_en: str
    usable: str
    mark: str
    source: str
    confidence: str


@dataclass(frozen=True, slots=True)
class Return:
    """A return code (回应代码): what a device says to a request."""

    code: int
    meaning_zh: str
    meaning_en: str
    source: str
    confidence: str


@dataclass(frozen=True, slots=True)
class LinkTime:
    """How long to wait over a medium, and how often to send again."""

    medium: str
    timeout_s: int
    retries: int
    source: str
    confidence: str


@dataclass(frozen=True, slots=True)
class DeviceState:
    """What a state of a device or instrument means: ``SBxxx-RS``, ``i12001``."""

    item: str
    code: str
    meaning_zh: str
    meaning_en: str
    source: str
    confidence: str


@dataclass(frozen=True, slots=True)
class Factor:
    """A monitoring factor (监测因子) by its code.

    Parameters
    ----------
    code
        ``w01018``; with ``xx`` or ``x`` where a device number stands.
    kind
        ``water``, ``air/gas``, ``noise``, ``sewage process``, ``flue-gas process``,
        ``device info`` or ``2025 addition``.
    legacy_code
        Of HJ/T 212—2005, or empty.
    legacy_unit
        Unit of HJ/T 212—2005 where it is another than `unit`; from one public implementation.
    unit, emission_unit
        As printed, or empty.
    dtype
        ``N3.1``: default digits before and after the point; real devices send more.
    note
        What a reader must know; both meanings where a code is printed twice.
    """

    code: str
    name_zh: str
    kind: str
    legacy_code: str
    legacy_unit: str
    unit: str
    emission_unit: str
    dtype: str
    source: str
    confidence: str
    note: str


@cache
def systems() -> Mapping[str, System]:
    """Return every system by its code.

    >>> systems()["22"].medium, systems()["31"].medium
    ('air', '')
    """
    return {
        row["st"]: System(
            row["st"],
            row["name_zh"],
            row["name_en"],
            int(row["since"]),
            row["medium"],
            row["source"],
            row["confidence"],
        )
        for row in _rows("hj212_systems.csv")
    }


@cache
def commands() -> tuple[Command, ...]:
    """Return every command, in each of its directions and meanings, by number."""
    return tuple(
        Command(
            row["cn"],
            row["direction"],
            row["type"],
            row["name_zh"],
            row["name_en"],
            frozenset(year for year in EDITIONS if row[f"in_{year}"] == "1"),
            row["cp_fields"],
            row["asks"],
            row["source"],
            row["confidence"],
            row["note"],
        )
        for row in _rows("hj212_commands.csv")
    )


def command_of(cn: str, *, direction: str, edition: int = 2017) -> Command:
    """Return what a number means in a direction; in the edition where that has it.

    Raises
    ------
    UnknownName
        If no edition has the number in that direction.

    Examples
    --------
    >>> command_of("1001", direction="down", edition=2005).name_en
    '2005: set alarm time'
    >>> command_of("2061", direction="up").cp_fields
    'DataTime;xxx-Cou,xxx-Min,xxx-Avg,xxx-Max,xxx-Flag'
    """
    found = [
        one
        for one in commands()
        if one.cn == cn and (one.is_up if direction == "up" else one.is_down)
    ]
    if not found:
        raise UnknownName("命令编码", "command code", cn)
    return next((one for one in found if edition in one.editions), found[0])


@cache
def cp_fields() -> Mapping[str, CpField]:
    """Return every field of CP by its name."""
    return {
        row["field"]: CpField(
            row["field"],
            row["meaning_zh"],
            row["meaning"],
            row["type"],
            row["range"],
            int(row["since"]),
            row["source"],
            row["confidence"],
        )
        for row in _rows("hj212_fields.csv")
    }


@cache
def data_flags(edition: int) -> Mapping[str, DataFlag]:
    """Return the data flags of an edition; 2025 goes by those of 2017.

    >>> data_flags(2017)["T"].mark, data_flags(2017)["N"].usable
    ('HSp', 'yes')
    """
    year = 2005 if edition == 2005 else 2017
    return {
        row["flag"]: DataFlag(
            row["flag"],
            row["meaning_zh"],
            row["meaning"],
            row["usable"],
            row["mark"],
            row["source"],
            row["confidence"],
        )
        for row in _rows("hj212_flags.csv")
        if int(row["edition"]) == year
    }


def request_returns() -> Mapping[int, Return]:
    """Return the codes of QnRtn: whether a device will do what was asked."""
    return _returns("QnRtn")


def execution_returns() -> Mapping[int, Return]:
    """Return the codes of ExeRtn: what came of it."""
    return _returns("ExeRtn")


@cache
def link_times() -> tuple[LinkTime, ...]:
    """Return the timeouts and retries of each medium, as they come."""
    return tuple(
        LinkTime(
            row["medium"],
            int(row["timeout_s"]),
            int(row["retries"]),
            row["source"],
            row["confidence"],
        )
        for row in _rows("hj212_timeouts.csv")
    )


@cache
def device_states() -> Mapping[tuple[str, str], DeviceState]:
    """Return every state by item and code."""
    return {
        (row["item"], row["code"]): DeviceState(
            row["item"],
            row["code"],
            row["meaning_zh"],
            row["meaning"],
            row["source"],
            row["confidence"],
        )
        for row in _rows("hj212_states.csv")
    }


@cache
def factors() -> Mapping[str, Factor]:
    """Return every factor by its code as printed."""
    found: dict[str, Factor] = {}
    for row in _rows("hj212_factors.csv"):
        if row["class"] == "2025 dtype change":
            continue
        one = _factor(row)
        # Printed twice with two meanings: the code alone does not tell which.
        found[one.code] = _both(found[one.code], one) if one.code in found else one
    return found


@cache
def changed_types() -> Mapping[str, str]:
    """Return the default types that HJ 212—2025 changed, by code."""
    return {
        row["code"]: row["dtype"]
        for row in _rows("hj212_factors.csv")
        if row["class"] == "2025 dtype change"
    }


def factor(code: str) -> Factor | None:
    """Return the factor of a code, with any device number; None if no table has it.

    >>> factor("w01018").name_zh, factor("e30102").code, factor("zzz")
    ('化学需氧量', 'e301xx', None)
    """
    exact = factors().get(code)
    if exact is not None or not _NUMBERED.fullmatch(code):
        return exact
    return factors().get(f"{code[:-2]}xx") or factors().get(f"{code[:-1]}x")


def factor_of_legacy(code: str, *, st: str) -> Factor | None:
    """Return the factor of a code of HJ/T 212—2005, at a system it belongs to.

    Water has codes of three digits, gas of two: a private code of another system that happens to
    look the same is not taken for one.

    >>> factor_of_legacy("011", st="32").code, factor_of_legacy("011", st="31")
    ('w01018', None)
    """
    found = _legacy().get(code)
    if found is None or st not in _LEGACY_AT.get(found.kind, ()):
        return None
    return found


def must_encrypt(cn: str) -> bool:
    """Return whether HJ 212—2025 has the CP of a command encrypted.

    >>> must_encrypt("2011"), must_encrypt("1014"), must_encrypt("9014")
    (True, True, False)
    """
    if not (cn.isascii() and cn.isdigit()):
        return False
    told = editions("protocol", "hj212")[0].tables["encryption"]
    number = int(cn)
    return number in told["single"] or any(low <= number <= high for low, high in told["ranges"])


_NUMBERED = re.compile(r"[a-z]\d{5,7}")
_LEGACY_AT = {
    "water": ("21", "24", "26", "32", "33", "34", "52"),
    "air/gas": ("22", "27", "31", "39", "51"),
}


@cache
def _legacy() -> Mapping[str, Factor]:
    return {one.legacy_code: one for one in factors().values() if one.legacy_code}


@cache
def _returns(field: str) -> Mapping[int, Return]:
    return {
        int(row["code"]): Return(
            int(row["code"]), row["meaning_zh"], row["meaning"], row["source"], row["confidence"]
        )
        for row in _rows("hj212_returns.csv")
        if row["field"] == field
    }


def _factor(row: Mapping[str, str]) -> Factor:
    return Factor(
        row["code"],
        row["name_zh"],
        row["class"],
        row["legacy_code"],
        row["legacy_unit_zh"],
        row["unit_concentration_zh"],
        row["unit_emission_zh"],
        row["dtype"],
        row["source"],
        row["confidence"],
        row["note"],
    )


def _both(one: Factor, other: Factor) -> Factor:
    return Factor(
        one.code,
        f"{one.name_zh} / {other.name_zh}",
        one.kind,
        "",
        "",
        "",
        "",
        "",
        one.source,
        one.confidence,
        one.note,
    )


def _rows(name: str) -> list[dict[str, str]]:
    text = files("songhua.standards").joinpath("protocol", name).read_text(encoding="utf-8")
    return list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))
