/** Correcting one hourly value: what it is, what it should be, what would change, then the change. */
import { ask, figure, isoHour, make, say, sayInstant, toast } from "./songhua.js";
import { sayPeriod } from "./station-time.js";

/** Open the form. @param {HTMLElement} box @param {any} found the explained hour @param {any} context */
export function openCorrection(box, found, context) {
  const measured = found.parts.filter((/** @type {any} */ one) => one.name !== "o3_8h");
  const quantity = select("quantity", measured.map((/** @type {any} */ one) => [one.name, one.symbol]));
  const value = /** @type {HTMLInputElement} */ (make("input", { name: "value", type: "number", step: "any", min: "0", required: true }));
  const none = /** @type {HTMLInputElement} */ (make("input", { name: "none", type: "checkbox" }));
  const kind = select("kind", [["", say("请选择", "Choose")], ...context.page.reasons]);
  const words = /** @type {HTMLTextAreaElement} */ (make("textarea", { name: "words", maxlength: "200", required: true }));
  const order = /** @type {HTMLInputElement} */ (make("input", { name: "by_order", maxlength: "150", autocomplete: "off" }));
  const unit = make("span");
  const effect = make("div.effect", { "aria-live": "polite" });
  const look = make("button.button", { type: "button" }, say("看会改变什么", "See what would change"));
  const send = /** @type {HTMLButtonElement} */ (make("button.button.primary", { type: "submit", disabled: true }, say("确认修正", "Correct")));
  const form = /** @type {HTMLFormElement} */ (make("form.correct", { "aria-label": say("修正", "Correction") },
    make("h3", null, say(`修正 ${sayPeriod(found.time, "hour")}`, `Correct ${sayPeriod(found.time, "hour")}`)),
    field(say("项目", "Item"), quantity),
    make("label.field", null, make("span", null, say("改为 ", "New value "), unit), value),
    make("label.check", null, none, say("这一小时无有效值", "This hour has no valid value")),
    field(say("原因", "Reason"), kind),
    field(say("说明（2 至 200 字，将与每个改变的数一起显示）", "In words (2 to 200 characters; shown beside every figure that changes)"), words),
    field(say("受何人指令（没有则不填，记录在案）", "On whose order, if anyone's; kept on record"), order),
    make("div.actions", null, look, send), effect));

  const chosen = () => measured.find((/** @type {any} */ one) => one.name === quantity.value);
  const wanted = () => ({
    site: context.page.key,
    quantity: quantity.value,
    time: isoHour(found.time),
    value: none.checked ? null : Number(value.value),
    revision: chosen().revision,
  });
  const ready = () => none.checked || (value.value !== "" && value.checkValidity());
  const fill = () => {
    const one = chosen();
    unit.textContent = `${one.unit} · ${say("现值", "now")} ${figure(one.value, one.places)}`;
    value.placeholder = one.value === null ? "" : figure(one.value, one.places);
    value.step = one.places ? String(10 ** -one.places) : "1";
    settle();
  };
  const settle = () => {
    value.disabled = none.checked;
    send.disabled = true;
    effect.replaceChildren();
  };
  const complain = (/** @type {unknown} */ fault) => effect.replaceChildren(make("p.notice.fault", { role: "alert" }, fault instanceof Error ? fault.message : String(fault)));

  quantity.addEventListener("change", fill);
  value.addEventListener("input", settle);
  none.addEventListener("change", settle);
  look.addEventListener("click", async () => {
    if (!ready()) return void value.reportValidity();
    effect.setAttribute("aria-busy", "true");
    try {
      const seen = await ask("/air/corrections/preview", {}, { body: wanted() });
      effect.replaceChildren(...shown(seen, chosen(), context));
      send.disabled = false;
    } catch (fault) {
      complain(fault);
    }
    effect.removeAttribute("aria-busy");
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    send.disabled = true;
    effect.setAttribute("aria-busy", "true");
    try {
      const sent = { ...wanted(), kind: kind.value, words: words.value };
      const done = await ask("/air/corrections", {}, { body: { ...sent, by_order: order.value } });
      toast(say("已修正，后续各项已重算。", "Corrected; what follows was recomputed."), {
        label: say("撤销", "Undo"),
        act: () => undo({ ...sent, value: done.former }, Date.now(), context.changed),
      });
      context.changed();
    } catch (fault) {
      complain(fault);
      send.disabled = false;
    }
    effect.removeAttribute("aria-busy");
  });
  quantity.value = found.parts.find((/** @type {any} */ one) => one.main)?.name ?? measured[0].name;
  fill();
  box.replaceChildren(form);
  value.focus();
}

/**
 * Bring the former value back, as a new revision.
 * @param {{site: string, quantity: string, time: string, value: number | null}} order
 * @param {number} at when the correction was made @param {() => void} changed
 */
export async function undo({ site, quantity, time, value }, at, changed) {
  const words = say(`撤销 ${sayInstant(at)} 的修正`, `Undo of the correction of ${sayInstant(at)}`);
  try {
    await ask("/air/corrections", {}, { body: { site, quantity, time, value, kind: "undo", words } });
    toast(say("已恢复原值，后续各项已重算。", "The former value is back; what follows was recomputed."));
    changed();
  } catch (fault) {
    toast(fault instanceof Error ? fault.message : String(fault));
  }
}

/** Say what would change, in numbers. @param {any} seen @param {any} one @param {any} context */
function shown(seen, one, context) {
  const rows = [
    ...seen.figures.map((/** @type {any} */ row) => [`${place(row, context)} ${sayPeriod(row.time, row.period)} AQI`, row.before.aqi, row.after.aqi, row.after.level]),
    ...seen.ranks.flatMap((/** @type {any} */ row) => [
      row.before.composite === row.after.composite ? null : [`${place(row, context)} ${sayPeriod(row.time, row.period)} ${say("综合指数", "composite index")}`, row.before.composite, row.after.composite, 0],
      row.before.rank === row.after.rank ? null : [`${place(row, context)} ${sayPeriod(row.time, row.period)} ${say("排名", "rank")}`, row.before.rank, row.after.rank, 0],
    ].filter(Boolean)),
  ];
  const head = make("p", null, `${one.symbol} ${figure(seen.former, one.places)} → ${figure(seen.value, one.places)} ${one.unit}`);
  if (!rows.length) return [head, make("p.soft", null, say("没有 AQI、综合指数或排名因此改变。", "No AQI, composite index or rank would change."))];
  return [
    head,
    make("p.soft", null, say(`${rows.length} 个数将改变：`, `${rows.length} figures would change:`)),
    make("table.data", null, make("tbody", null, ...rows.slice(0, 40).map(([words, before, after, level]) =>
      make("tr", null, make("td.wrap", null, words), make("td.num", null, before ?? "—"), make("td.num", null, "→"),
        make("td.num", null, level ? make(`span.figure-pill.level-${level}`, null, String(after)) : (after ?? "—")))))),
    rows.length > 40 ? make("p.soft", null, say(`以及另外 ${rows.length - 40} 个。`, `and ${rows.length - 40} more.`)) : null,
  ].filter((piece) => piece !== null);
}

/** @param {any} row @param {any} context */
const place = (row, context) => (row.subject === context.page.key ? context.page.names[0] : say(row.zh, row.en));

/** @param {string} words @param {HTMLElement} control */
const field = (words, control) => make("label.field", null, make("span", null, words), control);

/** @param {string} name @param {[string, string][]} choices */
function select(name, choices) {
  return /** @type {HTMLSelectElement} */ (make("select", { name, required: true }, ...choices.map(([value, words]) => make("option", { value }, words))));
}
