/**
 * The field sheet: filled in without a network, kept on the phone, sent when there is one.
 * A sheet has a key of its own, so that sent twice it is one sample.
 */
import { Refused, ask, make, part, say, toast } from "./songhua.js";

const CACHE = "songhua-field-1";
const AGAIN_MS = 20_000;
const TEXTS = ["barcode", "site", "kind", "sampler", "container", "preservation", "remark"];
const NUMBERS = ["lon", "lat", "temperature"];
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** @typedef {{key: string, who: string, state: string, words: string, at: number, body: Record<string, any>}} Kept */

const form = /** @type {HTMLFormElement} */ (part("field-form"));
const state = part("field-state");
let known = { who: "", name: "", sites: [], methods: [] };
let sending = false;
let replaces = ""; // key of the sheet that the form changes

// What the phone keeps

/** @returns {Promise<IDBDatabase>} */
function opened() {
  return new Promise((done, failed) => {
    const asked = indexedDB.open("songhua-field", 1);
    asked.onupgradeneeded = () => {
      asked.result.createObjectStore("sheets", { keyPath: "key" });
      asked.result.createObjectStore("known", { keyPath: "name" });
    };
    asked.onsuccess = () => done(asked.result);
    asked.onerror = () => failed(asked.error);
  });
}

/** @param {string} store @param {"readonly" | "readwrite"} mode @param {(one: IDBObjectStore) => IDBRequest} act @returns {Promise<any>} */
async function kept(store, mode, act) {
  const base = await opened();
  return new Promise((done, failed) => {
    const work = base.transaction(store, mode);
    const asked = act(work.objectStore(store));
    work.oncomplete = () => { base.close(); done(asked.result); };
    work.onerror = work.onabort = () => { base.close(); failed(work.error); };
  });
}

/** @returns {Promise<Kept[]>} the newest first */
const sheets = async () => (await kept("sheets", "readonly", (one) => one.getAll())).sort((a, b) => b.at - a.at);
/** @param {Kept} sheet */
const keep = (sheet) => kept("sheets", "readwrite", (one) => one.put(sheet));
/** @param {string} key */
const forget = (key) => kept("sheets", "readwrite", (one) => one.delete(key));

// What the sheet offers

/** Ask the server who we are and what may be chosen; without it, use what was known last. */
async function learn() {
  try {
    const answer = await fetch(state.dataset.data ?? "", { credentials: "same-origin", cache: "no-store" });
    if (answer.redirected || !answer.ok) throw new Error("login");
    known = await answer.json();
    const field = document.querySelector("[name=csrfmiddlewaretoken]");
    if (field instanceof HTMLInputElement) field.value = known.csrf;
    await kept("known", "readwrite", (one) => one.put({ ...known, csrf: "", name: "known", title: known.name }));
    return true;
  } catch {
    const last = await kept("known", "readonly", (one) => one.get("known"));
    if (last) known = { ...last, name: last.title };
    return false;
  }
}

function offer() {
  const sites = part("field-sites");
  const chosen = /** @type {HTMLSelectElement} */ (sites).value;
  sites.replaceChildren(...known.sites.map((one) => make("option", { value: one.key }, `${say(one.zh, one.en)} · ${one.key}`)));
  if (chosen) /** @type {HTMLSelectElement} */ (sites).value = chosen;
  if (part("field-items").childElementCount) return;
  part("field-items").append(
    ...known.methods.map((one) => make("label", null, make("input", { type: "checkbox", name: "items", value: one.code }), say(one.zh, one.en))),
  );
}

// The form

/** The clock of Beijing, as a field of date and time has it. @param {Date} at */
const clock = (at) => new Date(at.getTime() + 8 * 3600_000).toISOString().slice(0, 16);

function code() {
  const chance = crypto.getRandomValues(new Uint8Array(6));
  return `${clock(new Date()).slice(2, 10).replaceAll("-", "")}-${[...chance].map((one) => ALPHABET[one % 32]).join("")}`;
}

function begin() {
  const sampler = form.sampler.value;
  form.reset();
  replaces = "";
  form.sampler.value = sampler || localStorage.getItem("sampler") || "";
  form.sampled_at.value = clock(new Date());
}

/** Return what is wrong with the form, or nothing. @param {Record<string, any>} body */
function wrong(body) {
  if (!/^[0-9A-Z][0-9A-Z-]{4,30}[0-9A-Z]$/.test(body.barcode)) return say("条码须为 6 至 32 位大写字母、数字或连字符。", "A barcode has 6 to 32 capital letters, digits or hyphens.");
  if (!body.site) return say("请选点位。", "Choose a site.");
  if (!form.sampled_at.value) return say("请填采样时间。", "Give the time of sampling.");
  if (!body.sampler) return say("请填采样人。", "Name the sampler.");
  if (!body.items.length) return say("请至少选一个项目。", "Choose at least one item.");
  for (const name of NUMBERS) if (Number.isNaN(body[name])) return say("经纬度和温度须为数字。", "Coordinates and temperature are numbers.");
  return "";
}

