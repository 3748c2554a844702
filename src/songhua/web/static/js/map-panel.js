/** The one thing selected: who, figure and level, course, parts, why, actions. Always in this order. */
import { ask } from "./ask.js";
import { courseLine } from "./course-line.js";
import { columnOf, levelOf } from "./map-data.js";
import { pillOf, sayPrimary } from "./map-list.js";
import { DAY, HOUR, figure, isoDay, isoOf, make, nameOf, part, say, sayReason, sayTime, showFault } from "./songhua.js";

/** @typedef {import("./map-data.js").Row} Row @typedef {import("./map-data.js").Air} Air @typedef {import("./map-state.js").State} State */

const POLLUTANTS = ["pm10", "pm2_5", "o3", "no2", "so2", "co"];
const KINDS = new Map([["国控", "national"], ["省控", "provincial"], ["市控", "municipal"]]);
/** How much of the course is shown. */
const WINDOW = { hour: 4 * DAY, day: 92 * DAY };
const STEP = { hour: HOUR, day: DAY };

export class Panel {
  /** @param {{onPick: (pick: import("./map-state.js").Pick | null) => void, onTime: (ms: number) => void, quantity: (key: string) => {symbol: string, unit: string, places: number, zh: string, en: string}}} hooks */
  constructor(hooks) {
    this.hooks = hooks;
    this.box = part("detail");
    this.underWay = new AbortController();
    /** @type {Map<string, any>} */
    this.kept = new Map();
    this.course = make("div.course-box");
    this.why = make("div.why");
  }

  /** Forget what was loaded: the data have moved. */
  forget() {
    this.kept.clear();
  }

  /** @param {Air} air @param {State} state @param {[number, number] | null} ends */
  show(air, state, ends) {
    this.underWay.abort();
    this.underWay = new AbortController();
    this.box.removeAttribute("aria-busy");
    const row = state.pick && (state.pick.scope === "site" ? air.sites : air.cities).find((one) => one.key === state.pick?.key);
    if (!row) return this.showProvince(air, state);
    this.box.replaceChildren(
      ...this.title(row, air),
      this.big(row, air, state.q),
      this.course,
      this.parts(row, air),
      this.why,
      ...(row.scope === "city" ? [this.members(row, air)] : []),
      this.actions(row, state),
    );
    this.drawCourse(row, air, state, ends);
    this.drawWhy(row, state);
  }

  /** @param {Row} row @param {Air} air */
  title(row, air) {
    const close = make("button", { type: "button", title: say("回到全省（Esc）", "Back to the province (Esc)") }, say("全省", "Province"));
    close.addEventListener("click", () => this.hooks.onPick(null));
    const place = row.lon === null ? say("位置未登记", "place not registered") : `${row.lon.toFixed(3)}°E ${row.lat.toFixed(3)}°N`;
    const known = air.sites.filter((one) => one.city === row.key && one.aqi !== null).length;
    const all = air.sites.filter((one) => one.city === row.key).length;
    const about = row.scope === "site"
      ? [say(row.city_zh, row.city_en), say(row.county_zh, ""), say(row.kind, KINDS.get(row.kind) ?? row.kind), row.key, place]
      : [say("城市均值", "City mean"), row.key, say(`${all} 站中 ${known} 站有数`, `${known} of ${all} stations with data`)];
    return [make("h2.title", null, nameOf(row), close), make("p.sub", null, about.filter(Boolean).join(" · "))];
  }

  /** @param {Row} row @param {Air} air @param {string} q */
  big(row, air, q) {
    const level = air.levels.find((one) => one.number === row.shade);
    const column = columnOf(q, air.period);
    const places = q === "aqi" ? 0 : this.hooks.quantity(column).places;
    const value = figure(row.value, places);
    if (!level) return make("div.big", null, make("strong.none", null, value), make("div.missing", null, sayReason(row.reason, q === "aqi" ? undefined : column)));
    const unit = q === "aqi" ? "" : ` ${this.hooks.quantity(column).unit}`;
    const primary = row.primary ? say(`首要污染物 ${this.primary(row)}`, `Primary ${this.primary(row)}`) : say("无首要污染物", "No primary pollutant");
    this.trend = make("p.trend", null, "\u00a0");
    return make("div.big", { title: say(level.advice_zh, level.advice_en) }, make("strong", null, value),
      make("div", null, make(`span.tag.level-${level.number}`, null, nameOf(level)), q === "aqi" ? null : ` IAQI ${row.index}`,
        make("p", null, q === "aqi" ? primary : this.hooks.quantity(column).symbol + unit), this.trend));
  }

  /** @param {Row} row */
  primary(row) {
    return sayPrimary(row.primary, (key) => this.hooks.quantity(key).symbol);
  }

