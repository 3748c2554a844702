/** Figures and words as readers see them. */

/** Choose by the reader's language. @template T @param {T} zh @param {T} en @returns {T} */
export const say = (zh, en) => (document.documentElement.lang.startsWith("en") ? en : zh);

/** The name of a thing that comes in both languages. @param {{zh: string, en: string}} thing */
export const nameOf = (thing) => say(thing.zh, thing.en || thing.zh);

/**
 * A number with the decimals its quantity is published with; an em-dash where there is none.
 * @param {number | null | undefined} value @param {number} [places]
 */
export const figure = (value, places = 0) =>
  value === null || value === undefined ? "—" : value.toFixed(places);

/** Why a value is missing, by the reason the shelf keeps. */
const REASONS = {
  not_received: ["没有收到数据", "nothing was received"],
  marked_invalid: ["数据标记为无效", "the value was marked invalid"],
  too_few_hours: ["有效小时数不足", "too few valid hours"],
  too_few_windows: ["有效 8 小时时段不足", "too few valid 8-hour windows"],
  too_few_days: ["有效日数不足", "too few valid days"],
  too_few_days_in_month: ["月内有效日数不足", "too few valid days in a month"],
  too_few_sites: ["有效站点数不足", "too few stations with data"],
  above_scale: ["浓度超出该标准的指数表", "the concentration lies above the table of the standard"],
  pollutant_missing: ["缺少应有的污染物", "a pollutant that must be there is missing"],
  excluded: ["按规定剔除", "excluded by rule"],
};

/**
 * Say why a value is missing.
 * @param {string | null | undefined} text as the shelf keeps it: a reason, or `pm2_5 too_few_hours 18; o3 …`
 * @param {string} [column] the value that is missing; without it, every reason once
 */
export function sayReason(text, column) {
  const parts = (text || "not_received").split("; ").map((part) => {
    const words = part.split(" ");
    return words.length === 1 ? { name: "", reason: words[0], detail: "" } : { name: words[0], reason: words[1], detail: words.slice(2).join(" ") };
  });
  const own = parts.filter((part) => part.name === column || part.name === "");
  const rest = parts.filter((part) => part.name !== "aqi");
  const told = column && own.length ? own : rest.length ? rest : parts;
  const said = told.map(({ reason, detail }) => {
    const words = REASONS[/** @type {keyof typeof REASONS} */ (reason)];
    return (words ? say(words[0], words[1]) : reason) + (detail && column ? say(`（${detail}）`, ` (${detail})`) : "");
  });
  return [...new Set(said)].join(say("；", "; "));
}
