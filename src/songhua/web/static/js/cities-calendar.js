/** Every day of every region: a row a region, a cell a day, the level's colour with number and word. */
import { make, nameOf, part, say, sayDay, sent, readTime } from "./songhua.js";

const HEAD = 20;
const ROW = 24;
const WIDEST = 40;
const WITH_GAPS = 8;
const NUMBERED = 26;
const SPACE = "http://www.w3.org/2000/svg";

/**
 * @typedef {[aqi: number | null, level: number, primary: string, reason: string]} Day
 * @typedef {{code: string, zh: string, en: string, days: (Day | null)[]}} Line
 * @typedef {{left: number, step: number, wide: number}} Plan where the first day begins, from day to day, a cell's width
 * @typedef {{days: string[], lines: Line[], symbols: Record<string, string>, levels: {zh: string, en: string}[]}} Data
 */

/** Draw the calendar into its box, as wide as the box is. @param {HTMLElement} box */
export function drawCalendar(box) {
  /** @type {Data} */
  const data = sent(box.dataset.source ?? "");
  const count = data.days.length;
  const alone = data.lines.length === 1;
  const left = alone ? 0 : Math.max(...data.lines.map(widthOf));
  const room = Math.max(2, Math.min(WIDEST, (box.clientWidth - left) / count));
  const step = room >= WITH_GAPS ? Math.floor(room) : room;
  /** @type {Plan} */
  const plan = { left, step, wide: step >= WITH_GAPS ? step - 1 : step };
  const width = left + step * count;
  const height = HEAD + ROW * data.lines.length;
  const root = svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, tabindex: "0", role: "application",
    "aria-label": say("每日 AQI。方向键移动，回车看推导", "Daily AQI. Arrow keys move, Enter shows the derivation") });
  root.append(...heads(data.days, plan));
  for (const [row, line] of data.lines.entries()) {
    const name = svg("text", { x: 0, y: HEAD + row * ROW + 16 });
    name.textContent = alone ? "" : nameOf(line);
    root.append(name, ...line.days.flatMap((day, column) => cell(day, row, column, plan)));
  }
  const cursor = svg("rect", { class: "cursor", width: plan.wide, height: ROW - 1, visibility: "hidden" });
  root.append(cursor);
  box.replaceChildren(root);
  follow(root, cursor, box, data, plan);
}

/** Follow pointer and keys over the cells. @param {SVGElement} root @param {SVGElement} cursor @param {HTMLElement} box @param {Data} data @param {Plan} plan */
function follow(root, cursor, box, data, { left, step }) {
  let at = { row: 0, column: -1 };
  const show = (/** @type {number} */ row, /** @type {number} */ column) => {
    at = { row: clamp(row, data.lines.length), column: clamp(column, data.days.length) };
    cursor.setAttribute("x", String(left + at.column * step));
    cursor.setAttribute("y", String(HEAD + at.row * ROW));
    cursor.setAttribute("visibility", "visible");
    read(data, at.row, at.column);
  };
  const place = (/** @type {PointerEvent | MouseEvent} */ event) => {
    const edge = root.getBoundingClientRect();
    const row = Math.floor((event.clientY - edge.top - HEAD) / ROW);
    const column = Math.floor((event.clientX - edge.left - left) / step);
    return row >= 0 && row < data.lines.length && column >= 0 && column < data.days.length ? { row, column } : null;
  };
  const open = () => {
    const day = data.lines[at.row]?.days[at.column];
    if (day) location.assign(`${box.dataset.href}&subject=${data.lines[at.row].code}&time=${data.days[at.column]}`);
  };
  root.addEventListener("pointermove", (event) => {
    const over = place(/** @type {PointerEvent} */ (event));
    if (over) show(over.row, over.column);
  });
  root.addEventListener("click", (event) => {
    const over = place(/** @type {MouseEvent} */ (event));
    if (over) {
      show(over.row, over.column);
      open();
    }
  });
  root.addEventListener("keydown", (event) => {
    const { key } = /** @type {KeyboardEvent} */ (event);
    const move = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[key];
    if (move) {
      event.preventDefault();
      show(at.row + move[0], at.column + move[1]);
    } else if (key === "Enter") open();
  });
}

/** Say the day under the cursor. @param {Data} data @param {number} row @param {number} column */
function read(data, row, column) {
  const line = data.lines[row];
  const day = line.days[column];
  const when = sayDay(/** @type {number} */ (readTime(data.days[column])));
  const head = make("b", null, `${nameOf(line)} ${when}`);
  const out = part("calendar-read");
  if (!day) return out.replaceChildren(head, say("没有数据", "no data"));
  const [aqi, level, primary, reason] = day;
  if (aqi === null) return out.replaceChildren(head, "AQI —", reason);
  const word = nameOf(data.levels[level - 1]);
  const symbols = primary.split("+").filter(Boolean).map((key) => data.symbols[key] ?? key).join(say("、", ", "));
  out.replaceChildren(head, make(`span.figure-pill.level-${level}`, null, aqi), word,
    symbols ? say(`首要污染物 ${symbols}`, `primary ${symbols}`) : "");
}

/** @param {Day | null} day @param {number} row @param {number} column @param {Plan} plan */
function cell(day, row, column, { left, step, wide }) {
  const x = left + column * step;
  const y = HEAD + row * ROW;
  const kind = day === null ? "absent" : day[1] ? `fill-${day[1]}` : "none";
  const drawn = [svg("rect", { class: `cell ${kind}`, x, y, width: wide, height: ROW - 1, rx: step > WITH_GAPS ? 2 : 0 })];
  if (day && day[1] && step >= NUMBERED) {
    const figure = svg("text", { class: `figure ink-${day[1]}`, x: x + wide / 2, y: y + 16 });
    figure.textContent = String(day[0]);
    drawn.push(figure);
  }
  return drawn;
}

/** Days of a month, or the months of a longer span. @param {string[]} days @param {Plan} plan */
function heads(days, { left, step, wide }) {
  const short = days.length <= 31;
  return days.flatMap((day, column) => {
    const number = Number(day.slice(8));
    if (short ? step < 20 && number % 5 !== 0 && number !== 1 : number !== 1) return [];
    const head = svg("text", { class: "axis", x: left + column * step + (short ? wide / 2 : 0), y: 13, "text-anchor": short ? "middle" : "start" });
    head.textContent = short ? String(number) : say(`${Number(day.slice(5, 7))}月`, day.slice(5, 7));
    return [head];
  });
}

/** Room that a region's name takes: wide letters for Chinese. @param {Line} line */
const widthOf = (line) => [...nameOf(line)].reduce((sum, letter) => sum + (letter > "ÿ" ? 13 : 7), 10);

/** @param {number} value @param {number} count */
const clamp = (value, count) => Math.max(0, Math.min(count - 1, value));

/** @param {string} name @param {Record<string, string | number>} attributes @returns {SVGElement} */
function svg(name, attributes) {
  const made = document.createElementNS(SPACE, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  return /** @type {SVGElement} */ (made);
}
