/** What the checks say of a station's values: marks for the chart, and a table of the evidence. */
import { DAY, HOUR, ask, figure, isoDay, make, say } from "./songhua.js";
import { sayStep } from "./station-time.js";

const MOST_DAYS = 92;
const MOST_ROWS = 200;
/** @type {Record<string, [string, string]>} */
const WORDS = { suspect: ["可疑", "suspect"], fail: ["不通过", "fail"], not_checked: ["未检查", "not checked"] };

/**
 * Ask for the verdicts of what the chart shows and put them beside its series; tell whether there are any.
 * @param {any} page @param {any} state @param {any} data @param {AbortSignal} signal
 */
export async function loadVerdicts(page, state, data, signal) {
  data.judged = [];
  const days = (state.to - state.from) / DAY;
  if (!page.sees_verdicts || state.period !== "hour" || state.as_of || days > MOST_DAYS - 1 || data.gathers > 1) return false;
  const span = { from: isoDay(state.from), to: isoDay(state.to - HOUR) };
  let found;
  try {
    found = await ask("/verdicts", { site: page.key, ...span, show: "all", limit: "5000" }, { signal });
  } catch (fault) {
    if (fault instanceof DOMException) throw fault;
    return false; // the values stand without them
  }
  for (const one of data.series) {
    one.judged = found.verdicts
      .filter((/** @type {any} */ row) => row.quantity === one.name)
      .map((/** @type {any} */ row) => ({ ...row, time: Date.parse(row.time), symbol: one.symbol, places: one.places }))
      .filter((/** @type {any} */ row) => row.time >= state.from && row.time < state.to);
    data.judged.push(...one.judged);
  }
  return data.judged.length > 0;
}

/** @param {any} one */
const word = (one) => say(...(WORDS[one.verdict] ?? [one.verdict, one.verdict]));
/** @param {any} one */
const evidence = (one) => one.evidence.map((/** @type {any} */ part) => say(part.zh, part.en)).join(say("；", "; "));

/** Say a verdict with its evidence. @param {any} one */
export const sayVerdict = (one) => `△ ${word(one)}${say("：", ": ")}${evidence(one)}`;

/**
 * List the verdicts of the chart under it.
 * @param {any} data @param {any} page @param {any} state @param {(time: number) => void} pick
 */
export function verdictTable(data, page, state, pick) {
  const rows = (data.judged ?? []).toSorted((/** @type {any} */ a, /** @type {any} */ b) => b.time - a.time).slice(0, MOST_ROWS);
  if (!rows.length) return [];
  const bench = `/review/bench/?${new URLSearchParams({ site: page.key, from: isoDay(state.from), to: isoDay(state.to - HOUR) })}`;
  return [make("details.judged", null,
    make("summary", null, say(`检查结论与依据（${data.judged.length}）`, `Verdicts with evidence (${data.judged.length})`)),
    make("p", null, make("a", { href: bench }, say("去审核 ›", "Review ›"))),
    make("div.table-scroll", null, make("table.data", null,
      make("thead", null, make("tr", null, ...[["时间", "Time"], ["指标", "Quantity"], ["数值", "Value"], ["结论", "Verdict"], ["依据", "Evidence"]].map(([zh, en]) => make("th", null, say(zh, en))))),
      make("tbody", null, ...rows.map((/** @type {any} */ one) => {
        const at = make("button.link", { type: "button" }, sayStep(one.time, HOUR));
        at.addEventListener("click", () => pick(one.time));
        return make("tr", null, make("td", null, at), make("td", null, one.symbol), make("td.num", null, figure(one.value, one.places)),
          make("td", null, word(one)), make("td.wrap", null, evidence(one)));
      })))))];
}
