(() => {
  const container = one("#curve");
  if (!container || !data.metrics.length) return;
  const space = one("svg").namespaceURI;
  const height = 340;
  const edge = { left: 56, right: 14, top: 10, bottom: 46 };
  const draw = (tag, attributes, text) => {
    const element = document.createElementNS(space, tag);
    Object.entries(attributes).forEach(([name, value]) => element.setAttribute(name, value));
    if (text !== undefined) element.textContent = text;
    return element;
  };
  const marks = {
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

  // The distortion of a panel: of its corruption, or the mean over all where every one of them has it.
  const distortion = (model, panel, severity) => {
    if (panel > 0) return data.distortion[model][panel - 1][severity];
    const each = data.distortion[model].map((corruption) => corruption[severity]);
    return each.length && each.every((value) => value !== null) ? each.reduce((a, b) => a + b) / each.length : null;
  };
  const state = () => {
    const metric = metricOf(one("#curve-metric").value);
    const panel = Number(one("#curve-panel").value);
    const byDistortion = one("#curve-axis").value === "distortion";
    const lines = data.models.map((model, m) => {
      const [value, low, high] = data.scores[metric.name][panel][m];
      const points = data.severities.map((severity, s) => ({
        severity, x: byDistortion ? distortion(m, panel, s) : severity, y: value[s], low: low[s], high: high[s],
      }));
      return { model, points };
    });
    return { metric, panel, byDistortion, lines, floor: data.floors[metric.name] };
  };
  const limits = (metric) => {
    const known = data.scores[metric.name].flat(3).filter((value) => value !== null);
    const low = Math.min(0, ...known);
    return metric.bound !== null ? [low, Math.max(metric.bound, ...known)] : [low, Math.max(...known, low) * 1.05 || 1];
  };
  const runs = (points, ok) => points.reduce((parts, point) => {
    if (!ok(point)) return [...parts, []];
    parts[parts.length - 1].push(point);
    return parts;
  }, [[]]).filter((run) => run.length);

  let current = null;
  const figure = () => {
    const now = state();
    const width = Math.max(300, container.clientWidth || 760);
    const [low, high] = limits(now.metric);
    const xs = now.lines.flatMap((line) => line.points.map((point) => point.x)).filter((x) => x !== null);
    const right = Math.max(...xs, now.byDistortion ? 0.05 : 1);
    const x = (value) => edge.left + (value / right) * (width - edge.left - edge.right);
    const y = (value) => height - edge.bottom - ((value - low) / (high - low)) * (height - edge.top - edge.bottom);
    const name = `${now.metric.heading}, ${data.panels[now.panel].label}, against ${now.byDistortion ? "distortion" : "severity"}; its numbers are in the table below.`;
    const svg = draw("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": name });
    ticks(low, high, 5).forEach((t) => svg.append(
      draw("path", { class: "grid", d: `M${edge.left} ${y(t)}H${width - edge.right}` }),
      draw("text", { x: edge.left - 8, y: y(t) + 4, "text-anchor": "end" }, t)));
    (now.byDistortion ? ticks(0, right, 5) : data.severities).forEach((t) => svg.append(
      draw("text", { x: x(t), y: height - edge.bottom + 20, "text-anchor": "middle" }, t)));
    svg.append(
      draw("text", { x: (edge.left + width - edge.right) / 2, y: height - 6, "text-anchor": "middle" }, now.byDistortion ? "Distortion (1 − image SSIM; 0 = clean)" : "Severity (0 = clean)"),
      draw("text", { x: 13, y: height / 2 - 16, "text-anchor": "middle", transform: `rotate(-90 13 ${height / 2 - 16})` }, now.metric.heading));
    if (now.floor && !now.byDistortion) {
      const points = now.floor.panels[now.panel].map((value, s) => ({ x: data.severities[s], y: value }));
      runs(points, (p) => p.y !== null && p.y >= low && p.y <= high).forEach((run) => svg.append(draw("path", { class: "floor", d: `M${run.map((p) => `${x(p.x).toFixed(1)} ${y(p.y).toFixed(1)}`).join("L")}` })));
    }
    now.lines.forEach(({ model, points }) => {
      const series = draw("g", { class: "series", style: `--c:var(--m${model.colour})` });
      const at = (point, key) => `${x(point.x).toFixed(1)} ${y(point[key]).toFixed(1)}`;
      runs(points, (p) => p.x !== null && p.low !== null && p.high !== null).filter((run) => run.length > 1).forEach((run) => series.append(
        draw("path", { class: "band", d: `M${[...run.map((p) => at(p, "high")), ...run.toReversed().map((p) => at(p, "low"))].join("L")}Z` })));
      runs(points, (p) => p.x !== null && p.y !== null).forEach((run) => {
        series.append(draw("path", { d: `M${run.map((p) => at(p, "y")).join("L")}`, "stroke-dasharray": model.dash.join(" ") }));
        run.forEach((p) => series.append(draw("path", { class: "mark", d: marks[model.marker], transform: `translate(${at(p, "y").replace(" ", ",")})` })));
      });
      svg.append(series);
    });
    svg.addEventListener("pointermove", (event) => {
      const box = svg.getBoundingClientRect();
      const value = (((event.clientX - box.left) / box.width) * width - edge.left) / (width - edge.left - edge.right) * right;
      const means = data.severities.map((_, s) => now.lines.map((line) => line.points[s].x).filter((v) => v !== null)).map((v) => (v.length ? v.reduce((a, b) => a + b) / v.length : Infinity));
      const nearest = means.map((v) => Math.abs(v - value)).reduce((best, gap, s, gaps) => (gap < gaps[best] ? s : best), 0);
      if (nearest !== current) { current = nearest; readout(now, nearest); }
    });
    container.replaceChildren(svg);
    current = null;
    numbers(now);
  };
  const interval = (point, metric) => (point.low === null || point.high === null ? "" : ` (${written(point.low, metric)} to ${written(point.high, metric)})`);
  const readout = (now, s) => one("#curve-readout").replaceChildren(
    make("span", {}, data.severities[s] === 0 ? "Clean:" : `Severity ${data.severities[s]}:`),
    ...now.lines.map(({ model, points }) => make("span", {}, `${model.name} ${written(points[s].y, now.metric)}${interval(points[s], now.metric)}`)),
    ...(now.floor ? [make("span", {}, `floor (${now.floor.name}) ${written(now.floor.panels[now.panel][s], now.metric)}`)] : []));
  const numbers = (now) => {
    const head = make("tr", {}, make("th", { scope: "col" }, "Severity"), ...now.lines.map(({ model }) => make("th", { scope: "col" }, model.name)));
    const rows = data.severities.map((severity, s) => make("tr", {}, make("th", { scope: "row" }, severity === 0 ? "0 (clean)" : `${severity}`),
      ...now.lines.map(({ points }) => make("td", {}, `${written(points[s].y, now.metric)}${interval(points[s], now.metric)}${now.byDistortion && points[s].x !== null ? `, distortion ${points[s].x.toFixed(2)}` : ""}`))));
    one("#curve-numbers").replaceChildren(
      make("caption", { class: "quiet" }, `${now.metric.heading}, ${data.panels[now.panel].label}`), make("thead", {}, head), make("tbody", {}, ...rows));
  };
  ["#curve-metric", "#curve-panel", "#curve-axis"].forEach((control) => onChange(control, figure));
  let width = 0;
  new ResizeObserver(() => { if (container.clientWidth !== width) { width = container.clientWidth; figure(); } }).observe(container);
  figure();

  const panels = one("#panel-metric");
  const showPanels = () => all("[data-curves]").forEach((block) => { block.hidden = block.dataset.curves !== panels.value; });
  if (panels) { panels.addEventListener("change", showPanels); showPanels(); }
})();
