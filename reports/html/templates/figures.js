// Figures: lines with bands over a floor, drawn as SVG from the numbers of the page.
const MARKS = {
  o: "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0", s: "M-3.6-3.6h7.2v7.2h-7.2z", "^": "M0-4.6L4.4 3.4H-4.4z", v: "M0 4.6L4.4-3.4H-4.4z",
  D: "M0-4.8L4.4 0 0 4.8-4.4 0z", P: "M-1.5-4.5h3v3h3v3h-3v3h-3v-3h-3v-3h3z", X: "M-4.4-2.6l1.8-1.8L0-1.8l2.6-2.6 1.8 1.8L1.8 0l2.6 2.6-1.8 1.8L0 1.8l-2.6 2.6-1.8-1.8L-1.8 0z",
};
const ticks = (low, high, count) => {
  const rough = (high - low || 1) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((k) => k * power).find((k) => k >= rough);
  const values = [];
  for (let t = Math.ceil(low / step - 1e-9) * step; t <= high + step * 1e-6; t += step) values.push(Number(t.toPrecision(6)));
  return values;
};
// The parts of a line between gaps.
const stretches = (points, ok) => points.reduce((parts, point) => {
  if (!ok(point)) return [...parts, []];
  parts[parts.length - 1].push(point);
  return parts;
}, [[]]).filter((part) => part.length);

// The scale of a metric: the same in all panels.
const limitsOf = (metric, panels, models) => {
  let [low, high] = [0, metric.bound === null ? 0 : metric.bound];
  panels.forEach((panel) => models.forEach((m) => data.scores[metric.name][panel][m][0].filter(isNumber).forEach((value) => {
    low = Math.min(low, value);
    high = Math.max(high, value);
  })));
  return [low, metric.bound === null ? high * 1.05 || 1 : high];
};

// The distortion of a panel: of its corruption, or the mean over all of them where every one has it.
const distortionOf = (panel, m, s) => {
  if (!data.distortion.length) return null;
  const { kind, name } = data.panels[panel];
  const members = corruptionPanels.map((each, index) => ({ each, index })).filter(({ each }) => kind === "all" || each[kind === "category" ? "category" : "name"] === name);
  const values = members.map(({ index }) => data.distortion[m][index][s]);
  return values.length && values.every(isNumber) ? mean(values) : null;
};
const linesOf = (metric, panel, models, byDistortion) => models.map((m) => {
  const [value, low, high] = data.scores[metric.name][panel][m];
  return { m, points: data.severities.map((severity, s) => ({ s, severity, x: byDistortion ? distortionOf(panel, m, s) : severity, y: value[s], low: low[s], high: high[s] })) };
});

// One panel. `size` is large or small; `marked` is the severity of the selection, null for none.
const plotCurves = ({ metric, panel, models, byDistortion = false, width, height, large, limits, name }) => {
  const edge = large ? { left: 56, right: 14, top: 10, bottom: 46 } : { left: 34, right: 8, top: 8, bottom: 22 };
  const lines = linesOf(metric, panel, models, byDistortion);
  const floor = data.floors[metric.name];
  const [low, high] = limits;
  const xs = lines.flatMap((line) => line.points.map((point) => point.x)).filter(isNumber);
  const right = byDistortion ? Math.max(0.05, ...xs) : Math.max(...data.severities, 1);
  const x = (value) => edge.left + (value / right) * (width - edge.left - edge.right);
  const y = (value) => height - edge.bottom - ((value - low) / (high - low || 1)) * (height - edge.top - edge.bottom);
  const at = (point, key) => `${x(point.x).toFixed(1)} ${y(point[key]).toFixed(1)}`;
  const svg = draw("svg", { viewBox: `0 0 ${width} ${height}`, class: large ? "plot large-plot" : "plot small-plot", role: "img", "aria-label": name });
  const { plausible } = data.panels[panel];
  if (plausible && !byDistortion) {
    const bound = (value) => x(Math.min(right, Math.max(0, value)));
    [[0.5, Math.max(plausible[0] - 0.5, 0.5)], [plausible[1] + 0.5, right]].filter(([from, to]) => to > from)
      .forEach(([from, to]) => svg.append(draw("rect", { class: "implausible", x: bound(from), y: edge.top, width: bound(to) - bound(from), height: height - edge.top - edge.bottom })));
  }
  ticks(low, high, large ? 5 : 3).forEach((t) => svg.append(
    draw("path", { class: "grid", d: `M${edge.left} ${y(t).toFixed(1)}H${width - edge.right}` }),
    draw("text", { x: edge.left - (large ? 8 : 5), y: (y(t) + 4).toFixed(1), "text-anchor": "end" }, t)));
  (byDistortion ? ticks(0, right, 5) : data.severities).forEach((t) => svg.append(
    draw("text", { x: x(t).toFixed(1), y: height - edge.bottom + (large ? 20 : 16), "text-anchor": "middle" }, t)));
  if (large) {
    const middle = (height - edge.bottom + edge.top) / 2;
    svg.append(
      draw("text", { x: (edge.left + width - edge.right) / 2, y: height - 6, "text-anchor": "middle" }, byDistortion ? "Distortion (1 − image SSIM; 0 = clean)" : "Severity (0 = clean)"),
      draw("text", { x: 13, y: middle, "text-anchor": "middle", transform: `rotate(-90 13 ${middle})` }, metric.heading));
  }
  if (state.severity !== null && !byDistortion) svg.append(draw("path", { class: "cursor", d: `M${x(state.severity).toFixed(1)} ${edge.top}V${height - edge.bottom}` }));
  if (floor && !byDistortion) {
    const points = floor.panels[panel].map((value, s) => ({ x: data.severities[s], y: value }));
    stretches(points, (p) => isNumber(p.y) && p.y >= low && p.y <= high).forEach((part) => svg.append(draw("path", { class: "floor", d: `M${part.map((p) => at(p, "y")).join("L")}` })));
  }
  // Many bands over each other would hide the lines.
  const opacity = lines.length <= 4 ? 0.15 : 0.05;
  lines.forEach(({ m, points }) => {
    const model = data.models[m];
    const series = draw("g", { class: "series", style: `--c:var(--m${model.colour})` });
    stretches(points, (p) => [p.x, p.low, p.high].every(isNumber)).filter((part) => part.length > 1).forEach((part) => series.append(
      draw("path", { class: "band", opacity, d: `M${[...part.map((p) => at(p, "high")), ...part.toReversed().map((p) => at(p, "low"))].join("L")}Z` })));
    stretches(points, (p) => isNumber(p.x) && isNumber(p.y)).forEach((part) => {
      series.append(draw("path", { class: "line", d: `M${part.map((p) => at(p, "y")).join("L")}`, "stroke-dasharray": model.dash.join(" ") }));
      part.forEach((p) => series.append(draw("path", { class: "mark", d: MARKS[model.marker], transform: `translate(${at(p, "y").replace(" ", ",")})${large ? "" : " scale(.6)"}` })));
    });
    svg.append(series);
  });
  return { svg, lines, floor, toX: (client) => { const box = svg.getBoundingClientRect(); return ((((client - box.left) / box.width) * width - edge.left) / (width - edge.left - edge.right)) * right; } };
};
