/** The same air as a wide list or a table: sorted, filtered, exported. */
import { figure, make, nameOf, part, say, sayReason } from "./songhua.js";
import { pillOf, sayPrimary } from "./map-list.js";
import { columnOf } from "./map-data.js";
import { Rows, STACKED } from "./virtual.js";

/** @typedef {import("./map-data.js").Row} Row */
const POLLUTANTS = ["pm2_5", "pm10", "o3", "no2", "so2", "co"];

export class Board {
  /** @param {{onPick: (row: Row) => void, onSort: (sort: string) => void, quantity: (key: string) => {symbol: string, unit: string, places: number}}} hooks */
  constructor(hooks) {
    this.hooks = hooks;
    this.box = part("rows");
    /** @type {Rows | null} */
    this.virtual = null;
    this.shape = "";
    this.picked = "";
    /** @type {Row[]} */
    this.rows = [];
    this.box.addEventListener("click", (event) => {
      const row = event.target instanceof Element ? event.target.closest("[data-at]") : null;
      if (row instanceof HTMLElement) hooks.onPick(this.rows[Number(row.dataset.at)]);
    });
    this.box.addEventListener("keydown", (event) => {
      const row = event.target instanceof HTMLElement ? event.target.closest("[data-at]") : null;
      if (row instanceof HTMLElement && (event.key === "Enter" || event.key === " ")) {
        event.preventDefault();
        hooks.onPick(this.rows[Number(row.dataset.at)]);
      }
    });
  }

  /**
   * @param {Row[]} rows ranked
   * @param {{view: "list" | "table", q: string, period: "hour" | "day", picked: string, sort: string, find: string, levels: import("./map-data.js").Level[], of: string}} how
   */
  show(rows, how) {
    this.how = how;
    this.picked = how.picked;
    const words = how.find.trim().toLowerCase();
    const found = words ? rows.filter((row) => `${row.zh} ${row.en} ${row.city_zh ?? ""} ${row.city_en ?? ""} ${row.county_zh ?? ""} ${row.key}`.toLowerCase().includes(words)) : rows;
    this.rows = how.view === "table" ? this.sorted(found) : found;
    const shape = `${how.view} ${how.q} ${how.period} ${how.of} ${how.sort}`;
    if (shape !== this.shape) this.build();
    this.shape = shape;
    this.none?.remove();
    if (!this.rows.length) {
      this.none = make("p.empty", null, rows.length ? say("没有符合筛选的行。", "No row fits the filter.") : say("这个时刻没有数据。", "There is no data for this time."));
      this.box.append(this.none);
    }
    this.most = Math.max(1, ...this.rows.map((row) => row.index ?? 0));
    this.virtual?.show(this.rows);
  }

  build() {
    this.virtual?.stop();
    this.box.replaceChildren();
    if (this.how?.view === "table") this.buildTable();
    else this.buildList();
  }

  buildList() {
    this.virtual = new Rows(this.box, this.box, {
      height: STACKED.matches ? 36 : 28,
      draw: (row, at) => this.drawWide(row, at),
      spacer: (height) => {
        const gap = make("div", { "aria-hidden": "true" });
        gap.style.height = `${height}px`;
        return gap;
      },
    });
  }

  /** @param {Row} row @param {number} at */
  drawWide(row, at) {
    const { q, levels } = /** @type {NonNullable<Board["how"]>} */ (this.how);
    const level = levels.find((one) => one.number === row.shade);
    const meter = make(`i.meter.level-${row.shade}`);
    meter.style.width = `${(100 * (row.index ?? 0)) / (this.most ?? 1)}%`;
    return make("div.wide", { tabindex: "0", role: "button", "data-at": String(at), "aria-selected": String(row.key === this.picked) },
      make("span.num", null, row.index === null ? "" : at + 1),
      make("b", null, nameOf(row)),
      make("span", null, row.scope === "site" ? say(row.city_zh, row.city_en) : say(`${row.n ?? 0} 站`, `${row.n ?? 0} stations`)),
      make("span", null, level ? nameOf(level) : sayReason(row.reason)),
      row.shade ? meter : make("span", null, ""),
      pillOf(row, this.places(q)));
  }

