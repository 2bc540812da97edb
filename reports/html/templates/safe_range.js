(() => {
  const table = one("#envelope");
  if (!table) return;
  // The index of the strongest severity that is safe with all below it; -1 when not even clean frames are.
  const lastSafe = (metric, threshold, byInterval, m, c) => {
    const [value, low, high] = data.scores[metric.name][c + 1][m];
    const bound = byInterval ? (metric.up ? low : high) : value;
    const fails = (s) => bound[s] === null || (metric.up ? bound[s] < threshold : bound[s] > threshold) || `${m} ${c} ${s}` in data.invalid;
    const first = data.severities.findIndex((_, s) => fails(s));
    return first === -1 ? data.severities.length - 1 : first - 1;
  };
  const update = () => {
    const metric = metricOf(one("#safe-metric").value);
    const field = one("#safe-threshold");
    const threshold = field.value === "" ? NaN : Number(field.value);
    one("#safe-side").textContent = metric.up ? "At least" : "At most";
    one("#safe-words").textContent = Number.isNaN(threshold) ? "a threshold that you enter" : `${metric.label} ${metric.up ? "≥" : "≤"} ${threshold} ${metric.unit}`.trim();
    [...table.tBodies[0].rows].forEach((row, c) => [...row.cells].slice(1).forEach((cell, m) => {
      if (Number.isNaN(threshold)) { cell.replaceChildren("–"); return; }
      const last = lastSafe(metric, threshold, one("#safe-by").value === "interval", m, c);
      const circles = make("span", { class: "circles", "aria-hidden": "true" }, ...data.severities.slice(1).map((_, s) => make("i", s < last ? { class: "on" } : {})));
      const words = last < 0 ? "not even clean" : last === 0 ? "clean only" : `to ${data.severities[last]}`;
      const distortion = last > 0 && data.distortion.length ? data.distortion[m][c][last] : null;
      cell.replaceChildren(circles, words, ...(distortion === null ? [] : [" ", make("small", {}, `distortion ${distortion.toFixed(2)}`)]));
    }));
  };
  // Another metric has another scale: start from 80 % of the best clean number, or 125 % where lower is better.
  const restart = () => {
    const metric = metricOf(one("#safe-metric").value);
    const clean = data.scores[metric.name].slice(1).flatMap((panel) => panel.map((model) => model[0][0])).filter((v) => v !== null);
    if (clean.length) {
      const goal = metric.up ? 0.8 * Math.max(...clean) : 1.25 * Math.min(...clean);
      one("#safe-threshold").value = goal >= 2 ? Math.floor(goal) : Number(goal.toPrecision(2));
    }
    update();
  };
  onChange("#safe-metric", restart);
  onChange("#safe-threshold", update);
  onChange("#safe-by", update);
})();
