/** The small course of the panel: an ink line on the faint bands of the levels, gaps as gaps. */
import { clock, sayDay, sayTime, DAY } from "./time.js";
import { figure, make } from "./songhua.js";

const SVG = "http://www.w3.org/2000/svg";
const [WIDTH, HEIGHT, LEFT, TOP, FOOT] = [348, 136, 28, 8, 18];

/**
 * @typedef {{from: number, to: number, step: number, time: number[], value: (number | null)[], bands: {number: number, lo: number, hi: number | null}[]}} Course
 */

/** @param {string} name @param {Record<string, string | number>} attributes @param {...(Node | string)} inside */
function draw(name, attributes, ...inside) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  made.append(...inside);
  return made;
}

/**
 * Draw a course.
 * @param {Course} course @param {number} time the time shown on the map
 * @param {{places: number, period: "hour" | "day", label: string, onPick: (ms: number) => void}} how
 */
export function courseLine(course, time, how) {
  const known = course.value.filter((value) => value !== null);
  const floor = course.bands[1]?.hi ?? course.bands[0]?.hi ?? 100;
  const top = Math.max(floor, ...known) * 1.06;
  const x = (/** @type {number} */ ms) => LEFT + ((ms - course.from) / Math.max(1, course.to - course.from - course.step)) * (WIDTH - LEFT - 4);
  const y = (/** @type {number} */ value) => TOP + (1 - value / top) * (HEIGHT - TOP - FOOT);
  const parts = [];
  let lowest = y(0) - 9;
  for (const band of course.bands) {
    if (band.lo >= top) break;
    const roof = Math.min(band.hi ?? top, top);
    const box = draw("rect", { class: "band", x: LEFT, width: WIDTH - LEFT - 4, y: y(roof), height: Math.max(0, y(band.lo) - y(roof)) });
    box.style.fill = `var(--level-${band.number})`;
    parts.push(box);
    if (roof < top && y(roof) <= lowest) {
      parts.push(draw("text", { x: LEFT - 4, y: y(roof) + 3.5, "text-anchor": "end" }, String(roof)));
      lowest = y(roof) - 10;
    }
  }
  parts.push(draw("text", { x: LEFT - 4, y: y(0) + 3.5, "text-anchor": "end" }, "0"));
  for (const { ms, words } of ticks(course)) parts.push(draw("text", { x: x(ms), y: HEIGHT - 4, "text-anchor": x(ms) > WIDTH - 24 ? "end" : x(ms) < LEFT + 16 ? "start" : "middle" }, words));
  parts.push(...lines(course, x, y));
  const cursor = draw("g", {});
  parts.push(cursor);
  const svg = /** @type {SVGSVGElement} */ (draw("svg", { class: "course", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": how.label }, ...parts));

  const nearest = (/** @type {PointerEvent} */ event) => {
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM()?.inverse());
    const ms = course.from + ((at.x - LEFT) / (WIDTH - LEFT - 4)) * (course.to - course.from - course.step);
    const index = Math.round((ms - course.from) / course.step);
    return course.time[Math.max(0, Math.min(course.time.length - 1, index))];
  };
  const point = (/** @type {number} */ ms, /** @type {boolean} */ says) => {
    const value = course.value[course.time.indexOf(ms)] ?? null;
    cursor.replaceChildren(draw("line", { class: "cursor", x1: x(ms), x2: x(ms), y1: TOP, y2: y(0) }));
    if (value !== null) cursor.append(draw("circle", { class: "at", cx: x(ms), cy: y(value), r: 3.5 }));
    if (says) {
      const right = x(ms) > WIDTH * 0.6;
      cursor.append(draw("text", { class: "said", x: x(ms) + (right ? -6 : 6), y: TOP + 4, "text-anchor": right ? "end" : "start" }, `${sayTime(ms, how.period)}  ${figure(value, how.places)}`));
    }
  };
  svg.addEventListener("pointermove", (event) => point(nearest(event), true));
  svg.addEventListener("pointerleave", () => point(time, false));
  svg.addEventListener("click", (event) => how.onPick(nearest(/** @type {PointerEvent} */ (event))));
  point(time, false);
  return make("div.course-box", null, svg);
}

/** @param {Course} course @param {(ms: number) => number} x @param {(value: number) => number} y */
function* lines(course, x, y) {
  let path = "";
  let run = 0;
  for (let at = 0; at <= course.time.length; at += 1) {
    const value = course.value[at] ?? null;
    if (value !== null) {
      path += `${run ? "L" : "M"}${x(course.time[at]).toFixed(1)} ${y(value).toFixed(1)}`;
      run += 1;
      continue;
    }
    if (run === 1) yield draw("circle", { class: "lone", cx: x(course.time[at - 1]), cy: y(/** @type {number} */ (course.value[at - 1])), r: 1.4 });
    run = 0;
  }
  if (path) yield draw("path", { class: "line", d: path });
}

/** @param {Course} course */
function ticks(course) {
  const days = course.time.filter((ms) => clock(ms).hour === 0);
  const starts = course.step < DAY ? days : days.filter((ms) => clock(ms).day === 1);
  const each = Math.ceil(starts.length / 5);
  return starts.filter((_, at) => at % each === 0).map((ms) => ({ ms, words: sayDay(ms) }));
}
