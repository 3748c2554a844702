/** Every station with its present air: search, filter, sort, save; a row opens the station. */
import { ask, figure, make, part, readTime, say, sayReason, sent, showEdition, showFault } from "./songhua.js";
import { drawTable } from "./station-table.js";
import { sayHour } from "./station-time.js";

/** @type {{name: string, symbol: string, unit: string, places: number}[]} */
const pollutants = sent("pollutants");
const form = /** @type {HTMLFormElement} */ (part("list-filter"));
const find = /** @type {HTMLInputElement} */ (form.elements.namedItem("find"));
const city = /** @type {HTMLSelectElement} */ (form.elements.namedItem("city"));
const query = new URLSearchParams(location.search);
let scope = query.get("scope") === "all" ? "all" : "own";
/** @type {any} */
let air = null;
/** @type {any[]} */
let levels = [];

async function load() {
  const box = part("list");
  box.setAttribute("aria-busy", "true");
  try {
    const asked = { time: readTime(query.get("time")) === null ? "" : query.get("time") };
    const [found, words] = await Promise.all([ask("/air/map", asked), ask("/levels")]);
    air = found;
    levels = words.levels;
    box.removeAttribute("aria-busy");
    show();
  } catch (fault) {
    showFault(box, fault, load);
  }
}

function show() {
  if (air.time === null) {
    part("list").replaceChildren(make("p.empty", null, say("还没有数据。", "There are no data yet."), " ", make("a", { href: "/imports/" }, say("导入文件", "Import a file"))));
    return;
  }
  part("list-when").textContent = say(`${sayHour(air.time)} 小时均值`, `Hourly means, ${sayHour(air.time)}`);
  showEdition(air.edition);
  const cities = new Map();
  air.sites.city.forEach((/** @type {string} */ code, /** @type {number} */ k) => air.sites.own[k] && cities.set(code, say(air.sites.city_zh[k], air.sites.city_en[k])));
  city.append(...[...cities].toSorted().map(([code, name]) => make("option", { value: code }, name)));
  find.value = query.get("find") ?? "";
  city.value = query.get("city") ?? "";
  draw();
}