  /** @param {Row} row @param {Air} air @param {State} state @param {[number, number] | null} ends */
  async drawCourse(row, air, state, ends) {
    const time = /** @type {number} */ (air.time);
    const [from, to] = windowOf(time, air.period, ends);
    const series = columnOf(state.q, air.period);
    const asked = { [row.scope === "site" ? "site" : "region"]: row.key, period: air.period, from: isoOf(from, air.period), to: air.period === "day" ? isoDay(to - DAY) : isoOf(to, "hour"), quantities: series, as_of: state.as_of };
    try {
      const found = await this.once("/air/series", asked);
      const one = found.series[0];
      const bands = (one.bands.at(-1)?.levels ?? []).map((/** @type {any} */ band) => ({ ...band }));
      const at = found.time.indexOf(time);
      this.sayTrend(at > 0 && one.value[at] !== null && one.value[at - 1] !== null ? one.value[at] - one.value[at - 1] : null, air.period);
      const drawn = courseLine({ from: found.from, to: found.to, step: found.step, time: found.time, value: one.value, bands }, time,
        { places: one.places, period: air.period, label: say(`${nameOf(row)} ${one.symbol} 变化过程`, `Course of ${one.symbol} at ${nameOf(row)}`), onPick: this.hooks.onTime });
      this.course.replaceChildren(drawn);
    } catch (fault) {
      showFault(this.course, fault, () => this.drawCourse(row, air, state, ends));
    }
  }

  /** @param {number | null} move @param {"hour" | "day"} period */
  sayTrend(move, period) {
    if (move === null || !this.trend) return;
    const arrow = move > 0 ? "↑" : move < 0 ? "↓" : "→";
    this.trend.textContent = `${say(period === "hour" ? "较上一时" : "较前一日", period === "hour" ? "since the hour before" : "since the day before")} ${arrow}${move ? Math.abs(Math.round(move * 10) / 10) : ""}`;
  }

  /** @param {Row} row @param {Air} air */
  parts(row, air) {
    const most = Math.max(100, ...POLLUTANTS.map((key) => row[`iaqi_${key}`] ?? 0));
    const primary = row.primary.split("+");
    const rows = POLLUTANTS.map((key) => {
      const column = columnOf(key, air.period);
      const of = this.hooks.quantity(column);
      const index = row[`iaqi_${key}`] ?? null;
      const meter = make(`i.meter.level-${levelOf(index, air.levels)}`);
      meter.style.width = `${Math.min(100, (100 * (index ?? 0)) / most)}%`;
      const value = row[column] ?? null;
      const missing = value === null ? sayReason(row.reason, column) : null;
      return { index, drawn: make(primary.includes(key) ? "tr.main" : "tr", null,
        make("td", { title: nameOf(of) }, of.symbol),
        make("td.num", missing ? { title: missing } : null, value === null ? "—" : `${figure(value, of.places)} ${of.unit}`),
        make("td.num", null, index === null ? "—" : index),
        make("td.meter-cell", null, index === null ? null : meter)) };
    });
    rows.sort((a, b) => (b.index ?? -1) - (a.index ?? -1));
    const mean = air.period === "hour" ? say("小时均值", "Hourly mean") : say("日均值", "Daily mean");
    return make("table.data", null,
      make("thead", null, make("tr", null, make("th", null, say("项目", "Item")), make("th.num", null, mean), make("th.num", null, "IAQI"), make("th", null, make("span.visually-hidden", null, say("分指数条", "Bar"))))),
      make("tbody", null, ...rows.map((one) => one.drawn)));
  }

  /** @param {Row} row @param {State} state */
  async drawWhy(row, state) {
    const q = state.q;
    const shown = q === "aqi" ? row.aqi : row.index;
    const asked = { scope: row.scope, subject: row.key, time: isoOf(/** @type {number} */ (state.time), state.period), period: state.period, q, as_of: state.as_of };
    const title = make("span", null, shown === null ? say("为什么没有指数", "Why there is no index") : say(`为什么是 ${shown}`, `Why ${shown}`));
    try {
      const found = await this.once("/air/why-short", asked);
      const link = make("a", { href: found.url }, say("全部推导 ›", "Whole derivation ›"));
      const lines = shown === null ? [] : found.lines;
      const words = shown === null
        ? sayReason(row.reason, q === "aqi" ? undefined : columnOf(q, state.period))
        : [`${found.edition ?? ""}　${say(found.clause, found.clause_en)}`, say(found.note_zh, found.note_en)].filter(Boolean).join(say("。", ". "));
      this.why.replaceChildren(make("h3", null, title, link), ...lines.map((/** @type {string} */ line) => make("code", null, line)), make("p", null, words));
    } catch (fault) {
      showFault(this.why, fault, () => this.drawWhy(row, state));
    }
  }

  /** @param {Row} city @param {Air} air */
  members(city, air) {
    const rows = air.sites.filter((row) => row.city === city.key).sort((a, b) => (b.index ?? -1) - (a.index ?? -1));
    return make("table.data", null,
      make("thead", null, make("tr", null, make("th", null, say("站点", "Stations")), make("th", null, say("首要污染物", "Primary")), make("th.num", null, "AQI"))),
      make("tbody", null, ...rows.map((row) => make("tr", null, make("td", null, this.pickLink(row)), make("td.soft", null, this.primary(row)), make("td.num", null, pillOf({ ...row, value: row.aqi, shade: row.level }, 0))))));
  }

