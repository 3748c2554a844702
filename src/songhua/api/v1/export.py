"""Files to take away: the same numbers as on the page, with the edition and state of knowledge."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import polars as pl
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from ninja import Router
from ninja.params.functions import Query
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

from songhua.api.v1 import legend, series
from songhua.api.v1.asked import INDEX, Asked, asked, series_named
from songhua.api.v1.subject import Subject, subject
from songhua.model import BEIJING, BadInput

router = Router(tags=["air"])

MOST_XLSX_ROWS = 60_000
_PIECE = 2000
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_FROM = Query("", alias="from")
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@router.get("/air/export")
def export(
    request: HttpRequest,
    site: str = "",
    region: str = "",
    period: str = "hour",
    start: str = _FROM,
    to: str = "",
    quantities: str = "",
    as_of: str = "",
    format: str = "csv",
) -> HttpResponseBase:
    """Return the hours or days of a span as CSV or XLSX.

    The head of the file names the subject, the units, the editions and the state of knowledge.
    """
    who = subject(site, region)
    ask = asked(period=period, start=start, end=to, as_of=as_of)
    names = [name for name in series_named(quantities) if name != INDEX]
    rows = _rows(who, ask, names)
    name = f"{who.key}_{period}_{ask.span.start:%Y%m%d}_{ask.span.end:%Y%m%d}"
    head = _head(who, ask, names, rows)
    if format == "csv":
        answer: HttpResponseBase = StreamingHttpResponse(
            _csv(head, rows), content_type="text/csv; charset=utf-8"
        )
    elif format == "xlsx":
        answer = HttpResponse(_xlsx(head, rows), content_type=_XLSX)
    else:
        raise BadInput("format 只能是 csv 或 xlsx。", "format must be csv or xlsx.")
    answer["Content-Disposition"] = f'attachment; filename="{name}.{format}"'
    return answer


def _rows(who: Subject, ask: Asked, names: list[str]) -> pl.DataFrame:
    """Return one row an hour or day: index and level, values, and what was marked."""
    results = series.results(who, ask, names)
    wide = results.select("time", "aqi", "level", "primary", "edition", "code")
    reported = series.reported(who, ask, [name for name in names if name not in series.DERIVED])
    for name in names:
        values = series.values(who, ask, name, results=results, reported=reported)
        wide = wide.join(values.rename({"value": name}), on="time", how="full", coalesce=True)
    text = pl.col("value").cast(pl.String).fill_null("")
    marked = reported.filter(~pl.col("mark").is_in(("", "N"))).select(
        "time", marks=pl.format("{}={}({})", "quantity", text, "mark")
    )
    marks = marked.group_by("time").agg(pl.col("marks").sort().str.join(" "))
    return (
        wide.join(marks, on="time", how="left")
        .sort("time")
        .with_columns(
            pl.col("time").dt.convert_time_zone("Asia/Shanghai").dt.replace_time_zone(None)
        )
    )


def _head(who: Subject, ask: Asked, names: list[str], rows: pl.DataFrame) -> list[str]:
    units = "；".join(f"{one['symbol']} {one['unit']}" for one in map(series.described, names))
    known = ask.as_of or datetime.now(UTC)
    codes = "、".join(sorted({code for code in rows["code"].to_list() if code}))
    return [
        f"{who.zh} {who.en} {who.key}",
        f"时间 time: 北京时间，{'小时' if ask.period == 'hour' else '自然日'}的起点 "
        f"Beijing time, start of the {ask.period}",
        f"单位 units: {units or '—'}",
        f"评价依据 editions: {'、'.join(legend.edition_codes(ask.span))}",
        f"所知时刻 as known on: {known.astimezone(BEIJING):%Y-%m-%d %H:%M:%S} 北京时间",
        f"程序版本 code: {codes or '—'}",
    ]


def _table(rows: pl.DataFrame) -> tuple[list[str], Iterator[tuple[Any, ...]]]:
    shown = rows.drop("code")
    return shown.columns, shown.iter_rows()


def _csv(head: list[str], rows: pl.DataFrame) -> Iterator[bytes]:
    """Yield the file in pieces; the mark at its start tells a spreadsheet that it is UTF-8."""
    out = io.StringIO()
    write = csv.writer(out, lineterminator="\r\n")
    out.write("\ufeff")
    out.writelines(f"# {line}\r\n" for line in head)
    names, lines = _table(rows)
    write.writerow(names)
    for number, line in enumerate(lines, 1):
        write.writerow([_cell(one) for one in line])
        if number % _PIECE == 0:
            yield out.getvalue().encode()
            out.seek(0)
            out.truncate()
    yield out.getvalue().encode()


def _cell(value: Any) -> Any:
    """Return a value as a spreadsheet may read it: never as a formula."""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _xlsx(head: list[str], rows: pl.DataFrame) -> bytes:
    if rows.height > MOST_XLSX_ROWS:
        raise BadInput(
            f"{rows.height} 行超过一个 Excel 文件的上限 {MOST_XLSX_ROWS} 行。"
            "请缩短时段，或导出 CSV。",
            f"{rows.height} rows are more than the {MOST_XLSX_ROWS} of one Excel file. "
            "Shorten the span or export CSV.",
        )
    book = Workbook(write_only=True)
    sheet = book.create_sheet("data")
    names, lines = _table(rows)
    sheet.column_dimensions["A"].width = 18
    for line in head:
        sheet.append([line])
    sheet.append([_bold(sheet, name) for name in names])
    for one in lines:
        sheet.append([value if isinstance(value, datetime) else _cell(value) for value in one])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _bold(sheet: Any, words: str) -> WriteOnlyCell:
    cell = WriteOnlyCell(sheet, value=words)
    cell.font = Font(bold=True)
    return cell
