/** What a reviewer does with the values chosen: a verdict with its reason, a preview, then the act. */
import { Refused, ask, figure, make, nameOf, say, sayInstant, toast } from "./songhua.js";
import { sayPeriod } from "./station-time.js";

/**
 * @typedef {object} Context
 * @property {any} page
 * @property {import("./review-chart.js").Chart} chart
 * @property {string} period
 * @property {any[]} reasons
 * @property {any[]} acts newest first
 * @property {any[]} events
 * @property {(keepsSelection: boolean) => Promise<void>} reload
 */

const MOST = 20_000;
const LISTED = 40;
const VERDICTS = /** @type {const} */ ([["invalid", "无效", "Invalid"], ["questionable", "存疑", "Questionable"], ["valid", "有效", "Valid"], ["restore", "恢复", "Restore"], ["correct", "订正漂移", "Correct drift"]]);

export class ActForm {
  /** @type {string} */ #chosen = "invalid";
  /** @type {string} what was previewed */ #seen = "";

  /** @param {HTMLElement} box @param {Context} context */
  constructor(box, context) {
    this.box = box;
    this.context = context;
    this.levels = context.page.levels;
    this.what = make("p.small", { "aria-live": "polite" });
    this.effect = make("div.effect", { "aria-live": "polite" });
    this.verdicts = make("span.seg", { role: "group", "aria-label": say("结论", "Verdict") }, ...VERDICTS.map(([key, zh, en]) => make("button", { type: "button", "data-act": key }, say(zh, en))));
    this.reason = /** @type {HTMLSelectElement} */ (make("select", { name: "reason" }));
    this.reasonField = field(say("原因", "Reason"), this.reason);
    this.words = /** @type {HTMLTextAreaElement} */ (make("textarea", { name: "words", maxlength: "500" }));
    this.byOrder = /** @type {HTMLInputElement} */ (make("input", { name: "by_order", maxlength: "150", autocomplete: "off" }));
    this.level = /** @type {HTMLSelectElement} */ (make("select", { name: "level" }, ...this.levels.map((/** @type {number} */ one) => make("option", { value: String(one) }, say(`第 ${one} 级`, `Level ${one}`)))));
    this.drift = make("div.pair", { hidden: true });
    this.look = /** @type {HTMLButtonElement} */ (make("button.button", { type: "button" }, say("看会改变什么", "See what would change")));
    this.send = /** @type {HTMLButtonElement} */ (make("button.button.primary", { type: "submit", disabled: true }, say("执行", "Do it")));
    this.form = /** @type {HTMLFormElement} */ (make("form.act", { "aria-label": say("审核所选", "Review what is chosen") },
      make("h2", null, say("选中的值", "Values chosen")), this.what, this.verdicts, this.drift, this.reasonField,
      field(say("说明", "In words"), this.words), field(say("受何人指令（没有则不填）", "On whose order, if anyone's"), this.byOrder), this.levels.length > 1 ? field(say("审核级别", "Level"), this.level) : null,
      make("div.actions", null, this.look, this.send), this.effect));
    if (this.levels.length) box.replaceChildren(this.form);
    else box.replaceChildren(make("p.notice", { id: "may-not" }, say("您可以查看，不能审核这个点位。", "You may look, but not review this site.")));
    this.#fillDrift();
    this.#wire();
    this.choose("invalid");
    this.selected();
  }

