/** The search box of the bar: `/` jumps to it, arrows choose, Enter goes. */
import { ask } from "./ask.js";
import { nameOf, say } from "./format.js";

const PAUSE = 120;

/**
 * @param {(name: string, attributes: any, ...inside: any[]) => HTMLElement} make
 * @param {(target: EventTarget | null) => boolean} isTyping
 */
export function wireSearch(make, isTyping) {
  const form = document.getElementById("search");
  const box = form?.querySelector("input");
  const list = document.getElementById("search-found");
  if (!(form instanceof HTMLFormElement) || !box || !list) return;
  /** @type {{zh: string, en: string, where_zh: string, where_en: string, url: string}[]} */
  let found = [];
  let chosen = -1;
  let timer = 0;
  let underWay = new AbortController();

  const close = () => {
    list.hidden = true;
    box.setAttribute("aria-expanded", "false");
    box.removeAttribute("aria-activedescendant");
    chosen = -1;
  };
  const go = () => {
    const one = found[Math.max(chosen, 0)];
    if (!one) return;
    const stays = !document.dispatchEvent(new CustomEvent("songhua:found", { detail: one, cancelable: true }));
    if (!stays) return location.assign(one.url);
    box.value = "";
    close();
    box.blur();
  };
  const mark = (/** @type {number} */ index) => {
    chosen = index;
    for (const [at, row] of [...list.children].entries()) row.setAttribute("aria-selected", String(at === index));
    list.children[index]?.scrollIntoView({ block: "nearest" });
    if (index >= 0) box.setAttribute("aria-activedescendant", `found-${index}`);
  };
  const show = () => {
    list.replaceChildren(
      ...(found.length
        ? found.map((one, at) => {
            const row = make("li", { role: "option", id: `found-${at}`, "aria-selected": "false" },
              make("b", null, nameOf(one)), make("span", null, say(one.where_zh, one.where_en)));
            row.addEventListener("mousedown", (event) => {
              event.preventDefault();
              mark(at);
              go();
            });
            return row;
          })
        : [make("li.none", null, say("没有找到。可以搜站点名、站点编码、城市或区县。", "Nothing found. Try a station's name or code, a city or a county."))]),
    );
    list.hidden = false;
    box.setAttribute("aria-expanded", "true");
    mark(found.length ? 0 : -1);
  };
  const look = async () => {
    underWay.abort();
    underWay = new AbortController();
    const words = box.value.trim();
    if (!words) return close();
    try {
      found = (await ask("/search", { q: words }, { signal: underWay.signal })).found;
      show();
    } catch (fault) {
      if (fault instanceof Error && fault.name !== "AbortError") list.replaceChildren(make("li.none", null, fault.message));
    }
  };

  box.addEventListener("input", () => {
    clearTimeout(timer);
    timer = window.setTimeout(look, PAUSE);
  });
  box.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      box.value = "";
      close();
      box.blur();
    } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && found.length) {
      event.preventDefault();
      mark((chosen + (event.key === "ArrowDown" ? 1 : found.length - 1)) % found.length);
    }
  });
  box.addEventListener("blur", close);
  box.addEventListener("focus", () => box.value && look());
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    clearTimeout(timer);
    await look();
    go();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    event.preventDefault();
    box.focus();
    box.select();
  });
}