/** The rows that the filter lets through. */
function rows() {
  const { sites } = air;
  const words = find.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
  return sites.site.map((/** @type {string} */ _, /** @type {number} */ k) => k).filter((/** @type {number} */ k) => {
    if (scope === "own" && !sites.own[k]) return false;
    if (city.value && sites.city[k] !== city.value) return false;
    const text = [sites.site, sites.zh, sites.en, sites.city_zh, sites.city_en, sites.county_zh].map((column) => column[k] ?? "").join(" ").toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

function draw() {
  const { sites } = air;
  const shown = rows();
  for (const press of form.querySelectorAll("[data-scope]"))
    press.setAttribute("aria-pressed", String(/** @type {HTMLElement} */ (press).dataset.scope === scope));
  const missing = shown.filter((/** @type {number} */ k) => !sites.level[k]).length;
  part("list-count").textContent = say(`${shown.length} 个站点，${missing} 个缺数`, `${shown.length} stations, ${missing} without data`);
  const counts = levels.map((level) => shown.filter((/** @type {number} */ k) => sites.level[k] === level.number).length);
  part("list-levels").replaceChildren(...levels.map((level, n) => {
    const piece = make(`i.level-${level.number}`);
    piece.style.flexGrow = String(counts[n]);
    piece.hidden = !counts[n];
    return piece;
  }));
  part("list-key").replaceChildren(...levels.map((level, n) => make("span", null, make(`i.level-${level.number}`), `${say(level.zh, level.en)} ${counts[n]}`)).filter((_, n) => counts[n]));
  drawTable(part("list"), shown.length, columns(shown), {
    label: say("站点", "Stations"),
    empty: say("没有符合条件的站点。清除筛选后再看。", "No station matches. Clear the filter."),
    sortBy: 2,
    onPick: (n) => (location.href = `/stations/${encodeURIComponent(sites.site[shown[n]])}/`),
  });
  keep();
}

/** @param {number[]} shown */
function columns(shown) {
  const { sites } = air;
  const plain = (/** @type {string} */ title, /** @type {(k: number) => string} */ word, /** @type {string} */ width) => ({
    title, width, left: true, value: (/** @type {number} */ n) => word(shown[n]), cell: (/** @type {number} */ n) => word(shown[n]),
  });
  const symbol = (/** @type {string} */ key) => pollutants.find((one) => one.name === key)?.symbol ?? key;
  return [
    {
      title: say("站点", "Station"), width: "minmax(120px, 2fr)", left: true,
      value: (/** @type {number} */ n) => say(sites.zh[shown[n]], sites.en[shown[n]] || sites.zh[shown[n]]),
      cell: (/** @type {number} */ n) => make("a", { href: `/stations/${encodeURIComponent(sites.site[shown[n]])}/` }, say(sites.zh[shown[n]], sites.en[shown[n]] || sites.zh[shown[n]])),
    },
    plain(say("城市", "City"), (k) => say(sites.city_zh[k], sites.city_en[k]), "minmax(64px, 1fr)"),
    {
      title: "AQI", width: "52px", value: (/** @type {number} */ n) => sites.aqi[shown[n]],
      cell: (/** @type {number} */ n) => sites.level[shown[n]]
        ? make(`span.figure-pill.level-${sites.level[shown[n]]}`, null, String(sites.aqi[shown[n]]))
        : make("span.faint", { title: sayReason(sites.reason[shown[n]]) }, "—"),
    },
    plain(say("级别", "Level"), (k) => {
      const level = levels.find((one) => one.number === sites.level[k]);
      return level ? say(level.zh, level.en) : "";
    }, say("minmax(84px, 1fr)", "minmax(140px, 1fr)")),
    plain(say("首要污染物", "Primary"), (k) => sites.primary[k].split("+").filter(Boolean).map(symbol).join("、"), "minmax(80px, 1fr)"),
    ...pollutants.filter((one) => one.name !== "o3_8h").map((one) => ({
      title: one.symbol, note: one.unit, width: "minmax(48px, .7fr)",
      value: (/** @type {number} */ n) => sites[one.name][shown[n]],
      cell: (/** @type {number} */ n) => figure(sites[one.name][shown[n]], one.places),
    })),
    plain(say("编码", "Code"), (k) => sites.site[k], "84px"),
  ];
}

/** Keep the filter in the address. */
function keep() {
  for (const [key, value] of Object.entries({ find: find.value.trim(), city: city.value, scope: scope === "all" ? "all" : "" }))
    if (value) query.set(key, value);
    else query.delete(key);
  history.replaceState(null, "", query.size ? `?${query}` : location.pathname);
}

/** Save the rows in sight as CSV. */
function save() {
  const { sites } = air;
  const names = ["site", "zh", "en", "city_zh", "lon", "lat", "aqi", "level", "primary", ...pollutants.map((one) => one.name)];
  const quote = (/** @type {any} */ value) => (value === null || value === undefined ? "" : /[",\n]/.test(value) ? `"${String(value).replaceAll('"', '""')}"` : String(value));
  const lines = [`# ${sayHour(air.time)} ${air.edition}`, names.join(), ...rows().map((/** @type {number} */ k) => names.map((name) => quote(sites[name][k])).join())];
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([`\ufeff${lines.join("\r\n")}\r\n`], { type: "text/csv" }));
  link.download = "stations.csv";
  link.click();
  URL.revokeObjectURL(link.href);
}

find.addEventListener("input", () => air && draw());
city.addEventListener("change", draw);
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("click", (event) => {
  const press = event.target instanceof Element ? event.target.closest("[data-scope]") : null;
  if (!(press instanceof HTMLElement)) return;
  scope = press.dataset.scope === "all" ? "all" : "own";
  draw();
});
part("list-save").addEventListener("click", () => air && save());
load();
