/** The parts below the course: calendar, daily and weekly course, rose, data capture, history. */
import { calendar } from "./calendar.js";
import { drawProfile, drawRose } from "./chart-profile.js";
import { levelColour } from "./chart-theme.js";
import { undo } from "./correct.js";
import { ask, clock, DAY, figure, isoHour, make, say, sayInstant, sayReason, showFault } from "./songhua.js";
import { drawTable } from "./station-table.js";
import { instant, sayDate, sayHour, sayMonth } from "./station-time.js";

const WEEKDAYS = say("一 二 三 四 五 六 日", "Mon Tue Wed Thu Fri Sat Sun").split(" ");
const MONTHS = say(
  "1月 2月 3月 4月 5月 6月 7月 8月 9月 10月 11月 12月",
  "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
).split(" ");
const SIDES = say(
  "北 北东北 东北 东东北 东 东东南 东南 南东南 南 南西南 西南 西西南 西 西西北 西北 北西北",
  "N NNE NE ENE E ESE SE SSE S SSW SW WSW W WNW NW NNW",
).split(" ");
let underWay = new AbortController();

/**
 * @typedef {{page: any, asked: Record<string, string>, state: any, go: (change: object) => void, changed: () => void}} Context
 */

/** Show one part. @param {string} name @param {Context} context */
export async function openTab(name, context) {
  const parts = /** @type {Record<string, (box: HTMLElement, context: Context, signal: AbortSignal) => Promise<void>>} */ ({
    calendar: showCalendar,
    profile: showProfile,
    rose: showRose,
    capture: showCapture,
    history: showHistory,
  });
  const key = name in parts ? name : "calendar";
  for (const panel of document.querySelectorAll("[data-tab]"))
    /** @type {HTMLElement} */ (panel).hidden = /** @type {HTMLElement} */ (panel).dataset.tab !== key;
  const box = /** @type {HTMLElement} */ (document.querySelector(`[data-tab=${key}]`));
  underWay.abort();
  underWay = new AbortController();
  box.setAttribute("aria-busy", "true");
  try {
    await parts[key](box, context, underWay.signal);
    box.removeAttribute("aria-busy");
  } catch (fault) {
    showFault(box, fault, () => openTab(name, context));
  }
}

/** @param {HTMLElement} box @param {Context} context @param {AbortSignal} signal */
async function showCalendar(box, context, signal) {
  const ends = context.page.ends.day;
  if (!ends) return void box.replaceChildren(empty(say("还没有日评价。一天至少要有 20 个有效小时。", "No daily results yet. A day needs at least 20 valid hours.")));
  const years = range(clock(ends[0]).year, clock(ends[1]).year);
  const found = await ask("/air/calendar", {
    ...who(context),
    from: `${years[0]}-01-01`,
    to: `${years.at(-1)}-12-31`,
    as_of: context.asked.as_of,
  }, { signal });
  const days = found.time.map((/** @type {number} */ time, /** @type {number} */ k) => ({
    time,
    aqi: found.aqi[k],
    level: found.level[k],
    primary: found.primary[k],
    why: sayReason(found.reason[k]),
  }));
  if (!days.length) return void box.replaceChildren(empty(say("到那时还没有日评价。", "There were no daily results by then.")));
  const level = (/** @type {number} */ number) => found.levels.find((/** @type {any} */ one) => one.number === number);
  const words = {
    colour: levelColour,
    months: MONTHS,
    weekdays: WEEKDAYS,
    label: (/** @type {number} */ year) => say(`${year} 年逐日空气质量`, `Air quality by day, ${year}`),
    describe: (/** @type {any} */ day, /** @type {number} */ time) => {
      if (!day) return `${sayDate(time)}　${say("无数据", "no data")}`;
      if (!day.level) return `${sayDate(time)}　${day.why || say("无评价", "no result")}`;
      const one = level(day.level);
      return `${sayDate(time)}　AQI ${day.aqi}　${say(one.zh, one.en)}${day.primary ? `　${symbols(context, day.primary)}` : ""}`;
    },
    onSelect: (/** @type {number} */ time) => context.go({ period: "day", at: time, ...around(time, ends) }),
  };
  const selected = context.state.period === "day" ? context.state.at : null;
  const ofYear = (/** @type {number} */ year) => days.filter((/** @type {any} */ day) => clock(day.time).year === year);
  box.replaceChildren(
    ...years.filter((year) => ofYear(year).length).toReversed().map((year) => make("section.year", null,
      make("h3", null, `${year}`, make("small", null, tally(ofYear(year), found.levels))),
      /** @type {any} */ (calendar(year, ofYear(year), selected, words)))),
    key(found.levels, words.colour),
  );
}

