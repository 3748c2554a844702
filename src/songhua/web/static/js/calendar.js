/** A year of days by level: word and number on hover and for the keyboard, colour beside them. */
import { DAY } from "./time.js";
import { instant, weekday } from "./station-time.js";

const CELL = 14;
const LEFT = 30;
const TOP = 20;
const SVG = "http://www.w3.org/2000/svg";

/**
 * @typedef {{time: number, aqi: number | null, level: number, primary: string, reason: string}} Day
 * @typedef {{
 *   colour: (level: number) => string,
 *   describe: (day: Day | null, time: number) => string,
 *   months: string[], weekdays: string[], label: (year: number) => string,
 *   onSelect: (time: number) => void,
 * }} Words
 */

/**
 * Draw one year.
 * @param {number} year @param {Day[]} days @param {number | null} selected @param {Words} words
 * @returns {SVGSVGElement}
 */
export function calendar(year, days, selected, words) {
  const first = instant(year, 1);
  const shift = weekday(first);
  const count = Math.round((instant(year + 1, 1) - first) / DAY);
  const weeks = Math.ceil((count + shift) / 7);
  const known = new Map(days.map((day) => [day.time, day]));
  const svg = element("svg", {
    viewBox: `0 0 ${LEFT + weeks * CELL} ${TOP + 7 * CELL}`,
    class: "calendar",
    role: "grid",
    "aria-label": words.label(year),
  });
  for (let month = 1; month <= 12; month += 1) {
    const place = Math.round((instant(year, month) - first) / DAY) + shift;
    svg.append(text(LEFT + Math.ceil(place / 7) * CELL, 11, words.months[month - 1]));
  }
  [0, 2, 4, 6].forEach((day) => svg.append(text(0, TOP + day * CELL + 10, words.weekdays[day])));
  /** @type {SVGElement[]} */
  const cells = [];
  for (let k = 0; k < count; k += 1) {
    const time = first + k * DAY;
    cells.push(cell(k + shift, time, known.get(time) ?? null, time === selected, words));
  }
  const entry = cells.find((one) => one.getAttribute("aria-selected") === "true") ?? cells[0];
  entry.setAttribute("tabindex", "0");
  svg.append(...cells);
  svg.addEventListener("click", (event) => chosen(event.target, words));
  svg.addEventListener("keydown", (event) => walk(event, cells, words));
  return svg;
}

/** @param {number} place @param {number} time @param {Day | null} day @param {boolean} selected @param {Words} words */
function cell(place, time, day, selected, words) {
  const words_ = words.describe(day, time);
  const rect = element("rect", {
    x: LEFT + Math.floor(place / 7) * CELL + 1,
    y: TOP + (place % 7) * CELL + 1,
    width: CELL - 2,
    height: CELL - 2,
    rx: 2,
    class: day?.level ? "day" : day ? "day none" : "day absent",
    role: "gridcell",
    tabindex: -1,
    "data-time": time,
    "aria-selected": selected,
    "aria-label": words_,
  });
  if (day?.level) rect.style.fill = words.colour(day.level);
  const title = document.createElementNS(SVG, "title");
  title.textContent = words_;
  rect.append(title);
  return rect;
}

/** @param {EventTarget | null} target @param {Words} words */
function chosen(target, words) {
  const time = target instanceof SVGElement ? target.dataset.time : undefined;
  if (time) words.onSelect(Number(time));
}

/** @param {KeyboardEvent} event @param {SVGElement[]} cells @param {Words} words */
function walk(event, cells, words) {
  const here = cells.indexOf(/** @type {SVGElement} */ (event.target));
  const steps = /** @type {Record<string, number>} */ ({
    ArrowUp: -1,
    ArrowDown: 1,
    ArrowLeft: -7,
    ArrowRight: 7,
    Home: -here,
    End: cells.length,
  });
  if (here < 0) return;
  if (event.key === "Enter" || event.key === " ") chosen(cells[here], words);
  else if (event.key in steps) {
    const next = cells[Math.min(Math.max(here + steps[event.key], 0), cells.length - 1)];
    cells[here].setAttribute("tabindex", "-1");
    next.setAttribute("tabindex", "0");
    next.focus();
  } else return;
  event.preventDefault();
}

/** @param {number} x @param {number} y @param {string} words */
function text(x, y, words) {
  const label = element("text", { x, y, class: "axis" });
  label.textContent = words;
  return label;
}

/** @param {string} name @param {Record<string, unknown>} attributes @returns {any} */
function element(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  return made;
}

