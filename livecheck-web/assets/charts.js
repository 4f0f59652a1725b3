// The charts of a case: what became of its executions, and how long they and their signals took.

import uPlot from "./uPlot.esm.js";

const charts = document.getElementById("charts");
const HEIGHT = 220;
// From the bottom up: failures stand on the axis, where their heights can be compared.
const ENDS = [
  ["fail", "Failed", "--fail"],
  ["error", "Errors", "--error"],
  ["timeout", "Timeouts", "--timeout"],
  ["skip", "Skipped", "--none"],
  ["pass", "Passed", "--pass"],
];
// The least height of a bar, of the highest: one failure among thousands of passes is seen.
const LEAST = 0.015;
const LINES = ["--line-1", "--line-2", "--line-3", "--line-4", "--line-5", "--line-6"];
// More lines than these can no longer be told apart.
const MOST_SIGNALS = 5;

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function seconds(value) {
  if (value == null) return "–";
  if (value < 0.9995) return `${Math.round(value * 1000)} ms`;
  return value < 60 ? `${value.toFixed(2)} s` : `${(value / 60).toFixed(1)} min`;
}

// Numbers that are the same everywhere: 2026-11-21 18:05.
const DAY = "{YYYY}-{MM}-{DD}";
const TIME = "{HH}:{mm}";
// For ticks so far apart at least, in seconds: how each is written, and what is written below where the day is another.
const TICKS = [
  [86_400 * 28, "{YYYY}-{MM}", null, null, null, null, null, null, 1],
  [86_400, "{MM}-{DD}", "\n{YYYY}", null, null, null, null, null, 1],
  [60, TIME, `\n${DAY}`, null, `\n${DAY}`, null, null, null, 1],
  [1, "{HH}:{mm}:{ss}", `\n${DAY}`, null, `\n${DAY}`, null, null, null, 1],
];
// Whole numbers, 1, 2, 5, 10, …, for what is counted.
const WHOLE = Array.from({ length: 36 }, (_, i) => [1, 2, 5][i % 3] * 10 ** Math.floor(i / 3));

function axes({ format, steps }) {
  const common = { stroke: colour("--ink"), grid: { stroke: colour("--rule"), width: 1 }, ticks: { stroke: colour("--rule") } };
  return [
    { ...common, values: TICKS },
    { ...common, size: 64, values: (_, values) => values.map(format), ...(steps && { incrs: steps }) },
  ];
}

// Each bar stands on the one before it: drawn from the highest to the lowest, the lower cover the higher.
function results({ buckets }) {
  const most = Math.max(1, ...buckets.map((bucket) => ENDS.reduce((sum, [name]) => sum + bucket[name], 0)));
  const height = (count) => (count ? Math.max(count, most * LEAST) : 0);
  const sums = [];
  ENDS.forEach(([name], i) => {
    sums.push(buckets.map((bucket, at) => height(bucket[name]) + (i ? sums[i - 1][at] : 0)));
  });
  // A bar begins where its time does.
  const bars = uPlot.paths.bars({ size: [0.9, 40], align: 1 });
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
    format: (value) => value,
    steps: WHOLE,
  };
}

// One quantile at a time: twice as many lines could not be told apart.
function latencies({ buckets, signals }) {
  const quantile = charts.querySelector("[name=quantile]:checked").value;
  const line = (label, variable, width) => ({
    label,
    stroke: colour(variable),
    width,
    points: { size: 5 },
    value: (_, value) => seconds(value),
  });
  const series = [line("Runtime", LINES[0], 3)];
  const data = [buckets.map((bucket) => bucket[quantile] ?? undefined)];
  Object.entries(signals).slice(0, MOST_SIGNALS).forEach(([name, points], i) => {
    const values = new Map(points.map((point) => [point.start, point[quantile]]));
    series.push(line(name, LINES[i + 1], 1.5));
    data.push(buckets.map((bucket) => values.get(bucket.start) ?? undefined));
  });
  return { title: "Runtime, and latency of each signal", data: withGaps(starts(buckets), data), series, format: seconds };
}