  /** @param {string} q */
  places(q) {
    return q === "aqi" ? 0 : this.hooks.quantity(q).places;
  }

  /** @returns {{key: string, words: string, unit?: string, num?: boolean, cell: (row: Row) => Node | string, by: (row: Row) => any}[]} */
  columns() {
    const { period, levels, of } = /** @type {NonNullable<Board["how"]>} */ (this.how);
    const levelName = (/** @type {number} */ number) => levels.find((one) => one.number === number);
    const symbol = (/** @type {string} */ key) => this.hooks.quantity(key).symbol;
    return [
      { key: "name", words: of === "city" ? say("城市", "City") : say("站点", "Station"), cell: nameOf, by: nameOf },
      ...(of === "city"
        ? [{ key: "n", words: say("站点数", "Stations"), num: true, cell: (/** @type {Row} */ row) => String(row.n ?? 0), by: (/** @type {Row} */ row) => row.n ?? 0 }]
        : [{ key: "city", words: say("城市", "City"), cell: (/** @type {Row} */ row) => say(row.city_zh, row.city_en), by: (/** @type {Row} */ row) => say(row.city_zh, row.city_en) },
           { key: "code", words: say("编码", "Code"), cell: (/** @type {Row} */ row) => row.key, by: (/** @type {Row} */ row) => row.key }]),
      { key: "aqi", words: "AQI", num: true, cell: (row) => make(`u.figure-pill.level-${row.level}`, row.aqi === null ? { title: sayReason(row.reason) } : null, figure(row.aqi)), by: (row) => row.aqi },
      { key: "level", words: say("级别", "Level"), cell: (row) => { const level = levelName(row.level); return level ? nameOf(level) : make("span.soft", null, sayReason(row.reason)); }, by: (row) => row.level || null },
      { key: "primary", words: say("首要污染物", "Primary"), cell: (row) => sayPrimary(row.primary, symbol), by: (row) => row.primary },
      ...POLLUTANTS.map((key) => {
        const column = columnOf(key, period);
        const { symbol: words, unit, places } = this.hooks.quantity(column);
        return { key, words, unit, num: true, cell: (/** @type {Row} */ row) => figure(row[column], places), by: (/** @type {Row} */ row) => row[column] };
      }),
    ];
  }

  buildTable() {
    const sort = this.how?.sort || "-aqi";
    const heads = this.columns().map((column) => {
      const on = sort.replace("-", "") === column.key;
      const press = make("button", { type: "button" }, column.words, column.unit ? make("span.unit", null, ` ${column.unit}`) : null);
      press.addEventListener("click", () => this.hooks.onSort(on ? (sort.startsWith("-") ? column.key : `-${column.key}`) : column.num ? `-${column.key}` : column.key));
      return make(`th${column.num ? ".num" : ""}`, { scope: "col", "aria-sort": on ? (sort.startsWith("-") ? "descending" : "ascending") : null }, press);
    });
    const body = make("tbody");
    this.box.append(make("table.data", null, make("thead", null, make("tr", null, ...heads)), body));
    const columns = this.columns();
    this.virtual = new Rows(this.box, body, {
      height: 28,
      draw: (row, at) => make("tr", { tabindex: "0", "data-at": String(at), "aria-selected": String(row.key === this.picked) },
        ...columns.map((column) => make(`td${column.num ? ".num" : ""}`, null, column.cell(row)))),
      spacer: (height) => {
        const cell = make("td.spacer", { colspan: String(columns.length) });
        cell.style.height = `${height}px`;
        return make("tr", { "aria-hidden": "true" }, cell);
      },
    });
  }

  /** @param {Row[]} rows */
  sorted(rows) {
    const sort = this.how?.sort || "-aqi";
    const down = sort.startsWith("-");
    const column = this.columns().find((one) => one.key === sort.replace("-", ""));
    if (!column) return rows;
    const order = new Intl.Collator(document.documentElement.lang, { numeric: true });
    return [...rows].sort((a, b) => {
      const [one, other] = [column.by(a), column.by(b)];
      if (one === null || other === null) return one === other ? 0 : one === null ? 1 : -1;
      const way = typeof one === "string" ? order.compare(one, other) : one - other;
      return down ? -way : way;
    });
  }
}
