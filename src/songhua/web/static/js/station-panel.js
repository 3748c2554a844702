/** The one thing selected: figure and level, its parts, why, what it was before, what can be done. */
import { openCorrection } from "./correct.js";
import { ask, figure, isoOf, make, part, say, sayInstant, sayReason, showEdition, showFault } from "./songhua.js";
import { sayPeriod } from "./station-time.js";

let underWay = new AbortController();

/**
 * @typedef {{page: any, period: "hour" | "day", time: number | null, as_of: string,
 *   changed: () => void, announce: (words: string) => void}} Context
 */

/** Show what is selected. @param {Context} context */
export async function showPanel(context) {
  const box = part("panel");
  underWay.abort();
  if (context.time === null) {
    box.replaceChildren(make("p.empty", null, say("这一时段没有数据。", "No data in this span.")));
    return;
  }
  underWay = new AbortController();
  box.setAttribute("aria-busy", "true");
  try {
    const found = await ask("/air/why", asked(context), { signal: underWay.signal });
    box.removeAttribute("aria-busy");
    showEdition(found.edition);
    box.replaceChildren(...pieces(found, context));
  } catch (fault) {
    showFault(box, fault, () => showPanel(context));
  }
}

/** What names this figure, to the API and in the address of the page that explains it. @param {Context} context */
const asked = (context) => ({
  period: context.period,
  scope: context.page.scope,
  subject: context.page.key,
  time: isoOf(/** @type {number} */ (context.time), context.period),
  as_of: context.as_of,
});

/** @param {any} found @param {Context} context */
function pieces(found, context) {
  const { figure: shown } = found;
  const when = sayPeriod(found.time, found.period);
  context.announce(`${when} AQI ${shown.aqi ?? say("无", "none")}`);
  const correct = make("div");
  return [
    make("p.when", null, when),
    big(shown),
    ...found.changes.map(changed),
    parts(found, context),
    whyBox(found, context),
    actions(found, context, correct),
    correct,
  ];
}

/** @param {any} shown */
function big(shown) {
  if (!shown.level) {
    const words = shown.reasons.map(say2).join(say("；", "; ")) || sayReason("");
    return make("div.big", null, make("strong", { title: words }, "—"), make("div", null, make("p", null, words)));
  }
  const primary = shown.primary.map((/** @type {any} */ one) => one.symbol).join("、");
  return make("div.big", null,
    make("strong", null, String(shown.aqi)),
    make("div", null,
      make(`span.tag.level-${shown.level}`, null, say(shown.level_zh, shown.level_en)),
      make("p", null, primary ? say(`首要污染物 ${primary}`, `Primary ${primary}`) : say("无首要污染物", "No primary pollutant"), trend(shown))));
}

/** @param {any} shown */
function trend(shown) {
  if (shown.before === null || shown.before === undefined) return null;
  const move = shown.aqi - shown.before;
  return make("span.trend", null, say("较前 ", "vs before "), move > 0 ? `↑${move}` : move < 0 ? `↓${-move}` : "→");
}

/** @param {{zh: string, en: string}} thing */
const say2 = (thing) => say(thing.zh, thing.en);

/** Say what figures were before, since when they are what they are, and because of what. @param {any} one */
export function changed(one) {
  const moved = one.figures.map((/** @type {any} */ figure_) =>
    say(`${figure_.zh} 由 ${figure_.from ?? "—"} 改为 ${figure_.to ?? "—"}`, `${figure_.en} changed from ${figure_.from ?? "—"} to ${figure_.to ?? "—"}`));
  const who = one.author ? say(`，${one.author}`, `, by ${one.author}`) : "";
  const back = one.before
    ? make("button.link", { type: "button", "data-set": `as_of=${new Date(one.before).toISOString()}` }, say("看改变之前", "Show what it was before"))
    : null;
  return make("p.changed", null, say(
    `${moved.join("；")}（${sayInstant(one.at)}，因：${one.zh}${who}） `,
    `${moved.join("; ")} on ${sayInstant(one.at)} because: ${one.en}${who} `), back);
}

/** @param {any} found @param {Context} context */
function parts(found, context) {
  const most = Math.max(50, ...found.parts.map((/** @type {any} */ one) => one.iaqi ?? 0));
  const mean = context.period === "hour" ? say("小时均值", "Hourly mean") : say("日均值", "Daily value");
  return make("table.parts-table", null,
    make("thead", null, make("tr", null, make("th", null, say("项目", "Item")), make("th", null, mean), make("th", null, "IAQI"), make("th.w"))),
    make("tbody", null, ...found.parts.map((/** @type {any} */ one) => {
      const meter = make(`i.meter.level-${one.level || 0}`);
      meter.style.width = `${(100 * (one.iaqi ?? 0)) / most}%`;
      const value = one.value === null
        ? make("span.faint", { title: one.reason ? say2(one.reason) : sayReason("") }, "—")
        : `${figure(one.value, one.places)} ${one.unit}`;
      return make(one.main ? "tr.main" : "tr", null,
        make("td", null, one.symbol), make("td", null, value), make("td", null, one.iaqi === null ? "—" : String(one.iaqi)), make("td.w", null, one.iaqi === null ? null : meter));
    })));
}

/** @param {any} found @param {Context} context */
function whyBox(found, context) {
  const step = found.key_step;
  const title = found.figure.aqi === null ? say("为什么没有 AQI", "Why there is no AQI") : say(`为什么是 ${found.figure.aqi}`, `Why ${found.figure.aqi}`);
  const lines = step ? step.formula.map((/** @type {string} */ words, /** @type {number} */ k) => make("code", null, k ? words : `${step.symbol} ${words}`)) : [];
  return make("div.why", null,
    make("h3", null, make("span", null, title), make("a", { href: `${context.page.why}?${new URLSearchParams(asked(context))}` }, say("全部推导 ›", "Whole derivation ›"))),
    ...lines,
    step ? null : make("p", null, say2(found.steps[0])),
    make("p", null, `${found.edition}${step ? ` ${say(step.clause, step.clause_en)}` : ""}${say("。", ". ")}${say2(found.other)}`));
}

/** @param {any} found @param {Context} context @param {HTMLElement} place */
function actions(found, context, place) {
  const press = (/** @type {string} */ words, /** @type {string} */ set) => make("button.link", { type: "button", "data-set": set }, words);
  const line = make("div.actions", null,
    press(say("日历", "Calendar"), "tab=calendar"),
    press(say(`修订历史（${found.changes.length}）`, `History (${found.changes.length})`), "tab=history"));
  if (context.page.may_correct && context.period === "hour" && !context.as_of) {
    const correct = make("button.link", { type: "button", "aria-expanded": "false" }, say("修正此时的值", "Correct this hour"));
    correct.addEventListener("click", () => {
      const open = correct.getAttribute("aria-expanded") === "true";
      correct.setAttribute("aria-expanded", String(!open));
      if (open) place.replaceChildren();
      else openCorrection(place, found, context);
    });
    line.append(correct);
  }
  return line;
}
