// Means of each category as bars.
(() => {
  const table = one("#category-bars");
  if (!table) return;
  const summary = data.rows.map((row, index) => ({ ...row, index })).filter((row) => row.flags.split(" ").includes("summary"));
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
    table.tHead.replaceChildren(make("tr", {}, make("th", { scope: "col" }, metric.heading), ...models.map((m) => make("th", { scope: "col" }, swatch(m), make("span", {}, ...breakable(data.models[m].name))))));
    table.tBodies[0].replaceChildren(...rows.map((row, r) => make("tr", { class: row.flags }, make("th", { scope: "row" }, row.label), ...models.map((m, k) => bar(m, numbers[r][k], row)))));
  });
})();
