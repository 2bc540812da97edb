(() => {
  const table = one("#envelope");
  if (!table) return;
  // The index of the strongest severity that is safe with all below it; -1 when not even clean frames are.
  const held = (metric, threshold, byInterval, m, c) => {
    const [value, low, high] = data.scores[metric.name][c + 1][m];
    const judged = byInterval ? (metric.up ? low : high) : value;
    const fails = (s) => judged[s] === null || (metric.up ? judged[s] < threshold : judged[s] > threshold) || `${m} ${c} ${s}` in data.lost;
    const first = data.severities.findIndex((_, s) => fails(s));
    return first === -1 ? data.severities.length - 1 : first - 1;
  };
  const show = () => {
    const metric = metricOf(one("#safe-metric").value);
    const field = one("#safe-threshold");
    const threshold = field.value === "" ? NaN : Number(field.value);
    one("#safe-side").textContent = metric.up ? "At least" : "At most";
    one("#safe-words").textContent = Number.isNaN(threshold) ? "a threshold that you name" : `${metric.label} ${metric.up ? "≥" : "≤"} ${threshold} ${metric.unit}`.trim();
    [...table.tBodies[0].rows].forEach((row, c) => [...row.cells].slice(1).forEach((cell, m) => {
      if (Number.isNaN(threshold)) { cell.replaceChildren("–"); return; }
      const last = held(metric, threshold, one("#safe-by").value === "interval", m, c);
      const pips = make("span", { class: "pips", "aria-hidden": "true" }, ...data.severities.slice(1).map((_, s) => make("i", s < last ? { class: "on" } : {})));
      const words = last < 0 ? "not even clean" : last === 0 ? "clean only" : `to ${data.severities[last]}`;
      const distortion = last > 0 && data.distortion.length ? data.distortion[m][c][last] : null;
      cell.replaceChildren(pips, make("span", { class: "word" }, words), ...(distortion === null ? [] : [" ", make("small", {}, `distortion ${distortion.toFixed(2)}`)]));
    }));
  };
  // Another metric, another scale: start from four fifths of the best clean number, or five quarters where less is better.
  const restart = () => {
    const metric = metricOf(one("#safe-metric").value);
    const clean = data.scores[metric.name].slice(1).flatMap((panel) => panel.map((model) => model[0][0])).filter((v) => v !== null);
    if (clean.length) {
      const goal = metric.up ? 0.8 * Math.max(...clean) : 1.25 * Math.min(...clean);
      one("#safe-threshold").value = goal >= 2 ? Math.floor(goal) : Number(goal.toPrecision(2));
    }
    show();
  };
  onChange("#safe-metric", restart);
  onChange("#safe-threshold", show);
  onChange("#safe-by", show);
})();
