/** The reviewer's bench: one site's values, everything beside them, and what is done with them. */
import { DAY, HOUR, Refused, ask, figure, isTyping, isoDay, make, nameOf, onLook, part, readTime, say, sayInstant, sent, showFault, token } from "./songhua.js";
import { tokens } from "./chart-theme.js";
import { Chart } from "./review-chart.js";
import { wireHands } from "./review-hands.js";
import { Lanes } from "./review-lanes.js";
import { Selection, Series } from "./review-series.js";
import { ActForm } from "./review-act.js";
import { canUndo, showDays, showFindings, showHistory, showLog } from "./review-beside.js";
import { wireKeys } from "./review-keys.js";
import { wireRule } from "./review-rule.js";

const page = sent("bench");
const PAD = { minute: DAY / 4, hour: 3 * DAY, day: 30 * DAY };
const MOST_BESIDE = 60_000;
const MOST_HISTORY_DAYS = 92;

const state = { quantity: page.quantity, period: page.period, from: page.from, to: page.to };
/** @type {{name: string, symbol: string, title: string, places: number, unit: string, weather?: boolean}[]} */
let measured = page.quantities;
/** @type {any} */
let beside = { whole: true, findings: [], events: [], log: [], measured: [] };
let asked = new AbortController();

const chart = new Chart(/** @type {HTMLCanvasElement} */ (part("plot")), /** @type {HTMLCanvasElement} */ (part("whole")), {
  onView: () => lanes.draw(),
  onSelect: () => {
    form.selected();
    chart.redraw();
    linkRefetch();
  },
  onCursor: (place) => showTip(place),
});
/** @type {import("./review-act.js").Context} */
const context = { page, chart, period: state.period, reasons: page.reasons, acts: [], events: [], reload };
const lanes = new Lanes(part("lanes"), part("lane-choice"), chart, (site, quantity) => fetchSeries(site, quantity, asked.signal));
const form = new ActForm(part("act"), context);

/** @param {string} site @param {string} quantity @param {AbortSignal} signal */
async function fetchSeries(site, quantity, signal) {
  const span = loaded();
  const query = new URLSearchParams({ site, quantity, period: state.period, from: iso(span.from), to: iso(span.to) });
  const answer = await fetch(`/api/v1/review/course?${query}`, { credentials: "same-origin", signal });
  if (answer.ok) return new Series(await answer.arrayBuffer());
  const told = await answer.json().catch(() => ({}));
  throw new Refused(say(told.zh, told.en) || say("服务器没有给出原因，请稍后重试。", "The server gave no reason. Try again in a moment."), answer.status, told);
}

/** The days asked for. */
function days() {
  return { from: /** @type {number} */ (readTime(state.from)), to: /** @type {number} */ (readTime(state.to)) + DAY };
}

/** What is loaded: the days asked for, and some time around them where they are few. */
function loaded() {
  const { from, to } = days();
  const pad = to - from > 31 * DAY ? 0 : PAD[/** @type {"hour"} */ (state.period)];
  return { from: from - pad, to: to + pad };
}

/** @param {number} ms */
const iso = (ms) => `${new Date(ms + 8 * HOUR).toISOString().slice(0, 16)}`;

/**
 * Load the series and what stands beside it.
 * @param {boolean} keeps keep view and what is chosen
 */
async function load(keeps) {
  asked.abort();
  asked = new AbortController();
  const { signal } = asked;
  part("plot").setAttribute("aria-busy", "true");
  context.period = state.period;
  const around = askBeside(signal);
  try {
    const series = await fetchSeries(page.site, state.quantity, signal);
    const former = keeps ? chart.selection : null;
    const selection = new Selection(series);
    if (former && former.series.from === series.from && former.series.count === series.count) for (const [first, end] of former.runs) selection.add(first, end);
    const { from, to } = days();
    const margin = Math.min(0.3 * (to - from), PAD[/** @type {"hour"} */ (state.period)]);
    chart.colours = colours();
    chart.show(series, selection, keeps ? chart.view : { from: Math.max(series.from, from - margin), to: Math.min(series.time(series.count), to + margin) });
    requestAnimationFrame(() => setTimeout(() => performance.mark("songhua-bench-painted")));
    form.selected();
    linkRefetch();
    part("plot").removeAttribute("aria-busy");
  } catch (fault) {
    if (fault instanceof DOMException && fault.name === "AbortError") return;
    part("plot").removeAttribute("aria-busy");
    showFault(part("findings"), fault, () => load(keeps));
    return;
  }
  await around;
  if (!signal.aborted) offerLanes(keeps);
}