/** Count days by level, in words. @param {any[]} days @param {any[]} levels */
function tally(days, levels) {
  const counted = levels
    .map((level) => [level, days.filter((day) => day.level === level.number).length])
    .filter(([, n]) => n)
    .map(([level, n]) => `${say(level.zh, level.en)} ${n}`);
  const none = days.filter((day) => !day.level).length;
  if (none) counted.push(say(`无效 ${none}`, `invalid ${none}`));
  return counted.join("　");
}

/** @param {any[]} levels @param {(level: number) => string} colour */
function key(levels, colour) {
  return make("p.key", null, ...levels.map((level) => {
    const dot = make("i");
    dot.style.background = colour(level.number);
    return make("span", null, dot, `${say(level.zh, level.en)} ${level.index_lo}–${level.index_hi}`);
  }));
}

/** The month around a day, as far as there are data. @param {number} time @param {[number, number]} ends */
const around = (time, [first, last]) => ({ from: Math.max(time - 30 * DAY, Math.min(first, time)), to: Math.min(time + 31 * DAY, Math.max(last, time) + DAY) });

/** @param {HTMLElement} box @param {Context} context @param {AbortSignal} signal */
async function showProfile(box, context, signal) {
  const name = single(context);
  const found = await ask("/air/profile", { ...asks(context), quantity: name }, { signal });
  if (!found.n) return void box.replaceChildren(empty(say("这一时段没有数据，换一段时间再看。", "No data in this span; choose another.")));
  const { symbol, unit, places } = found.quantity;
  const describe = (/** @type {string} */ title) => (/** @type {any} */ slot) => make("div.tip", null,
    make("div.tip-time", null, title.replace("%", slot.title)),
    ...slot.n ? [[say("均值", "Mean"), slot.mean], [say("中位", "Median"), slot.q50], [say("四分位", "Quartiles"), null]].map(([word, value]) =>
      make("div.tip-row", null, make("span", null, String(word)), make("b", null, value === null ? `${figure(slot.q25, places)}–${figure(slot.q75, places)}` : `${figure(/** @type {number} */ (value), places + 1)} ${unit}`), make("small", null, ""))) : [],
    make("div.tip-note", null, say(`${slot.n ?? 0} 个值`, `${slot.n ?? 0} values`)));
  const charts = [];
  const draw = (/** @type {string} */ title, /** @type {any[]} */ slots, /** @type {string[]} */ names, /** @type {string} */ form) => {
    const chart = make("div.small-chart", { role: "img", "aria-label": title });
    charts.push(() => drawProfile(chart, slots.map((slot, k) => ({ ...slot, title: names[k] })), { names, describe: describe(form) }));
    return make("section", null, make("h3", null, title, make("small", null, `${symbol} ${unit}`)), chart);
  };
  const sections = [];
  if (found.base === "hour") sections.push(draw(say("日变化", "By hour of day"), found.hours, range(0, 23).map(String), say("% 时", "% h")));
  sections.push(draw(say("周变化", "By weekday"), found.weekdays, WEEKDAYS, say("星期%", "%")));
  box.replaceChildren(
    make("div.pair", null, ...sections),
    make("p.signs", null, say(`粗线为均值，虚线为中位数，浅带为四分位；共 ${found.n} 个${found.base === "hour" ? "小时" : "日"}值。`, `Line: mean; dashes: median; pale band: quartiles; ${found.n} ${found.base === "hour" ? "hourly" : "daily"} values.`)),
  );
  charts.forEach((one) => one());
}

