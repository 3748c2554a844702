/** The page of one station or region: what is shown lives in the address; everything follows it. */
import { levelColour } from "./chart-theme.js";
import { Course } from "./chart.js";
import {
  DAY, HOUR, ask, figure, isoDay, isoHour, isoOf, make, midnight, onLook, part, readTime, say, sayInstant, sayReason,
  sent, showFault,
} from "./songhua.js";
import { showPanel } from "./station-panel.js";
import { drawTable } from "./station-table.js";
import { openTab } from "./station-tabs.js";
import { sayDate, sayStep } from "./station-time.js";
import { loadVerdicts, sayVerdict, verdictTable } from "./station-verdicts.js";

/**
 * @typedef {{period: "hour" | "day", q: string[], from: number, to: number, at: number | null,
 *   as_of: string, view: "chart" | "table", tab: string}} State
 */

const page = sent("station");
const ends = page.ends;
const box = part("course");
const table = part("course-table");
const note = part("course-note");
const live = part("live");
/** @type {any} */
let data = null;
let underWay = new AbortController();
let state = fromAddress();

const course = new Course(box, {
  colour: levelColour,
  describe,
  limitWord: (kind, value) =>
    kind === 1 ? say(`一级 ${value}`, `Class 1: ${value}`) : say(`二级 ${value}`, `Class 2: ${value}`),
  onSelect: (time) => go({ at: time }),
  onSpan: (from, to) => go(held(from, to)),
});

/** Read the address; what it leaves open is chosen for what the shelf holds. @returns {State} */
function fromAddress() {
  const query = new URLSearchParams(location.search);
  const period = query.get("period") === "day" || !ends.hour ? "day" : "hour";
  const [first, last] = ends[period] ?? [Date.now() - DAY, Date.now()];
  const step = period === "hour" ? HOUR : DAY;
  const to = readTime(query.get("to")) ?? last + step;
  const from = readTime(query.get("from")) ?? Math.max(first, to - (period === "hour" ? 7 : 366) * DAY);
  const known = page.quantities.map((/** @type {{name: string}} */ one) => one.name);
  const q = (query.get("q") ?? "aqi").split(",").filter((name) => known.includes(name));
  return {
    period,
    q: q.length ? q : ["aqi"],
    from: Math.min(from, to - step),
    to,
    at: readTime(query.get("at")),
    as_of: query.get("as_of") ?? "",
    view: query.get("view") === "table" ? "table" : "chart",
    tab: query.get("tab") ?? "calendar",
  };
}

/** The parts of the address that others ask with. */
function asked() {
  const say_ = state.period === "hour" ? isoHour : isoDay;
  return {
    ...page.subject,
    period: state.period,
    from: say_(state.from),
    to: state.period === "hour" ? isoHour(state.to) : isoDay(state.to - DAY),
    as_of: state.as_of,
  };
}

/** Write the state into the address. @param {boolean} keep true to add a step one can go back from */
function toAddress(keep) {
  const query = new URLSearchParams();
  const { from, to } = asked();
  query.set("period", state.period);
  if (state.q.join() !== "aqi") query.set("q", state.q.join());
  query.set("from", from);
  query.set("to", state.period === "hour" ? to : isoDay(state.to));
  if (state.at !== null) query.set("at", state.period === "hour" ? isoHour(state.at) : isoDay(state.at));
  if (state.as_of) query.set("as_of", state.as_of);
  if (state.view === "table") query.set("view", "table");
  if (state.tab !== "calendar") query.set("tab", state.tab);
  history[keep ? "pushState" : "replaceState"](null, "", `?${query}`);
}

/** Change what is shown. @param {Partial<State>} change */
function go(change) {
  const before = state;
  state = { ...state, ...change };
  if (state.period !== before.period) Object.assign(state, ofPeriod(before));
  toAddress(true);
  follow(before);
}

/** Keep the span when hours become days or days hours, as far as it makes sense. @param {State} before */
function ofPeriod(before) {
  const at = before.at === null ? null : state.period === "day" ? midnight(before.at) : before.at + 12 * HOUR;
  const [first, last] = ends[state.period] ?? [before.from, before.to];
  if (state.period === "day") {
    const to = Math.max(midnight(before.to - 1) + DAY, before.from + 31 * DAY);
    return { at, from: Math.max(midnight(first), to - 366 * DAY), to };
  }
  const middle = at ?? Math.min(before.to, last + HOUR) - 3 * DAY;
  return { at, from: midnight(middle - 3 * DAY), to: midnight(middle + 4 * DAY) };
}

