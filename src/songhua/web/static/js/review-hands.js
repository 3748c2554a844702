/** Mouse, pen and fingers on the chart of the bench: move, zoom, choose. */

/** @typedef {import("./review-chart.js").Chart} Chart */

const PRESS = 5;

/** @param {Chart} chart */
export function wireHands(chart) {
  const { canvas } = chart;
  /** @type {Map<number, {x: number, y: number}>} */
  const down = new Map();
  /** @type {{x: number, y: number, view: {from: number, to: number}, chooses: boolean, adds: boolean, moved: boolean, spread: number} | null} */
  let held = null;

  const at = (/** @type {MouseEvent} */ event) => {
    const box = canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  const spread = () => {
    const [one, other] = [...down.values()];
    return other ? Math.max(20, Math.abs(one.x - other.x)) : 0;
  };
  const hold = (/** @type {PointerEvent} */ event, /** @type {{x: number, y: number}} */ place) => {
    const chooses = down.size === 1 && (chart.mode === "choose" || event.shiftKey);
    held = { ...place, view: { ...chart.view }, chooses, adds: event.ctrlKey || event.metaKey, moved: false, spread: spread() };
  };

  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !chart.series) return;
    canvas.setPointerCapture(event.pointerId);
    canvas.focus({ preventScroll: true });
    down.set(event.pointerId, at(event));
    chart.brush = null;
    hold(event, at(event));
  });

  canvas.addEventListener("pointermove", (event) => {
    const here = at(event);
    if (!held || !down.has(event.pointerId)) {
      if (event.pointerType === "mouse" && chart.series) hover(chart, here);
      return;
    }
    down.set(event.pointerId, here);
    if (Math.hypot(here.x - held.x, here.y - held.y) > PRESS) held.moved = true;
    const { width } = chart.box;
    if (down.size > 1) {
      const factor = held.spread / spread();
      const middle = [...down.values()].reduce((sum, one) => sum + one.x, 0) / down.size;
      const share = (middle - chart.box.left) / width;
      const length = held.view.to - held.view.from;
      const around = held.view.from + share * length;
      chart.look(around - share * length * factor, around + (1 - share) * length * factor);
    } else if (held.chooses) {
      chart.brush = { x0: held.x, y0: held.y, x1: here.x, y1: here.y };
      chart.redraw();
    } else if (held.moved) {
      const by = ((held.x - here.x) / width) * (held.view.to - held.view.from);
      chart.look(held.view.from + by, held.view.to + by);
    }
  });

  const release = (/** @type {PointerEvent} */ event) => {
    if (!held || !down.delete(event.pointerId)) return;
    if (down.size) return hold(event, [...down.values()][0]);
    const { chooses, moved, adds } = held;
    held = null;
    if (event.type === "pointercancel") chart.brush = null;
    else if (chooses && moved) choose(chart, adds);
    else if (!moved) press(chart, at(event), chooses, adds);
    chart.brush = null;
    chart.redraw();
  };
  canvas.addEventListener("pointerup", release);
  canvas.addEventListener("pointercancel", release);
  canvas.addEventListener("dblclick", () => chart.lookAtAll());

  canvas.addEventListener("wheel", (event) => {
    if (!chart.series) return;
    event.preventDefault();
    const sideways = event.shiftKey ? event.deltaY : event.deltaX;
    if (Math.abs(sideways) > Math.abs(event.shiftKey ? 0 : event.deltaY)) chart.shift(sideways / 1000);
    else chart.zoom(Math.exp(event.deltaY / 400), chart.timeAt(at(event).x));
  }, { passive: false });

  wireWhole(chart);
}

/** @param {Chart} chart @param {{x: number, y: number}} here */
function hover(chart, here) {
  const place = chart.nearest(here.x, here.y);
  if (place === chart.cursor) return;
  chart.cursor = place;
  chart.redraw();
  chart.told.onCursor(place);
}

/** @param {Chart} chart @param {boolean} adds */
function choose(chart, adds) {
  const { brush, selection, series } = chart;
  if (!brush || !selection || !series) return;
  if (!adds) selection.clear();
  const edges = [chart.timeAt(brush.x0), chart.timeAt(brush.x1)].sort((one, other) => one - other);
  const heights = [chart.valueAt(brush.y0), chart.valueAt(brush.y1)].sort((one, other) => one - other);
  const tall = Math.abs(brush.y1 - brush.y0) > 14;
  const [first, end] = [Math.ceil(series.place(edges[0])), Math.floor(series.place(edges[1])) + 1];
  selection.add(first, end, tall ? (value) => value >= heights[0] && value <= heights[1] : undefined);
  chart.told.onSelect();
}

/** A press chooses one value. @param {Chart} chart @param {{x: number, y: number}} here @param {boolean} chooses @param {boolean} adds */
function press(chart, here, chooses, adds) {
  const place = chart.nearest(here.x, here.y);
  if (place === null || !chart.selection) return;
  chart.cursor = place;
  chart.told.onCursor(place);
  if (!chooses && !adds) return;
  if (!adds) chart.selection.clear();
  chart.selection.toggle(place);
  chart.told.onSelect();
}

/** The small whole: press or drag to look there. @param {Chart} chart */
function wireWhole(chart) {
  const { whole } = chart;
  const go = (/** @type {PointerEvent} */ event) => {
    const { series } = chart;
    if (!series) return;
    const { left, width } = chart.box;
    const share = (event.clientX - whole.getBoundingClientRect().left - left) / width;
    const middle = series.from + share * series.count * series.step;
    const half = (chart.view.to - chart.view.from) / 2;
    chart.look(middle - half, middle + half);
  };
  whole.addEventListener("pointerdown", (event) => {
    whole.setPointerCapture(event.pointerId);
    go(event);
  });
  whole.addEventListener("pointermove", (event) => {
    if (event.buttons) go(event);
  });
}
