/** Frames as they come: asked for each second, while the page is looked at and not paused. */
import "./links-frames.js";
import { part } from "./songhua.js";

const MOST = 300;
const EVERY_MS = 1000;
const body = part("tail");
const form = /** @type {HTMLFormElement} */ (part("tail-form"));
const state = part("tail-state");
const pause = part("pause");
let last = -1;
let paused = false;

async function ask() {
  const asked = new URLSearchParams(/** @type {any} */ (new FormData(form)));
  asked.set("after", String(last));
  const answer = await fetch(`${body.dataset.rows}?${asked}`, { headers: { "HX-Request": "true" }, cache: "no-store" });
  if (answer.status === 503) return state.dataset.off;
  if (!answer.ok) return state.dataset.lost;
  const text = await answer.text();
  if (paused) return state.dataset.paused;
  last = Number(answer.headers.get("X-Last"));
  body.insertAdjacentHTML("afterbegin", text);
  while (body.rows.length > MOST) body.deleteRow(-1);
  const missed = Number(answer.headers.get("X-Missed"));
  if (missed > 0) return `${state.dataset.missed} ${missed}`;
  return body.rows.length ? "" : state.dataset.waiting;
}

async function run() {
  if (!paused && !document.hidden) {
    try {
      state.textContent = (await ask()) ?? "";
    } catch {
      state.textContent = state.dataset.lost ?? "";
    }
  }
  setTimeout(run, EVERY_MS);
}

pause.addEventListener("click", () => {
  paused = !paused;
  pause.setAttribute("aria-pressed", String(paused));
  pause.textContent = (paused ? pause.dataset.resume : pause.dataset.pause) ?? "";
  state.textContent = (paused ? state.dataset.paused : "") ?? "";
});
part("clear").addEventListener("click", () => body.replaceChildren());
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("change", () => body.replaceChildren());
run();
