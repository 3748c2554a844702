/** The list on the left: how the levels are spread, a legend that filters, and the ranking. */
import { figure, make, nameOf, part, say, sayReason, setLook } from "./songhua.js";
import { Rows, STACKED } from "./virtual.js";

/** @typedef {import("./map-data.js").Row} Row */

/** Say primary pollutants with their symbols. @param {string} primary @param {(key: string) => string} symbol */
export const sayPrimary = (primary, symbol) => (primary ? primary.split("+").map(symbol).join(say("、", ", ")) : "—");

/** The pill of a figure. @param {Row} row @param {number} places */
export const pillOf = (row, places) => make(`u.figure-pill.level-${row.shade}`, row.shade ? null : { title: sayReason(row.reason) }, figure(row.value, places));

export class List {
  /** @param {{onPick: (row: Row) => void, onLevels: (levels: number[]) => void, symbol: (key: string) => string}} hooks */
  constructor(hooks) {
    this.hooks = hooks;
    /** @type {Row[]} */
    this.rows = [];
    this.picked = "";
    this.places = 0;
    this.q = "aqi";
    const box = part("list");
    this.virtual = new Rows(box, box, {
      height: STACKED.matches ? 36 : 28,
      draw: (row, at) => this.draw(row, at),
      spacer: (height) => {
        const gap = make("div", { "aria-hidden": "true" });
        gap.style.height = `${height}px`;
        return gap;
      },
    });
    box.addEventListener("click", (event) => {
      const row = event.target instanceof Element ? event.target.closest(".row") : null;
      if (row instanceof HTMLElement) hooks.onPick(this.rows[Number(row.dataset.at)]);
    });
    box.addEventListener("keydown", (event) => {
      const by = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 }[event.key];
      if (!by || !this.rows.length) return;
      event.preventDefault();
      const at = this.rows.findIndex((row) => row.key === this.picked);
      hooks.onPick(this.rows[Math.max(0, Math.min(this.rows.length - 1, at < 0 ? 0 : at + by))]);
    });
  }

  /** @param {Row} row @param {number} at */
  draw(row, at) {
    const detail = this.q === "aqi" ? sayPrimary(row.primary, this.hooks.symbol).split(/[、,]/)[0] : row.index === null ? "—" : `IAQI ${row.index}`;
    return make("div.row", { role: "option", id: `row-${row.key}`, "aria-selected": String(row.key === this.picked), "data-at": String(at) },
      make("b", { title: nameOf(row) }, nameOf(row)), make("span", null, row.scope === "site" ? say(row.city_zh, row.city_en) : ""), make("span", null, detail), pillOf(row, this.places));
  }

  /** @param {Row[]} rows ranked @param {{picked: string, places: number, q: string}} how */
  show(rows, { picked, places, q }) {
    this.rows = rows;
    this.places = places;
    this.q = q;
    const moved = picked !== this.picked;
    this.picked = picked;
    this.virtual.show(rows);
    part("list").setAttribute("aria-activedescendant", picked ? `row-${picked}` : "");
    const at = rows.findIndex((row) => row.key === picked);
    if (moved && at >= 0 && getComputedStyle(part("list")).overflowY !== "visible") this.virtual.reveal(at);
  }

  /** @param {Row[]} rows all of the province @param {import("./map-data.js").Level[]} levels @param {number[]} chosen @param {"site" | "city"} of */
  tally(rows, levels, chosen, of) {
    const counts = levels.map((level) => rows.filter((row) => row.shade === level.number).length);
    const missing = rows.length - counts.reduce((sum, count) => sum + count, 0);
    const known = rows.length - missing;
    part("tally").textContent = (of === "site" ? say(`${known} 个站点有数`, `${known} stations with data`) : say(`${known} 个城市有数`, `${known} cities with data`)) + (missing ? say(`　·　${missing} 个缺数`, ` · ${missing} without`) : "");
    part("dist").replaceChildren(...levels.flatMap((level, at) => {
      if (!counts[at]) return [];
      const bar = make(`i.level-${level.number}`);
      bar.style.flex = String(counts[at]);
      return [bar];
    }));
    const legend = part("legend");
    const toggle = (/** @type {number} */ number) => this.hooks.onLevels(chosen.includes(number) ? chosen.filter((one) => one !== number) : [...chosen, number]);
    const press = (/** @type {number} */ number, /** @type {string} */ words, /** @type {number} */ count) => {
      const button = make("button", { type: "button", "aria-pressed": String(chosen.includes(number)), "data-none": count === 0 },
        make(`i.swatch.level-${number}`), make("span", null, words), make("b", null, count));
      button.addEventListener("click", () => toggle(number));
      return button;
    };
    const focused = legend.contains(document.activeElement) ? [...legend.children].indexOf(/** @type {Element} */ (document.activeElement)) : -1;
    legend.replaceChildren(...levels.map((level, at) => press(level.number, nameOf(level), counts[at])), ...(missing ? [press(0, say("缺数", "No data"), missing)] : []), this.look(), ...(chosen.length ? [this.clear()] : []));
    legend.toggleAttribute("data-some", chosen.length > 0);
    if (focused >= 0) /** @type {HTMLElement} */ (legend.children[Math.min(focused, legend.children.length - 1)]).focus();
  }

  look() {
    const safe = document.documentElement.dataset.scale === "safe";
    const press = make("button.safe", { type: "button" }, safe ? say("标准颜色", "Official colours") : say("色觉友好", "Colour-blind safe"));
    press.addEventListener("click", () => setLook("scale", safe ? "official" : "safe"));
    return press;
  }

  clear() {
    const press = make("button.clear", { type: "button" }, say("全部显示", "Show all"));
    press.addEventListener("click", () => this.hooks.onLevels([]));
    return press;
  }
}