  #wire() {
    this.verdicts.addEventListener("click", (event) => {
      const key = event.target instanceof HTMLElement ? event.target.dataset.act : null;
      if (key) this.choose(key);
    });
    this.form.addEventListener("input", () => this.settle());
    this.look.addEventListener("click", () => this.preview());
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.post();
    });
  }

  #fillDrift() {
    const input = (/** @type {string} */ name, /** @type {string} */ type, /** @type {string} */ words) => field(words, make("input", { name, type, ...(type === "number" ? { step: "any", value: "0" } : {}) }));
    this.drift.replaceChildren(
      input("start", "datetime-local", say("前一次校准", "Calibration before")),
      input("end", "datetime-local", say("后一次校准", "Calibration after")),
      input("zero", "number", say("后一次查出的零点漂移（项目的单位）", "Zero drift found (in the quantity's unit)")),
      input("span", "number", say("后一次查出的量程漂移（%）", "Span drift found (%)")));
  }

  /** Take a verdict or act. @param {string} key */
  choose(key) {
    this.#chosen = key;
    for (const press of /** @type {NodeListOf<HTMLElement>} */ (this.verdicts.querySelectorAll("button"))) press.setAttribute("aria-pressed", String(press.dataset.act === key));
    const reasons = this.context.reasons.filter((one) => one.verdicts.includes(key));
    const before = this.reason.value;
    this.reason.replaceChildren(make("option", { value: "" }, say("请选择", "Choose")), ...reasons.map((one) => make("option", { value: one.key }, nameOf(one))));
    if (reasons.some((one) => one.key === before)) this.reason.value = before;
    this.reasonField.hidden = key === "restore" || key === "correct";
    this.drift.hidden = key !== "correct";
    if (key === "correct") this.#suggestDrift();
    this.settle();
  }

  /** The calibrations before and after what is chosen; where nothing is, all between those around the cursor. */
  #suggestDrift() {
    const { chart, events } = this.context;
    const { selection, series } = chart;
    if (!series || !selection) return;
    const own = events.filter((one) => one.kind === "calibration" && one.quantity === series.head.quantity);
    const bounds = selection.bounds();
    const middle = chart.cursorTime() ?? (chart.view.from + chart.view.to) / 2;
    const [first, last] = bounds ? [series.time(bounds[0]), series.time(bounds[1])] : [middle, middle];
    const before = own.filter((one) => one.to <= first).at(-1)?.to;
    const after = own.find((one) => one.from > last)?.from;
    if (before !== undefined) this.#input("start").value = local(before);
    if (after !== undefined) this.#input("end").value = local(after);
    if (bounds || before === undefined || after === undefined) return;
    selection.add(Math.round(series.place(before)), Math.round(series.place(after)));
    chart.told.onSelect();
  }

  /** @param {string} name */
  #input(name) {
    return /** @type {HTMLInputElement} */ (this.form.elements.namedItem(name));
  }

  /** Say how much is chosen. */
  selected() {
    const { selection, series } = this.context.chart;
    const bounds = selection?.bounds();
    this.what.textContent = !selection || !bounds || !series
      ? say("还没有选中。框选、按规则选，或在左边点一条检查发现。", "Nothing yet. Drag a box, choose by rule, or press a finding.")
      : say(`${selection.size.toLocaleString()} 个 ${series.head.symbol}，${sayInstant(series.time(bounds[0]))} 至 ${sayInstant(series.time(bounds[1]))}`,
        `${selection.size.toLocaleString()} of ${series.head.symbol}, ${sayInstant(series.time(bounds[0]))} to ${sayInstant(series.time(bounds[1]))}`);
    if (bounds && this.#chosen === "correct") this.#suggestDrift();
    this.settle();
  }

  /** Where what would change is another, it has to be looked at again; reason and words may follow. */
  settle() {
    const ready = this.#seen !== "" && effectOf(this.order()) === this.#seen;
    this.send.disabled = !ready;
    if (!ready) this.#seen = "";
    if (!ready && !this.effect.querySelector(".conflict")) this.effect.replaceChildren();
  }

  order() {
    const { selection, series } = this.context.chart;
    const act = this.#chosen === "restore" || this.#chosen === "correct" ? this.#chosen : "mark";
    const parts = selection && selection.size <= MOST && selection.size ? [{ site: this.context.page.site, quantity: series?.head.quantity, times: selection.times() }] : [];
    return {
      act,
      level: Number(this.level.value || this.levels[0]),
      period: this.context.period,
      verdict: act === "mark" ? this.#chosen : "",
      reason: act === "mark" ? this.reason.value : "",
      words: this.words.value,
      parts,
      seen: series?.head.seen ?? 0,
      drift: act === "correct" ? { start: readLocal(this.#input("start").value), end: readLocal(this.#input("end").value), zero: Number(this.#input("zero").value), span: Number(this.#input("span").value) } : null,
    };
  }

  async preview() {
    if (!this.levels.length) return;
    const order = this.order();
    if (!order.parts.length) return this.complain(new Error(this.context.chart.selection?.size ? say(`一次最多 ${MOST.toLocaleString()} 个值。`, `At most ${MOST.toLocaleString()} values at once.`) : say("请先选中数值。", "Choose values first.")));
    this.effect.setAttribute("aria-busy", "true");
    try {
      const seen = await ask("/review/preview", {}, { body: order });
      this.effect.replaceChildren(...this.#shown(seen));
      this.#seen = effectOf(order);
      this.send.disabled = false;
    } catch (fault) {
      this.complain(fault);
    }
    this.effect.removeAttribute("aria-busy");
  }

  async post() {
    if (this.send.disabled) return this.preview();
    this.send.disabled = true;
    this.effect.setAttribute("aria-busy", "true");
    try {
      const done = await ask("/review/acts", {}, { body: { ...this.order(), by_order: this.byOrder.value } });
      this.#seen = "";
      this.effect.replaceChildren();
      this.words.value = this.byOrder.value = "";
      toast(say(`已执行，${done.values} 个值，后续各项已重算。`, `Done (${done.values}); what follows was recomputed.`), {
        label: say("撤销", "Undo"),
        act: () => this.undo(done.revision, Number(this.level.value || this.levels[0])),
      });
      await this.context.reload(false);
    } catch (fault) {
      this.complain(fault);
      this.send.disabled = fault instanceof Refused && fault.status === 409;
    }
    this.effect.removeAttribute("aria-busy");
  }

  /** Undo an act. @param {number} revision @param {number} level */
  async undo(revision, level) {
    const words = this.words.value.trim() || say("在审核台撤销", "undone at the bench");
    try {
      await ask("/review/acts", {}, { body: { act: "undo", level, of: revision, words, period: this.context.period } });
      toast(say("已撤销，后续各项已重算。", "Undone; what follows was recomputed."));
      await this.context.reload(true);
    } catch (fault) {
      this.complain(fault);
    }
  }

  /** @param {unknown} fault */
  complain(fault) {
    this.effect.removeAttribute("aria-busy");
    const words = make("p.notice.fault", { role: "alert" }, fault instanceof Error ? fault.message : String(fault));
    if (!(fault instanceof Refused) || fault.status !== 409 || !fault.body.changed) return this.effect.replaceChildren(words);
    const again = make("button.button", { type: "button" }, say("载入现在的值，保留我的选择和说明", "Load what is there now; keep my choice and words"));
    again.addEventListener("click", async () => {
      this.look.disabled = true;
      await this.context.reload(true);
      this.look.disabled = false;
      if (this.effect.querySelector(".conflict")) this.effect.replaceChildren(make("p.soft.small", null, say("已载入现在的值。请再看一次会改变什么。", "Loaded. See again what would change.")));
    });
    const rows = fault.body.changed.map((/** @type {any} */ one) => make("tr", null, make("td", null, sayInstant(one.time)), make("td.num", null, one.value === null ? "—" : String(one.value)),
      make("td", null, this.#mark(one.mark)), make("td.wrap", null, `${one.author || say("站点", "the site")} ${one.reason}`)));
    this.effect.replaceChildren(make("div.conflict", null, words, make("div.table-scroll", null, make("table.data", null, make("tbody", null, ...rows))), again));
  }

  /** @param {string} key */
  #mark(key) {
    const known = this.context.page.marks[key];
    return known ? nameOf(known) : key || say("正常", "normal");
  }

  /** @param {any} seen */
  #shown(seen) {
    const places = this.context.chart.series?.head.places ?? 0;
    const marks = (/** @type {Record<string, number>} */ told) => Object.entries(told).map(([key, n]) => `${this.#mark(key)} ${n}`).join(say("、", ", "));
    const pieces = [make("p", null, say(`${seen.values} 个值：${marks(seen.from_marks)} → ${marks(seen.to_marks)}`, `${seen.values} chosen: ${marks(seen.from_marks)} → ${marks(seen.to_marks)}`))];
    if (seen.turned.length) pieces.push(table(seen.turned.map((/** @type {any} */ one) => [sayInstant(one.time), figure(one.before, places), figure(one.after, places), 0])));
    const rows = [
      ...seen.ranks.flatMap((/** @type {any} */ row) => [
        row.before.rank === row.after.rank ? null : [`${nameOf(row)} ${sayPeriod(row.time, row.period)} ${say("排名", "rank")}`, row.before.rank, row.after.rank, 0],
        row.before.composite === row.after.composite ? null : [`${nameOf(row)} ${sayPeriod(row.time, row.period)} ${say("综合指数", "composite index")}`, row.before.composite, row.after.composite, 0],
      ].filter(Boolean)),
      ...seen.figures.map((/** @type {any} */ row) => [`${nameOf(row)} ${sayPeriod(row.time, row.period)} AQI`, row.before.aqi, row.after.aqi, row.after.level]),
    ];
    const total = Object.values(seen.counts).reduce((sum, n) => sum + Number(n), 0);
    if (!rows.length) pieces.push(make("p.soft", null, this.context.period === "hour" ? say("没有 AQI、综合指数或排名因此改变。", "No AQI, composite index or rank would change.") : say("这样的值不进入 AQI 和排名。", "Such values do not enter AQI or ranks.")));
    else pieces.push(make("p.soft", null, say(`${total} 个数将改变：`, `${total} figures would change:`)), table(rows.slice(0, LISTED)));
    if (total > LISTED) pieces.push(make("p.soft", null, say(`以及另外 ${total - Math.min(LISTED, rows.length)} 个。`, `and ${total - Math.min(LISTED, rows.length)} more.`)));
    return pieces;
  }
}

/** What of an order decides what would change. @param {any} order */
const effectOf = ({ act, level, period, verdict, parts, seen, drift }) => JSON.stringify([act, level, period, verdict, parts, seen, drift]);

/** @param {any[][]} rows */
const table = (rows) => make("table.data", null, make("tbody", null, ...rows.map(([words, before, after, level]) =>
  make("tr", null, make("td.wrap", null, words), make("td.num", null, before ?? "—"), make("td.num", null, "→"),
    make("td.num", null, level ? make(`span.figure-pill.level-${level}`, null, String(after)) : (after ?? "—"))))));

/** @param {string} words @param {HTMLElement} control */
const field = (words, control) => make("label.field", null, make("span", null, words), control);

/** An instant as `datetime-local` takes it, on Beijing's clock. @param {number} ms */
const local = (ms) => new Date(ms + 8 * 3_600_000).toISOString().slice(0, 16);

/** @param {string} text */
const readLocal = (text) => (text ? Date.parse(`${text}:00+08:00`) : 0);
