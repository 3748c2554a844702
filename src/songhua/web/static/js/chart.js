/**
 * The course of one or more quantities: an ink line on the faint bands of the levels in force,
 * limits as labelled lines, gaps as gaps. Every number of a rule arrives from the server.
 */
import * as echarts from "../vendor/echarts/echarts.esm.min.mjs";
import { tokens } from "./chart-theme.js";
import { say } from "./format.js";
import { DAY, HOUR, clock, sayDay } from "./time.js";
import { sayDate } from "./station-time.js";

/** Charts run on Beijing's clock whatever the reader's: its fields are put where UTC's stand. */
const AHEAD = 8 * HOUR;
const LEFT = 46;
const RIGHT = 24;
const HEAD = 26;
const FOOT = 26;
const DRAG = 5;
const CROSS = "path://M-5,-4L-4,-5L0,-1L4,-5L5,-4L1,0L5,4L4,5L0,1L-4,5L-5,4L-1,0Z";

/**
 * @typedef {{number: number, lo: number, hi: number | null}} Band
 * @typedef {{edition: string, from: number, to: number, levels: Band[]}} Bands
 * @typedef {{edition: string, phase_zh: string, from: number, to: number, class_1: number, class_2: number}} Limit
 * @typedef {{
 *   name: string, symbol: string, zh: string, en: string, unit: string, places: number,
 *   value: (number | null)[], low?: (number | null)[], high?: (number | null)[],
 *   bands: Bands[], limits: Limit[],
 *   invalid: Mark[], suspect: Mark[], corrected: Mark[], missing: Mark[], judged?: Mark[],
 * }} Series
 * @typedef {{time: number, value?: number | null, former?: number | null, zh?: string, en?: string,
 *   author?: string, at?: number, words?: string, kind?: string}} Mark
 * @typedef {{from: number, to: number, step: number, gathers: number, time: number[],
 *   levels: {number: number, zh: string, en: string, colour: string, safe: string}[],
 *   series: Series[]}} Data
 * @typedef {{
 *   colour: (level: number) => string,
 *   describe: (index: number) => Node,
 *   limitWord: (kind: 1 | 2, value: number) => string,
 *   onSelect: (time: number) => void,
 *   onSpan: (from: number, to: number) => void,
 * }} Hooks
 */

/** One chart in one box. */
export class Course {
  /** @param {HTMLElement} box @param {Hooks} hooks */
  constructor(box, hooks) {
    this.box = box;
    this.hooks = hooks;
    /** @type {Data | null} */
    this.data = null;
    /** @type {number | null} */
    this.selected = null;
    this.cursor = -1;
    this.canvas = document.createElement("div");
    this.canvas.className = "course-canvas";
    this.veil = document.createElement("div");
    this.veil.className = "course-veil";
    this.veil.hidden = true;
    box.replaceChildren(this.canvas, this.veil);
    this.chart = echarts.init(this.canvas, null, { renderer: "canvas" });
    new ResizeObserver(() => this.chart.resize()).observe(box);
    this.#listen();
  }

  /**
   * Draw.
   * @param {Data} data
   * @param {number | null} selected the moment shown beside the chart
   */
  show(data, selected) {
    this.data = data;
    this.selected = selected;
    this.cursor = -1;
    this.redraw();
  }