/** Bring to the page what the state asks for. @param {State | null} before */
function follow(before) {
  paintControls();
  const moved =
    !before ||
    ["period", "from", "to", "as_of"].some((key) => before[/** @type {keyof State} */ (key)] !== state[/** @type {keyof State} */ (key)]) ||
    before.q.join() !== state.q.join();
  if (moved) loadCourse();
  else if (before?.view !== state.view) drawCourse();
  else if (before?.at !== state.at) course.select(state.at);
  if (!before || before.at !== state.at || before.as_of !== state.as_of || before.period !== state.period || (state.at === null && moved)) loadPanel();
  if (!before || before.tab !== state.tab || moved) loadTab();
}

async function loadCourse() {
  underWay.abort();
  underWay = new AbortController();
  box.setAttribute("aria-busy", "true");
  try {
    data = await ask("/air/series", { ...asked(), quantities: state.q.join() }, { signal: underWay.signal });
    drawCourse();
    box.removeAttribute("aria-busy");
    if (await loadVerdicts(page, state, data, underWay.signal)) drawCourse();
  } catch (fault) {
    if (!(fault instanceof DOMException)) showFault(note, fault, loadCourse);
  }
}

function drawCourse() {
  if (!data) return;
  const asTable = state.view === "table";
  box.hidden = asTable;
  table.hidden = !asTable;
  if (asTable) drawCourseTable();
  else course.show(data, state.at);
  const none = data.series.every((/** @type {any} */ one) => one.value.every((/** @type {any} */ v) => v === null));
  note.replaceChildren(...(none ? [nothingHere()] : [legend(), ...verdictTable(data, page, state, (time) => go({ at: time }))]));
}

/** Say what is missing and how to reach what there is. */
function nothingHere() {
  const have = ends[state.period];
  if (have && state.as_of) return make("p.empty", null, say("到那时还没有收到这一时段的数据。", "Nothing of this span had been received by then."));
  if (!have) return make("p.empty", null, say("这里还没有数据。请在“导入”页上传文件。", "There are no data here yet. Upload a file on the imports page."));
  const press = make("button.link", { type: "button" }, say("看最近的数据", "Show the latest"));
  press.addEventListener("click", () => go({ from: Math.max(have[0], have[1] - 7 * DAY), to: have[1] + (state.period === "hour" ? HOUR : DAY) }));
  return make("p.empty", null, say(`这一时段没有数据；已有 ${sayDate(have[0])}至${sayDate(have[1])}。 `, `No data in this span; there are data from ${sayDate(have[0])} to ${sayDate(have[1])}. `), press);
}

/** Explain the signs that this chart uses, only those. */
function legend() {
  const all = (/** @type {string} */ key) => data.series.reduce((/** @type {number} */ n, /** @type {any} */ one) => n + new Set(one[key].map((/** @type {any} */ mark) => mark.time)).size, 0);
  const parts = [
    data.gathers > 1
      ? say(`每点为 ${data.gathers} ${unitWord()}的均值，浅带为最小至最大`, `Each point is the mean of ${data.gathers} ${unitWord()}; the pale band runs from least to greatest`)
      : null,
    all("corrected") ? say(`● 已修订 ${all("corrected")}`, `● revised: ${all("corrected")}`) : null,
    all("invalid") ? say(`× 无效 ${all("invalid")}`, `× invalid: ${all("invalid")}`) : null,
    data.judged?.length ? say(`△ 检查可疑或不通过 ${data.judged.length}`, `△ suspect or failed by a check: ${data.judged.length}`) : null,
    all("suspect") ? say(`○ 存疑 ${all("suspect")}`, `○ suspect: ${all("suspect")}`) : null,
    say(`底色依 ${data.editions.join("、")}`, `Bands by ${data.editions.join(", ")}`),
  ];
  return make("p.signs", null, parts.filter(Boolean).join("　"));
}

const unitWord = () => (state.period === "hour" ? say("小时", "hours") : say("天", "days"));

/** Tell what one step of the chart holds, every series with its exact value. @param {number} k */
function describe(k) {
  const time = data.time[k];
  const rows = data.series.map((/** @type {any} */ one) => {
    const level = levelOf(one, time, one.value[k]);
    const unit = one.unit ? ` ${one.unit}` : "";
    const extent = one.low && one.low[k] !== null ? `  ${figure(one.low[k], one.places)}–${figure(one.high[k], one.places)}` : "";
    const row = make("div.tip-row", null,
      make("span", null, one.symbol),
      make("b", null, `${figure(one.value[k], data.gathers > 1 ? one.places + 1 : one.places)}${one.value[k] === null ? "" : unit}`),
      make("small", null, extent || (level ? say(level.zh, level.en) : "")));
    return [row, ...remarks(one, time).map((words) => make("div.tip-note", null, words))];
  });
  return make("div.tip", null, make("div.tip-time", null, sayStep(time, data.step)), ...rows.flat());
}

