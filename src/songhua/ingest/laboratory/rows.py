"""Rows of a batch as a file has them, with every cell that is wrong."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from songhua.ingest.laboratory.sheets import Sheet
from songhua.model import BadInput
from songhua.model.determined import read_determined

KINDS: Mapping[str, tuple[str, str]] = {
    "standard": ("标准点", "standard"),
    "blank": ("空白", "blank"),
    "field_blank": ("全程序空白", "field blank"),
    "sample": ("样品", "sample"),
    "parallel": ("平行", "parallel"),
    "spike": ("加标", "spike"),
    "crm": ("标准物质", "CRM"),
    "midpoint": ("中间点", "mid-point"),
    "drift": ("漂移核查", "drift"),
}
"""Kind of a row → what a template calls it."""
_KIND_OF = {word.lower(): kind for kind, words in KINDS.items() for word in (*words, kind)}

FIELDS: Mapping[str, tuple[str, str]] = {
    "kind": ("类别", "Kind"),
    "label": ("条码或名称", "Barcode or name"),
    "of": ("所属样品", "Of sample"),
    "signal": ("信号", "Signal"),
    "dilution": ("稀释倍数", "Dilution"),
    "told": ("测定值", "Value"),
    "nominal": ("标称值或加标量", "Nominal or added"),
    "uncertainty": ("不确定度", "Uncertainty"),
}
"""Field of a row → heading of its column."""
_NEED_NOMINAL = frozenset({"standard", "spike", "crm", "midpoint", "drift"})
_LONGEST = 40


@dataclass(frozen=True, slots=True)
class CellFault:
    """What is wrong with a cell, and where it stands: ``结果!B7``."""

    cell: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a batch as read."""

    kind: str
    label: str
    of: str = ""
    signal: float | None = None
    dilution: float = 1.0
    told: str = ""
    nominal: Decimal | None = None
    uncertainty: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Lines:
    """Rows of a file, and all that is wrong with its cells."""

    head: Mapping[str, str]
    lines: tuple[Line, ...]
    faults: tuple[CellFault, ...]

    def refuse_faulty(self) -> None:
        """Raise `BadInput` that names every bad cell."""
        if self.faults:
            shown = self.faults[:50]
            raise BadInput(
                "表中有错：" + "；".join(f"{one.cell} {one.zh}" for one in shown) + "。",
                "The sheet has faults: " + "; ".join(f"{one.cell} {one.en}" for one in shown) + ".",
            )


class RowReader:
    """Read rows of a sheet; remembers what was wrong with which cell."""

    def __init__(self, sheet: Sheet, columns: Mapping[str, int], limit: Decimal) -> None:
        self._sheet, self._columns, self._limit = sheet, columns, limit
        self.faults: list[CellFault] = []

    def read(self, row: int, kind: str | None = None) -> Line | None:
        """Return a row; None where it is empty.

        Parameters
        ----------
        kind
            Where the file has no column for it.
        """
        told = {name: self._cell(row, name) for name in FIELDS}
        if not any(told.values()):
            return None
        kind = self._kind(row, told["kind"]) if kind is None else kind
        line = Line(
            kind=kind,
            label=self._label(row, told["label"]),
            of=told["of"][:_LONGEST],
            signal=self._number(row, "signal", told["signal"]),
            dilution=self._dilution(row, told["dilution"]),
            told=self._determined(row, told["told"]),
            nominal=self._decimal(row, "nominal", told["nominal"]),
            uncertainty=self._decimal(row, "uncertainty", told["uncertainty"]),
        )
        self._belongs(row, line)
        return line

    def fault(self, row: int, name: str, zh: str, en: str) -> None:
        """Note that a cell is wrong."""
        column = self._columns.get(name, 0)
        self.faults.append(CellFault(self._sheet.address(row, column), zh, en))

    def _cell(self, row: int, name: str) -> str:
        return self._sheet.cell(row, self._columns[name]) if name in self._columns else ""

    def _kind(self, row: int, told: str) -> str:
        kind = _KIND_OF.get(told.lower())
        if kind is None:
            words = "、".join(zh for zh, _ in KINDS.values())
            self.fault(
                row, "kind", f"类别“{told[:20]}”不对，应为{words}之一",
                f"“{told[:20]}” is no kind: {', '.join(en for _, en in KINDS.values())}",
            )  # fmt: skip
            return "sample"
        return kind

    def _label(self, row: int, told: str) -> str:
        if not told:
            self.fault(row, "label", "没有条码或名称", "no barcode or name")
        elif len(told) > _LONGEST:
            self.fault(row, "label", f"超过 {_LONGEST} 字", f"longer than {_LONGEST} characters")
        return told[:_LONGEST]

    def _number(self, row: int, name: str, told: str) -> float | None:
        if not told:
            return None
        try:
            value = float(told)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            self.fault(row, name, f"“{told[:20]}”不是数", f"“{told[:20]}” is no number")
            return None
        return value

    def _dilution(self, row: int, told: str) -> float:
        value = self._number(row, "dilution", told)
        if value is not None and not 1 <= value <= 1e6:
            self.fault(row, "dilution", "稀释倍数不能小于 1", "a dilution is 1 or more")
            return 1.0
        return 1.0 if value is None else value

    def _determined(self, row: int, told: str) -> str:
        if told:
            try:
                read_determined(told, self._limit)
            except BadInput as fault:
                self.fault(row, "told", fault.zh.rstrip("。"), fault.en.rstrip("."))
                return ""
        return told

    def _decimal(self, row: int, name: str, told: str) -> Decimal | None:
        if not told:
            return None
        try:
            value = Decimal(told)
        except InvalidOperation:
            value = Decimal("NaN")
        if not value.is_finite() or not 0 <= value < Decimal("1e8"):
            self.fault(row, name, f"“{told[:20]}”不是非负数", f"“{told[:20]}” is not 0 or more")
            return None
        return value

    def _belongs(self, row: int, line: Line) -> None:
        """Note what a row of its kind must have and has not."""
        if line.kind in ("parallel", "spike") and not line.of:
            self.fault(row, "of", "没有写所属样品", "its sample is missing")
        if line.kind in _NEED_NOMINAL and line.nominal is None:
            self.fault(row, "nominal", "没有标称值或加标量", "nominal value or amount is missing")
        if line.kind == "crm" and line.uncertainty is None:
            self.fault(
                row, "uncertainty", "没有证书不确定度", "the certified uncertainty is missing"
            )
        if line.kind == "standard" and line.signal is None:
            self.fault(row, "signal", "标准点没有信号", "a standard has no signal")
        if line.kind != "standard" and line.signal is None and not line.told:
            self.fault(row, "told", "没有测定值，也没有信号", "neither value nor signal")
