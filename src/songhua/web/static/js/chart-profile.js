/** Courses by hour of day and by weekday, and the pollution rose. */
import * as echarts from "../vendor/echarts/echarts.esm.min.mjs";
import { tokens } from "./chart-theme.js";

/**
 * @typedef {{slot: number, mean: number | null, q25: number | null, q50: number | null, q75: number | null, n: number | null}} Slot
 * @typedef {{n: number, mean: number | null, classes: number[]}} Petal
 */

/** Return the chart that lives in a box, made on first use. @param {HTMLElement} box */
export function chartIn(box) {
  const before = echarts.getInstanceByDom(box);
  if (before) return before;
  const chart = echarts.init(box, null, { renderer: "canvas" });
  new ResizeObserver(() => chart.resize()).observe(box);
  return chart;
}

/**
 * Draw mean, median and quartiles by slot.
 * @param {HTMLElement} box @param {Slot[]} slots
 * @param {{names: string[], describe: (slot: Slot) => Node}} words
 */
export function drawProfile(box, slots, words) {
  const theme = tokens();
  const line = (/** @type {object} */ look) => ({
    type: "line",
    symbol: "none",
    showSymbol: false,
    emphasis: { disabled: true },
    ...look,
  });
  const rise = slots.map((slot) =>
    slot.q75 === null || slot.q25 === null ? null : slot.q75 - slot.q25,
  );
  chartIn(box).setOption(
    {
      animation: false,
      textStyle: { fontFamily: theme.font },
      grid: { left: 40, right: 10, top: 10, bottom: 24 },
      xAxis: {
        type: "category",
        data: words.names,
        axisLine: { lineStyle: { color: theme.line } },
        axisTick: { show: false },
        axisLabel: { color: theme.faint, fontSize: 11, hideOverlap: true },
        axisPointer: { type: "line", lineStyle: { color: theme.accent, type: [2, 2] } },
      },
      yAxis: {
        type: "value",
        min: 0,
        splitNumber: 4,
        splitLine: { lineStyle: { color: theme.hair } },
        axisLabel: { color: theme.faint, fontSize: 11 },
      },
      tooltip: {
        ...bubble(theme),
        trigger: "axis",
        formatter: (/** @type {{dataIndex: number}[]} */ at) => words.describe(slots[at[0].dataIndex]),
      },
      series: [
        line({ data: slots.map((slot) => slot.q25), stack: "quartiles", lineStyle: { width: 0 } }),
        line({
          data: rise,
          stack: "quartiles",
          lineStyle: { width: 0 },
          areaStyle: { color: theme.accent, opacity: 0.16 },
        }),
        line({
          data: slots.map((slot) => slot.q50),
          lineStyle: { color: theme.soft, width: 1, type: [3, 3] },
        }),
        line({ data: slots.map((slot) => slot.mean), lineStyle: { color: theme.ink, width: 1.6 } }),
      ],
    },
    { notMerge: true },
  );
}

/**
 * Draw how often the wind came from each side, by class of value.
 * @param {HTMLElement} box @param {Petal[]} sectors
 * @param {{names: string[], classes: string[], colours: string[], describe: (k: number) => Node}} words
 */
export function drawRose(box, sectors, words) {
  const theme = tokens();
  chartIn(box).setOption(
    {
      animation: false,
      textStyle: { fontFamily: theme.font },
      polar: { radius: "72%" },
      angleAxis: {
        type: "category",
        data: words.names,
        startAngle: 90 + 360 / sectors.length / 2,
        axisLine: { lineStyle: { color: theme.line } },
        axisTick: { show: false },
        axisLabel: { color: theme.soft, fontSize: 11, interval: 1 },
      },
      radiusAxis: {
        splitLine: { lineStyle: { color: theme.hair } },
        axisLine: { show: false },
        axisTick: { show: false },
        axisLabel: { color: theme.faint, fontSize: 10 },
      },
      tooltip: {
        ...bubble(theme),
        trigger: "item",
        formatter: (/** @type {{dataIndex: number}} */ at) => words.describe(at.dataIndex),
      },
      series: words.classes.map((name, k) => ({
        type: "bar",
        coordinateSystem: "polar",
        stack: "hours",
        name,
        barCategoryGap: "12%",
        itemStyle: { color: words.colours[k], borderColor: theme.panel, borderWidth: 0.5 },
        data: sectors.map((petal) => petal.classes[k]),
      })),
    },
    { notMerge: true },
  );
}

/** @param {ReturnType<typeof tokens>} theme */
function bubble(theme) {
  return {
    confine: true,
    transitionDuration: 0,
    backgroundColor: theme.panel,
    borderColor: theme.line,
    borderWidth: 1,
    padding: [8, 10],
    extraCssText: "box-shadow:none;border-radius:4px",
    textStyle: { color: theme.ink, fontSize: 12 },
  };
}
