/** The keyboard of the bench. */
import { make, part, say } from "./songhua.js";

/**
 * @typedef {object} Told
 * @property {import("./review-chart.js").Chart} chart
 * @property {import("./review-act.js").ActForm} form
 * @property {(target: EventTarget | null) => boolean} isTyping
 * @property {(mode: "move" | "choose") => void} setMode
 * @property {() => any[]} findings
 * @property {(one: any) => void} goTo
 * @property {() => void} undoLast
 * @property {(by: number) => void} nextQuantity
 */

const HELP = () => [
  ["← →", say("前后一个值；加 Shift 连续选中", "one value back or on; with Shift choose on the way")],
  ["PageUp PageDown", say("往前、往后移", "move back, on")],
  ["+ −  0", say("放大、缩小、看全部", "closer, wider, everything")],
  ["Home End", say("到最前、最后", "to the start, the end")],
  [say("空格", "Space"), say("选中或取消光标处的值", "choose or drop the value under the cursor")],
  ["B", say("框选与移动互换", "drag chooses, drag moves")],
  ["A", say("选中所示时段的全部", "choose everything in view")],
  ["[ ]", say("前后一条检查发现", "finding before, next")],
  [", .", say("前后一个项目", "quantity before, next")],
  ["X Q V", say("无效、存疑、有效", "invalid, questionable, valid")],
  ["R C", say("恢复、订正漂移", "restore, correct drift")],
  ["W", say("写说明", "write the words")],
  ["P", say("看会改变什么", "see what would change")],
  ["Ctrl Enter", say("执行（先看会改变什么）", "do it (after the preview)")],
  ["U", say("撤销我最近的一次", "undo my latest act")],
  ["Esc", say("取消选中；离开输入框", "drop the choice; leave a field")],
  ["?", say("本表", "this list")],
  [say("鼠标", "Mouse"), say("滚轮缩放；拖动移动；Shift 加拖动框选；Ctrl 加选；双击看全部", "wheel zooms; drag moves; Shift and drag chooses; Ctrl adds; double click shows all")],
];

/** @param {Told} told */
export function wireKeys(told) {
  const { chart, form } = told;
  const help = /** @type {HTMLDialogElement} */ (part("help"));
  help.querySelector("dl")?.append(...HELP().flatMap(([keys, words]) => [make("dt", null, make("kbd", null, keys)), make("dd", null, words)]));
  part("help-open").addEventListener("click", () => help.showModal());
  let finding = -1;

  const step = (/** @type {number} */ by, /** @type {boolean} */ chooses) => {
    const { series, selection } = chart;
    if (!series || !selection) return;
    const here = chart.cursor ?? Math.round(series.place((chart.view.from + chart.view.to) / 2));
    const { values } = series;
    let place = here + by;
    while (place >= 0 && place < series.count && Number.isNaN(values[place]) && series.marks[place] === 0) place += by;
    if (place < 0 || place >= series.count) return;
    chart.pointAt(place);
    if (!chooses) return;
    selection.add(Math.min(here, place), Math.max(here, place) + 1);
    chart.told.onSelect();
  };
  const find = (/** @type {number} */ by) => {
    const open = told.findings();
    if (!open.length) return;
    finding = (finding + by + open.length) % open.length;
    told.goTo(open[finding]);
  };
  const toggle = () => {
    if (chart.cursor === null || !chart.selection) return;
    chart.selection.toggle(chart.cursor);
    chart.told.onSelect();
  };
  const everything = () => {
    const { series, selection, view } = chart;
    if (!series || !selection) return;
    selection.clear();
    selection.add(Math.ceil(series.place(view.from)), Math.floor(series.place(view.to)) + 1);
    chart.told.onSelect();
  };
  const choose = (/** @type {string} */ key) => form.choose(key);

  /** @type {Record<string, (event: KeyboardEvent) => void>} */
  const keys = {
    ArrowLeft: (event) => step(-1, event.shiftKey),
    ArrowRight: (event) => step(1, event.shiftKey),
    PageUp: () => chart.shift(-0.75),
    PageDown: () => chart.shift(0.75),
    Home: () => chart.series && chart.pointAt(0),
    End: () => chart.series && chart.pointAt(chart.series.count - 1),
    "+": () => chart.zoom(0.5),
    "=": () => chart.zoom(0.5),
    "-": () => chart.zoom(2),
    0: () => chart.lookAtAll(),
    " ": toggle,
    b: () => told.setMode(chart.mode === "move" ? "choose" : "move"),
    a: everything,
    "[": () => find(-1),
    "]": () => find(1),
    ",": () => told.nextQuantity(-1),
    ".": () => told.nextQuantity(1),
    x: () => choose("invalid"),
    q: () => choose("questionable"),
    v: () => choose("valid"),
    r: () => choose("restore"),
    c: () => choose("correct"),
    w: () => form.words.focus(),
    p: () => form.preview(),
    u: () => told.undoLast(),
    Escape: () => {
      chart.selection?.clear();
      chart.told.onSelect();
    },
    "?": () => help.showModal(),
  };

  document.addEventListener("keydown", (event) => {
    if (help.open) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      return void form.post();
    }
    if (told.isTyping(event.target)) {
      if (event.key === "Escape" && event.target instanceof HTMLElement && part("act").contains(event.target)) chart.canvas.focus();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const onButton = event.target instanceof HTMLElement && /^(BUTTON|A|SUMMARY)$/.test(event.target.tagName);
    if (onButton && event.key === " ") return;
    const act = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!act) return;
    event.preventDefault();
    act(event);
  });
}