/** Say what is marked at a step: corrections with the former value, invalid values, missing ones. @param {any} one @param {number} time */
function remarks(one, time) {
  const here = (/** @type {{time: number}} */ mark) => mark.time >= time && mark.time < time + data.step;
  return [
    ...one.corrected.filter(here).map((/** @type {any} */ mark) =>
      mark.kind === "file"
        ? say(`原为 ${figure(mark.former, one.places)}，${sayInstant(mark.at)}由 ${mark.author} 重新导入：${mark.words}`,
          `was ${figure(mark.former, one.places)}; delivered anew by ${mark.author} on ${sayInstant(mark.at)}: ${mark.words}`)
        : say(`原为 ${figure(mark.former, one.places)}，${sayInstant(mark.at)}由 ${mark.author} 修正：${mark.words}`,
          `was ${figure(mark.former, one.places)}; corrected by ${mark.author} on ${sayInstant(mark.at)}: ${mark.words}`)),
    ...one.invalid.filter(here).map((/** @type {any} */ mark) =>
      say(`× ${figure(mark.value, one.places)} 无效：${mark.zh}`, `× ${figure(mark.value, one.places)} invalid: ${mark.en}`)),
    ...one.suspect.filter(here).map((/** @type {any} */ mark) => say(`○ 存疑：${mark.zh}`, `○ suspect: ${mark.en}`)),
    ...(one.judged ?? []).filter(here).map(sayVerdict),
    ...one.missing.filter(here).map((/** @type {any} */ mark) => sayReason(mark.why)),
  ].slice(0, 4);
}

/** Return the level a value lies in, by the edition of its day. @param {any} one @param {number} time @param {number | null} value */
function levelOf(one, time, value) {
  if (value === null) return null;
  const piece = one.bands.find((/** @type {any} */ bands) => time >= bands.from && time < bands.to);
  const band = piece?.levels.find((/** @type {any} */ level) => level.hi === null || value <= level.hi);
  return band ? data.levels.find((/** @type {any} */ level) => level.number === band.number) : null;
}

function drawCourseTable() {
  const columns = data.series.map((/** @type {any} */ one) => ({
    title: one.unit ? `${one.symbol} ${one.unit}` : one.symbol,
    value: (/** @type {number} */ k) => one.value[k],
    cell: (/** @type {number} */ k) => {
      const words = remarks(one, data.time[k]).join("；");
      const cell = make("span", words ? { title: words } : null, figure(one.value[k], data.gathers > 1 ? one.places + 1 : one.places));
      if (words) cell.className = "marked";
      return cell;
    },
  }));
  drawTable(table, data.time.length, [
    { title: say("时间", "Time"), width: "minmax(170px, 1.6fr)", left: true, value: (k) => data.time[k], cell: (k) => sayStep(data.time[k], data.step) },
    ...columns,
  ], { label: say("数值表", "Table of values"), empty: say("没有数据。", "No data."), onPick: (k) => go({ at: data.time[k] }) });
}

function loadPanel() {
  const step = state.period === "hour" ? HOUR : DAY;
  const [first, last] = ends[state.period] ?? [Infinity, -Infinity];
  const inside = state.from <= last && state.to > first;
  const shown = inside ? Math.max(Math.min(last, state.to - step), state.from) : null;
  const time = state.at ?? shown;
  showPanel({
    page,
    period: state.period,
    time,
    as_of: state.as_of,
    changed,
    announce: (words) => (live.textContent = words),
  });
}

/** Show again what a correction may have changed. */
function changed() {
  loadCourse();
  loadPanel();
  loadTab();
}

function loadTab() {
  openTab(state.tab, { page, asked: asked(), state, go, changed });
}

/** Hold a span inside what can be asked for. @param {number} from @param {number} to */
function held(from, to) {
  const least = state.period === "hour" ? HOUR : DAY;
  const most = (state.period === "hour" ? 11 : 50) * 366 * DAY;
  const length = Math.min(Math.max(to - from, least), most);
  return { from, to: from + length };
}

