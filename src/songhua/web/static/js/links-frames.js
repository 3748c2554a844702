/** Frames in a list: one is selected by pointer or by the keys, and read beside it. */
import { isTyping, part, showFault } from "./songhua.js";

const list = part("frames");
const told = part("told");
/** @type {AbortController | null} */
let asking = null;

const rows = () => /** @type {HTMLElement[]} */ ([...list.querySelectorAll("tr[data-frame]")]);
const selected = () => rows().find((row) => row.getAttribute("aria-selected") === "true");

/** @param {HTMLElement} row */
async function select(row) {
  selected()?.removeAttribute("aria-selected");
  row.setAttribute("aria-selected", "true");
  row.scrollIntoView({ block: "nearest" });
  asking?.abort();
  asking = new AbortController();
  try {
    const answer = await fetch(row.dataset.frame ?? "", { headers: { "HX-Request": "true" }, signal: asking.signal });
    if (!answer.ok) throw new Error(`${answer.status}`);
    told.innerHTML = await answer.text();
    told.scrollTop = 0;
  } catch (fault) {
    showFault(told, fault, () => select(row));
  }
}

list.addEventListener("click", (event) => {
  if (!(event.target instanceof Element) || event.metaKey || event.ctrlKey) return;
  const row = event.target.closest("tr[data-frame]");
  if (!(row instanceof HTMLElement)) return;
  event.preventDefault();
  list.focus({ preventScroll: true });
  select(row);
});

document.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || isTyping(event.target) || event.altKey || event.ctrlKey || event.metaKey) return;
  const all = rows();
  if (!all.length) return;
  event.preventDefault();
  const at = all.indexOf(/** @type {HTMLElement} */ (selected()));
  select(all[Math.min(Math.max(at + step, 0), all.length - 1)]);
});