  /** @param {Row} row */
  pickLink(row) {
    const press = make("button.link", { type: "button", title: nameOf(row) }, row.scope === "city" ? say(row.short, row.en) : nameOf(row));
    press.addEventListener("click", () => this.hooks.onPick({ scope: row.scope, key: row.key }));
    return press;
  }

  /** @param {Row} row @param {State} state */
  actions(row, state) {
    const page = row.scope === "site" ? `/stations/${row.key}/` : `/regions/${row.key}/`;
    const at = isoOf(/** @type {number} */ (state.time), state.period);
    const base = new URLSearchParams({ period: state.period, at });
    if (state.as_of) base.set("as_of", state.as_of);
    const link = (/** @type {string} */ words, /** @type {string} */ tab) => make("a", { href: `${page}?${base}${tab ? `&tab=${tab}` : ""}` }, words);
    const day = isoDay(/** @type {number} */ (state.time));
    const file = new URLSearchParams({ [row.scope === "site" ? "site" : "region"]: row.key, period: state.period, from: state.period === "hour" ? day : `${day.slice(0, 4)}-01-01`, to: day, quantities: "aqi,pm2_5,pm10,o3,no2,so2,co" });
    return make("p.actions", null,
      link(row.scope === "site" ? say("打开站点", "Open station") : say("打开城市", "Open city"), ""),
      link(say("日历", "Calendar"), "calendar"),
      make("a", { href: `/api/v1/air/export?${file}`, download: "" }, say("导出", "Export")),
      link(say("修订历史", "Revisions"), "history"));
  }

  /** Without a selection: the province in one look. @param {Air} air @param {State} state */
  showProvince(air, state) {
    const cities = [...air.cities].sort((a, b) => (b.index ?? -1) - (a.index ?? -1));
    const known = cities.filter((row) => row.shade);
    const good = known.filter((row) => row.shade <= 2).length;
    const places = state.q === "aqi" ? 0 : this.hooks.quantity(columnOf(state.q, air.period)).places;
    const when = air.time === null ? "" : sayTime(air.time, air.period);
    this.box.replaceChildren(
      make("h2.title", null, say("吉林省", "Jilin Province")),
      make("p.sub", null, [when, say(`${cities.length} 个城市`, `${cities.length} cities`), say(`${air.sites.filter((row) => row.own).length} 个站点`, `${air.sites.filter((row) => row.own).length} stations`)].filter(Boolean).join(" · ")),
      known.length
        ? make("div.big", null, make("strong", null, `${good}/${known.length}`), make("div", null, make("p", null, say("优良城市", "cities excellent or good")), make("p", null, say("点地图或列表中的一项看详情", "Choose one on the map or in the list"))))
        : make("p.empty", null, air.time === null ? say("还没有数据。", "There are no data yet.") : say("这个时刻没有城市数据。", "No city has data for this time."), air.time === null ? make("a", { href: "/imports/" }, say("去导入文件", "Import a file")) : null),
      !cities.length ? "" : make("table.data", null,
        make("thead", null, make("tr", null, make("th", null, say("城市", "City")), make("th", null, say("首要污染物", "Primary")), make("th", null, say("级别", "Level")), make("th.num", null, state.q === "aqi" ? "AQI" : this.hooks.quantity(columnOf(state.q, air.period)).symbol))),
        make("tbody", null, ...cities.map((row) => {
          const level = air.levels.find((one) => one.number === row.shade);
          return make("tr", null, make("td", null, this.pickLink(row)), make("td.soft", null, this.primary(row)), make("td.soft", null, level ? nameOf(level) : "—"), make("td.num", null, pillOf(row, places)));
        }))),
    );
  }

  /** Ask once for the same thing. @param {string} path @param {Record<string, string>} asked */
  async once(path, asked) {
    const name = `${path}?${new URLSearchParams(asked)}`;
    if (!this.kept.has(name)) {
      if (this.kept.size > 200) this.kept.clear();
      this.kept.set(name, await ask(path, asked, { signal: this.underWay.signal }));
    }
    return this.kept.get(name);
  }
}

/** The span of the course around a time: whole days, so that moving by an hour keeps it. @param {number} time @param {"hour" | "day"} period @param {[number, number] | null} ends @returns {[number, number]} */
function windowOf(time, period, ends) {
  const [first, last] = ends ?? [time, time];
  const span = WINDOW[period];
  const day = Math.floor((time + 8 * HOUR) / DAY) * DAY - 8 * HOUR;
  const from = Math.max(Math.min(day - (period === "hour" ? 2 * DAY : 61 * DAY), last - span + STEP[period]), first);
  return [from, Math.min(from + span, last + STEP[period])];
}