/** @param {HTMLElement} box @param {Context} context @param {AbortSignal} signal */
async function showRose(box, context, signal) {
  if (!context.page.subject.site) return void box.replaceChildren(empty(say("玫瑰图按站点绘制，请打开一个站点。", "The rose is drawn by station: open one.")));
  const name = single(context);
  const found = await ask("/air/rose", { ...asks(context), quantity: name }, { signal });
  if (!found.wind)
    return void box.replaceChildren(empty(say(
      "这个站点没有风向、风速数据，因此画不出污染玫瑰图。导入含 wind_direction（°）和 wind_speed（m/s）的文件后即可看到。",
      "This station has no wind data, so there is no pollution rose. Import a file with wind_direction (°) and wind_speed (m/s) to see one.")));
  const words = (/** @type {any} */ band) => {
    const level = found.levels.find((/** @type {any} */ one) => one.number === band.number);
    return `${say(level.zh, level.en)} ${band.lo}–${band.hi ?? ""}`;
  };
  const chart = make("div.rose-chart", { role: "img", "aria-label": say("污染玫瑰图", "Pollution rose") });
  const rows = make("div.table");
  box.replaceChildren(make("div.pair", null,
    make("section", null, make("h3", null, say("污染玫瑰图", "Pollution rose"), make("small", null, `${found.quantity.symbol} ${found.quantity.unit}`)), chart),
    make("section", null, make("h3", null, say("各风向均值", "Mean by direction"), make("small", null, say(`静风 ${found.calm.n} 小时，均值 ${figure(found.calm.mean, 1)}`, `calm: ${found.calm.n} h, mean ${figure(found.calm.mean, 1)}`))), rows)));
  drawRose(chart, found.sectors, {
    names: SIDES,
    classes: found.classes.map(words),
    colours: found.classes.map((/** @type {any} */ band) => levelColour(band.number)),
    describe: (k) => make("div.tip", null, make("div.tip-time", null, SIDES[k]), ...found.classes.map((/** @type {any} */ band, /** @type {number} */ c) =>
      make("div.tip-row", null, make("span", null, words(band)), make("b", null, `${found.sectors[k].classes[c]} h`), make("small", null, "")))),
  });
  drawTable(rows, SIDES.length, [
    { title: say("风向", "From"), left: true, value: (k) => k, cell: (k) => SIDES[k] },
    { title: say("小时", "Hours"), value: (k) => found.sectors[k].n, cell: (k) => String(found.sectors[k].n) },
    { title: say("均值", "Mean"), value: (k) => found.sectors[k].mean, cell: (k) => figure(found.sectors[k].mean, found.quantity.places + 1) },
  ], { label: say("各风向均值", "Mean by direction"), empty: "" });
}

/** @param {HTMLElement} box @param {Context} context @param {AbortSignal} signal */
async function showCapture(box, context, signal) {
  if (!context.page.subject.site) return void box.replaceChildren(empty(say("数据捕获率按站点统计，请打开一个站点。", "Data capture is counted by station: open one.")));
  const found = await ask("/air/capture", asks(context), { signal });
  if (!found.months.length) return void box.replaceChildren(empty(say("这一时段没有应到的小时。", "No hour was due in this span.")));
  const share = (/** @type {any} */ one, /** @type {number} */ k) => (100 * one.valid[k]) / found.expected[k];
  const holder = make("div.table.capture");
  box.replaceChildren(holder, make("p.signs", null, say("每格为有效小时占应到小时的百分比；应到小时自所选时段起，至库中最后一小时止。", "Each cell: valid hours as a share of the hours due, from the start of the span to the last hour on the shelf.")));
  drawTable(holder, found.months.length, [
    { title: say("月份", "Month"), left: true, value: (k) => found.months[k], cell: (k) => sayMonth(instant(+found.months[k].slice(0, 4), +found.months[k].slice(5))) },
    { title: say("应到小时", "Hours due"), value: (k) => found.expected[k], cell: (k) => String(found.expected[k]) },
    ...found.quantities.map((/** @type {any} */ one) => ({
      title: one.symbol,
      value: (/** @type {number} */ k) => share(one, k),
      cell: (/** @type {number} */ k) => {
        const bar = make("i");
        bar.style.width = `${share(one, k)}%`;
        return make("span.share", { title: say(`${one.valid[k]} / ${found.expected[k]} 小时`, `${one.valid[k]} of ${found.expected[k]} hours`) }, bar, `${share(one, k).toFixed(1)}%`);
      },
    })),
  ], { label: say("数据捕获率", "Data capture"), empty: "" });
}

