// Every other table and figure: follows models, corruptions and task, and is offered as CSV.
(() => {
  const tables = all("table[data-table]");
  const visible = (element) => {
    const { m, c, g, task, metric } = element.dataset;
    const selected = shownPanel();
    if (m !== undefined && !state.models.includes(Number(m))) return false;
    if (c !== undefined && !shownCorruptions().includes(Number(c))) return false;
    if (g !== undefined && selected.kind !== "all" && g !== (selected.kind === "category" ? selected.name : selected.category)) return false;
    if (metric !== undefined && metric !== state.metric) return false;
    return task === undefined || task === shownMetric().task;
  };
  const followers_ = all("[data-m], [data-c], [data-g]").filter((element) => !element.closest("#score-table, #category-bars, .grid-table, .stored, dialog"));
  // Parts of one metric or task: where the selection has no part, that of the leading metric, or the first one, stays.
  const sets = [...Map.groupBy(all("[data-metric], [data-task]"), (element) => element.closest("section")).values()];
  // What of the selection the first screen does not follow.
  const note = one("[data-first-note]");
  const firstNote = () => {
    const screens = all("#summary [data-metric]").map((part) => part.dataset.metric);
    const parts = [
      ...(screens.length && !screens.includes(state.metric) ? [`by ${metricOf(data.leading).heading}, whatever the metric of the bar`] : []),
      ...(state.panel || state.severity !== null ? ["over all corruptions and severities, whatever the bar selects"] : []),
    ];
    note.textContent = `This first part is ${parts.join(", and ")}.`;
    note.hidden = !parts.length;
  };
  const shown = () => {
    followers_.forEach((element) => element.toggleAttribute("hidden", !visible(element)));
    sets.forEach((parts) => {
      const fitting = parts.filter(visible);
      const name = (part) => part.dataset.metric || part.dataset.task;
      const leading = parts.find((part) => name(part) === data.leading) || parts[0];
      const usual = parts.filter((part) => name(part) === name(leading));
      parts.forEach((part) => { part.hidden = !(fitting.length ? fitting : usual).includes(part); });
    });
    firstNote();
    all("[data-fixed]").forEach((note) => { note.hidden = state.severity === null; });
    fit();
  };

  const records = (stored) => {
    const width = stored.cells.flat().some((cell) => isNumber(cell[2]));
    const columns = stored.columns.flatMap((label) => (width ? [label, `${label} low`, `${label} high`] : [label]));
    const value = (cell) => (isNumber(cell[1]) ? cell[1] : cell[0]);
    const body = stored.rows.map((label, r) => [label, ...stored.cells[r].flatMap((cell) => (width ? [value(cell), cell[2], cell[3]] : [value(cell)]))]);
    return [[stored.corner, ...columns], ...body];
  };
  tables.forEach((table) => {
    const stored = data.tables[table.dataset.table];
    const box = table.closest(".scroll");
    if (!stored || !box || table.closest("[data-no-tools]")) return;
    const caption = table.caption && !table.caption.classList.contains("quiet") ? table.caption : null;
    const place = make(caption ? "span" : "div", { class: "table-tools" });
    if (caption) caption.append(place); else box.before(place);
    offer(place, { name: () => table.dataset.table, rows: () => records(stored), title: () => stored.caption || table.dataset.table });
  });
  const bins = (key) => {
    const diagram = data.reliability[Number(key.split(":")[1])];
    const rows = diagram.models.flatMap(([confidence, accuracy, count, frames], m) => confidence.map((each, b) => [diagram.task, diagram.frames, data.models[m].name, b, each, accuracy[b], count[b], frames[b]]));
    return [["task", "frames", "model", "bin", "confidence", "correct", "predictions", "different frames"], ...rows.filter((row) => row[6])];
  };
  // Figures that the page has from the start, such as reliability diagrams.
  all("figure[data-figure]").forEach((figure) => {
    const [key, caption] = [figure.dataset.figure, one("figcaption", figure)];
    const place = make("span", {});
    if (caption) caption.append(place); else figure.prepend(place);
    const words = caption ? caption.textContent : key;
    offer(place, { name: () => key, rows: key.startsWith("reliability:") ? () => bins(key) : () => data.figures[key], panels: () => [["", one("svg", figure)]], title: () => words, legend: key.startsWith("reliability:") });
  });

  // A table that is as narrow as the page keeps its header below the bar; a wider one scrolls in its own box.
  const boxes = all(".scroll");
  const fit = () => {
    boxes.forEach((box) => box.classList.remove("fits"));
    const fitting = boxes.filter((box) => box.clientWidth && box.scrollWidth <= box.clientWidth && box.scrollHeight <= box.clientHeight + 1);
    const narrow = boxes.filter((box) => box.clientWidth && box.scrollWidth <= box.clientWidth && !box.classList.contains("tall"));
    [...fitting, ...narrow].forEach((box) => box.classList.add("fits"));
  };
  new ResizeObserver(() => fit()).observe(one("main"));
  // Parts may be folded later: toggle does not bubble, but it is captured.
  document.addEventListener("toggle", fit, true);
  follow(shown);
})();
