/** Choosing by rule: a limit of the value, a verdict of the checks, a mark. */
import { make, nameOf, say } from "./songhua.js";

/** @typedef {import("./review-chart.js").Chart} Chart */
/** @typedef {import("./review-series.js").Series} Series */

/** @type {Record<string, () => [string, string][]>} */
const WAYS = {
  value: () => [[">", ">"], [">=", "≥"], ["<", "<"], ["<=", "≤"], ["=", "="]],
  verdict: () => [["3", say("可疑或更差", "suspect or worse")], ["4", say("不通过", "fail")], ["0", say("没有发现", "nothing found")]],
};

/** @type {Record<string, (value: number, than: number) => boolean>} */
const COMPARED = {
  ">": (value, than) => value > than,
  ">=": (value, than) => value >= than,
  "<": (value, than) => value < than,
  "<=": (value, than) => value <= than,
  "=": (value, than) => value === Math.fround(than),
};

/** @param {HTMLFormElement} form @param {Chart} chart */
export function wireRule(form, chart) {
  const what = /** @type {HTMLSelectElement} */ (form.elements.namedItem("what"));
  const how = /** @type {HTMLSelectElement} */ (form.elements.namedItem("how"));
  const than = /** @type {HTMLInputElement} */ (form.elements.namedItem("than"));
  const view = /** @type {HTMLInputElement} */ (form.elements.namedItem("view"));
  const fill = () => {
    const ways = what.value === "mark" ? (chart.series?.head.marks ?? []).map((one) => [one.mark, nameOf(one)]) : WAYS[what.value]();
    how.replaceChildren(...ways.map(([value, words]) => make("option", { value }, words)));
    than.hidden = than.disabled = what.value !== "value";
  };
  what.addEventListener("change", fill);
  what.addEventListener("focus", () => what.value === "mark" && fill());
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const { series, selection } = chart;
    if (!series || !selection) return;
    const [first, end] = view.checked ? [Math.ceil(series.place(chart.view.from)), Math.floor(series.place(chart.view.to)) + 1] : [0, series.count];
    selection.clear();
    selection.where(first, end, test(series, what.value, how.value, than.valueAsNumber));
    chart.told.onSelect();
  });
  fill();
}

/** @param {Series} series @param {string} what @param {string} how @param {number} than @returns {(at: number) => boolean} */
function test(series, what, how, than) {
  if (what === "value") return (at) => COMPARED[how](series.values[at], than);
  if (what === "mark") return (at) => series.markOf(at).mark === how;
  const least = Number(how);
  return least === 0 ? (at) => series.verdicts[at] === 0 : (at) => series.verdicts[at] >= least;
}
