// Means of each category as bars.
(() => {
  const table = one("#category-bars");
  if (!table) return;
  const summary = data.rows.map((row, index) => ({ ...row, index })).filter((row) => row.flags.split(" ").includes("summary"));
  let shown = null;
  follow(() => {
    const metric = shownMetric();
    if (!data.table[metric.name]) return;
    const models = shownModels();
    const rows = summary.filter(rowIsShown);
    const numbers = rows.map((row) => models.map((m) => scoreCells.at(row, row.index, m, metric)));
    const known = numbers.flat().map(([value]) => value).filter(isNumber);
    const top = metric.bound !== null ? metric.bound : Math.max(0, ...known) || 1;
    const share = (value) => `${Math.min(100, Math.max(0, (100 * (isNumber(value) ? value : 0)) / top))}%`;
    const bar = (m, parts, row) => {
      const element = make("span", { class: "bar", "aria-hidden": "true" }, make("i"), make("s"));
      ["--v", "--a", "--b"].forEach((name, part) => element.style.setProperty(name, share(parts[part])));
      element.style.setProperty("--c", `var(--m${data.models[m].colour})`);
      return make("td", row.panel === null || parts[0] === null ? {} : { "data-cell": `${m}.${row.kind === "clean" ? -1 : scopeOf(row.panel)}` }, element, make("span", { class: "n" }, written(parts[0], metric)));
    };
    shown = { metric, models, rows, numbers, top };
    table.tHead.replaceChildren(make("tr", {}, make("th", { scope: "col" }, metric.heading), ...models.map((m) => make("th", { scope: "col" }, swatch(m), make("span", {}, ...breakable(data.models[m].name))))));
    table.tBodies[0].replaceChildren(...rows.map((row, r) => make("tr", { class: row.flags }, make("th", { scope: "row" }, row.label), ...models.map((m, k) => bar(m, numbers[r][k], row)))));
  });

  // The table as a figure, and its numbers.
  const figure = () => {
    const { metric, models, rows, numbers, top } = shown;
    const [left, length, line] = [210, 420, 15];
    const height = models.length * line + 9;
    const x = (value) => left + Math.min(1, Math.max(0, isNumber(value) ? value / top : 0)) * length;
    const svg = draw("svg", { viewBox: `0 0 ${left + length + 70} ${rows.length * height}`, class: "plot" });
    rows.forEach((row, r) => {
      svg.append(draw("text", { x: left - 10, y: r * height + 13, "text-anchor": "end" }, row.label));
      models.forEach((m, k) => {
        const [value, low, high] = numbers[r][k];
        const y = r * height + k * line + 2;
        svg.append(draw("rect", { x: left, y, width: x(value) - left, height: line - 4, style: `fill: var(--m${data.models[m].colour})` }), draw("text", { x: Math.max(x(value), x(high)) + 8, y: y + 10 }, written(value, metric)));
        if (isNumber(low) && isNumber(high)) svg.append(draw("path", { d: `M${x(low)} ${y + line / 2 - 2}H${x(high)}`, style: "stroke: var(--ink); stroke-width: 1.5" }));
      });
    });
    // Its colours are those of the page while it is copied.
    table.parentNode.append(svg);
    setTimeout(() => svg.remove());
    return svg;
  };
  const records = () => [
    ["metric", "category", "corruption", "model", "value", "low", "high"],
    ...shown.rows.flatMap((row, r) => shown.models.map((m, k) => [shown.metric.name, row.category, row.corruption, data.models[m].name, ...shown.numbers[r][k]])),
  ];
  offer(one("#category-tools"), { name: () => `categories_${state.metric}`, rows: records, panels: () => [["", figure()]], title: () => `${shownMetric().heading}, means of categories` });
})();
