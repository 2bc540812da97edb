(() => {
  const table = one("#category-bars");
  if (!table) return;
  onChange("#category-metric", () => {
    const metric = metricOf(one("#category-metric").value);
    const known = data.summaryRows.flatMap((row) => (row.scores[metric.name] || []).map((numbers) => numbers[0])).filter((v) => v !== null);
    const top = metric.bound !== null ? metric.bound : Math.max(0, ...known) || 1;
    const share = (value) => `${Math.min(100, Math.max(0, (100 * (value === null ? 0 : value)) / top))}%`;
    one("#category-heading").textContent = metric.heading;
    data.summaryRows.forEach((row, r) => {
      [...table.tBodies[0].rows[r].cells].slice(1).forEach((cell, m) => {
        const numbers = (row.scores[metric.name] || [])[m] || [null, null, null];
        const bar = one(".bar", cell);
        ["--v", "--a", "--b"].forEach((name, part) => bar.style.setProperty(name, share(numbers[part])));
        one(".n", cell).textContent = written(numbers[0], metric);
      });
    });
  });
})();
