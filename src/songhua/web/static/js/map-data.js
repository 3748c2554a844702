/** The air of one hour or day, as rows; levels by edition. Every limit and colour comes from the server. */
import { ask } from "./ask.js";
import { isoOf } from "./time.js";

/**
 * @typedef {{number: number, lo: number, hi: number, zh: string, en: string, grade: string, advice_zh: string, advice_en: string}} Level
 * @typedef {Record<string, any> & {key: string, scope: "site" | "city", zh: string, en: string, value: number | null, index: number | null, shade: number}} Row
 * @typedef {{time: number | null, period: "hour" | "day", as_of: number | null, edition: string, sites: Row[], cities: Row[], levels: Level[]}} Air
 */

const KEEP = 96;
/** @type {Map<string, Promise<Air>>} */
const kept = new Map();
/** @type {Map<string, Promise<Level[]>>} */
const editions = new Map();

/**
 * Load one hour or day; the last 96 asked for are kept.
 * @param {{time: number | null, period: "hour" | "day", as_of: string}} asked
 * @returns {Promise<Air>}
 */
export function loadAir({ time, period, as_of }) {
  const name = `${period} ${time} ${as_of}`;
  let found = kept.get(name);
  if (!found) {
    found = fetchAir(time, period, as_of);
    found.catch(() => kept.delete(name));
    kept.set(name, found);
    if (kept.size > KEEP) kept.delete(/** @type {string} */ (kept.keys().next().value));
  }
  return found;
}

/** Forget what was loaded: the data have moved. */
export const forgetAir = () => kept.clear();

/** @param {number | null} time @param {"hour" | "day"} period @param {string} as_of @returns {Promise<Air>} */
async function fetchAir(time, period, as_of) {
  const answer = await ask("/air/map", { time: time === null ? "" : isoOf(time, period), period, as_of });
  if (answer.time === null) return { time: null, period, as_of: null, edition: "", sites: [], cities: [], levels: await levelsOn("") };
  return {
    time: answer.time,
    period,
    as_of: answer.as_of,
    edition: answer.edition,
    sites: rowsOf(answer.sites, "site", "site"),
    cities: rowsOf(answer.cities, "code", "city"),
    levels: await levelsOn(answer.edition, isoOf(answer.time, "day")),
  };
}

/** @param {string} edition @param {string} [on] @returns {Promise<Level[]>} */
function levelsOn(edition, on = "") {
  let found = editions.get(edition);
  if (!found) {
    found = ask("/levels", { on }).then((answer) => answer.levels);
    editions.set(edition, found);
  }
  return found;
}

/** @param {Record<string, any[]>} columns @param {string} key @param {"site" | "city"} scope @returns {Row[]} */
function rowsOf(columns, key, scope) {
  const names = Object.keys(columns);
  return columns[key].map((_, at) => {
    /** @type {any} */
    const row = { scope, value: null, index: null, shade: 0 };
    for (const name of names) row[name] = columns[name][at];
    row.key = row[key];
    return row;
  });
}

/** The column that holds a quantity: the day's ozone is its greatest 8-hour mean. @param {string} q @param {"hour" | "day"} period */
export const columnOf = (q, period) => (q === "o3" && period === "day" ? "o3_8h" : q);

/** Give every row the value, index and level of the quantity shown. @param {Air} air @param {string} q */
export function shade(air, q) {
  const column = columnOf(q, air.period);
  for (const row of [...air.sites, ...air.cities]) {
    row.value = row[column] ?? null;
    row.index = (q === "aqi" ? row.aqi : row[`iaqi_${q}`]) ?? null;
    row.shade = q === "aqi" ? row.level : levelOf(row.index, air.levels);
  }
}

/** The level of an index by the edition of the day; 0 where there is none. @param {number | null} index @param {Level[]} levels */
export const levelOf = (index, levels) => (index === null ? 0 : levels.find((level) => index <= level.hi)?.number ?? levels.at(-1)?.number ?? 0);

/** Rows from the highest to the lowest, those without a value last. @param {Row[]} rows */
export const ranked = (rows) => [...rows].sort((a, b) => (b.index ?? -1) - (a.index ?? -1) || (b.value ?? -1) - (a.value ?? -1) || (a.key < b.key ? -1 : 1));
