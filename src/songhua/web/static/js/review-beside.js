/** Beside the chart of the bench: what checks found, what the station did, who reviewed, how the days stand. */
import { DAY, ask, isoDay, make, nameOf, say, sayDay, sayInstant, showFault, toast } from "./songhua.js";

/** @typedef {import("./review-act.js").Context} Context */

/** @param {number} n */
const several = (n) => (n === 1 ? "1 value" : `${n.toLocaleString()} values`);

/** @param {string} words */
const nothing = (words) => make("div.empty", null, make("p", null, words));

/**
 * List what the checks found; a press shows and chooses it.
 * @param {HTMLElement} box @param {any} found @param {Record<string, {symbol: string}>} known
 * @param {(one: any) => void} go
 */
export function showFindings(box, found, known, go) {
  if (!found.whole) return void box.replaceChildren(nothing(say("时段超过 100 天：检查结论在图下的细条里，逐条列出请缩短时段。", "More than 100 days: verdicts are in the strip below the chart; shorten the span to list them.")));
  if (!found.findings.length) return void box.replaceChildren(nothing(say("检查没有发现可疑的值。", "The checks found nothing suspicious.")));
  box.replaceChildren(...found.findings.map((/** @type {any} */ one) => {
    const grade = one.verdict === 4 ? "fail" : "suspect";
    const press = make(`button.finding.${grade}${one.reviewed || one.outside ? ".done" : ""}`, { type: "button" },
      make("b", null, one.verdict === 4 ? say("不通过", "Fail") : say("可疑", "Suspect")), ` ${known[one.quantity]?.symbol ?? one.quantity} ${span(one)}`, one.reviewed ? say(" · 已审", " · reviewed") : "", one.outside ? say(" · 前后几天", " · days around") : "",
      make("small", null, one.evidence.map((/** @type {any} */ part) => nameOf(part)).join(say("；", "; ")) || say("没有依据文字", "no evidence in words")),
      ...one.evidence.filter((/** @type {any} */ part) => part.why).slice(0, 1).map((/** @type {any} */ part) => make("small", null, `${part.why}${part.set_by ? ` · ${part.set_by}` : ""}`)));
    press.addEventListener("click", () => go(one));
    return press;
  }));
}

/** @param {{from: number, to: number, n: number}} one */
const span = (one) => sayInstant(one.from) + (one.n > 1 ? say(` 起 ${one.n} 个`, `, ${one.n} of them`) : "");

/**
 * List calibrations, states, requests and gaps, newest first.
 * @param {HTMLElement} box @param {HTMLElement} photos @param {any} found @param {Record<string, {symbol: string}>} known
 * @param {(ms: number) => void} go
 */
export function showLog(box, photos, found, known, go) {
  const lines = [
    ...found.events.map((/** @type {any} */ one) => ({ time: one.from, words: `${known[one.quantity]?.symbol ?? one.quantity} ${nameOf(one)}`, more: one.n > 1 ? say(`${one.n} 个值`, several(one.n)) : "" })),
    ...found.log.map((/** @type {any} */ one) => ({ time: one.time, words: `${KINDS()[/** @type {"gap"} */ (one.kind)]} ${nameOf(one)}`, more: [one.author, one.why].filter(Boolean).join(say("：", ": ")), link: one.kind === "gap" ? "" : `/links/requests/${one.number}/` })),
  ].sort((one, other) => other.time - one.time);
  if (!lines.length) box.replaceChildren(nothing(say("这段时间没有校准、状态或请求的记录。", "No calibration, state or request is on record in this span.")));
  else box.replaceChildren(...lines.slice(0, 200).map((one) => {
    const press = make("button.log-line", { type: "button" }, make("b", null, sayInstant(one.time)), ` ${one.words} `, one.more ? make("small", null, one.more) : null);
    press.addEventListener("click", () => go(one.time));
    return one.link ? make("div", null, press, make("a.small", { href: one.link }, say("经过", "Steps"))) : press;
  }));
  const pictures = found.log.filter((/** @type {any} */ one) => one.photo);
  photos.replaceChildren(make("div.photo-list", null, ...pictures.slice(0, 6).map((/** @type {any} */ one) =>
    make("a", { href: `/links/requests/${one.number}/` }, make("img", { src: `/links/requests/${one.number}/photo/`, loading: "lazy", alt: say(`${sayInstant(one.time)} 的现场照片`, `The place at ${sayInstant(one.time)}`) })))));
}

const KINDS = () => ({ request: say("请求", "Request"), photo: say("照片", "Photo"), gap: say("缺数", "Gap") });

/**
 * List the acts, newest first, and undo them.
 * @param {HTMLElement} box @param {Context} context @param {(revision: number, level: number) => void} undo
 */
