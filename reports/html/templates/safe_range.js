// The safe operating range by the metric of the selection and a threshold of the reader.
(() => {
  const table = one("#envelope");
  if (!table) return;
  const field = one("#safe-threshold");
  const by = one("#safe-by");
  const scope = one("#safe-metric");
  const reported = scope.dataset.metricName;
  let metric = metricOf(reported);
  // The index of the strongest severity that is safe with all below it; -1 when not even clean frames are.
  const lastSafe = (threshold, byInterval, m, c) => {
    const [value, low, high] = data.scores[metric.name][firstPanel + c][m];
    const bound = byInterval ? (metric.up ? low : high) : value;
    const fails = (s) => !isNumber(bound[s]) || (metric.up ? bound[s] < threshold : bound[s] > threshold) || `${m} ${s ? c : -1} ${s}` in data.invalid;
    const first = data.severities.findIndex((_, s) => fails(s));
    return first === -1 ? data.severities.length - 1 : first - 1;
  };
  const fill = () => {
    const threshold = field.value === "" ? NaN : Number(field.value);
    one("#safe-side").textContent = metric.up ? "At least" : "At most";
    one("#safe-words").textContent = Number.isNaN(threshold) ? "a threshold that you enter" : `${metric.label} ${metric.up ? "≥" : "≤"} ${threshold} ${metric.unit}`.trim();
    [...table.tBodies[0].rows].forEach((row, c) => [...row.cells].slice(1).forEach((cell, m) => {
      if (Number.isNaN(threshold)) { cell.replaceChildren("–"); return; }
      const last = lastSafe(threshold, by.value === "interval", m, c);
      const circles = make("span", { class: "circles", "aria-hidden": "true" }, ...data.severities.slice(1).map((_, s) => make("i", s < last ? { class: "on" } : {})));
      const words = last < 0 ? "not even clean" : last === 0 ? "clean only" : `to ${data.severities[last]}`;
      const distortion = last > 0 && data.distortion.length ? data.distortion[m][c][last] : null;
      const parts = [circles, words, ...(isNumber(distortion) ? [" ", make("small", {}, make("span", { class: "quiet" }, "distortion "), distortion.toFixed(2))] : [])];
      const { tabIndex } = one(".cell", cell) || { tabIndex: -1 };
      fillCell(cell, `${m}.${c}.${Math.min(last + 1, data.severities.length - 1) || 1}`, ...parts);
      one(".cell", cell).tabIndex = tabIndex;
    }));
  };
  // Another metric has another scale: start from 80 % of the best clean number, or 125 % where lower is better.
  const restart = () => {
    const clean = data.scores[metric.name][0].map((model) => model[0][0]).filter(isNumber);
    if (!clean.length) return;
    const goal = metric.up ? 0.8 * Math.max(...clean) : 1.25 * Math.min(...clean);
    field.value = goal >= 2 ? Math.floor(goal) : Number(goal.toPrecision(2));
  };
  const usual = field.value;
  field.addEventListener("input", () => { setView("threshold", field.value); fill(); });
  by.addEventListener("change", () => { setView("by", by.value); fill(); });
  let before = null;
  const choose = () => {
    const selected = shownMetric();
    const changed = before !== null && before !== state.metric;
    // At the start the range is by the metric of the report, such as the Dice of the worst class.
    const usualMetric = metricOf(reported);
    metric = selected.up !== null && (scope.value === "bar" || state.metric !== data.leading) ? selected : usualMetric;
    scope.value = metric === selected ? "bar" : "usual";
    if (changed) state.view = { ...state.view, threshold: "" };
    if (state.view.threshold) field.value = state.view.threshold;
    else if (metric.name === reported) field.value = usual;
    else restart();
    if (state.view.by) by.value = state.view.by;
    before = state.metric;
    fill();
  };
  scope.addEventListener("change", () => {
    if (scope.value === "usual" && state.metric !== data.leading) select({ metric: data.leading });
    else { setView("threshold", ""); choose(); }
  });
  follow(choose);
})();
