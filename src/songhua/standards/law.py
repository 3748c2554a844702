"""The standards as cells that a page or a command can print, and what changed between editions."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import chain
from typing import Any

from songhua.standards.edition import Edition, edition_in_force, edition_of, editions
from songhua.standards.law_cell import LawCell
from songhua.standards.law_surface_water import evaluation_cells, limit_cells, places_cells
from songhua.standards.quantities import QUANTITIES
from songhua.standards.sheets import sheet_cells
from songhua.standards.wording import clause_en, span_words

FAMILIES = (
    ("air", "gb_3095"),
    ("air", "hj_633"),
    ("air", "hj_663"),
    ("air", "city_ranking"),
    ("air", "sand_dust"),
    ("surface_water", "gb_3838"),
    ("surface_water", "water_evaluation"),
    ("surface_water", "water_statistics"),
    ("noise", "gb_3096"),
    ("noise", "gb_12348"),
    ("noise", "gb_22337"),
    ("noise", "gb_12523"),
    ("noise", "hj_640"),
    ("noise", "hj_906"),
    ("ecology", "hj_192"),
    ("ecology", "eqi"),
    ("ecology", "hydro_ecology"),
    ("air", "hj_165"),
    ("air", "voc_mir"),
    ("air", "gb_20480"),
    ("air", "mass_closure"),
)

_AVERAGING = {
    "hourly": ("1小时平均", "1-hour mean"),
    "daily": ("日平均", "daily mean"),
    "max_8h": ("日最大8小时平均", "maximum daily 8-hour mean"),
    "monthly": ("月平均", "monthly mean"),
    "quarterly": ("季平均", "quarterly mean"),
    "growing_season": ("植物生长季平均", "growing-season mean"),
    "annual": ("年平均", "annual mean"),
}
_CLASSES = (("一级", "class 1"), ("二级", "class 2"))
_REFERENCE = (("参考浓度", "reference"),)
_ITEMS = {
    "pb": ("铅 Pb", "lead"),
    "bap": ("苯并[a]芘 BaP", "benzo[a]pyrene"),
    "cd": ("镉 Cd", "cadmium"),
    "hg": ("汞 Hg", "mercury"),
    "as": ("砷 As", "arsenic"),
    "cr6": ("六价铬 Cr(VI)", "chromium VI"),
    "fluoride": ("氟化物 F", "fluoride"),
}
_WORDS = {
    True: ("是", "yes"),
    False: ("否", "no"),
    None: ("不给出", "none"),
    "": ("—", "—"),
    "statistics": ("统计与评价", "statistics"),
}
_GROUPS = {
    "respiratory": ("呼吸系统疾病", "respiratory"),
    "cardiovascular": ("心血管疾病", "cardiovascular"),
    "children": ("儿童青少年", "children"),
    "elderly": ("老年人", "older people"),
    "outdoor": ("户外活动者", "active outdoors"),
}
_ABOVE = {("so2", "hourly"): "above_so2", ("o3", "max_8h"): "above_o3"}
"""Columns whose end has a note of its own."""
_LABELS = {
    "minutes_hour": ("气体小时均值所需分钟", "minutes of an hour, gases"),
    "hours_day": ("日均值所需小时", "hours of a day"),
    "hours_8h": ("8 小时均值所需小时", "hours of an 8-hour mean"),
    "windows_day": ("臭氧日最大 8 小时所需滑动均值", "8-hour means of a day"),
    "days_year": ("年均值所需日均值", "days of a year"),
    "days_month": ("每月所需日均值", "days of a month"),
    "days_february": ("二月所需日均值", "days of February"),
    "hours_day_tsp": ("TSP、BaP、Pb 日均值所需采样小时", "hours of a day, TSP, BaP, Pb"),
    "days_year_tsp": ("TSP、BaP、Pb 年均值所需日均值", "days of a year, TSP, BaP, Pb"),
    "days_month_tsp": ("TSP、BaP、Pb 每月所需日均值", "days of a month, TSP, BaP, Pb"),
    "days_quarter_pb": ("Pb 季均值所需日均值", "days of a quarter, Pb"),
    "days_month_pb": ("Pb 季均值每月所需日均值", "days of each month of a quarter, Pb"),
    "share": ("有效点位比例", "share of sites"),
    "few_sites": ("点位少于此数时", "below this number of sites"),
    "few_share": ("点位少时的有效比例", "share when few"),
    "exceed_multiple": ("超标倍数小数位", "decimals of an exceedance multiple"),
    "rate": ("百分率小数位", "decimals of a rate"),
    "trend": ("趋势系数小数位", "decimals of a trend coefficient"),
    "index": ("单项指数小数位", "decimals of a single index"),
    "years": ("滑动平均年数", "years of the moving mean"),
    "quantities": ("扣除的项目", "items deducted"),
    "keeps_good_days": ("沙尘日计入优良率", "dust days stay in the good-day ratio"),
    "hours_before": ("参照的前几小时", "hours before"),
    "rise": ("PM₁₀ 升高倍数", "rise of PM₁₀"),
    "floor": ("PM₁₀ 起始浓度", "floor of PM₁₀"),
    "ratio": ("PM₂.₅/PM₁₀ 降至", "ratio PM₂.₅/PM₁₀ falls to"),
    "back_within": ("结束：回到此比例以内", "ends: back within"),
    "excluded_from": ("例外事件可剔除", "exceptional events excluded from"),
}


@dataclass(frozen=True, slots=True)
class LawEdition:
    """An edition and all its cells, in the order of the document."""

    edition: Edition
    cells: tuple[LawCell, ...]


@dataclass(frozen=True, slots=True)
class LawChange:
    """What one cell was and became; None where it is new or gone."""

    before: LawCell | None
    after: LawCell | None

    @property
    def where(self) -> LawCell:
        """The cell that says where the change stands."""
        cell = self.after or self.before
        if cell is None:
            raise ValueError("a change has a before or an after")
        return cell


def law_list(*, on: date | None = None) -> tuple[Edition, ...]:
    """Return every edition, newest first in each family; or those in force on a day.

    A family whose first edition begins later is left out.
    """
    if on is not None:
        begun = [one for one in FAMILIES if editions(*one)[-1].in_force <= on]
        return tuple(edition_in_force(medium, family, on=on) for medium, family in begun)
    return tuple(edition for medium, family in FAMILIES for edition in editions(medium, family))


def law_show(family: str, year: int) -> LawEdition:
    """Return one edition with all its cells; raise `UnknownName` when there is none."""
    medium = {name: medium for medium, name in FAMILIES}.get(family, "air")
    edition = edition_of(medium, family, year)
    cells = _CELLS.get(family, _plain_cells)
    return LawEdition(edition, tuple(cells(edition)))


def law_diff(family: str, year_a: int, year_b: int) -> tuple[LawChange, ...]:
    """Return what changed from one edition to another, in the order of the documents.

    The phases of GB 3095 have names of their own: each phase of the later edition is compared
    with the limits of the earlier one.

    >>> [c.where.row_en for c in law_diff("hj_633", 2012, 2026) if "limits" in c.where.table_en]
    ['PM₁₀', 'PM₂.₅', 'SO₂', 'O₃']
    """
    before = law_show(family, year_a).cells
    after = law_show(family, year_b).cells
    exactly = {cell.place: cell for cell in before}
    loosely = {cell.place[1:]: cell for cell in before} if family == "gb_3095" else {}
    kept = {cell.place[1:] if loosely else cell.place for cell in after}
    changes = [
        *(LawChange(exactly.get(c.place) or loosely.get(c.place[1:]), c) for c in after),
        *(
            LawChange(cell, None)
            for cell in before
            if (cell.place[1:] if loosely else cell.place) not in kept
        ),
    ]
    return tuple(
        change
        for change in changes
        if not change.before or not change.after or change.before.value_en != change.after.value_en
    )


def law_remarks(cells: Iterable[LawCell]) -> tuple[tuple[str, str], ...]:
    """Return the notes of cells in Chinese and English, each once, with the rows they belong to.

    A note that already tells its row from others is left out.
    """
    found = {
        (f"{cell.row_zh}：{cell.note_zh}", f"{cell.row_en}: {cell.note_en}"): None
        for cell in cells
        if cell.note_zh and cell.note_zh not in cell.row_zh
    }
    return tuple(found)


def _index_cells(edition: Edition) -> Iterator[LawCell]:
    table, above = edition.tables["table_1"], edition.tables["above"]
    printed = edition.clauses["iaqi"].split("，")[-1]
    for averaging in ("daily", "hourly", "max_8h"):
        zh, en = _AVERAGING[averaging]
        for item, limits in table[averaging].items():
            name = QUANTITIES[item]
            place = (f"分指数与浓度限值：{zh}", f"IAQI limits: {en}", name.symbol, name.symbol)
            for index, limit in zip(table["iaqi"], limits, strict=False):
                yield LawCell(
                    *place, f"IAQI {index}", f"IAQI {index}", str(limit), str(limit),
                    name.unit, printed, edition.confidence,
                )  # fmt: skip
            over, top = above[averaging].get(item), f"{limits[-1]}"
            rule = _ABOVE.get((item, averaging), "iaqi")
            note = edition.tables.get("above_notes", {}).get(rule, {})
            yield LawCell(
                *place, f"高于 {top}", f"above {top}", *_words(over), "IAQI",
                edition.clauses[rule].split("，")[-1], note.get("confidence", edition.confidence),
                note.get("zh", ""), note.get("en", ""),
            )  # fmt: skip
    yield from _index_rules(edition)
    yield from _statements(edition)


def _index_rules(edition: Edition) -> Iterator[LawCell]:
    rules, clauses = edition.tables["rules"], edition.clauses
    table = ("规则", "rules")

    def rule(row: tuple[str, str], words: tuple[str, str], clause: str) -> LawCell:
        return LawCell(*table, *row, "", "", *words, "", clause, edition.confidence)

    places = [f"{QUANTITIES[item].symbol} {n}" for item, n in rules["places"].items()]
    yield rule(
        ("代入公式前修约浓度（小数位）", "concentrations rounded first (decimals)"),
        ("，".join(places), ", ".join(places)) if places else _WORDS[False],
        clauses.get("round_value", ""),
    )
    yield rule(("指数取整", "index made whole"), ("向上进位", "up"), clauses["round_up"])
    yield rule(
        ("缺项且其余不超过 100 时不发布 AQI", "an item missing and the rest ≤ 100: AQI withheld"),
        _words(rules["needs_all_pollutants"]),
        clauses["missing"],
    )
    yield rule(
        ("列出超标污染物", "exceeding pollutants named"),
        _words(rules["names_exceeding"]),
        clauses.get("exceeding", ""),
    )
    for report, zh, en in (
        ("hourly", "实时报", "hourly report"),
        ("daily", "日报", "daily report"),
    ):
        for item, column in edition.tables["report"][report].items():
            symbol = QUANTITIES[item].symbol
            words_zh, words_en = _AVERAGING[column]
            yield LawCell(
                f"{zh}所用的列", f"column of the {en}", symbol, symbol, "", "",
                words_zh, words_en, "", clauses[f"report_{report}"], edition.confidence,
            )  # fmt: skip
    for item, groups in edition.tables.get("sensitive_groups", {}).items():
        symbol = QUANTITIES[item].symbol
        yield LawCell(
            "敏感人群（IAQI > 100）", "sensitive groups (IAQI > 100)", symbol, symbol, "", "",
            "、".join(_GROUPS[key][0] for key in groups),
            ", ".join(_GROUPS[key][1] for key in groups),
            "", clauses.get("sensitive", ""), edition.confidence,
        )  # fmt: skip


def _limit_cells(edition: Edition) -> Iterator[LawCell]:
    for phase in edition.tables["phase"]:
        span_zh, span_en = span_words(phase["from"], phase.get("until"))
        annex = phase["kind"] == "annex"
        for item, averaging, unit, *values, table, confidence, note_zh, note_en in phase["limits"]:
            zh, en = _item(item)
            period_zh, period_en = _AVERAGING[averaging]
            title_zh = f"{table} {phase['name_zh']}（{span_zh}）"
            title_en = f"{clause_en(table)} {phase['name_en']} ({span_en})"
            row_zh, row_en = f"{zh} {period_zh}", f"{en} {period_en}"
            if annex:  # one item has a value for each kind of land
                row_zh, row_en = f"{row_zh}（{note_zh}）", f"{row_en} ({note_en})"
            for (column_zh, column_en), value in zip(
                _REFERENCE if annex else _CLASSES, values, strict=True
            ):
                yield LawCell(
                    title_zh, title_en, row_zh, row_en, column_zh, column_en,
                    str(value), str(value), unit, table, confidence, note_zh, note_en,
                )  # fmt: skip
    yield from _pairs(edition, "数据有效性（表4）", "validity (table 4)", "table_4", "表4")
    yield from _reference_cells(edition)
    yield from _statements(edition)


def _reference_cells(edition: Edition) -> Iterator[LawCell]:
    for state in edition.tables["reference_state"]:
        span_zh, span_en = span_words(state["from"], state.get("until"))
        gases = f"{state['gases_k']} K, {state['gases_hpa']} hPa"
        particles = ("实际状态", "ambient") if state["particles_ambient"] else (gases, gases)
        for row, words in (
            (("气体", "gases"), (gases, gases)),
            (("颗粒物", "particles"), particles),
        ):
            yield LawCell(
                f"{state['name_zh']}（{span_zh}）", f"{state['name_en']} ({span_en})", *row, "", "",
                *words, "", state["clause"], edition.confidence,
            )  # fmt: skip


def _evaluation_cells(edition: Edition) -> Iterator[LawCell]:
    for item, _, percentile, averaging in edition.tables["table_1"]["year"]:
        zh, en = _AVERAGING[averaging]
        shown = (f"P{percentile}", f"P{percentile}") if percentile else ("均值", "mean")
        yield LawCell(
            "年评价项目", "yearly evaluation", QUANTITIES[item].symbol, QUANTITIES[item].symbol,
            *shown, f"对照{zh}限值", f"against the {en} limit", "", edition.clauses["items"],
            _mark(edition, "table_1"),
        )  # fmt: skip
    sections: tuple[tuple[str, str, str, str], ...] = (
        ("places", "小数位", "decimals", edition.clauses["places"]),
        ("rounding", "其他修约", "other rounding", edition.clauses["places"]),
        ("validity", "数据有效性", "validity", edition.clauses["windows"]),
        ("quorum", "点位数要求", "quorum of sites", edition.clauses["quorum"]),
        ("moving_mean", "滑动平均", "moving mean", ""),
        ("exceptional_events", "例外事件", "exceptional events", ""),
    )
    for key, zh, en, clause in sections:
        yield from _pairs(edition, zh, en, key, clause)
    yield from _statements(edition)


def _ranking_cells(edition: Edition) -> Iterator[LawCell]:
    for item, _, percentile, standard in edition.tables["table_1"]["items"]:
        name = QUANTITIES[item]
        shown = (f"P{percentile}", f"P{percentile}") if percentile else ("均值", "mean")
        yield LawCell(
            "综合指数的标准值 S", "standard values S", name.symbol, name.symbol, *shown,
            str(standard), str(standard), name.unit, edition.clauses["index"], edition.confidence,
        )  # fmt: skip
    yield from _pairs(edition, "浓度小数位", "decimals of concentrations", "places", "")
    yield from _pairs(edition, "修约", "rounding", "rounding", "")
    yield from _statements(edition)


def _plain_cells(edition: Edition) -> Iterator[LawCell]:
    for key, zh, en in (("rules", "规则", "rules"), ("criteria", "起止判据", "criteria")):
        yield from _pairs(edition, zh, en, key, "")
    yield from sheet_cells(edition)
    yield from _statements(edition)


def _pairs(edition: Edition, zh: str, en: str, section: str, clause: str) -> Iterator[LawCell]:
    for key, value in edition.tables.get(section, {}).items():
        row = _LABELS.get(key) or _item(key)
        mark = _mark(edition, section, key)
        yield LawCell(zh, en, *row, "", "", *_words(value), "", clause, mark)


def _statements(edition: Edition) -> Iterator[LawCell]:
    for said in edition.tables.get("statement", ()):
        yield LawCell(
            "条文要点", "in words", said["row_zh"], said["row_en"], "", "",
            said["zh"], said["en"], "", said["clause"], said["confidence"],
        )  # fmt: skip


def _mark(edition: Edition, section: str, key: str = "") -> str:
    """Return how sure a row is: its own mark, its section's, or the edition's."""
    marks: Mapping[str, str] = edition.tables.get("marks", {})
    return marks.get(f"{section}.{key}") or marks.get(section) or edition.confidence


def _item(key: str) -> tuple[str, str]:
    if key in _ITEMS:
        return _ITEMS[key]
    name = QUANTITIES[key]
    return f"{name.name_zh} {name.symbol}", name.symbol


def _words(value: Any) -> tuple[str, str]:
    if isinstance(value, bool) or value is None or value == "":
        return _WORDS[value]
    if isinstance(value, list):
        symbols = [QUANTITIES[v].symbol if v in QUANTITIES else str(v) for v in value]
        return "、".join(symbols), ", ".join(symbols)
    return str(value), str(value)


_CELLS: Mapping[str, Callable[[Edition], Iterator[LawCell]]] = {
    "hj_633": _index_cells,
    "gb_3095": _limit_cells,
    "hj_663": _evaluation_cells,
    "city_ranking": _ranking_cells,
    "gb_3838": lambda edition: chain(limit_cells(edition), _statements(edition)),
    "water_evaluation": lambda edition: chain(evaluation_cells(edition), _statements(edition)),
    "water_statistics": lambda edition: chain(places_cells(edition), _statements(edition)),
}
