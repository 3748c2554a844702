/** The wall (大屏): the newest hour of the province. It moves only when the data move. */
import { ask } from "./ask.js";
import { AirMap, canDraw } from "./map-canvas.js";
import { forgetAir, levelOf, loadAir, ranked, shade } from "./map-data.js";
import { pillOf } from "./map-list.js";
import { clock, figure, make, nameOf, onLook, part, say, sayDay, sayInstant, sayTime, sent, showEdition } from "./songhua.js";

/** @typedef {import("./map-data.js").Row} Row */

const POLL = 30_000;
const MOST = 5;
const SIX = ["pm2_5", "pm10", "o3", "no2", "so2", "co"];
const quantities = new Map(sent("quantity-table").map((/** @type {any} */ one) => [one.name, one]));
const scale = () => parseFloat(getComputedStyle(document.documentElement).fontSize) / 13;
let revision = -1;
/** @type {{ day: string, seconds: number } | null} */
let playback = null;
/** @type {import("./map-data.js").Air | null} */
let air = null;
/** @type {number | null} */
let heard = null;

const map = canDraw() ? new AirMap(part("map"), { onPick: () => {}, places: () => 0, still: true, scale: scale() }) : null;

/** @param {Row} row @param {string} words */
const line = (row, words) => make("li", null, make("b", null, nameOf(row)), make("span", null, words), pillOf(row, 0));

/** @param {Row} row */
const about = (row) => [say(row.city_zh, row.city_en), row.primary ? row.primary.split("+").map((/** @type {string} */ key) => quantities.get(key)?.symbol ?? key).join(say("、", ", ")) : ""].filter(Boolean).join("　");

function draw() {
  if (!air) return;
  const { levels } = air;
  shade(air, "aqi");
  showEdition(air.edition);
  part("now").textContent = air.time === null ? "—" : sayTime(air.time, "hour");
  const own = air.sites.filter((row) => row.own);
  const known = ranked(own).filter((row) => row.shade);
  const cities = air.cities.filter((row) => row.shade);
  part("good").textContent = cities.length ? `${cities.filter((row) => row.shade <= 2).length}/${cities.length}` : "—";
  const counts = levels.map((level) => ({ level, count: known.filter((row) => row.shade === level.number).length }));
  part("dist").replaceChildren(...counts.filter(({ count }) => count).map(({ level, count }) => {
    const bar = make(`i.level-${level.number}`);
    bar.style.flex = String(count);
    return bar;
  }));
  part("legend").replaceChildren(...counts.map(({ level, count }) => make("li", null, make(`i.swatch.level-${level.number}`), make("span", null, nameOf(level)), make("b", null, count))));
  part("six").replaceChildren(...SIX.map((key) => six(key)));
  part("worst").replaceChildren(...known.slice(0, MOST).map((row) => line(row, about(row))));
  part("best").replaceChildren(...known.slice(-MOST).reverse().map((row) => line(row, about(row))));
  map?.show(air.sites, air.cities, []);
  const note = part("stage-note");
  note.hidden = known.length > 0 && map !== null;
  note.textContent = map === null ? say("这个浏览器不能画地图（没有 WebGL）。", "This browser cannot draw the map (no WebGL).") : say("还没有数据。", "There are no data yet.");
}

/** The city that has most of a pollutant. @param {string} key */
function six(key) {
  const of = quantities.get(key);
  const top = air?.cities.filter((row) => row[key] !== null).sort((a, b) => b[key] - a[key])[0];
  const level = air && top ? levelOf(top[`iaqi_${key}`] ?? null, air.levels) : 0;
  const word = air?.levels.find((one) => one.number === level);
  return make("li", null, make("b", null, of.symbol),
    make("span.of", null, make(`i.swatch.level-${level}`), make("span", null, top ? say(top.short, top.en) : "—", make("br"), word ? nameOf(word) : "")),
    make("span.value", null, make("b", null, figure(top?.[key], of.places)), make("span", null, of.unit)));
}

/** @param {any} found */
function drawChanges(found) {
  const levels = found.levels.slice(0, 6).map((/** @type {any} */ one) =>
    make("li", null, make("b", null, nameOf(one)), make(`u.figure-pill.level-${one.level_from}`, null, one.aqi_from), make("span", null, "→"), make(`u.figure-pill.level-${one.level_to}`, null, one.aqi_to)));
  const corrected = found.corrections.slice(0, 2).map((/** @type {any} */ one) =>
    make("li", null, make("b", null, say(`更正 ${one.zh}`, `Corrected: ${one.en}`)), make("span", null, `${quantities.get(one.quantity)?.symbol ?? one.quantity} ${figure(one.former, 0)} → ${figure(one.value, 0)}`), make("span", null, sayInstant(one.at).split(" ").at(-1) ?? "")));
  const rows = [...corrected, ...levels];
  part("changes").replaceChildren(...(rows.length ? rows : [make("li.none", null, say("上一小时没有站点变级", "No station changed its level in the last hour"))]));
}

function tick() {
  const now = clock(Date.now());
  const time = `${String(now.hour).padStart(2, "0")}:${String(now.minute).padStart(2, "0")}`;
  if (part("clock").textContent === time) return;
  part("clock").textContent = time;
  part("clock-day").textContent = say(`${now.year}年${sayDay(Date.now())}`, `${sayDay(Date.now())} ${now.year}`);
}

/** Look again after a while: sooner while a day is played back. */
function follow() {
  setTimeout(() => look().finally(follow), playback ? Math.min(POLL, playback.seconds * 500) : POLL);
}

async function look() {
  try {
    const times = await ask("/air/times");
    playback = times.playback;
    heard = Date.now();
    if (times.revision !== revision) {
      forgetAir();
      air = await loadAir({ time: times.hour?.[1] ?? null, period: "hour", as_of: "" });
      revision = times.revision;
      draw();
      drawChanges(await ask("/air/changes"));
    }
    part("now-sub").textContent = air?.time ? `${clock(air.time).year} · ${say("小时均值", "hourly means")}` : " ";
  } catch {
    part("now-sub").textContent = heard ? say(`连接中断，上次更新 ${sayInstant(heard)}`, `Connection lost; last heard ${sayInstant(heard)}`) : say("连不上服务器", "The server cannot be reached");
  }
}

tick();
setInterval(tick, 1000);
look();
follow();
addEventListener("resize", () => {
  map?.rescale(scale());
  map?.fit();
});
onLook(() => {
  map?.look();
  draw();
});
