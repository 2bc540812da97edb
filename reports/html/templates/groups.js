(() => {
  const table = one("#group-bars");
  if (!table) return;
  onChange("#group-metric", () => {
    const metric = metricOf(one("#group-metric").value);
    const known = data.groups.flatMap((row) => (row.scores[metric.name] || []).map((numbers) => numbers[0])).filter((v) => v !== null);
    const top = metric.share ? 100 : Math.max(0, ...known) || 1;
    const share = (value) => `${Math.min(100, Math.max(0, (100 * (value === null ? 0 : value)) / top))}%`;
    one("#group-heading").textContent = metric.heading;
    data.groups.forEach((row, r) => {
      [...table.tBodies[0].rows[r].cells].slice(1).forEach((cell, m) => {
        const numbers = (row.scores[metric.name] || [])[m] || [null, null, null];
        const bar = one(".bar", cell);
        ["--v", "--a", "--b"].forEach((name, part) => bar.style.setProperty(name, share(numbers[part])));
        one(".n", cell).textContent = written(numbers[0], metric);
      });
    });
  });
})();
