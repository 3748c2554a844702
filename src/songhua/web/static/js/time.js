/**
 * Beijing time as people say it. Every instant is milliseconds since 1970.
 * China keeps one zone without summer time, so Beijing is a fixed eight hours ahead.
 */
export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
const AHEAD = 8 * HOUR;
const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
const english = () => document.documentElement.lang.startsWith("en");

/** Return the fields of the Beijing clock. @param {number} ms */
export function clock(ms) {
  const at = new Date(ms + AHEAD);
  return {
    year: at.getUTCFullYear(),
    month: at.getUTCMonth() + 1,
    day: at.getUTCDate(),
    hour: at.getUTCHours(),
    minute: at.getUTCMinutes(),
  };
}

/** Return the midnight before an instant. @param {number} ms */
export const midnight = (ms) => Math.floor((ms + AHEAD) / DAY) * DAY - AHEAD;

/** Return `2020-04-04`. @param {number} ms */
export const isoDay = (ms) => new Date(ms + AHEAD).toISOString().slice(0, 10);

/** Return `2020-04-04T11`. @param {number} ms */
export const isoHour = (ms) => new Date(ms + AHEAD).toISOString().slice(0, 13);

/** Return the instant as an address names it. @param {number} ms @param {"hour"|"day"} period */
export const isoOf = (ms, period) => (period === "day" ? isoDay(ms) : isoHour(ms));

/**
 * Read `2020-04-04` or `2020-04-04T11` as Beijing time; null where it is neither.
 * @param {string | null | undefined} text @returns {number | null}
 */
export function readTime(text) {
  const found = /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d))?/.exec(text ?? "");
  if (!found) return null;
  const ms = Date.UTC(+found[1], +found[2] - 1, +found[3], +(found[4] ?? 0)) - AHEAD;
  return Number.isNaN(ms) ? null : ms;
}

/** Say a day: 4月4日. @param {number} ms */
export function sayDay(ms) {
  const { month, day } = clock(ms);
  return english() ? `${day} ${MONTHS[month - 1]}` : `${month}月${day}日`;
}

/** Say an hour or a day as the figure's time: 4月4日 11–12 时. @param {number} ms @param {"hour"|"day"} period */
export function sayTime(ms, period) {
  if (period === "day") return sayDay(ms);
  const { hour } = clock(ms);
  return `${sayDay(ms)} ${hour}–${hour + 1}${english() ? " h" : " 时"}`;
}

/** Say an instant: 2020年4月4日 11:05. @param {number} ms */
export function sayInstant(ms) {
  const { year, hour, minute } = clock(ms);
  const at = `${String(hour).padStart(2, "0")}:${String(minute).padStart(2, "0")}`;
  return english() ? `${sayDay(ms)} ${year} ${at}` : `${year}年${sayDay(ms)} ${at}`;
}
