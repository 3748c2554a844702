/** Times as the station's page says them: with their year, and as steps of a chart. */
import { DAY, HOUR, clock, midnight, sayDay, sayTime } from "./time.js";
import { say } from "./format.js";

const AHEAD = 8 * HOUR;

/**
 * Return the instant of a Beijing date.
 * @param {number} year @param {number} month 1 to 12 @param {number} [day]
 */
export const instant = (year, month, day = 1) => Date.UTC(year, month - 1, day) - AHEAD;

/** Return the weekday, 0 for Monday. @param {number} ms */
export const weekday = (ms) => ((midnight(ms) + AHEAD) / DAY + 3) % 7;

/** Say a day with its year: 2020年4月4日. @param {number} ms */
export const sayDate = (ms) => say(`${clock(ms).year}年${sayDay(ms)}`, `${sayDay(ms)} ${clock(ms).year}`);

/** Say an hour with its year: 2020年4月4日 11–12 时. @param {number} ms */
export const sayHour = (ms) =>
  say(`${clock(ms).year}年${sayTime(ms, "hour")}`, `${sayDate(ms)}, ${clock(ms).hour}–${clock(ms).hour + 1} h`);

/** Say a month: 2020年4月. @param {number} ms */
export function sayMonth(ms) {
  const { year, month } = clock(ms);
  return say(`${year}年${month}月`, `${sayDay(ms).split(" ").at(-1)} ${year}`);
}

/**
 * Say what one step of a chart covers.
 * @param {number} ms start @param {number} step length
 */
export function sayStep(ms, step) {
  if (step === HOUR) return sayHour(ms);
  if (step === DAY) return sayDate(ms);
  const { hour } = clock(ms);
  if (step < DAY) return `${sayDate(ms)} ${hour}–${hour + step / HOUR}${say(" 时", " h")}`;
  return `${sayDate(ms)} – ${sayDay(ms + step - DAY)}`;
}

/** Say an hour, a day or a longer period by its kind. @param {number} ms @param {string} period */
export function sayPeriod(ms, period) {
  const { year, month } = clock(ms);
  if (period === "hour") return sayHour(ms);
  if (period === "day") return sayDate(ms);
  if (period === "month") return sayMonth(ms);
  if (period === "quarter") return say(`${year}年${Math.ceil(month / 3)}季度`, `Q${Math.ceil(month / 3)} ${year}`);
  return say(`${year}年`, `${year}`);
}
