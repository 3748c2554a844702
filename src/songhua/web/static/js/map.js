/** One map: the state in the address, and everything that follows it. */
import { ask } from "./ask.js";
import { AirMap, canDraw } from "./map-canvas.js";
import { columnOf, forgetAir, loadAir, ranked, shade } from "./map-data.js";
import { List } from "./map-list.js";
import { Panel } from "./map-panel.js";
import { Board } from "./map-rows.js";
import { fromAddress, toAddress } from "./map-state.js";
import { TimeBar } from "./map-time.js";
import { HOUR, DAY, clock, figure, isTyping, isoOf, make, midnight, nameOf, onLook, part, say, sayDay, sayInstant, sayReason, sayTime, sent, showEdition, toast } from "./songhua.js";

/** @typedef {import("./map-state.js").State} State @typedef {import("./map-data.js").Air} Air */

const POLL = 60_000;
const quantities = new Map(sent("quantity-table").map((/** @type {any} */ one) => [one.name, one]));
const quantity = (/** @type {string} */ key) => quantities.get(key) ?? { symbol: key, unit: "", places: 0, zh: key, en: key };
const page = part("one-map");

let state = fromAddress();
/** @type {{hour: [number, number] | null, day: [number, number] | null, revision: number, playback: {day: string, seconds: number} | null}} */
let ends = { hour: null, day: null, revision: 0, playback: null };
/** @type {Air | null} */
let air = null;
let asked = 0;
let loading = Promise.resolve();
/** Whether the reader looks at the newest time and wants to follow it. */
let follows = state.time === null;

const places = () => (state.q === "aqi" ? 0 : quantity(columnOf(state.q, state.period)).places);
const list = new List({ onPick: (row) => go({ pick: { scope: row.scope, key: row.key } }), onLevels: (levels) => go({ levels }), symbol: (key) => quantity(key).symbol });
const board = new Board({ onPick: (row) => go({ pick: { scope: row.scope, key: row.key } }), onSort: (sort) => go({ sort }), quantity });
const panel = new Panel({ onPick: (pick) => go({ pick }), onTime: (ms) => go({ time: ms }), quantity });
const timeBar = new TimeBar({
  onTime: (time, settled) => {
    state = { ...state, time };
    if (settled) toAddress(state);
    loading = load();
  },
  onPeriod: (period) => changePeriod(period),
  ready: () => loading,
});
/** @type {AirMap | null} */
const map = canDraw()
  ? new AirMap(part("map"), {
      camera: state.camera,
      places,
      onPick: (pick) => go({ pick }),
      onMove: (camera) => {
        state = { ...state, camera };
        toAddress(state);
      },
      tip,
    })
  : null;

/** @param {Partial<State>} change @param {{keep?: boolean}} [how] */
function go(change, how = {}) {
  const reloads = ["time", "period", "as_of"].some((name) => name in change && change[/** @type {keyof State} */ (name)] !== state[/** @type {keyof State} */ (name)]);
  if ("time" in change) follows = false;
  state = { ...state, ...change };
  toAddress(state, how);
  if (reloads || !air) loading = load();
  else draw();
}

/** @param {"hour" | "day"} period */
function changePeriod(period) {
  if (period === state.period || !ends[period]) return;
  timeBar.stop();
  const [first, last] = /** @type {[number, number]} */ (ends[period]);
  const now = state.time ?? last;
  const time = period === "day" ? midnight(now) : now + 11 * HOUR;
  go({ period, time: Math.max(first, Math.min(last, time)) }, { keep: true });
}

async function load() {
  const turn = ++asked;
  const wait = setTimeout(() => page.setAttribute("aria-busy", "true"), 250);
  try {
    const found = await loadAir(state);
    if (turn !== asked) return;
    air = found;
    if (state.time === null && air.time !== null) state = { ...state, time: air.time };
    note("");
    draw();
    if (!timeBar.playing) offerNear();
    ahead();
  } catch (fault) {
    if (turn === asked) note(fault instanceof Error ? fault.message : String(fault), () => load());
  } finally {
    clearTimeout(wait);
    page.removeAttribute("aria-busy");
  }
}