function told() {
  /** @type {Record<string, any>} */
  const body = {};
  for (const name of TEXTS) body[name] = form.elements.namedItem(name).value.trim();
  for (const name of NUMBERS) {
    const text = form.elements.namedItem(name).value.trim();
    body[name] = text === "" ? null : Number(text);
  }
  body.barcode = (body.barcode || code()).toUpperCase();
  body.sampled_at = `${form.sampled_at.value}:00+08:00`;
  body.items = [...form.querySelectorAll("[name=items]:checked")].map((one) => /** @type {HTMLInputElement} */ (one).value);
  return body;
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const body = told();
  const fault = wrong(body) || ((await sheets()).some((one) => one.key !== replaces && one.body.barcode === body.barcode) ? say("本机已有这个条码的采样单。", "This phone has a sheet with that barcode.") : "");
  const box = part("field-fault");
  box.hidden = !fault;
  box.textContent = fault;
  if (fault) return box.scrollIntoView({ block: "center" });
  const key = [...crypto.getRandomValues(new Uint8Array(16))].map((one) => one.toString(16).padStart(2, "0")).join("");
  await keep({ key, who: known.who, state: "waiting", words: "", at: Date.now(), body: { ...body, key } });
  if (replaces) await forget(replaces);
  localStorage.setItem("sampler", body.sampler);
  begin();
  toast(say(`已存在本机：${body.barcode}`, `Kept on this phone: ${body.barcode}`));
  await shown();
  await send();
});

part("field-here").addEventListener("click", () => {
  navigator.geolocation.getCurrentPosition(
    ({ coords }) => {
      form.lon.value = coords.longitude.toFixed(5);
      form.lat.value = coords.latitude.toFixed(5);
    },
    () => toast(say("无法定位，请手填。", "No position; type it in.")),
    { enableHighAccuracy: true, timeout: 15_000 },
  );
});

// Sending

async function send() {
  if (sending) return;
  sending = true;
  try {
    const waiting = (await sheets()).filter((one) => one.state === "waiting").reverse();
    const here = await learn();
    mark(here, waiting.length);
    if (!here) return;
    for (const sheet of waiting) {
      if (sheet.who && sheet.who !== known.who) {
        await keep({ ...sheet, words: say(`由 ${sheet.who} 填写，须其本人登录后送出。`, `Filled in by ${sheet.who}, who must log in to send it.`) });
        continue;
      }
      if (!(await sent(sheet))) break;
    }
    mark(true, (await sheets()).filter((one) => one.state === "waiting").length);
  } finally {
    sending = false;
    await shown();
  }
}

/** Send one sheet; return whether the next may be tried. @param {Kept} sheet */
async function sent(sheet) {
  try {
    await ask("/lab/samples", {}, { body: sheet.body });
    await keep({ ...sheet, state: "sent", words: "" });
    return true;
  } catch (fault) {
    if (!(fault instanceof Refused)) throw fault;
    if (fault.status === 409) await keep({ ...sheet, state: "conflict", words: fault.message });
    else if ([400, 404, 422].includes(fault.status)) await keep({ ...sheet, state: "refused", words: fault.message });
    else {
      await keep({ ...sheet, words: fault.message });
      return false;
    }
    return true;
  }
}

/** @param {boolean} here @param {number} waiting */
function mark(here, waiting) {
  state.classList.toggle("away", !here);
  const left = waiting ? say(`，${waiting} 张待送`, `, ${waiting} to send`) : "";
  state.textContent = (here ? say(`已连接 · ${known.name}`, `Connected · ${known.name}`) : say("没有网络，或需重新登录", "No network, or log in again")) + left;
}

/** Words of a sheet's state. @param {string} one */
const named = (one) => ({ waiting: say("待送出", "To send"), sent: say("已送达", "Sent"), conflict: say("有冲突", "In conflict"), refused: say("未被接受", "Not taken") })[one] ?? one;

async function shown() {
  const rows = (await sheets()).map((sheet) => {
    const row = make(`li.${sheet.state}`, { "data-barcode": sheet.body.barcode }, make("code", null, sheet.body.barcode), " ", make("b", null, named(sheet.state)), make("br"), `${sheet.body.site} · ${sheet.body.sampled_at.slice(0, 16).replace("T", " ")}`);
    if (sheet.words) row.append(make("br"), make("span.soft", null, sheet.words));
    if (sheet.state !== "waiting") {
      row.append(make("br"));
      if (sheet.state !== "sent") row.append(button(say("改后重填", "Change it"), () => refill(sheet)));
      row.append(button(say("从本机移除", "Remove from phone"), async () => { await forget(sheet.key); await shown(); }));
    }
    return row;
  });
  part("field-sheets").replaceChildren(...rows);
}

/** @param {string} words @param {() => void} act */
function button(words, act) {
  const made = make("button.button.small", { type: "button" }, words);
  made.addEventListener("click", act);
  return made;
}

/** Put a sheet that was not taken back into the form. @param {Kept} sheet */
function refill(sheet) {
  for (const name of [...TEXTS, ...NUMBERS]) form.elements.namedItem(name).value = sheet.body[name] ?? "";
  form.sampled_at.value = sheet.body.sampled_at.slice(0, 16);
  for (const box of form.querySelectorAll("[name=items]")) /** @type {HTMLInputElement} */ (box).checked = sheet.body.items.includes(/** @type {HTMLInputElement} */ (box).value);
  replaces = sheet.key;
  form.scrollIntoView();
}

// The page without a network

async function store() {
  if (!("serviceWorker" in navigator)) return;
  await navigator.serviceWorker.register(state.dataset.worker ?? "");
  await navigator.serviceWorker.ready;
  const cache = await caches.open(CACHE);
  const loaded = performance.getEntriesByType("resource").map((one) => new URL(one.name));
  const wanted = loaded.filter((one) => one.origin === location.origin && (one.pathname.startsWith("/static/") || one.pathname === "/levels.css"));
  await Promise.allSettled([location.pathname, ...new Set(wanted.map((one) => one.href))].map((one) => cache.add(one)));
  state.dataset.stored = "yes";
}

begin();
await learn();
offer();
await send();
offer();
if (navigator.onLine) await store().catch(() => toast(say("本机不能离线保存页面。", "This browser cannot keep the page offline.")));
addEventListener("online", send);
setInterval(async () => { if ((await sheets()).some((one) => one.state === "waiting")) await send(); }, AGAIN_MS);
