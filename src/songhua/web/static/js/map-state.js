/** What the map page shows: all of it lives in the address, so that a link reproduces the view. */
import { isoOf, readTime } from "./time.js";

/**
 * @typedef {{scope: "site" | "city", key: string}} Pick
 * @typedef {{
 *   time: number | null, period: "hour" | "day", q: string, pick: Pick | null,
 *   view: "map" | "list" | "table", of: "site" | "city", levels: number[], off: string[],
 *   camera: [number, number, number] | null, as_of: string, find: string, sort: string,
 * }} State
 */

export const QUANTITIES = ["aqi", "pm2_5", "pm10", "o3", "no2", "so2", "co"];
const VIEWS = ["map", "list", "table"];
const LAYERS = ["cities", "stations", "beyond", "counties", "water"];

/** Read the address. @returns {State} */
export function fromAddress() {
  const query = new URLSearchParams(location.search);
  const one = (/** @type {string} */ name, /** @type {string[]} */ choices) => {
    const value = query.get(name) ?? "";
    return choices.includes(value) ? value : choices[0];
  };
  const camera = (query.get("at") ?? "").split(",").map(Number);
  const site = query.get("site");
  const city = query.get("city");
  return {
    time: readTime(query.get("t")),
    period: /** @type {"hour" | "day"} */ (one("period", ["hour", "day"])),
    q: one("q", QUANTITIES),
    pick: site ? { scope: "site", key: site } : city ? { scope: "city", key: city } : null,
    view: /** @type {State["view"]} */ (one("view", VIEWS)),
    of: /** @type {State["of"]} */ (one("of", ["site", "city"])),
    levels: (query.get("levels") ?? "").split(",").filter((text) => /^[0-6]$/.test(text)).map(Number),
    off: (query.get("off") ?? "").split(",").filter((name) => LAYERS.includes(name)),
    camera: camera.length === 3 && camera.every(Number.isFinite) ? /** @type {[number, number, number]} */ (camera) : null,
    as_of: query.get("as_of") ?? "",
    find: query.get("find") ?? "",
    sort: /^-?[a-z0-9_]{1,12}$/.test(query.get("sort") ?? "") ? /** @type {string} */ (query.get("sort")) : "",
  };
}

/** Write the address. @param {State} state @param {{keep?: boolean}} [how] keep: a step one can go back from */
export function toAddress(state, how = {}) {
  const query = new URLSearchParams();
  if (state.time !== null) query.set("t", isoOf(state.time, state.period));
  if (state.period !== "hour") query.set("period", state.period);
  if (state.q !== "aqi") query.set("q", state.q);
  if (state.pick) query.set(state.pick.scope, state.pick.key);
  if (state.view !== "map") query.set("view", state.view);
  if (state.of !== "site") query.set("of", state.of);
  if (state.levels.length) query.set("levels", state.levels.join());
  if (state.off.length) query.set("off", state.off.join());
  if (state.camera) query.set("at", state.camera.map((part, at) => part.toFixed(at === 2 ? 2 : 3)).join());
  if (state.as_of) query.set("as_of", state.as_of);
  if (state.find) query.set("find", state.find);
  if (state.sort) query.set("sort", state.sort);
  const text = query.toString().replaceAll("%2C", ",").replaceAll("%3A", ":");
  const address = `${location.pathname}${text ? `?${text}` : ""}`;
  if (address === location.pathname + location.search) return;
  history[how.keep ? "pushState" : "replaceState"](null, "", address);
}