/** Load the next step while this one is looked at. */
function ahead() {
  if (state.time === null || !timeBar.playing) return;
  const next = state.time + (state.period === "hour" ? HOUR : DAY);
  if (next <= (ends[state.period]?.[1] ?? 0)) loadAir({ ...state, time: next }).catch(() => {});
}

function draw() {
  if (!air) return;
  shade(air, state.q);
  showEdition(air.edition);
  const own = air.sites.filter((row) => row.own);
  const of = state.of === "city" || (!own.some((row) => row.shade) && air.cities.some((row) => row.shade)) ? "city" : "site";
  const all = of === "city" ? air.cities : own;
  const rows = ranked(all.filter((row) => !state.levels.length || state.levels.includes(row.shade)));
  const picked = state.pick?.key ?? "";
  list.tally(all, air.levels, state.levels, of);
  list.show(rows, { picked, places: places(), q: state.q });
  map?.show(air.sites, air.cities, state.levels);
  map?.layers(state.off);
  map?.pick(state.pick);
  if (state.view !== "map") board.show(rows, { view: state.view, q: state.q, period: state.period, picked, sort: state.sort, find: state.find, levels: air.levels, of });
  panel.show(air, state, ends[state.period]);
  timeBar.show(state.period, ends[state.period], state.time);
  press("quantities", "q", state.q);
  press("views", "view", state.view);
  press("scopes", "of", of);
  page.dataset.view = state.view;
  part("rows").hidden = state.view === "map";
  /** @type {HTMLInputElement} */ (part("filter")).value = state.find;
  /** @type {HTMLAnchorElement} */ (part("export")).href = `/api/v1/air/map/export?${new URLSearchParams({ time: state.time === null ? "" : isoOf(state.time, state.period), period: state.period, of, as_of: state.as_of })}`;
  for (const box of part("layers").querySelectorAll("input")) box.checked = !state.off.includes(box.value);
  drawAsOf();
  if (!map && state.view === "map") note(say("这个浏览器不能画地图（没有 WebGL）。请看列表或表格。", "This browser cannot draw the map (no WebGL). Use the list or the table."));
}

function drawAsOf() {
  const banner = part("as-of");
  banner.hidden = !state.as_of;
  if (!state.as_of || !air) return;
  const back = make("a", { href: "#" }, say("看现在所知", "Show what is known now"));
  back.addEventListener("click", (event) => {
    event.preventDefault();
    go({ as_of: "" });
  });
  const when = air.as_of === null ? state.as_of : sayInstant(air.as_of);
  banner.replaceChildren(make("span", null, say(`这是 ${when} 时所知的状态，此后的修正不计入。`, `This is what was known on ${when}; later corrections are left out.`)), back);
}

/** Nothing at this time: say so and offer the nearest times that have something. */
async function offerNear() {
  const { time, period } = state;
  if (!air || air.time === null || time === null || [...air.sites, ...air.cities].some((row) => row.level)) return;
  note(period === "hour" ? say("这一小时没有数据。", "There is no data for this hour.") : say("这一天没有数据。", "There is no data for this day."));
  const found = await ask("/air/near", { time: isoOf(time, period), period }).catch(() => null);
  if (!found || time !== state.time || period !== state.period) return;
  for (const [at, words] of [[found.before, say("往前最近：", "Before: ")], [found.after, say("往后最近：", "After: ")]]) {
    if (at === null) continue;
    const press = make("button.link", { type: "button" }, `${words}${sayDay(at) === sayDay(time) ? "" : `${clock(at).year} · `}${sayTime(at, period)}`);
    press.addEventListener("click", () => go({ time: at }));
    part("stage-note").append("　", press);
  }
}

/** @param {string} words @param {() => void} [again] */
function note(words, again) {
  const box = part("stage-note");
  box.hidden = !words;
  const retry = again && make("button.link", { type: "button" }, say("重试", "Try again"));
  retry?.addEventListener("click", () => again?.());
  box.replaceChildren(words, ...(retry ? [" ", retry] : []));
}

/** @param {string} id @param {string} name @param {string} value */
function press(id, name, value) {
  for (const button of part(id).querySelectorAll("button")) button.setAttribute("aria-pressed", String(button.dataset[name] === value));
}