  /** Draw again, in the colours now in force. */
  redraw() {
    if (!this.data) return;
    const heights = panelHeights(this.data.series.length);
    this.canvas.style.height = `${heights.total}px`;
    this.chart.resize();
    this.chart.setOption(this.#option(heights), { notMerge: true });
  }

  /** Mark another moment without drawing everything again. @param {number | null} time */
  select(time) {
    this.selected = time;
    this.redraw();
  }

  /**
   * Return the picture with a title and a foot.
   * @param {string} title @param {string[]} notes
   * @returns {string} a data address of a PNG
   */
  png(title, notes) {
    if (!this.data) return "";
    const heights = panelHeights(this.data.series.length);
    const away = document.createElement("div");
    const [width, top, foot] = [1200, 44, 16 + 16 * notes.length];
    const twin = echarts.init(away, null, {
      renderer: "canvas",
      width,
      height: heights.total + top + foot,
      devicePixelRatio: 2,
    });
    const theme = tokens();
    const option = this.#option(heights, top);
    option.animation = false;
    option.backgroundColor = theme.panel;
    const text = (/** @type {string} */ words, /** @type {number} */ y, /** @type {string} */ font, /** @type {string} */ fill) => ({
      type: "text",
      left: 14,
      top: y,
      silent: true,
      style: { text: words, font: `${font} ${theme.font}`, fill },
    });
    option.graphic = [
      text(title, 14, "600 17px", theme.ink),
      ...notes.map((note, i) => text(note, top + heights.total + 4 + 16 * i, "12px", theme.soft)),
    ];
    twin.setOption(option);
    const address = twin.getDataURL({ type: "png", pixelRatio: 2, backgroundColor: theme.panel });
    twin.dispose();
    return address;
  }

  /** @param {{each: number, total: number}} heights @param {number} [down] */
  #option(heights, down = 0) {
    const data = /** @type {Data} */ (this.data);
    const theme = tokens();
    const last = data.series.length - 1;
    return {
      useUTC: true,
      animation: false,
      textStyle: { fontFamily: theme.font },
      aria: { enabled: false },
      title: data.series.map((one, i) => heading(one, down ? 14 : 0, down + i * heights.each, theme)),
      grid: data.series.map((_, i) => ({
        left: LEFT,
        right: RIGHT,
        top: down + i * heights.each + HEAD,
        height: heights.each - HEAD - 8,
        outerBoundsMode: "none", // every panel keeps the same width
      })),
      xAxis: data.series.map((_, i) => timeAxis(data, i, i === last, theme)),
      yAxis: data.series.map((one, i) => valueAxis(one, i, heights.each, theme)),
      axisPointer: {
        link: [{ xAxisIndex: "all" }],
        triggerOn: "mousemove",
        lineStyle: { color: theme.accent, width: 1, type: [2, 2] },
        label: { show: false },
      },
      tooltip: {
        trigger: "axis",
        confine: true,
        transitionDuration: 0,
        backgroundColor: theme.panel,
        borderColor: theme.line,
        borderWidth: 1,
        padding: [8, 10],
        extraCssText: "box-shadow:none;border-radius:4px",
        textStyle: { color: theme.ink, fontSize: 12 },
        formatter: (/** @type {{axisValue: number}[]} */ at) => this.#tell(at[0].axisValue - AHEAD),
      },
      series: data.series.flatMap((one, i) => this.#layers(one, i, theme)),
    };
  }

  /** @param {Series} one @param {number} i @param {ReturnType<typeof tokens>} theme */
  #layers(one, i, theme) {
    const data = /** @type {Data} */ (this.data);
    const at = (/** @type {number} */ time) => time + AHEAD;
    const top = ceiling(one);
    const axis = { xAxisIndex: i, yAxisIndex: i };
    const points = data.time.map((time, k) => [at(time), one.value[k]]);
    const dots = (/** @type {Mark[]} */ marks, /** @type {object} */ look) => ({
      ...axis,
      type: "scatter",
      silent: true,
      tooltip: { show: false },
      data: marks.map((mark) => [at(mark.time), Math.min(Math.max(mark.value ?? 0, 0), top)]),
      ...look,
    });
    const layers = [
      bandLayer(one, axis, top, this.hooks.colour),
      limitLayer(one, axis, top, theme, this.hooks.limitWord),
      {
        ...axis,
        type: "line",
        name: one.name,
        data: points,
        showSymbol: false,
        connectNulls: false,
        emphasis: { disabled: true },
        symbol: "circle",
        symbolSize: 7,
        lineStyle: { color: theme.ink, width: 1.4, join: "round" },
        itemStyle: { color: theme.accent, borderColor: theme.panel, borderWidth: 1.5 },
        z: 4,
      },
      dots(alone(data.time, one.value), {
        symbolSize: 3.5,
        itemStyle: { color: theme.ink },
        z: 4,
      }),
      dots(one.invalid, { symbol: CROSS, symbolSize: 7, itemStyle: { color: theme.soft }, z: 5 }),
      dots(one.suspect, {
        symbolSize: 7,
        itemStyle: { color: theme.panel, borderColor: theme.ink, borderWidth: 1.2 },
        z: 5,
      }),
      dots(one.judged ?? [], {
        symbol: "triangle",
        symbolSize: 8,
        symbolOffset: [0, -10],
        itemStyle: { color: theme.panel, borderColor: theme.accent, borderWidth: 1.4 },
        z: 5,
      }),
      correctedLayer(one, axis, top, theme),
    ];
    if (one.low && one.high) layers.push(...envelope(data.time, one, axis, theme, i));
    if (this.selected !== null) layers.push(selection(this.selected, data, one, axis, theme));
    return layers;
  }

