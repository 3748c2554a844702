"""The law of surface water as cells."""

from collections.abc import Iterator

from songhua.standards.edition import Edition
from songhua.standards.law_cell import LawCell
from songhua.standards.quantities import QUANTITIES
from songhua.standards.surface_water import water_table

_WHOLE = 100
_CLASSES = ("Ⅰ", "Ⅱ", "Ⅲ", "Ⅳ", "Ⅴ")
_BODIES = {"river": ("河流", "rivers"), "lake": ("湖、库", "lakes and reservoirs")}
_SIGNS = {"max": "≤", "min": "≥", "range": ""}


def limit_cells(edition: Edition) -> Iterator[LawCell]:
    """Yield the limits of tables 1 to 3 of GB 3838."""
    for row in water_table(f"gb_3838_{edition.year}_table1.csv"):
        if row["kind"] == "change":
            continue  # a statement says it
        zh, en = _item(row["quantity"])
        if row["waterbody"] in _BODIES:
            body_zh, body_en = _BODIES[row["waterbody"]]
            zh, en = f"{zh}（{body_zh}）", f"{en} ({body_en})"
        for number, name in enumerate(_CLASSES, start=1):
            value = _SIGNS[row["kind"]] + row[f"class_{number}"].replace("-", "–")
            yield LawCell(
                "表1 基本项目", "table 1 basic items", zh, en, f"{name}类", f"class {name}",
                value, value, QUANTITIES[row["quantity"]].unit, "表1", row["confidence"],
            )  # fmt: skip
    for table, title_zh, title_en in (
        (2, "集中式生活饮用水地表水源地补充项目", "supplementary items of drinking-water sources"),
        (3, "集中式生活饮用水地表水源地特定项目", "specific items of drinking-water sources"),
    ):
        for row in water_table(f"gb_3838_{edition.year}_table{table}.csv"):
            yield LawCell(
                f"表{table} {title_zh}", f"table {table} {title_en}", row["item_zh"],
                row["item_en"], "限值", "limit", f"≤{row['limit']}", f"≤{row['limit']}",
                row["unit"], f"表{table}", row["confidence"],
            )  # fmt: skip


def evaluation_cells(edition: Edition) -> Iterator[LawCell]:
    """Yield the grades, items and shares of 环办〔2011〕22号."""
    tables, marks = edition.tables, edition.tables["marks"]
    for number, name, zh, en, colour_zh, colour, mark in tables["classes"]["rows"]:
        label = f"{number} {name}"
        in_english = label.replace("劣", "inferior ")
        place = ("断面水质定性评价", "wording of a section", label, in_english)
        yield LawCell(*place, "状况", "wording", zh, en, "", "表1", mark)
        yield LawCell(*place, "颜色", "colour", f"{colour_zh} {colour}", colour, "", "表1", mark)
    for zh, en, *bounds, mark in tables["basin"]["rows"]:
        good, bad = (_share(*bound) for bound in (bounds[:2], bounds[2:]))
        place = ("河流、流域水质定性评价", "wording of a river or basin", zh, en)
        yield LawCell(*place, "Ⅰ～Ⅲ类比例", "share of I–III", good, good, "%", "表3", mark)
        yield LawCell(*place, "劣Ⅴ类比例", "share of inferior V", bad, bad, "%", "表3", mark)
    main = tables["main"]
    for zh, en, keys, mark in (
        ("断面类别的项目", "items of a section's class", tables["items"]["assessed"], "items"),
        ("自动站的项目", "items of automatic stations", tables["automatic"]["automatic"],
         "automatic"),
        ("优先列出的项目", "items named first", main["first"], "main"),
        ("不计算超标倍数的项目", "items without a multiple", main["no_multiple"], "main"),
    ):  # fmt: skip
        symbols = [QUANTITIES[key].symbol for key in keys]
        yield LawCell(
            "项目", "items", zh, en, "", "", "、".join(symbols), ", ".join(symbols), "",
            "主要污染指标" if mark == "main" else "", marks[mark],
        )  # fmt: skip
    for zh, en, key in (
        ("列出几项", "how many are named", "named"),
        ("超标倍数小数位", "decimals of a multiple", "multiple_places"),
        ("差于此类为超标", "worse than this class exceeds", "exceeds_class"),
    ):
        value = str(main[key])
        yield LawCell(
            "主要污染指标", "main pollution indicators", zh, en, "", "", value, value, "",
            "主要污染指标", marks["main"],
        )  # fmt: skip


def places_cells(edition: Edition) -> Iterator[LawCell]:
    """Yield the decimal places of results."""
    for row in water_table(f"water_statistics_{edition.year}_places.csv"):
        for key, zh, en in (("assess", "评价", "assessment"), ("hour", "自动小时值", "hourly")):
            if row[key]:
                yield LawCell(
                    "小数位", "decimal places", *_item(row["quantity"]), zh, en,
                    row[key], row[key], "", "数值修约", row["confidence"],
                )  # fmt: skip


def _share(lowest: int, below: int) -> str:
    """Return a share of sections in signs; the lower bound belongs to it."""
    low = f"≥{lowest}" if lowest else ""
    high = f"<{below}" if below <= _WHOLE else ""
    return " ".join(filter(None, (low, high))) or "—"


def _item(key: str) -> tuple[str, str]:
    name = QUANTITIES[key]
    return f"{name.name_zh} {name.symbol}", f"{name.name_en} {name.symbol}"