/** @param {HTMLElement} box @param {Context} context @param {AbortSignal} signal */
async function showHistory(box, context, signal) {
  const found = await ask("/air/history", asks(context), { signal });
  const corrected = make("div.table");
  const rejected = make("div.table");
  box.replaceChildren(
    make("section", null, make("h3", null, say("修正", "Corrections"), make("small", null, String(found.corrections.length))), corrected),
    make("section", null, make("h3", null, say("导入时剔除的行", "Rows rejected at import"), make("small", null, found.rejects === null ? "" : String(found.rejects.length))), rejected),
  );
  const sayTime = (/** @type {any} */ row) => (row.period === "day" ? sayDate(row.time) : sayHour(row.time));
  const list = found.corrections;
  drawTable(corrected, list.length, [
    { title: say("时间", "Time"), left: true, width: "1.5fr", value: (k) => list[k].time, cell: (k) => sayTime(list[k]) },
    { title: say("项目", "Quantity"), left: true, width: "64px", value: (k) => list[k].symbol, cell: (k) => list[k].symbol },
    { title: say("由", "From"), width: "64px", value: (k) => list[k].former, cell: (k) => figure(list[k].former, list[k].places) },
    { title: say("改为", "To"), width: "64px", value: (k) => list[k].value, cell: (k) => figure(list[k].value, list[k].places) },
    { title: say("原因", "Because"), left: true, width: "2fr", value: (k) => list[k].reason, cell: (k) => make("span", { title: list[k].reason }, list[k].reason) },
    { title: say("何人", "By"), left: true, width: "96px", value: (k) => list[k].author, cell: (k) => list[k].author },
    { title: say("何时", "On"), left: true, width: "1.4fr", value: (k) => list[k].at, cell: (k) => sayInstant(list[k].at) },
    ...(context.page.may_correct ? [undoColumn(list, context)] : []),
  ], {
    label: say("修正", "Corrections"),
    empty: say("这一时段没有修正过的值。", "No value of this span was corrected."),
    onPick: (k) => context.go({ period: list[k].period, at: list[k].time }),
  });
  if (found.rejects === null) return void rejected.replaceChildren(empty(say("登录为运维员或分析员后可见。", "Visible to operators and analysts after log-in.")));
  drawTable(rejected, found.rejects.length, [
    { title: say("文件", "File"), left: true, width: "1.6fr", value: (k) => found.rejects[k].file, cell: (k) => found.rejects[k].file },
    { title: say("行", "Line"), width: "64px", value: (k) => found.rejects[k].line, cell: (k) => String(found.rejects[k].line) },
    { title: say("错误", "Fault"), left: true, width: "1fr", value: (k) => found.rejects[k].fault, cell: (k) => say(found.rejects[k].zh, found.rejects[k].en) },
    { title: say("原文", "As received"), left: true, width: "2fr", value: (k) => found.rejects[k].raw, cell: (k) => make("code", { title: found.rejects[k].raw }, found.rejects[k].raw) },
  ], { label: say("剔除的行", "Rejected rows"), empty: say("没有被剔除的行。", "No row was rejected.") });
}

/** A press on the newest correction of each hour brings its former value back. @param {any[]} list newest first @param {Context} context */
function undoColumn(list, context) {
  const seen = new Set();
  const newest = list.map((row) => {
    const key = `${row.quantity} ${row.time}`;
    const first = !seen.has(key) && row.period === "hour";
    seen.add(key);
    return first;
  });
  return {
    title: "",
    width: "48px",
    value: () => null,
    cell: (/** @type {number} */ k) => {
      if (!newest[k]) return "";
      const press = make("button.link", { type: "button" }, say("撤销", "Undo"));
      press.addEventListener("click", (event) => {
        event.stopPropagation();
        press.setAttribute("disabled", "");
        const { quantity, time, former, at } = list[k];
        undo({ site: context.page.key, quantity, time: isoHour(time), value: former }, at, context.changed);
      });
      return press;
    },
  };
}

/** @param {Context} context */
const asks = (context) => ({ ...who(context), from: context.asked.from, to: context.asked.to, as_of: context.asked.as_of });
/** @param {Context} context */
const who = (context) => context.page.subject;
/** The first concentration on the chart, or PM2.5. @param {Context} context */
const single = (context) => context.state.q.find((/** @type {string} */ name) => name !== "aqi") ?? "pm2_5";
/** @param {string} words */
const empty = (words) => make("p.empty", null, words);
/** @param {number} first @param {number} last */
const range = (first, last) => Array.from({ length: last - first + 1 }, (_, k) => first + k);
/** @param {Context} context @param {string} keys */
const symbols = (context, keys) => keys.split("+").map((name) => context.page.quantities.find((/** @type {any} */ one) => one.name === name)?.symbol ?? name).join("、");
