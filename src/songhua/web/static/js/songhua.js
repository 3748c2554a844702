/**
 * What every page shares: asking the server, making pieces of page, the reader's look, search.
 * Nothing of a standard is written here; levels and colours come from `/levels.css` and `/api/v1/levels`.
 */
import { say } from "./format.js";
import { wireSearch } from "./search.js";

export * from "./format.js";
export * from "./time.js";
export { Refused, ask } from "./ask.js";

/**
 * Make an element.
 * @param {string} name tag, with classes after dots: `p.note`
 * @param {Record<string, string | boolean | null | undefined> | null} [attributes]
 * @param {...(Node | string | number | null | undefined)} inside
 * @returns {HTMLElement}
 */
export function make(name, attributes, ...inside) {
  const [tag, ...classes] = name.split(".");
  const made = document.createElement(tag);
  if (classes.length) made.className = classes.join(" ");
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (value === false || value === null || value === undefined) continue;
    made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...inside.filter((one) => one !== null && one !== undefined).map((one) => (typeof one === "number" ? String(one) : one)));
  return made;
}

/** Find an element that the page must have. @param {string} id */
export function part(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found;
}

/** Read what the page was sent with (`json_script`). @param {string} id */
export const sent = (id) => JSON.parse(document.getElementById(id)?.textContent || "null");

/** Return the value of one of the page's tokens. @param {string} name */
export const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

/** Show a line that goes away by itself. @param {string} words @param {{label: string, act: () => void}} [undo] */
export function toast(words, undo) {
  const shown = make("p.toast", null, make("span", null, words));
  if (undo) {
    const press = make("button", { type: "button" }, undo.label);
    press.addEventListener("click", () => {
      shown.remove();
      undo.act();
    });
    shown.append(press);
  }
  part("toasts").append(shown);
  setTimeout(() => shown.remove(), undo ? 10_000 : 5_000);
}

/** Say what went wrong and offer to try again. @param {HTMLElement} box @param {unknown} fault @param {() => void} again */
export function showFault(box, fault, again) {
  if (fault instanceof DOMException && fault.name === "AbortError") return;
  const press = make("button.link", { type: "button" }, say("重试", "Try again"));
  press.addEventListener("click", again);
  box.removeAttribute("aria-busy");
  box.replaceChildren(make("p.notice.fault", { role: "alert" }, fault instanceof Error ? fault.message : String(fault), " ", press));
}

/** Call back when light turns to dark or the level colours change. @param {() => void} redraw */
export function onLook(redraw) {
  document.addEventListener("songhua:look", redraw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
}

/** Keep a choice of look for a year and show it at once. @param {"theme" | "scale"} name @param {string} value */
export function setLook(name, value) {
  document.cookie = `${name}=${value}; path=/; max-age=31536000; samesite=lax`;
  document.documentElement.dataset[name] = value;
  for (const choice of document.querySelectorAll(`.menu input[name="${name}"]`)) {
    if (choice instanceof HTMLInputElement) choice.checked = choice.value === value;
  }
  document.dispatchEvent(new CustomEvent("songhua:look"));
}

/** Show the edition in force for the day shown. @param {string} code */
export function showEdition(code) {
  const chip = document.getElementById("edition");
  const words = chip?.querySelector("b");
  if (!chip || !words) return;
  words.textContent = code;
  chip.hidden = !code;
}

/** @param {EventTarget | null} target */
export const isTyping = (target) =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) &&
  !(target instanceof HTMLInputElement && /^(range|radio|checkbox)$/.test(target.type));

function wireBar() {
  for (const choice of document.querySelectorAll('.menu input[name="theme"], .menu input[name="scale"]')) {
    choice.addEventListener("change", () => {
      if (choice instanceof HTMLInputElement) setLook(/** @type {"theme" | "scale"} */ (choice.name), choice.value);
    });
  }
  document.querySelector("form.language")?.addEventListener("submit", (event) => {
    const next = event.target instanceof HTMLFormElement ? event.target.elements.namedItem("next") : null;
    if (next instanceof HTMLInputElement) next.value = location.pathname + location.search;
  });
  const menus = /** @type {NodeListOf<HTMLDetailsElement>} */ (document.querySelectorAll("details.menu"));
  document.addEventListener("click", (event) => {
    for (const menu of menus) if (event.target instanceof Node && !menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of menus) if (menu.open) menu.open = false;
  });
}

wireBar();
wireSearch(make, isTyping);
