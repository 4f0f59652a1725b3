// The charts of a case: what became of its executions, and how long they and their signals took.

import uPlot from "./uPlot.esm.js";

const charts = document.getElementById("charts");
const HEIGHT = 220;
const ENDS = [
  ["pass", "Passed", "--pass"],
  ["fail", "Failed", "--fail"],
  ["error", "Errors", "--error"],
  ["timeout", "Timeouts", "--timeout"],
  ["skip", "Skipped", "--none"],
];
const LINES = ["--line-1", "--line-2", "--line-3", "--line-4", "--line-5", "--line-6"];
// More lines than these can no longer be told apart.
const MOST_SIGNALS = 5;

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function seconds(value) {
  if (value == null) return "–";
  if (value < 0.9995) return `${Math.round(value * 1000)} ms`;
  return value < 60 ? `${value.toFixed(2)} s` : `${(value / 60).toFixed(1)} min`;
}

function axes(format) {
  const common = { stroke: colour("--ink"), grid: { stroke: colour("--rule"), width: 1 }, ticks: { stroke: colour("--rule") } };
  return [common, { ...common, size: 64, values: (_, values) => values.map(format) }];
}

// Each bar stands on the one before it: drawn from the highest to the lowest, the lower cover the higher.
function results({ buckets }) {
  const sums = [];
  ENDS.forEach(([name], i) => {
    sums.push(buckets.map((bucket, at) => bucket[name] + (i ? sums[i - 1][at] : 0)));
  });
  const bars = uPlot.paths.bars({ size: [0.9, 40] });
  const series = ENDS.map(([name, label, variable]) => ({
    label,
    fill: colour(variable),
    stroke: colour(variable),
    width: 0,
    paths: bars,
    points: { show: false },
    value: (_, __, ___, at) => (at == null ? "–" : buckets[at][name]),
  }));
  return {
    title: "Executions",
    // Of what there is none, no edge is drawn.
    data: [starts(buckets), ...sums.map((sum, i) => sum.map((height, at) => (buckets[at][ENDS[i][0]] ? height : null))).reverse()],
    series: series.reverse(),
    format: (value) => (Number.isInteger(value) ? value : ""),
  };
}

function latencies({ buckets, signals }) {
  const line = (label, variable, dash) => ({
    label,
    stroke: colour(variable),
    width: 2,
    dash,
    spanGaps: true,
    points: { size: 5 },
    value: (_, value) => seconds(value),
  });
  const series = [line("Runtime p50", LINES[0]), line("Runtime p99", LINES[0], [6, 4])];
  const data = [buckets.map((bucket) => bucket.p50), buckets.map((bucket) => bucket.p99)];
  Object.entries(signals).slice(0, MOST_SIGNALS).forEach(([name, points], i) => {
    const by = (member) => {
      const values = new Map(points.map((point) => [point.start, point[member]]));
      return buckets.map((bucket) => values.get(bucket.start) ?? null);
    };
    series.push(line(`${name} p50`, LINES[i + 1]), line(`${name} p99`, LINES[i + 1], [6, 4]));
    data.push(by("p50"), by("p99"));
  });
  return { title: "Runtime, and latency of each signal", data: [starts(buckets), ...data], series, format: seconds };
}

const window_ = () => [Date.parse(history.from) / 1000, Date.parse(history.until) / 1000];

const starts = (buckets) => buckets.map((bucket) => Date.parse(bucket.start) / 1000);

const drawn = new Map();

function draw(element, { title, data, series, format }) {
  const before = drawn.get(element);
  if (before && before.series.length === series.length + 1 && !before.stale) {
    // A chart that somebody has zoomed into stays where it is.
    before.setData(data, !before.isZoomed);
    return;
  }
  before?.destroy();
  const chart = new uPlot(
    {
      title,
      width: element.clientWidth,
      height: HEIGHT,
      cursor: { drag: { x: true, y: false }, sync: { key: "livecheck" } },
      scales: {
        // All of the time that was asked for, and not only that in which something happened.
        x: { range: (chart, least, most) => (chart.isZoomed ? [least, most] : window_()) },
        y: { range: (_, __, most) => [0, most > 0 ? most * 1.05 : 1] },
      },
      axes: axes(format),
      series: [{ label: "Time" }, ...series],
      hooks: {
        setSelect: [(chart) => { chart.isZoomed ||= chart.select.width > 0; }],
      },
    },
    data,
    element,
  );
  chart.over.addEventListener("dblclick", () => { chart.isZoomed = false; });
  drawn.set(element, chart);
}

let history;

function drawAll() {
  if (!history) return;
  for (const element of charts.querySelectorAll("[data-chart]")) {
    draw(element, element.dataset.chart === "results" ? results(history) : latencies(history));
  }
}

async function fetchAndDraw() {
  try {
    const answer = await fetch(charts.dataset.source);
    if (!answer.ok) throw new Error((await answer.json()).error);
    history = await answer.json();
    drawAll();
    charts.dataset.drawn = "true";
    delete charts.dataset.problem;
  } catch (error) {
    charts.dataset.problem = `The charts cannot be drawn now: ${error.message}`;
  }
}

function redraw() {
  for (const chart of drawn.values()) chart.stale = true;
  drawAll();
}

if (charts) {
  fetchAndDraw();
  document.addEventListener("livecheck:changed", fetchAndDraw);
  document.addEventListener("livecheck:theme", redraw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  new ResizeObserver(() => {
    for (const [element, chart] of drawn) {
      if (chart.width !== element.clientWidth) chart.setSize({ width: element.clientWidth, height: HEIGHT });
    }
  }).observe(charts);
}
