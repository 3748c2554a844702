/** The chart of the bench: one series with verdicts, marks and what is chosen; moved by mouse, touch and keys. */
import { Series } from "./review-series.js";
import { drawAxisX, drawAxisY, drawLine, fitted, rangeOf, scaleX, scaleY } from "./review-draw.js";

/** @typedef {import("./review-draw.js").View} View */
/** @typedef {import("./review-draw.js").Box} Box */
/** @typedef {import("./review-series.js").Selection} Selection */
/**
 * @typedef {object} Told
 * @property {() => void} onView the view has changed
 * @property {() => void} onSelect the selection has changed
 * @property {(place: number | null) => void} onCursor
 */

const MARGIN = { left: 52, right: 12, top: 10, bottom: 40 };
const LEAST_STEPS = 6;
const MOST_SIGNS = 3000;

export class Chart {
  /** @type {Series | null} */ series = null;
  /** @type {Selection | null} */ selection = null;
  /** @type {View} */ view = { from: 0, to: 1 };
  /** @type {number | null} */ cursor = null;
  /** @type {"move" | "choose"} */ mode = "move";
  /** @type {{kind: string, from: number, to: number, quantity: string}[]} */ events = [];
  /** @type {Record<string, string>} */ colours = {};
  /** @type {{x0: number, y0: number, x1: number, y1: number} | null} */ brush = null;
  /** @type {import("./review-draw.js").Range} */ range = { low: 0, high: 1 };
  #waiting = false;
  /** The whole series, drawn once. @type {{series: Series | null, kept: string, picture: HTMLCanvasElement | null}} */ #small = { series: null, kept: "", picture: null };

  /** @param {HTMLCanvasElement} canvas @param {HTMLCanvasElement} whole @param {Told} told */
  constructor(canvas, whole, told) {
    this.canvas = canvas;
    this.whole = whole;
    this.told = told;
    new ResizeObserver(() => this.redraw()).observe(canvas);
  }

  /** @param {Series} series @param {Selection} selection @param {View | null} view */
  show(series, selection, view) {
    this.series = series;
    this.selection = selection;
    this.view = view ?? this.#all();
    this.cursor = null;
    this.#draw();
    this.told.onView();
    this.told.onCursor(null);
  }

  /** @returns {Box} */
  get box() {
    return {
      left: MARGIN.left,
      top: MARGIN.top,
      width: Math.max(40, this.canvas.clientWidth - MARGIN.left - MARGIN.right),
      height: Math.max(40, this.canvas.clientHeight - MARGIN.top - MARGIN.bottom),
    };
  }