export function showHistory(box, context, undo) {
  const { acts, page } = context;
  if (!acts.length) return void box.replaceChildren(nothing(say("这些天还没有审核过。", "Nobody has reviewed these days yet.")));
  box.replaceChildren(...acts.map((one) => {
    const line = make("div.log-line", null, make("b", null, sayInstant(one.at)), ` ${one.author} ${say(`第 ${one.level} 级`, `level ${one.level}`)} ${actWords(one)}`,
      one.undone_by ? say(`（已由 ${one.undone_by} 撤销）`, ` (undone by ${one.undone_by})`) : "", make("small", null, one.words));
    if (canUndo(one) && page.levels.includes(one.level)) {
      const press = make("button.link", { type: "button" }, say("撤销", "Undo"));
      press.addEventListener("click", () => undo(one.revision, one.level));
      line.append(press);
    }
    return line;
  }));
}

/** @param {any} one */
export const canUndo = (one) => !one.undone_by && ["mark", "correct", "restore"].includes(one.act);

/** @param {any} one */
function actWords(one) {
  const words = { invalid: ["标为无效", "marked invalid"], questionable: ["标为存疑", "marked questionable"], valid: ["标为有效", "marked valid"], correct: ["订正漂移", "corrected drift"], restore: ["恢复", "restored"], undo: ["撤销", "undid"], confirm: ["确认", "confirmed"], return: ["退回", "returned"] }[/** @type {"undo"} */ (one.verdict || one.act)] ?? [one.act, one.act];
  const more = [one.values ? say(`${one.values} 个值`, several(one.values)) : "", one.reason ? nameOf(one.reason) : "", one.of ? `(${one.of})` : ""].filter(Boolean).join(say("，", ", "));
  return `${say(words[0], words[1])} ${more}`;
}

/**
 * Show how the days stand, and confirm or return them.
 * @param {HTMLElement} box @param {Context} context @param {any[]} days as the history tells them
 */
export function showDays(box, context, days) {
  const { page } = context;
  const known = Object.fromEntries(days.map((one) => [one.day, one]));
  const wanted = [];
  for (let ms = Date.parse(`${page.from}T00:00:00+08:00`); isoDay(ms) <= page.to && wanted.length < 31; ms += DAY) wanted.push({ level: 0, by: ["", "", ""], returned_by: "", opinion: "", ...known[isoDay(ms)], day: isoDay(ms), ms });
  const ready = wanted.filter((one) => page.levels.includes(one.level + 1));
  const next = Math.min(...ready.map((one) => one.level + 1));
  const top = Math.max(0, ...page.levels);
  const back = wanted.filter((one) => one.level > 0 && one.level <= top && top > 1);
  const lines = wanted.slice(0, 7).map((one) => make("div.line", null, make("b", null, sayDay(one.ms)),
    make("span.levels", { "aria-label": say(`已审至第 ${one.level} 级`, `reviewed to level ${one.level}`) }, ...[1, 2, 3].map((level) => make(level <= one.level ? "i.on" : "i", { title: one.by[level - 1] }, level))),
    one.returned_by ? make("span.soft.small", null, say(`${one.returned_by} 退回：${one.opinion}`, `returned by ${one.returned_by}: ${one.opinion}`)) : null));
  const said = make("div", { "aria-live": "polite" });
  const post = async (/** @type {object} */ order, /** @type {string} */ words) => {
    try {
      await ask("/review/acts", {}, { body: order });
      toast(words);
      await context.reload(true);
    } catch (fault) {
      said.replaceChildren(make("p.notice.fault", { role: "alert" }, fault instanceof Error ? fault.message : String(fault)));
    }
  };
  const named = (/** @type {any[]} */ some) => some.map((one) => ({ site: page.site, day: one.day }));
  const acts = make("div.line");
  if (ready.length) {
    const mine = ready.filter((one) => one.level + 1 === next);
    const press = make("button.button.small", { type: "button", id: "confirm-days" }, say(`第 ${next} 级确认${mine.length > 1 ? ` ${mine.length} 天` : ""}`, `Confirm at level ${next}${mine.length > 1 ? ` (${mine.length} days)` : ""}`));
    press.addEventListener("click", () => post({ act: "confirm", level: next, days: named(mine) }, say("已确认。", "Confirmed.")));
    acts.append(press);
  }
  if (back.length) {
    const opinion = /** @type {HTMLInputElement} */ (make("input.input", { maxlength: "500", placeholder: say("退回意见", "Opinion"), "aria-label": say("退回意见", "Opinion") }));
    const press = make("button.button.small", { type: "button" }, say("退回第 1 级", "Return to level 1"));
    press.addEventListener("click", () => post({ act: "return", level: top, to: 1, days: named(back), words: opinion.value }, say("已退回。", "Returned.")));
    acts.append(opinion, press);
  }
  box.replaceChildren(...lines, acts, said);
}

export { showFault };