/** @param {import("./map-data.js").Row} row */
function tip(row) {
  const level = air?.levels.find((one) => one.number === row.shade);
  const column = columnOf(state.q, state.period);
  const unit = state.q === "aqi" ? "AQI" : `${quantity(column).symbol} ${quantity(column).unit}`;
  return make("div.tip", null, make("b", null, nameOf(row)), make(`u.figure-pill.level-${row.shade}`, null, figure(row.value, places())),
    make("span", null, level ? `${say(row.city_zh, row.city_en)} · ${unit} · ${nameOf(level)}` : `${say(row.city_zh, row.city_en)} · ${sayReason(row.reason, state.q === "aqi" ? undefined : column)}`));
}

function wire() {
  part("quantities").addEventListener("click", (event) => event.target instanceof HTMLButtonElement && go({ q: event.target.dataset.q ?? "aqi" }));
  part("views").addEventListener("click", (event) => event.target instanceof HTMLButtonElement && go({ view: /** @type {State["view"]} */ (event.target.dataset.view) }, { keep: true }));
  part("scopes").addEventListener("click", (event) => event.target instanceof HTMLButtonElement && go({ of: /** @type {State["of"]} */ (event.target.dataset.of) }));
  part("filter").addEventListener("input", (event) => event.target instanceof HTMLInputElement && go({ find: event.target.value }));
  part("layers").addEventListener("change", () => go({ off: [...part("layers").querySelectorAll("input")].filter((box) => !box.checked).map((box) => box.value) }));
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    const onButton = event.target instanceof HTMLElement && event.target.closest("button, a, summary, [role=button]");
    if (event.key === " " && !onButton) timeBar.toggle();
    else if (event.key === "ArrowRight") timeBar.move(event.shiftKey ? 24 : 1);
    else if (event.key === "ArrowLeft") timeBar.move(event.shiftKey ? -24 : -1);
    else if (event.key === "Escape" && state.pick) go({ pick: null });
    else return;
    event.preventDefault();
  });
  document.addEventListener("songhua:found", (event) => {
    const { kind, key } = /** @type {CustomEvent} */ (event).detail;
    if (kind !== "site" && kind !== "city") return;
    event.preventDefault();
    go({ pick: { scope: kind, key } });
    const row = (kind === "site" ? air?.sites : air?.cities)?.find((one) => one.key === key);
    if (row) map?.reveal(row.lon, row.lat);
  });
  addEventListener("popstate", () => {
    state = fromAddress();
    if (state.time === null) state = { ...state, time: ends[state.period]?.[1] ?? null };
    loading = load();
  });
  onLook(() => {
    map?.look();
    draw();
  });
  new ResizeObserver(() => timeBar.drawTicks()).observe(part("ticks"));
}

/** Ask again after a while: sooner while a day is played back. */
function follow() {
  setTimeout(() => poll().finally(follow), ends.playback ? Math.min(POLL, ends.playback.seconds * 500) : POLL);
}

/** Follow the shelf: when it moves, what is shown is loaded again. */
async function poll() {
  if (document.hidden) return;
  const found = await ask("/air/times").catch(() => null);
  if (!found) return;
  if (found.revision === ends.revision) {
    ends.playback = found.playback;
    return;
  }
  const newer = found[state.period]?.[1] > (ends[state.period]?.[1] ?? 0);
  ends = found;
  forgetAir();
  panel.forget();
  if (newer && follows) state = { ...state, time: found[state.period][1] };
  else if (newer) toast(say("有新数据", "New data have come"), { label: say("看最新", "Show the newest"), act: () => go({ time: found[state.period][1] }) });
  loading = load();
}

async function start() {
  wire();
  try {
    ends = await ask("/air/times");
    const last = ends[state.period]?.[1] ?? null;
    if (state.time === null) state = { ...state, time: last };
    else if (ends[state.period]) follows = false;
    await (loading = load());
  } catch (fault) {
    note(fault instanceof Error ? fault.message : String(fault), start);
  }
  if (air && air.time === null) note(say("还没有数据。请先导入文件。", "There are no data yet. Import a file first."));
  follow();
}

start();