/** @param {AbortSignal} signal */
async function askBeside(signal) {
  const span = loaded();
  const first = Math.max(span.from, span.to - MOST_HISTORY_DAYS * DAY);
  try {
    const [found, history] = await Promise.all([
      ask("/review/beside", { site: page.site, period: state.period, from: iso(span.from), to: iso(span.to) }, { signal }),
      ask("/review/history", { site: page.site, from: isoDay(first), to: isoDay(span.to - 1) }, { signal }),
    ]);
    const { from, to } = days();
    const inside = (/** @type {any} */ one) => one.to > from && one.from < to;
    found.findings = [...found.findings.filter(inside), ...found.findings.filter((/** @type {any} */ one) => !inside(one)).map((/** @type {any} */ one) => ({ ...one, outside: true }))];
    beside = found;
    context.events = found.events;
    context.acts = history.acts;
    chart.events = found.events.filter((/** @type {any} */ one) => one.quantity === state.quantity);
    if (found.measured.length) measured = found.measured.map((/** @type {any} */ one) => ({ ...one, title: nameOf(one) }));
    const known = Object.fromEntries([...page.quantities, ...measured].map((one) => [one.name, one]));
    showQuantities();
    showFindings(part("findings"), found, known, goTo);
    showLog(part("log"), part("photos"), found, known, (ms) => goToTime(ms));
    showHistory(part("history"), context, (revision, level) => form.undo(revision, level));
    showDays(part("days"), context, history.days);
    chart.redraw();
  } catch (fault) {
    showFault(part("findings"), fault, () => load(true));
  }
}

/** Load again after an act. @param {boolean} keepsSelection */
async function reload(keepsSelection) {
  if (!keepsSelection) chart.selection?.clear();
  await load(true);
}

function offerLanes(/** @type {boolean} */ keeps) {
  const series = /** @type {Series} */ (chart.series);
  const near = page.neighbours.map((/** @type {any} */ one) => ({ key: `near ${one.site}`, words: one.name, site: one.site, quantity: state.quantity, neighbour: true }));
  const own = measured.filter((one) => one.name !== state.quantity).map((one) => ({ key: `own ${one.name}`, words: one.symbol, site: page.site, quantity: one.name, neighbour: false }));
  const usual = series.count > MOST_BESIDE ? [] : [...near.map((/** @type {any} */ one) => one.key), ...measured.filter((one) => one.weather).map((one) => `own ${one.name}`)];
  if (!keeps || series.count <= MOST_BESIDE) lanes.offer([...near, ...own], usual);
  if (beside.whole && !measured.some((one) => one.weather)) part("lane-choice").append(make("span.soft.small", null, say("这个点位没有气象数据", "no weather is measured here")));
}

/** Show and choose what a check found. @param {any} one */
async function goTo(one) {
  if (one.quantity !== state.quantity) {
    state.quantity = one.quantity;
    remember();
    await load(false);
  }
  const { series, selection } = chart;
  if (!series || !selection) return;
  selection.clear();
  selection.add(Math.round(series.place(one.from)), Math.round(series.place(one.to)));
  goToTime(one.from);
  chart.told.onSelect();
}

/** @param {number} ms */
function goToTime(ms) {
  if (chart.series) chart.pointAt(Math.round(chart.series.place(ms)), true);
}

/** Say what lies under the cursor. @param {number | null} place */
function showTip(place) {
  const tip = part("tip");
  const { series } = chart;
  const ms = chart.cursorTime();
  tip.hidden = place === null || !series || ms === null;
  if (place === null || !series || ms === null) return;
  const mark = series.markOf(place);
  const verdict = { 3: say("检查：可疑", "check: suspect"), 4: say("检查：不通过", "check: fail") }[series.verdicts[place]];
  const value = series.values[place];
  const words = [verdict, mark.mark ? nameOf(mark) : ""].filter(Boolean).join(say("，", ", "));
  tip.replaceChildren(sayInstant(ms), " ", make("b", null, figure(Number.isNaN(value) ? null : value, series.head.places)), ` ${series.head.unit} `, make("span", null, words));
  const x = chart.box.left + ((ms - chart.view.from) / (chart.view.to - chart.view.from)) * chart.box.width;
  const right = x > chart.canvas.clientWidth * 0.6;
  tip.style.left = right ? "" : `${x + 12}px`;
  tip.style.right = right ? `${chart.canvas.clientWidth - x + 12}px` : "";
  part("live").textContent = document.activeElement === chart.canvas ? tip.textContent : "";
}

function showQuantities() {
  const open = /** @type {Record<string, number>} */ ({});
  for (const one of beside.findings) if (!one.reviewed && !one.outside) open[one.quantity] = (open[one.quantity] ?? 0) + 1;
  const shown = measured.some((one) => one.name === state.quantity) ? measured : [...measured, ...page.quantities.filter((/** @type {any} */ one) => one.name === state.quantity)];
  part("quantities").replaceChildren(...shown.map((one) => make("button", { type: "button", "data-q": one.name, title: one.title, "aria-pressed": String(one.name === state.quantity) }, one.symbol, open[one.name] ? ` ${open[one.name]}` : "")));
}

