"""Draw the picture of `assess-air.md` from published hours: ``python docs/make_assess_air.py``."""

from datetime import datetime, timedelta
from pathlib import Path

import polars as pl

from songhua.assess import air
from songhua.model import BEIJING
from songhua.standards import levels

ROOT = Path(__file__).parents[1]
HOURS = ROOT / "demo" / "air_hourly_2020-04.csv.gz"
PICTURE = ROOT / "docs" / "img" / "assess-air.svg"

STATION = "1121A"  # 长春 邮电学院
WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 920, 340, 44, 62, 40
HIGHEST = 500
FONT = "font-family=\"'Noto Sans CJK SC','PingFang SC','Microsoft YaHei',sans-serif\""


def hours() -> pl.DataFrame:
    """Return the station's hours, named by their start."""
    published = pl.read_csv(HOURS).rename({"pm25": "pm2_5"}).filter(pl.col("site") == STATION)
    ended = pl.col("time").str.to_datetime("%Y-%m-%d %H:%M").dt.replace_time_zone("Asia/Shanghai")
    return published.with_columns(time=ended - pl.duration(hours=1)).sort("time")


def drawn(old: pl.DataFrame, new: pl.DataFrame) -> str:
    """Return the picture: bars by HJ 633—2012 in its colours, HJ 633—2026 as a line."""
    first = old["time"][0]
    hours = [(time - first) // timedelta(hours=1) for time in old["time"]]
    step = (WIDTH - LEFT - 12) / (hours[-1] + 1)
    plot = HEIGHT - TOP - BOTTOM

    def y(aqi: float) -> float:
        return TOP + plot * (1 - aqi / HIGHEST)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" {FONT} '
        'font-size="12" fill="#1b2421">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        f'<text x="{LEFT}" y="24" font-size="16" font-weight="600">长春 邮电学院 小时 AQI'
        "　2020-04-02 至 04-05</text>",
        f'<text x="{LEFT}" y="44" fill="#5b6763">柱：HJ 633—2012（当日有效）；线：HJ 633—2026 '
        "　Bars: 2012 edition, in force that day; line: 2026 edition</text>",
    ]
    parts += [
        f'<line x1="{LEFT}" x2="{WIDTH - 12}" y1="{y(level.index_hi):.1f}" '
        f'y2="{y(level.index_hi):.1f}" stroke="#d8dedb"/>'
        f'<text x="{LEFT - 6}" y="{y(level.index_hi) + 4:.1f}" text-anchor="end" '
        f'fill="#5b6763">{level.index_hi}</text>'
        for level in levels()
    ]
    colours = {level.number: level.colour for level in levels()}
    line, before = "", -9
    for hour, row, aqi in zip(hours, old.iter_rows(named=True), new["aqi"], strict=True):
        x = LEFT + hour * step
        if row["aqi"] is not None:
            top = y(row["aqi"])
            parts.append(
                f'<rect x="{x:.2f}" y="{top:.1f}" width="{step * 0.86:.2f}" '
                f'height="{HEIGHT - BOTTOM - top:.1f}" fill="{colours[row["level"]]}"/>'
            )
        if aqi is not None:
            # A gap in the hours is a gap in the line.
            line += f"{'L' if hour == before + 1 else 'M'}{x + step * 0.43:.2f} {y(aqi):.1f}h.01"
            before = hour
    for day in range(3, 6):
        x = LEFT + (datetime(2020, 4, day, tzinfo=BEIJING) - first) / timedelta(hours=1) * step
        parts.append(
            f'<text x="{x:.1f}" y="{HEIGHT - 16}">4月{day}日</text>'
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{HEIGHT - 32}" '
            'stroke="#9aa5a1" stroke-dasharray="2 3"/>'
        )
    parts.append(f'<path d="{line}" fill="none" stroke="#17211e" stroke-width="1.6"/></svg>')
    return "\n".join(parts) + "\n"


def main() -> None:
    """Draw it."""
    PICTURE.parent.mkdir(exist_ok=True)
    both = [air.hourly_columns(hours(), edition=edition) for edition in ("2012", "2026")]
    PICTURE.write_text(drawn(*both), encoding="utf-8")


if __name__ == "__main__":
    main()