  /** @param {number} time */
  #tell(time) {
    const data = /** @type {Data} */ (this.data);
    const index = Math.round((time - data.time[0]) / data.step);
    this.cursor = Math.min(Math.max(index, 0), data.time.length - 1);
    return this.hooks.describe(this.cursor);
  }

  /** Return the instant under a pixel, held inside the chart. @param {number} x */
  #timeAt(x) {
    const data = /** @type {Data} */ (this.data);
    const time = this.chart.convertFromPixel({ xAxisIndex: 0 }, x) - AHEAD;
    return Math.min(Math.max(time, data.from), data.to);
  }

  #listen() {
    /** @type {number | null} */
    let from = null;
    const place = (/** @type {PointerEvent} */ event) =>
      event.clientX - this.canvas.getBoundingClientRect().left;
    this.canvas.addEventListener("pointerdown", (event) => {
      if (this.data && event.button === 0) from = place(event);
    });
    window.addEventListener("pointermove", (event) => {
      if (from === null || event.pointerType === "touch") return;
      const x = place(event);
      this.veil.hidden = Math.abs(x - from) < DRAG;
      const right = this.canvas.clientWidth - RIGHT;
      const [a, b] = [from, x].sort((one, two) => one - two);
      const start = Math.max(a, LEFT);
      this.veil.style.left = `${start}px`;
      this.veil.style.width = `${Math.max(0, Math.min(b, right) - start)}px`;
    });
    window.addEventListener("pointerup", (event) => {
      if (from === null) return;
      const [start, end] = [from, place(event)].sort((one, two) => one - two);
      from = null;
      this.veil.hidden = true;
      if (event.pointerType !== "touch" && end - start >= DRAG) this.#brushed(start, end);
      else if (event.target instanceof Node && this.canvas.contains(event.target)) this.#pick(start);
    });
    window.addEventListener("pointercancel", () => {
      from = null;
      this.veil.hidden = true;
    });
    this.canvas.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    this.box.addEventListener("keydown", (event) => this.#key(event));
    this.box.addEventListener("blur", () => this.chart.dispatchAction({ type: "hideTip" }));
  }

  /** @param {number} start @param {number} end pixels */
  #brushed(start, end) {
    const data = /** @type {Data} */ (this.data);
    const unit = data.step / data.gathers;
    const whole = (/** @type {number} */ time, /** @type {(n: number) => number} */ to) =>
      data.from + to((time - data.from) / unit) * unit;
    const from = whole(this.#timeAt(start), Math.floor);
    this.hooks.onSpan(from, Math.max(whole(this.#timeAt(end), Math.ceil), from + unit));
  }

  /** @param {number} x */
  #pick(x) {
    const data = /** @type {Data} */ (this.data);
    const index = Math.round((this.#timeAt(x) - data.time[0]) / data.step);
    this.hooks.onSelect(data.time[Math.min(Math.max(index, 0), data.time.length - 1)]);
  }

  /** Zoom around the pointer; only with Ctrl or ⌘, so that a page still scrolls. @param {WheelEvent} event */
  #wheel(event) {
    if (!this.data || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    const centre = this.#timeAt(event.clientX - this.canvas.getBoundingClientRect().left);
    this.zoom(event.deltaY > 0 ? 1.5 : 1 / 1.5, centre);
  }

  /** Show a longer or shorter span. @param {number} factor @param {number} [centre] */
  zoom(factor, centre) {
    const data = this.data;
    if (!data) return;
    const unit = data.step / data.gathers;
    const middle = centre ?? (data.from + data.to) / 2;
    const whole = (/** @type {number} */ span, /** @type {(n: number) => number} */ to) => to(span / unit) * unit;
    const from = data.from + whole((middle - data.from) * (1 - factor), Math.round);
    const to = data.to - whole((data.to - middle) * (1 - factor), Math.round);
    this.hooks.onSpan(from, Math.max(to, from + unit));
  }

  /** Show what comes before or after. @param {number} share of the span */
  pan(share) {
    const data = this.data;
    if (!data) return;
    const unit = data.step / data.gathers;
    const move = Math.round(((data.to - data.from) * share) / unit) * unit || Math.sign(share) * unit;
    this.hooks.onSpan(data.from + move, data.to + move);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const data = this.data;
    if (!data || event.target !== this.box) return;
    const last = data.time.length - 1;
    const start = this.cursor < 0 ? last : this.cursor;
    /** @type {Record<string, () => void>} */
    const keys = {
      ArrowLeft: () => (event.shiftKey ? this.pan(-0.5) : this.#point(start - 1)),
      ArrowRight: () => (event.shiftKey ? this.pan(0.5) : this.#point(start + 1)),
      PageUp: () => this.#point(start - 24),
      PageDown: () => this.#point(start + 24),
      Home: () => this.#point(0),
      End: () => this.#point(last),
      Enter: () => this.cursor >= 0 && this.hooks.onSelect(data.time[this.cursor]),
      "+": () => this.zoom(0.5, this.cursor < 0 ? undefined : data.time[this.cursor]),
      "=": () => this.zoom(0.5, this.cursor < 0 ? undefined : data.time[this.cursor]),
      "-": () => this.zoom(2, this.cursor < 0 ? undefined : data.time[this.cursor]),
      Escape: () => this.chart.dispatchAction({ type: "hideTip" }),
    };
    const act = keys[event.key];
    if (!act || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    act();
  }

  /** Put the crosshair on a step. @param {number} index */
  #point(index) {
    const data = /** @type {Data} */ (this.data);
    this.cursor = Math.min(Math.max(index, 0), data.time.length - 1);
    const x = this.chart.convertToPixel({ xAxisIndex: 0 }, data.time[this.cursor] + AHEAD);
    this.chart.dispatchAction({ type: "showTip", x, y: HEAD + 20 });
  }
}

/** @param {number} count */
function panelHeights(count) {
  const each = [330, 210, 172, 150][Math.min(count, 4) - 1] ?? 150;
  return { each, total: each * count + FOOT };
}

/** @param {Series} one @param {number} left @param {number} top @param {ReturnType<typeof tokens>} theme */
function heading(one, left, top, theme) {
  const unit = one.unit ? `{unit|  ${one.unit}}` : "";
  return {
    text: `{name|${one.symbol}}${unit}`,
    left,
    top,
    padding: [4, 0],
    textStyle: {
      rich: {
        name: { fontSize: 13, fontWeight: 600, color: theme.ink, fontFamily: theme.font },
        unit: { fontSize: 12, color: theme.faint, fontFamily: theme.font },
      },
    },
  };
}

/** @param {Data} data @param {number} i @param {boolean} labelled @param {ReturnType<typeof tokens>} theme */
function timeAxis(data, i, labelled, theme) {
  return {
    type: "time",
    gridIndex: i,
    min: data.from + AHEAD,
    max: data.to + AHEAD,
    axisLine: { lineStyle: { color: theme.line } },
    axisTick: { show: labelled, lineStyle: { color: theme.line } },
    splitLine: { show: false },
    axisPointer: { show: true, snap: true },
    axisLabel: {
      show: labelled,
      color: theme.faint,
      fontSize: 11,
      hideOverlap: true,
      formatter: (/** @type {number} */ value) => tick(value - AHEAD, data.to - data.from),
    },
  };
}

/** Say a tick in as few characters as are clear. @param {number} time @param {number} span */
function tick(time, span) {
  const { year, month, day, hour } = clock(time);
  if (hour !== 0) return say(`${hour} 时`, `${hour} h`);
  if (span > 500 * DAY && month === 1 && day === 1) return `${year}`;
  if (month === 1 && day === 1) return sayDate(time);
  return sayDay(time);
}

/** @param {Series} one @param {number} i @param {number} height @param {ReturnType<typeof tokens>} theme */
function valueAxis(one, i, height, theme) {
  const top = ceiling(one);
  const edges = (one.bands.at(-1)?.levels ?? []).map((band) => band.lo).filter((lo) => lo < top);
  const gap = edges.length > 1 ? /** @type {number} */ (edges.at(-1)) - edges[edges.length - 2] : 0;
  while (gap > 0 && edges[edges.length - 1] + gap <= top) edges.push(edges[edges.length - 1] + gap);
  const room = (height - HEAD) / 15;
  if (edges.length && edges[edges.length - 1] > 0.94 * top) edges.pop();
  const useEdges = edges.length >= 3 && edges.length <= room && spaced(edges, top, height - HEAD);
  return {
    type: "value",
    gridIndex: i,
    min: 0,
    max: top,
    splitNumber: Math.max(2, Math.min(5, Math.floor(room / 2))),
    axisLine: { show: false },
    axisTick: { show: false },
    splitLine: { show: !useEdges, lineStyle: { color: theme.hair } },
    axisLabel: {
      color: theme.faint,
      fontSize: 11,
      ...(useEdges ? { customValues: edges } : { showMaxLabel: false }),
    },
  };
}

/** Return whether labels at these values would not touch. @param {number[]} edges @param {number} top @param {number} height */
function spaced(edges, top, height) {
  return edges.every((edge, k) => k === 0 || ((edge - edges[k - 1]) / top) * height >= 13);
}

/** Return a round number above everything drawn. @param {Series} one */
function ceiling(one) {
  let most = 0;
  for (const value of one.high ?? one.value) if (value !== null && value > most) most = value;
  for (const mark of one.corrected) most = Math.max(most, mark.value ?? 0, mark.former ?? 0);
  const least = one.bands.at(-1)?.levels[1]?.lo ?? 1;
  const wanted = Math.max(most * 1.08, least * 1.04);
  const unit = 10 ** Math.floor(Math.log10(wanted)) / 2;
  return Math.ceil(wanted / unit) * unit;
}

/** Return values that stand between two gaps, which no line could show. @param {number[]} time @param {(number | null)[]} value */
function alone(time, value) {
  /** @type {Mark[]} */
  const found = [];
  value.forEach((here, k) => {
    if (here !== null && value[k - 1] == null && value[k + 1] == null)
      found.push({ time: time[k], value: here });
  });
  return found;
}

/** @param {Series} one @param {object} axis @param {number} top @param {(level: number) => string} colour */
function bandLayer(one, axis, top, colour) {
  const rows = one.bands.flatMap((piece) =>
    piece.levels
      .filter((band) => band.lo < top)
      .map((band) => [piece.from + AHEAD, piece.to + AHEAD, band.lo, Math.min(band.hi ?? top, top), band.number]),
  );
  return {
    ...axis,
    type: "custom",
    silent: true,
    clip: true,
    tooltip: { show: false },
    data: rows,
    encode: { x: [], y: [] },
    z: 0,
    renderItem: (/** @type {any} */ params, /** @type {any} */ api) => {
      const [x0, y0] = api.coord([api.value(0), api.value(3)]);
      const [x1, y1] = api.coord([api.value(1), api.value(2)]);
      const shape = echarts.graphic.clipRectByRect(
        { x: x0, y: y0, width: x1 - x0, height: y1 - y0 },
        params.coordSys,
      );
      return shape && { type: "rect", shape, style: { fill: colour(api.value(4)), opacity: 0.13 } };
    },
  };
}

/**
 * @param {Series} one @param {object} axis @param {number} top
 * @param {ReturnType<typeof tokens>} theme @param {Hooks["limitWord"]} word
 */
function limitLayer(one, axis, top, theme, word) {
  const rows = one.limits.flatMap((limit) => [
    [limit.from + AHEAD, limit.to + AHEAD, limit.class_2, 2],
    ...(limit.class_1 === limit.class_2 ? [] : [[limit.from + AHEAD, limit.to + AHEAD, limit.class_1, 1]]),
  ]);
  return {
    ...axis,
    type: "custom",
    silent: true,
    clip: true,
    tooltip: { show: false },
    data: rows.filter((row) => row[2] <= top),
    encode: { x: [], y: [] },
    z: 2,
    renderItem: (/** @type {any} */ params, /** @type {any} */ api) => {
      const { x, width } = params.coordSys;
      const [a, y] = api.coord([api.value(0), api.value(2)]);
      const b = api.coord([api.value(1), api.value(2)])[0];
      const [x1, x2] = [Math.max(a, x), Math.min(b, x + width)];
      if (x2 - x1 < 2) return null;
      const line = {
        type: "line",
        shape: { x1, y1: y, x2, y2: y },
        style: { stroke: theme.soft, lineWidth: 1, lineDash: api.value(3) === 2 ? [6, 3] : [2, 3] },
      };
      const label = {
        type: "text",
        style: {
          text: word(api.value(3), api.value(2)),
          x: api.value(3) === 2 ? x2 - 4 : x1 + 4, // at either end, so that near limits do not collide
          y: y - params.coordSys.y < 16 ? y + 3 : y - 2,
          align: api.value(3) === 2 ? "right" : "left",
          verticalAlign: y - params.coordSys.y < 16 ? "top" : "bottom",
          fill: theme.soft,
          font: `11px ${theme.font}`,
        },
      };
      return { type: "group", children: x2 - x1 > 90 ? [line, label] : [line] };
    },
  };
}

/** Draw each corrected value, joined to the former by a thin line. @param {Series} one @param {object} axis @param {number} top @param {ReturnType<typeof tokens>} theme */
function correctedLayer(one, axis, top, theme) {
  const otherwise = new Set([...one.invalid, ...one.suspect].map((mark) => mark.time)); // these have a sign of their own
  return {
    ...axis,
    type: "custom",
    silent: true,
    clip: true,
    tooltip: { show: false },
    data: [...new Map(one.corrected.map((mark) => [mark.time, mark])).values()].map((mark) => [
      mark.time + AHEAD, mark.value ?? NaN, mark.former ?? NaN, otherwise.has(mark.time) ? 1 : 0,
    ]),
    encode: { x: [], y: [] },
    z: 6,
    renderItem: (/** @type {any} */ _params, /** @type {any} */ api) => {
      const at = (/** @type {number} */ value) => api.coord([api.value(0), Math.min(value, top)]);
      const [now, former] = [api.value(1), api.value(2)];
      /** @type {object[]} */
      const children = [];
      if (!Number.isNaN(now) && !Number.isNaN(former)) {
        const [[x1, y1], [x2, y2]] = [at(former), at(now)];
        children.push({
          type: "line",
          shape: { x1, y1, x2, y2 },
          style: { stroke: theme.accent, lineWidth: 1, lineDash: [2, 2] },
        });
      }
      if (!Number.isNaN(former)) children.push(ring(at(former), 2.5, theme.panel, theme.accent));
      if (!Number.isNaN(now) && !api.value(3)) children.push(ring(at(now), 3.5, theme.accent, theme.panel));
      return { type: "group", children };
    },
  };
}

/** @param {number[]} centre @param {number} r @param {string} fill @param {string} stroke */
const ring = ([cx, cy], r, fill, stroke) => ({
  type: "circle",
  shape: { cx, cy, r },
  style: { fill, stroke, lineWidth: 1.2 },
});

/** Draw least to greatest of what a step gathers. @param {number[]} time @param {Series} one @param {object} axis @param {ReturnType<typeof tokens>} theme @param {number} i */
function envelope(time, one, axis, theme, i) {
  const low = /** @type {(number | null)[]} */ (one.low);
  const high = /** @type {(number | null)[]} */ (one.high);
  const side = (/** @type {(number | null)[]} */ values, /** @type {object} */ look) => ({
    ...axis,
    type: "line",
    stack: `range-${i}`,
    silent: true,
    symbol: "none",
    showSymbol: false,
    emphasis: { disabled: true },
    tooltip: { show: false },
    lineStyle: { width: 0 },
    data: values.map((value, k) => [time[k] + AHEAD, value]),
    z: 3,
    ...look,
  });
  return [
    side(low, {}),
    side(
      high.map((value, k) => (value === null ? null : value - (low[k] ?? 0))),
      { areaStyle: { color: theme.ink, opacity: 0.14 } },
    ),
  ];
}

/** @param {number} time @param {Data} data @param {Series} one @param {object} axis @param {ReturnType<typeof tokens>} theme */
function selection(time, data, one, axis, theme) {
  const k = Math.floor((time - data.time[0]) / data.step);
  const value = one.value[k];
  return {
    ...axis,
    type: "scatter",
    silent: true,
    tooltip: { show: false },
    data: value == null ? [] : [[data.time[k] + AHEAD, value]],
    symbolSize: 9,
    itemStyle: { color: theme.accent, borderColor: theme.panel, borderWidth: 1.5 },
    z: 7,
    markLine: {
      silent: true,
      symbol: "none",
      label: { show: false },
      lineStyle: { color: theme.accent, type: [2, 2], width: 1 },
      data: k >= 0 && k < data.time.length ? [{ xAxis: data.time[k] + AHEAD }] : [],
    },
  };
}