function showState() {
  for (const press of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-period]"))) press.setAttribute("aria-pressed", String(press.dataset.period === state.period));
  for (const press of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-q]"))) press.setAttribute("aria-pressed", String(press.dataset.q === state.quantity));
  for (const press of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-mode]:not(canvas)"))) press.setAttribute("aria-pressed", String(press.dataset.mode === chart.mode));
  chart.canvas.dataset.mode = chart.mode;
  for (const name of /** @type {const} */ (["from", "to"])) /** @type {HTMLInputElement} */ (part(name)).value = state[name];
  part("bench-days").textContent = state.from === state.to ? state.from : `${state.from} – ${state.to}`;
}

function remember() {
  const query = new URLSearchParams({ site: page.site, from: state.from, to: state.to, q: state.quantity, period: state.period });
  history.replaceState(null, "", `?${query}`);
  page.from = state.from;
  page.to = state.to;
  showState();
}

/** The request for what is chosen, filled in: begin and end as the protocol writes them. */
function linkRefetch() {
  const link = document.getElementById("refetch");
  if (!(link instanceof HTMLAnchorElement) || !chart.series) return;
  const bounds = chart.selection?.bounds();
  const { series } = chart;
  const [from, to] = bounds ? [series.time(bounds[0]), series.time(bounds[1] + 1)] : [days().from, days().to];
  const stamp = (/** @type {number} */ ms) => new Date(ms + 8 * HOUR).toISOString().slice(0, 19).replace(/\D/g, "");
  const address = new URL(link.href);
  address.searchParams.set("cn", state.period === "minute" ? "2051" : state.period === "day" ? "2031" : "2061");
  address.searchParams.set("BeginTime", stamp(from));
  address.searchParams.set("EndTime", stamp(to));
  address.searchParams.set("why", say("审核时要求重发", "asked for on review"));
  link.href = address.href;
}

function colours() {
  return { ...tokens(), fault: token("fault"), warn: token("warn"), edge: token("edge"), water: token("water") };
}

function setMode(/** @type {"move" | "choose"} */ mode) {
  chart.mode = mode;
  showState();
}

function wire() {
  part("quantities").addEventListener("click", (event) => pick(event, "q", (value) => (state.quantity = value)));
  document.querySelector(".bench .tools")?.addEventListener("click", (event) => pick(event, "period", (value) => (state.period = value)));
  for (const name of /** @type {const} */ (["from", "to"])) part(name).addEventListener("change", () => {
    const value = /** @type {HTMLInputElement} */ (part(name)).value;
    if (!value) return;
    state[name] = value;
    if (state.from > state.to) state.from = state.to = value;
    remember();
    load(false);
  });
  document.querySelector(".bench")?.addEventListener("click", (event) => {
    const press = event.target instanceof Element ? /** @type {HTMLElement | null} */ (event.target.closest("button[data-mode], button[data-do]")) : null;
    if (press?.dataset.mode) setMode(/** @type {"move"} */ (press.dataset.mode));
    else if (press?.dataset.do === "closer") chart.zoom(0.5);
    else if (press?.dataset.do === "wider") chart.zoom(2);
    else if (press?.dataset.do === "all") chart.lookAtAll();
  });
  part("select-none").addEventListener("click", () => {
    chart.selection?.clear();
    chart.told.onSelect();
  });
  onLook(() => {
    chart.colours = colours();
    chart.redraw();
    lanes.draw();
  });
}

/** @param {Event} event @param {"q" | "period"} name @param {(value: string) => void} take */
function pick(event, name, take) {
  const press = event.target instanceof Element ? /** @type {HTMLElement | null} */ (event.target.closest(`[data-${name}]`)) : null;
  const value = press?.dataset[name];
  if (!value) return;
  take(value);
  remember();
  load(false);
}

function saySigns() {
  part("signs").replaceChildren(
    make("span", null, make("i.suspect", null, "●"), say(" 可疑", " suspect")), make("span", null, make("i.fail", null, "●"), say(" 不通过", " fail")),
    make("span", null, make("i", null, "×"), say(" 不计入统计", " does not count")), make("span", null, make("i", null, "◇"), say(" 存疑", " questionable")), make("span", null, make("i", null, "□"), say(" 其他标记", " other marks")),
    make("span", null, say("底色：校准与站点状态", "shaded: calibrations and states")));
}

saySigns();
wire();
wireHands(chart);
wireRule(/** @type {HTMLFormElement} */ (part("rule")), chart);
wireKeys({
  chart, form, isTyping, setMode,
  findings: () => beside.findings, goTo,
  undoLast: () => {
    const last = context.acts.find((one) => canUndo(one) && one.author === page.me);
    if (last) form.undo(last.revision, last.level);
  },
  nextQuantity: (/** @type {number} */ by) => {
    const names = measured.map((one) => one.name);
    state.quantity = names[(names.indexOf(state.quantity) + by + names.length) % names.length];
    remember();
    load(false);
  },
});
showState();
showQuantities();
load(false);