// Where nothing was executed for long, a line ends: null is a gap, and what is undefined is passed over.
function withGaps(times, lines) {
  const distances = times.slice(1).map((time, i) => time - times[i]);
  const usual = [...distances].sort((one, other) => one - other)[distances.length >> 1];
  const spread = (values, between) =>
    values.flatMap((value, i) => (distances[i] > 4 * usual ? [value, between(i)] : [value]));
  return [spread(times, (i) => times[i] + usual), ...lines.map((line) => spread(line, () => null))];
}

const window_ = () => [Date.parse(history.from) / 1000, Date.parse(history.until) / 1000];

const starts = (buckets) => buckets.map((bucket) => Date.parse(bucket.start) / 1000);

const drawn = new Map();

function draw(element, { title, data, series, ...values }) {
  const before = drawn.get(element);
  if (before && before.series.length === series.length + 1 && !before.stale) {
    before.setData(data);
    return;
  }
  before?.destroy();
  const chart = new uPlot(
    {
      title,
      width: element.clientWidth,
      height: HEIGHT,
      // What is dragged over is asked for: closer, there is more to see.
      cursor: { drag: { x: true, y: false, setScale: false }, sync: { key: "livecheck" } },
      scales: {
        // All of the time that was asked for, and not only that in which something happened.
        x: { range: window_ },
        y: { range: (_, __, most) => [0, most > 0 ? most * 1.05 : 1] },
      },
      axes: axes(values),
      series: [{ label: "Time", value: `${DAY} ${TIME}` }, ...series],
      hooks: {
        setSelect: [({ select, posToVal }) => {
          if (select.width > 0) zoomInto(posToVal(select.left, "x"), posToVal(select.left + select.width, "x"));
        }],
      },
    },
    data,
    element,
  );
  chart.over.addEventListener("dblclick", () => zoomInto(null));
  drawn.set(element, chart);
}

let history;
let asked = 0;

// What is looked at stands in the address: so it can be handed on, and the browser goes back from it.
function zoomInto(from, until) {
  const address = new URL(location.href);
  // Two buckets at least.
  for (const [name, seconds] of [["from", from], ["until", Math.max(until, from + 120)]]) {
    if (from == null) address.searchParams.delete(name);
    else address.searchParams.set(name, new Date(seconds * 1000).toISOString());
  }
  // Both charts are told what was dragged over in one.
  if (address.href === location.href) return;
  window.history.pushState(null, "", address);
  document.dispatchEvent(new CustomEvent("livecheck:address"));
}

// Of the address, what says which time is shown.
function shown() {
  const given = new URLSearchParams(location.search);
  return new URLSearchParams(["range", "from", "until"].filter((name) => given.get(name)).map((name) => [name, given.get(name)]));
}

function drawAll() {
  if (!history) return;
  for (const element of charts.querySelectorAll("[data-chart]")) {
    draw(element, element.dataset.chart === "results" ? results(history) : latencies(history));
    drawn.get(element).setSelect({ left: 0, width: 0 }, false);
  }
}

async function fetchAndDraw() {
  const turn = ++asked;
  try {
    const answer = await fetch(`${charts.dataset.source}?${shown()}`);
    const body = await answer.json();
    // A later question may have been answered before.
    if (turn !== asked) return;
    if (!answer.ok) throw new Error(body.error);
    history = body;
    drawAll();
    charts.dataset.drawn = "true";
    Object.assign(charts.dataset, { from: history.from, until: history.until });
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
  charts.addEventListener("change", drawAll);
  document.addEventListener("livecheck:theme", redraw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  new ResizeObserver(() => {
    for (const [element, chart] of drawn) {
      if (chart.width !== element.clientWidth) chart.setSize({ width: element.clientWidth, height: HEIGHT });
    }
  }).observe(charts);
}