function paintControls() {
  for (const press of document.querySelectorAll("[data-set]")) {
    const [key, value] = /** @type {HTMLElement} */ (press).dataset.set?.split("=") ?? [];
    const on = key === "q" ? state.q.includes(value) : String(state[/** @type {keyof State} */ (key)]) === value;
    press.setAttribute(press.getAttribute("role") === "tab" ? "aria-selected" : "aria-pressed", String(on));
  }
  field("from").value = isoDay(state.from);
  field("to").value = isoDay(state.to - 1);
  field("as_of").value = state.as_of.slice(0, 10);
  const days = (state.to - state.from) / DAY;
  for (const press of document.querySelectorAll("[data-days]"))
    press.setAttribute("aria-pressed", String(Number(/** @type {HTMLElement} */ (press).dataset.days) === days));
  const banner = /** @type {HTMLElement} */ (document.getElementById("as-of-banner"));
  banner.hidden = !state.as_of;
  if (state.as_of) {
    const day = state.as_of.length === 10;
    const at = day ? readTime(state.as_of) : Date.parse(state.as_of);
    const words = at === null || Number.isNaN(at) ? state.as_of : day ? sayDate(at) : sayInstant(at);
    /** @type {HTMLElement} */ (banner.querySelector("span")).textContent = say(`所示为 ${words} 当时所知；此后的修正未计入。`, `As known on ${words}; what came later is not in it.`);
  }
  for (const link of document.querySelectorAll("[data-export]")) {
    const query = new URLSearchParams({ ...asked(), quantities: state.q.join(), format: /** @type {HTMLElement} */ (link).dataset.export ?? "" });
    if (link instanceof HTMLAnchorElement) link.href = `/api/v1/air/export?${query}`;
  }
}

/** @param {string} name */
const field = (name) => /** @type {HTMLInputElement} */ (document.querySelector(`[data-field=${name}]`));

/** Take a press on any control that sets a part of the state. @param {MouseEvent} event */
function pressed(event) {
  const target = event.target instanceof Element ? event.target.closest("[data-set],[data-days],[data-move],[data-png]") : null;
  if (!(target instanceof HTMLElement)) return;
  if (target.dataset.set) set(...(/** @type {[string, string]} */ (target.dataset.set.split("="))));
  else if (target.dataset.days) showDays(Number(target.dataset.days));
  else if (target.dataset.move) ({ back: () => course.pan(-0.5), on: () => course.pan(0.5), closer: () => course.zoom(0.5), wider: () => course.zoom(2) })[target.dataset.move]?.();
  else savePicture();
}

/** @param {string} key @param {string} value */
function set(key, value) {
  if (key !== "q") return go({ [key]: value });
  const q = state.q.includes(value) ? state.q.filter((name) => name !== value) : [...state.q, value];
  const order = page.quantities.map((/** @type {{name: string}} */ one) => one.name);
  if (q.length) go({ q: q.toSorted((a, b) => order.indexOf(a) - order.indexOf(b)) });
}

/** Show so many days up to the selected moment or the end of the data; 0 shows everything. @param {number} days */
function showDays(days) {
  const [first, last] = ends[state.period] ?? [state.from, state.to];
  if (!days) return go(held(midnight(first), midnight(last) + DAY));
  const end = Math.min(midnight(last) + DAY, midnight(Math.max(state.to - 1, state.from)) + DAY);
  go(held(end - days * DAY, end));
}

function savePicture() {
  if (!data) return;
  const name = page.names[0];
  const [from, to] = [isoOf(data.from, state.period), isoOf(data.to, state.period)];
  const notes = [
    `${say("依据", "By")} ${data.editions.join("、")}　${state.as_of ? say(`${state.as_of} 当时所知`, `as known on ${state.as_of}`) : say(`截至 ${sayInstant(Date.now())} 所知`, `as known on ${sayInstant(Date.now())}`)}`,
    `${location.origin}${location.pathname}`,
  ];
  const link = document.createElement("a");
  link.download = `${page.subject.site ?? page.subject.region}_${state.period}_${from}_${to}.png`;
  link.href = course.png(`${name}　${sayDate(data.from)} – ${sayDate(data.to - 1)}`, notes);
  link.click();
}

/** Show the span typed into the two date fields. */
function spanTyped() {
  const [from, to] = [readTime(field("from").value), readTime(field("to").value)];
  if (from !== null && to !== null && to >= from) go(held(from, to + DAY));
}

document.addEventListener("click", pressed);
field("from").addEventListener("change", spanTyped);
field("to").addEventListener("change", spanTyped);
field("as_of").addEventListener("change", () => go({ as_of: field("as_of").value }));
document.getElementById("as-of-clear")?.addEventListener("click", () => go({ as_of: "" }));
window.addEventListener("popstate", () => {
  const before = state;
  state = fromAddress();
  follow(before);
});
onLook(() => {
  course.redraw();
  loadTab();
});
follow(null);
