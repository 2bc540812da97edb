// Severity curves: the selection in large, and one panel per corruption of it.
(() => {
  const container = one("#curve");
  if (!container || !Object.keys(data.scores).length) return;
  const axis = one("#curve-axis");
  let current = null;
  let width = 0;
  let shown = null;
  const interval = (point, metric) => { const text = intervalText([point.y, point.low, point.high], metric); return text && ` (${text})`; };
  const usual = one("#curve-readout").textContent;
  const readout = (s) => {
    const metric = shownMetric();
    one("#curve-readout").replaceChildren(
      make("span", {}, s === 0 ? "Clean:" : `Severity ${data.severities[s]}:`),
      ...shown.lines.map(({ m, points }) => make("span", {}, `${data.models[m].name} ${written(points[s].y, metric)}${interval(points[s], metric)}`)),
      ...(shown.floor ? [make("span", {}, `floor (${shown.floor.name}) ${written(shown.floor.panels[state.panel][s], metric)}`)] : []));
  };
  const nearest = (x) => {
    const means = data.severities.map((_, s) => shown.lines.map((line) => line.points[s].x).filter(isNumber)).map((values) => (values.length ? mean(values) : Infinity));
    return means.map((value) => Math.abs(value - x)).reduce((best, gap, s, gaps) => (gap < gaps[best] ? s : best), 0);
  };
  const numbers = (byDistortion) => {
    const metric = shownMetric();
    const head = make("tr", {}, make("th", { scope: "col" }, "Severity"), ...shown.lines.map(({ m }) => make("th", { scope: "col" }, data.models[m].name)), ...(shown.floor ? [make("th", { scope: "col" }, `Floor (${shown.floor.name})`)] : []));
    const rows = data.severities.map((severity, s) => make("tr", {}, make("th", { scope: "row" }, severity === 0 ? "0 (clean)" : `${severity}`),
      ...shown.lines.map(({ m, points }) => make("td", s === 0 ? { "data-cell": `${m}.-1` } : { "data-cell": `${m}.${scopeOf(state.panel)}.${s}` }, `${written(points[s].y, metric)}${interval(points[s], metric)}${byDistortion && isNumber(points[s].x) ? `, distortion ${points[s].x.toFixed(2)}` : ""}`)),
      ...(shown.floor ? [make("td", {}, written(shown.floor.panels[state.panel][s], metric))] : [])));
    one("#curve-numbers").replaceChildren(
      make("caption", { class: "quiet" }, `${metric.heading}, ${shownPanel().label}`), make("thead", {}, head), make("tbody", {}, ...rows));
  };
  const panelsShown = () => shownCorruptions().map((corruption) => firstPanel + corruption);
  const figure = (resized = false) => {
    const metric = shownMetric();
    if (!data.scores[metric.name]) return;
    const byDistortion = Boolean(axis) && axis.value === "distortion";
    const models = shownModels();
    const limits = limitsOf(metric, [0, ...panelsShown(), state.panel], models);
    const name = `${metric.heading}, ${shownPanel().label}, against ${byDistortion ? "distortion" : "severity"}; its numbers are in the table below.`;
    shown = plotCurves({ metric, panel: state.panel, models, byDistortion, limits, name, width: Math.max(300, container.clientWidth || 760), height: 300, large: true });
    shown.svg.addEventListener("pointermove", (event) => { const s = nearest(shown.toX(event.clientX)); if (s !== current) { current = s; readout(s); } });
    shown.svg.addEventListener("pointerleave", () => { current = null; one("#curve-readout").textContent = usual; });
    container.replaceChildren(shown.svg);
    current = null;
    one("#curve-readout").textContent = usual;
    one("#curve-title").textContent = shownPanel().label;
    if (!resized) numbers(byDistortion);
    const panels = panelsShown();
    one("#panels").replaceChildren(...panels.map((panel) => {
      const { label } = data.panels[panel];
      const small = plotCurves({ metric, panel, models, limits, width: 178, height: 124, large: false, name: `${metric.heading}, ${label}, against severity: ${models.map((m) => `${data.models[m].name}: ${data.scores[metric.name][panel][m][0].map((value) => written(value, metric)).join(", ")}`).join("; ")}` });
      const button = make("button", { type: "button", class: "plain", "data-cell": `${models[0]}.${scopeOf(panel)}` }, label);
      const part = make("figure", {}, make("figcaption", {}, button));
      part.append(small.svg);
      return part;
    }));
    one("#panel-part").hidden = !panels.length;
    one("#panel-caption").textContent = `${metric.heading} against severity, 0 = clean; the same scale in all panels, bands are intervals.${data.floors[metric.name] ? ` Dashed grey line: the floor (${data.floors[metric.name].name}), which sees no image.` : ""}${panels.some((panel) => data.panels[panel].plausible) ? " Grey areas: severities that clinicians do not rate plausible." : ""} A gap: the condition is missing. The name of a corruption opens its frames.`;
    one("#curve-legend").replaceChildren(...models.map((m) => make("li", {}, swatch(m), " ", data.models[m].name)));
  };
  // Rows of the figures as they are downloaded.
  const records = (panels) => {
    const metric = shownMetric();
    const rows = panels.flatMap((panel) => shownModels().flatMap((m) => data.severities.map((severity, s) => {
      const [value, low, high] = data.scores[metric.name][panel][m];
      const floor = data.floors[metric.name];
      return [data.panels[panel].label, data.models[m].name, severity, value[s], low[s], high[s], floor ? floor.panels[panel][s] : null, distortionOf(panel, m, s)];
    })));
    return [["corruption", "model", "severity", metric.name, "low", "high", "floor", "distortion"], ...rows];
  };
  offer(one("#curve-tools"), { name: () => `curve_${state.metric}_${shownPanel().name}`, rows: () => records([state.panel]), panels: () => [["", one("svg", container)]], title: () => `${shownMetric().heading}, ${shownPanel().label}` });
  offer(one("#panel-tools"), { name: () => `curves_${state.metric}`, rows: () => records(panelsShown()), panels: () => all("#panels figure").map((part) => [one("figcaption", part).textContent, one("svg", part)]), title: () => `${shownMetric().heading}, each corruption` });
  if (axis) {
    if (state.view.axis) axis.value = state.view.axis;
    axis.addEventListener("change", () => { setView("axis", axis.value === "distortion" ? "distortion" : ""); update(); });
  }
  follow(() => { if (axis) axis.value = state.view.axis || "severity"; figure(); });
  new ResizeObserver(() => { if (container.clientWidth !== width) { width = container.clientWidth; if (shown) figure(true); } }).observe(container);
})();