  #all() {
    const series = /** @type {Series} */ (this.series);
    return { from: series.from, to: series.time(series.count) };
  }

  /** Show a view, within the series. @param {number} from @param {number} to */
  look(from, to) {
    const { series } = this;
    if (!series) return;
    const all = this.#all();
    const length = Math.min(all.to - all.from, Math.max(LEAST_STEPS * series.step, to - from));
    const middle = (from + to) / 2;
    const start = Math.min(all.to - length, Math.max(all.from, middle - length / 2));
    this.view = { from: start, to: start + length };
    this.redraw();
    this.told.onView();
  }

  lookAtAll() {
    const all = this.#all();
    this.look(all.from, all.to);
  }

  /** Shift the view by a share of itself. @param {number} share */
  shift(share) {
    const length = this.view.to - this.view.from;
    this.look(this.view.from + share * length, this.view.to + share * length);
  }

  /** Zoom around an instant. @param {number} factor below 1 is closer @param {number} [around] */
  zoom(factor, around = this.cursorTime() ?? (this.view.from + this.view.to) / 2) {
    const share = (around - this.view.from) / (this.view.to - this.view.from);
    const length = (this.view.to - this.view.from) * factor;
    this.look(around - share * length, around + (1 - share) * length);
  }

  /** The instant of the cursor where it is in view. */
  cursorTime() {
    if (this.cursor === null || !this.series) return null;
    const ms = this.series.time(this.cursor);
    return ms >= this.view.from && ms <= this.view.to ? ms : null;
  }

  /** Put the cursor on a place, and the view where it can be seen. @param {number} place @param {boolean} [centre] */
  pointAt(place, centre = false) {
    const { series } = this;
    if (!series) return;
    this.cursor = Math.max(0, Math.min(series.count - 1, place));
    const ms = series.time(this.cursor);
    const length = this.view.to - this.view.from;
    if (centre) this.look(ms - length / 2, ms + length / 2);
    else if (ms < this.view.from) this.look(ms - length * 0.1, ms + length * 0.9);
    else if (ms > this.view.to) this.look(ms - length * 0.9, ms + length * 0.1);
    this.redraw();
    this.told.onCursor(this.cursor);
  }

  /** Draw with the next frame of the screen. */
  redraw() {
    if (this.#waiting) return;
    this.#waiting = true;
    requestAnimationFrame(() => {
      this.#waiting = false;
      this.#draw();
    });
  }

  #draw() {
    const { series, view, box, colours } = this;
    const context = fitted(this.canvas);
    context.clearRect(0, 0, this.canvas.clientWidth, this.canvas.clientHeight);
    if (!series) return;
    this.range = rangeOf([series], view);
    this.#drawEvents(context, box);
    drawAxisY(context, this.range, box, colours);
    drawAxisX(context, view, { ...box, height: box.height + 16 }, colours);
    this.#drawChosen(context, box);
    drawLine(context, series, view, box, this.range, colours.ink, 1.1);
    this.#drawSigns(context, box);
    this.#drawStrip(context, box);
    this.#drawCursor(context, box);
    this.#drawBrush(context);
    this.#drawWhole();
  }

  /** Calibrations and other states of the station, behind everything. @param {CanvasRenderingContext2D} context @param {Box} box */
  #drawEvents(context, box) {
    const x = scaleX(this.view, box);
    for (const event of this.events) {
      if (event.to < this.view.from || event.from > this.view.to) continue;
      const left = Math.max(box.left, x(event.from));
      const width = Math.max(2, Math.min(box.left + box.width, x(event.to)) - left);
      context.fillStyle = event.kind === "calibration" ? this.colours.water : this.colours.hair;
      context.globalAlpha = event.kind === "calibration" ? 0.45 : 1;
      context.fillRect(left, box.top, width, box.height);
      context.globalAlpha = 1;
    }
  }

  /** @param {CanvasRenderingContext2D} context @param {Box} box */
  #drawChosen(context, box) {
    const { series, selection } = this;
    if (!series || !selection) return;
    const x = scaleX(this.view, box);
    context.fillStyle = this.colours.accent;
    let [left, right] = [-1, -1];
    const fill = () => {
      if (right <= left) return;
      context.globalAlpha = 0.2;
      context.fillRect(left, box.top, right - left, box.height);
      context.globalAlpha = 1;
      context.fillRect(left, box.top, right - left, 2);
    };
    for (const [first, end] of selection.runs) {
      const [from, to] = [series.time(first), series.time(end)];
      if (to < this.view.from || from > this.view.to) continue;
      const start = Math.max(box.left, x(from) - 1);
      const stop = Math.max(start + 2, Math.min(box.left + box.width, x(to) - 1));
      if (start <= right) right = Math.max(right, stop);
      else {
        fill();
        [left, right] = [start, stop];
      }
    }
    fill();
  }

  /** Suspect and failing values as points, reviewed ones with their sign. @param {CanvasRenderingContext2D} context @param {Box} box */
  #drawSigns(context, box) {
    const { series, view, colours } = this;
    if (!series) return;
    const [x, y] = [scaleX(view, box), scaleY(this.range, box)];
    const seen = [Math.floor(series.place(view.from)), Math.ceil(series.place(view.to)) + 1];
    const [first, end] = Series.within(series.judged, seen[0], seen[1]);
    if (end - first <= MOST_SIGNS) {
      for (let place = first; place < end; place += 1) {
        const at = series.judged[place];
        if (Number.isNaN(series.drawn[at])) continue;
        context.fillStyle = series.verdicts[at] === 4 ? colours.fault : colours.warn;
        context.beginPath();
        context.arc(x(series.time(at)), y(series.values[at]), 3.2, 0, 6.3);
        context.fill();
      }
    }
    const [from, to] = Series.within(series.marked, seen[0], seen[1]);
    if (to - from > MOST_SIGNS) return;
    context.lineWidth = 1.4;
    for (let place = from; place < to; place += 1) {
      const at = series.marked[place];
      if (!Number.isNaN(series.drawn[at])) this.#drawSign(context, x(series.time(at)), y(series.values[at]), at);
    }
  }

  /** @param {CanvasRenderingContext2D} context @param {number} x @param {number} y @param {number} at */
  #drawSign(context, x, y, at) {
    const { mark, valid } = /** @type {Series} */ (this.series).markOf(at);
    context.strokeStyle = this.colours.ink;
    context.fillStyle = this.colours.panel;
    context.beginPath();
    if (!valid) {
      context.moveTo(x - 4, y - 4);
      context.lineTo(x + 4, y + 4);
      context.moveTo(x + 4, y - 4);
      context.lineTo(x - 4, y + 4);
    } else if (mark === "RQ") {
      context.moveTo(x, y - 5);
      context.lineTo(x + 5, y);
      context.lineTo(x, y + 5);
      context.lineTo(x - 5, y);
      context.closePath();
      context.fill();
    } else {
      context.rect(x - 3.5, y - 3.5, 7, 7);
      context.fill();
    }
    context.stroke();
  }

  /** Below the plot: where checks spoke, and where values do not count, at any zoom. @param {CanvasRenderingContext2D} context @param {Box} box */
  #drawStrip(context, box) {
    const { series, view, colours } = this;
    if (!series) return;
    const x = scaleX(view, box);
    const wide = Math.max(2, x(series.step) - x(0));
    const top = box.top + box.height + 4;
    const seen = [Math.floor(series.place(view.from)), Math.ceil(series.place(view.to))];
    const rows = /** @type {const} */ ([[series.judged, top], [series.marked, top + 6]]);
    for (const [list, y] of rows) {
      const [first, end] = Series.within(list, seen[0], seen[1]);
      let last = -10;
      let worst = 0;
      for (let place = first; place < end; place += 1) {
        const at = list[place];
        const left = Math.max(box.left, Math.round(x(series.time(at))));
        const grade = list === series.judged ? series.verdicts[at] : series.markOf(at).valid ? 1 : 2;
        if (left === last && grade <= worst) continue;
        context.fillStyle = list === series.judged ? (grade === 4 ? colours.fault : colours.warn) : grade === 2 ? colours.ink : colours.edge;
        context.fillRect(left, y, wide, 5);
        [last, worst] = [left, grade];
      }
    }
  }

  /** @param {CanvasRenderingContext2D} context @param {Box} box */
  #drawCursor(context, box) {
    const ms = this.cursorTime();
    if (ms === null || this.cursor === null || !this.series) return;
    const x = scaleX(this.view, box)(ms);
    context.fillStyle = this.colours.accent;
    context.fillRect(Math.round(x), box.top, 1, box.height);
    const value = this.series.drawn[this.cursor];
    if (Number.isNaN(value)) return;
    context.strokeStyle = this.colours.accent;
    context.lineWidth = 2;
    context.beginPath();
    context.arc(x, scaleY(this.range, box)(value), 5, 0, 6.3);
    context.stroke();
  }

  /** @param {CanvasRenderingContext2D} context */
  #drawBrush(context) {
    if (!this.brush) return;
    const { x0, y0, x1, y1 } = this.brush;
    const { box } = this;
    const tall = Math.abs(y1 - y0) > 14;
    const [top, height] = tall ? [Math.min(y0, y1), Math.abs(y1 - y0)] : [box.top, box.height];
    context.fillStyle = this.colours.accent;
    context.globalAlpha = 0.16;
    context.fillRect(Math.min(x0, x1), top, Math.abs(x1 - x0), height);
    context.globalAlpha = 1;
    context.strokeStyle = this.colours.accent;
    context.lineWidth = 1;
    context.strokeRect(Math.min(x0, x1) + 0.5, top + 0.5, Math.abs(x1 - x0), height);
  }

  /** The whole series in small, and which part of it is in view. */
  #drawWhole() {
    const { series, colours, view } = this;
    if (!series) return;
    const context = fitted(this.whole);
    const [width, height] = [this.whole.clientWidth, this.whole.clientHeight];
    context.clearRect(0, 0, width, height);
    const box = { left: MARGIN.left, top: 3, width: width - MARGIN.left - MARGIN.right, height: height - 6 };
    const all = this.#all();
    const kept = `${this.whole.width} ${this.whole.height} ${colours.edge}`;
    if (this.#small.series !== series || this.#small.kept !== kept) {
      drawLine(context, series, all, box, rangeOf([series], all), colours.edge);
      const picture = document.createElement("canvas");
      [picture.width, picture.height] = [this.whole.width, this.whole.height];
      picture.getContext("2d")?.drawImage(this.whole, 0, 0);
      this.#small = { series, kept, picture };
    } else if (this.#small.picture) context.drawImage(this.#small.picture, 0, 0, width, height);
    const x = scaleX(all, box);
    context.fillStyle = colours.accent;
    context.globalAlpha = 0.14;
    context.fillRect(x(view.from), 0, Math.max(3, x(view.to) - x(view.from)), height);
    context.globalAlpha = 1;
    context.fillRect(x(view.from), 0, 2, height);
    context.fillRect(Math.max(x(view.from) + 1, x(view.to) - 2), 0, 2, height);
  }

  /** The instant under a point of the chart. @param {number} x */
  timeAt(x) {
    const { box, view } = this;
    return view.from + ((x - box.left) / box.width) * (view.to - view.from);
  }

  /** The value at a height of the chart. @param {number} y */
  valueAt(y) {
    const { box, range } = this;
    return range.low + (1 - (y - box.top) / box.height) * (range.high - range.low);
  }

  /** The place nearest to a point: where several share a pixel, the one nearest in height. @param {number} x @param {number} y */
  nearest(x, y) {
    const { series, box } = this;
    if (!series) return null;
    const reach = ((this.view.to - this.view.from) / box.width) * 4;
    const middle = this.timeAt(x);
    const first = Math.max(0, Math.floor(series.place(middle - reach)));
    const end = Math.min(series.count, Math.max(first + 2, Math.ceil(series.place(middle + reach)) + 1));
    const [toX, toY] = [scaleX(this.view, box), scaleY(this.range, box)];
    let best = Math.max(0, Math.min(series.count - 1, Math.round(series.place(middle))));
    let least = Infinity;
    for (let at = first; at < end; at += 1) {
      if (Number.isNaN(series.drawn[at])) continue;
      const far = Math.hypot(toX(series.time(at)) - x, (toY(series.drawn[at]) - y) / 2);
      if (far < least) [best, least] = [at, far];
    }
    return best;
  }
}
