/** Drawing series on a canvas: lines by pixel column, axes, ticks. */
import { DAY, HOUR, clock, midnight, sayDay } from "./time.js";

/** @typedef {import("./review-series.js").Series} Series */
/** @typedef {{from: number, to: number}} View instants [ms] at both edges of the plot */
/** @typedef {{left: number, top: number, width: number, height: number}} Box */
/** @typedef {{low: number, high: number}} Range */

/** Fit a canvas to its place on the screen; return its context, in CSS pixels. @param {HTMLCanvasElement} canvas */
export function fitted(canvas) {
  const ratio = Math.min(2, devicePixelRatio || 1);
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== wide || canvas.height !== high) {
    canvas.width = wide;
    canvas.height = high;
  }
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return context;
}

/** @param {View} view @param {Box} box */
export const scaleX = (view, box) => (/** @type {number} */ ms) => box.left + ((ms - view.from) / (view.to - view.from)) * box.width;

/** @param {Range} range @param {Box} box */
export const scaleY = (range, box) => (/** @type {number} */ value) => box.top + (1 - (value - range.low) / (range.high - range.low)) * box.height;

/** Return the range of what a view shows, with air above and below. @param {Series[]} several @param {View} view @returns {Range} */
export function rangeOf(several, view) {
  let [low, high] = [Infinity, -Infinity];
  for (const series of several) {
    const found = series.extremes(Math.floor(series.place(view.from)), Math.ceil(series.place(view.to)) + 1);
    if (found) [low, high] = [Math.min(low, found[0]), Math.max(high, found[1])];
  }
  if (low > high) return { low: 0, high: 1 };
  const least = low >= 0 && low < high * 0.5 ? 0 : low;
  const air = (high - least || Math.abs(high) || 1) * 0.06;
  return { low: least === 0 ? 0 : least - air, high: high + air };
}

/**
 * Draw a line: every value where there is room, else the lowest and highest of each pixel column.
 * Where a value is missing the line is broken.
 * @param {CanvasRenderingContext2D} context @param {Series} series @param {View} view @param {Box} box
 * @param {Range} range @param {string} colour @param {number} [width]
 */
export function drawLine(context, series, view, box, range, colour, width = 1) {
  const y = scaleY(range, box);
  context.save();
  context.beginPath();
  context.rect(box.left, box.top - 1, box.width, box.height + 2);
  context.clip();
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.lineJoin = "round";
  context.beginPath();
  const first = Math.max(0, Math.floor(series.place(view.from)) - 1);
  const end = Math.min(series.count, Math.ceil(series.place(view.to)) + 2);
  if (end - first <= box.width * 2) drawEach(context, series, view, box, y, first, end, colour);
  else drawColumns(context, series, view, box, y);
  context.stroke();
  context.restore();
}

/** @param {CanvasRenderingContext2D} context @param {Series} series @param {View} view @param {Box} box @param {(value: number) => number} y @param {number} first @param {number} end @param {string} colour */
function drawEach(context, series, view, box, y, first, end, colour) {
  const x = scaleX(view, box);
  const { drawn: values } = series;
  const lone = [];
  let run = 0;
  for (let at = first; at <= end; at += 1) {
    const value = at < end ? values[at] : NaN;
    if (Number.isNaN(value)) {
      if (run === 1) lone.push(at - 1);
      run = 0;
      continue;
    }
    if (run === 0) context.moveTo(x(series.time(at)), y(value));
    else context.lineTo(x(series.time(at)), y(value));
    run += 1;
  }
  context.fillStyle = colour;
  const dots = end - first < box.width / 5;
  for (const at of lone) context.fillRect(x(series.time(at)) - 1, y(values[at]) - 1, 2, 2);
  if (dots) for (let at = first; at < end; at += 1) if (!Number.isNaN(values[at])) context.fillRect(x(series.time(at)) - 1.5, y(values[at]) - 1.5, 3, 3);
}

