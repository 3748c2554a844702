/** Beside the chart of the bench: neighbours, weather and the site's other quantities, on the same times. */
import { make, nameOf } from "./songhua.js";
import { drawAxisY, drawLine, fitted, rangeOf } from "./review-draw.js";

/** @typedef {import("./review-series.js").Series} Series */
/** @typedef {{key: string, words: string, site: string, quantity: string, neighbour: boolean}} Choice */

const HUES = ["#b3541e", "#7a5aa6", "#3d7f9f", "#8a7a1e"];

export class Lanes {
  /** @type {Map<string, Series>} */ #series = new Map();
  /** @type {Set<string>} */ #shown = new Set();
  /** @type {Choice[]} */ #choices = [];

  /**
   * @param {HTMLElement} box @param {HTMLElement} buttons @param {import("./review-chart.js").Chart} chart
   * @param {(site: string, quantity: string) => Promise<Series>} fetched
   */
  constructor(box, buttons, chart, fetched) {
    this.box = box;
    this.buttons = buttons;
    this.chart = chart;
    this.fetched = fetched;
  }

  /** Offer lines; those that were shown before stay shown. @param {Choice[]} choices @param {string[]} usual shown at first */
  offer(choices, usual) {
    if (!this.#choices.length) this.#shown = new Set(usual);
    this.#choices = choices;
    this.#series.clear();
    this.#drawButtons();
    for (const one of choices) if (this.#shown.has(one.key)) this.#load(one);
    this.#lay();
  }

  #drawButtons() {
    this.buttons.replaceChildren(...this.#choices.map((one) => {
      const press = make("button", { type: "button", "aria-pressed": String(this.#shown.has(one.key)) }, one.words);
      press.addEventListener("click", () => this.#toggle(one));
      return press;
    }));
  }

  /** @param {Choice} one */
  #toggle(one) {
    if (!this.#shown.delete(one.key)) {
      this.#shown.add(one.key);
      if (!this.#series.has(one.key)) this.#load(one);
    }
    this.#drawButtons();
    this.#lay();
  }

  /** @param {Choice} one */
  async #load(one) {
    const choices = this.#choices;
    const series = await this.fetched(one.site, one.quantity).catch(() => null);
    if (!series || choices !== this.#choices) return;
    this.#series.set(one.key, series);
    this.#lay();
  }

  /** One lane for all neighbours, one for each other quantity. */
  #lay() {
    const there = this.#choices.filter((one) => this.#shown.has(one.key) && this.#series.has(one.key));
    const near = there.filter((one) => one.neighbour);
    const groups = [...(near.length ? [near] : []), ...there.filter((one) => !one.neighbour).map((one) => [one])];
    this.box.replaceChildren(...groups.map((group) => {
      const lane = make(group[0].neighbour ? "div.lane.tall" : "div.lane", null, make("canvas", { "aria-hidden": "true" }), make("p"));
      lane.dataset.keys = JSON.stringify(group.map((one) => one.key));
      return lane;
    }));
    this.draw();
  }

  /** Draw every lane over the times in view. */
  draw() {
    const { view, colours } = this.chart;
    for (const lane of /** @type {NodeListOf<HTMLElement>} */ (this.box.querySelectorAll(".lane"))) {
      const keys = JSON.parse(lane.dataset.keys ?? "[]");
      const several = keys.map((/** @type {string} */ key) => this.#series.get(key)).filter(Boolean);
      const canvas = /** @type {HTMLCanvasElement} */ (lane.querySelector("canvas"));
      const isNear = lane.classList.contains("tall") && this.chart.series !== null;
      const context = fitted(canvas);
      const box = { left: this.chart.box.left, top: 18, width: this.chart.box.width, height: canvas.clientHeight - 24 };
      context.clearRect(0, 0, canvas.clientWidth, canvas.clientHeight);
      const own = isNear && this.chart.series ? [this.chart.series] : [];
      const range = rangeOf([...several, ...own], view);
      drawAxisY(context, range, box, colours, isNear ? 4 : 2);
      several.forEach((/** @type {Series} */ one, /** @type {number} */ at) => drawLine(context, one, view, box, range, isNear ? HUES[at % HUES.length] : colours.soft));
      for (const one of own) drawLine(context, one, view, box, range, colours.ink, 1.2);
      this.#name(lane, keys, isNear);
    }
  }

  /** @param {HTMLElement} lane @param {string[]} keys @param {boolean} isNear */
  #name(lane, keys, isNear) {
    const words = lane.querySelector("p");
    if (!words || words.childElementCount) return;
    for (const [at, key] of keys.entries()) {
      const [choice, series] = [this.#choices.find((one) => one.key === key), this.#series.get(key)];
      if (!choice || !series) continue;
      const line = make("i");
      line.style.background = HUES[at % HUES.length];
      words.append(make("span", null, isNear ? line : "", isNear ? choice.words : `${series.head.symbol} ${nameOf(series.head)} ${series.head.unit}`));
    }
  }
}
