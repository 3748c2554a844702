/** A region's composite index and share of good days over all periods on the shelf. */
import * as echarts from "./../vendor/echarts/echarts.esm.min.mjs";
import { figure, nameOf, say, sent, token } from "./songhua.js";

/** @typedef {{name: string, zh: string, en: string, composite: number | null, good: number | null, rank: number | null, complete: boolean}} Point */

/** @type {ResizeObserver | null} */
let watching = null;

/** Draw the course into its box. @param {HTMLElement} box */
export function drawCourse(box) {
  /** @type {Point[]} */
  const points = sent("course-data") ?? [];
  watching?.disconnect();
  const chart = echarts.getInstanceByDom(box) ?? echarts.init(box, null, { renderer: "svg" });
  const text = { color: token("faint"), fontSize: 12 };
  const line = { lineStyle: { color: token("hair") } };
  chart.setOption({
    animation: false,
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
    aria: { enabled: true },
    grid: { left: 44, right: 44, top: 28, bottom: 24 },
    legend: { top: 0, right: 0, itemWidth: 14, textStyle: text, selectedMode: false },
    tooltip: { trigger: "axis", transitionDuration: 0, confine: true, backgroundColor: token("panel"), borderColor: token("line"), textStyle: { color: token("ink"), fontSize: 12 }, axisPointer: { lineStyle: { color: token("edge"), type: "dashed" } }, formatter: (/** @type {any[]} */ shown) => told(points[shown[0].dataIndex]) },
    xAxis: { type: "category", data: points.map(nameOf), boundaryGap: true, axisLabel: { ...text, hideOverlap: true }, axisLine: { lineStyle: { color: token("line") } }, axisTick: { show: false } },
    yAxis: [
      { type: "value", name: "", min: 0, axisLabel: text, splitLine: line },
      { type: "value", min: 0, max: 100, axisLabel: { ...text, formatter: "{value} %" }, splitLine: { show: false } },
    ],
    series: [
      { name: say("综合指数", "Composite index"), type: "line", symbolSize: 7, connectNulls: false, lineStyle: { color: token("ink"), width: 1.4 }, itemStyle: { color: token("ink") },
        data: points.map((point) => ({ value: point.composite, symbol: point.complete ? "circle" : "emptyCircle" })) },
      { name: say("优良天数比例", "Share of good days"), type: "line", yAxisIndex: 1, symbolSize: 5, connectNulls: false, lineStyle: { color: token("accent"), width: 1.2, type: "dashed" }, itemStyle: { color: token("accent") },
        data: points.map((point) => ({ value: point.good, symbol: point.complete ? "circle" : "emptyCircle" })) },
    ],
  }, true);
  chart.off("click");
  chart.on("click", (/** @type {{dataIndex: number}} */ event) => {
    const query = new URLSearchParams(location.search);
    query.set("at", points[event.dataIndex].name);
    location.search = query.toString();
  });
  watching = new ResizeObserver(() => chart.resize());
  watching.observe(box);
}

/** @param {Point} point */
function told(point) {
  const rows = [
    nameOf(point) + (point.complete ? "" : say("（不完整）", " (incomplete)")),
    `${say("综合指数", "Composite index")} ${figure(point.composite, 2)}`,
    `${say("名次", "Rank")} ${figure(point.rank)}`,
    `${say("优良", "Good")} ${figure(point.good, 1)} %`,
  ];
  return rows.join("<br>");
}