/** @param {CanvasRenderingContext2D} context @param {Series} series @param {View} view @param {Box} box @param {(value: number) => number} y */
function drawColumns(context, series, view, box, y) {
  const each = (view.to - view.from) / series.step / box.width;
  const start = series.place(view.from);
  let before = false;
  for (let column = 0; column < box.width; column += 1) {
    const first = Math.floor(start + column * each);
    const found = series.extremes(first, Math.max(first + 1, Math.floor(start + (column + 1) * each)));
    if (!found) {
      before = false;
      continue;
    }
    const x = box.left + column + 0.5;
    const [low, high] = [y(found[0]), y(found[1])];
    if (before) context.lineTo(x, high);
    else context.moveTo(x, high);
    context.lineTo(x, Math.max(low, high + 0.7));
    before = true;
  }
}

/** Draw the scale of values with quiet lines. @param {CanvasRenderingContext2D} context @param {Range} range @param {Box} box @param {Record<string, string>} colours @param {number} [most] */
export function drawAxisY(context, range, box, colours, most = 5) {
  const y = scaleY(range, box);
  const each = niceStep((range.high - range.low) / most);
  context.fillStyle = colours.soft;
  context.font = `11px ${colours.font}`;
  context.textAlign = "right";
  context.textBaseline = "middle";
  for (let value = Math.ceil(range.low / each) * each; value <= range.high; value += each) {
    context.fillStyle = colours.hair;
    context.fillRect(box.left, Math.round(y(value)), box.width, 1);
    context.fillStyle = colours.soft;
    const places = Math.max(0, -Math.floor(Math.log10(each)));
    context.fillText(value.toFixed(Math.min(places, 6)), box.left - 6, y(value));
  }
}

/** @param {number} rough */
function niceStep(rough) {
  const power = 10 ** Math.floor(Math.log10(rough || 1));
  const share = rough / power;
  return (share <= 1 ? 1 : share <= 2 ? 2 : share <= 5 ? 5 : 10) * power;
}

const STEPS = [60_000, 300_000, 900_000, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY, 14 * DAY];

/** Draw times of Beijing below the plot. @param {CanvasRenderingContext2D} context @param {View} view @param {Box} box @param {Record<string, string>} colours */
export function drawAxisX(context, view, box, colours) {
  const x = scaleX(view, box);
  const room = Math.max(2, Math.floor(box.width / 96));
  const rough = (view.to - view.from) / room;
  context.textBaseline = "top";
  context.textAlign = "center";
  context.font = `11px ${colours.font}`;
  const place = (/** @type {number} */ ms, /** @type {string} */ words) => {
    if (ms < view.from || ms > view.to) return;
    context.fillStyle = colours.line;
    context.fillRect(Math.round(x(ms)), box.top + box.height, 1, 4);
    context.fillStyle = colours.soft;
    const half = context.measureText(words).width / 2;
    context.fillText(words, Math.min(box.left + box.width - half, Math.max(box.left + half, x(ms))), box.top + box.height + 7);
  };
  const step = STEPS.find((one) => one >= rough);
  if (!step) return drawMonths(view, Math.ceil(rough / (30 * DAY)), place);
  for (let ms = midnight(view.from); ms <= view.to; ms += step) {
    const { hour, minute } = clock(ms);
    const atMidnight = hour === 0 && minute === 0;
    place(ms, atMidnight ? sayDay(ms) : `${String(hour).padStart(2, "0")}:${String(minute).padStart(2, "0")}`);
  }
}

/** @param {View} view @param {number} each months @param {(ms: number, words: string) => void} place */
function drawMonths(view, each, place) {
  const { year, month } = clock(view.from);
  const stride = [1, 2, 3, 6, 12].find((one) => one >= each) ?? 12 * Math.ceil(each / 12);
  for (let at = year * 12 + month - 1; ; at += 1) {
    const ms = Date.UTC(Math.floor(at / 12), at % 12, 1) - 8 * HOUR;
    if (ms > view.to) return;
    if (at % stride === 0) place(ms, `${Math.floor(at / 12)}-${String((at % 12) + 1).padStart(2, "0")}`);
  }
}
