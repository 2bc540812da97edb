// The table of scores: one metric of the shown models, at one severity or as the mean over all.
const heatSpan = 10; // percentage points for the full range of heat, at least
const scoreCells = (() => {
  // A number with its interval, for a row of the table of scores and a model; at the severity of the selection.
  const at = (row, index, m, metric) => {
    const s = severityIndex();
    if (s < 0 || row.kind === "clean") return data.table[metric.name][index][m];
    if (row.kind === "floor") { const floor = data.floors[metric.name]; return [floor ? floor.panels[0][s] : null, null, null]; }
    if (row.category === "recorded") return data.table[metric.name][index][m];
    return row.panel === null ? [null, null, null] : data.scores[metric.name][row.panel][m].map((part) => part[s]);
  };
  const floorAt = (row, index, metric) => {
    const floor = data.floors[metric.name];
    if (!floor || row.kind === "floor") return null;
    const s = severityIndex();
    return s < 0 || row.panel === null || row.kind === "clean" ? floor.rows[index] : floor.panels[row.panel][s];
  };
  return { at, floorAt };
})();

(() => {
  const table = one("#score-table");
  if (!table) return;
  let sort = null; // [column, direction]; null is the order of the suite
  let rows = [];
  const marks = (row, m, value, floor, metric) => {
    const trained = data.models[m].trained.includes(row.index);
    const below = isNumber(value) && isNumber(floor) && metric.up !== null && (metric.up ? value < floor : value > floor) && written(value, metric) !== written(floor, metric);
    const published = (data.published[metric.name] || {})[`${row.index} ${m}`];
    return { trained, below, published };
  };
  const remarks = (row, numbers, floor, marked, metric) => {
    const interval = intervalText(numbers, metric);
    return [
      interval && `interval ${interval}`, marked.published && `published ${marked.published}`,
      marked.trained && (["category", "mean"].includes(row.kind) ? "trained on a part of it" : "trained on it"),
      numbers[0] === null && "not evaluated, or not defined here",
      isNumber(floor) && `${marked.below ? "below the floor" : "floor"} ${written(floor, metric)} (${data.floors[metric.name].name})`,
    ].filter(Boolean).join("; ");
  };
  const cellOf = (row, m, metric, range, best) => {
    const numbers = scoreCells.at(row, row.index, m, metric);
    const floor = scoreCells.floorAt(row, row.index, metric);
    const marked = marks(row, m, numbers[0], floor, metric);
    const text = written(numbers[0], metric);
    const cell = make("td", { "data-v": numberOf(numbers[0]) === null ? "" : `${numberOf(numbers[0])}`, "data-m": m });
    if (isNumber(numbers[0]) && metric.up !== null && row.kind !== "floor") {
      const span = metric.unit === "%" ? Math.max(range[1] - range[0], heatSpan) : range[1] - range[0];
      cell.style.setProperty("--t", span > 0 ? ((metric.up ? range[1] - numbers[0] : numbers[0] - range[0]) / span).toFixed(3) : 0);
    }
    if (row.kind !== "floor" && best !== null && text === best) cell.classList.add("strong");
    const symbols = `${marked.trained ? "†" : ""}${marked.below ? "‡" : ""}`;
    const margin = data.settings.intervals && isNumber(numbers[1]) && isNumber(numbers[2]) ? [make("small", { class: "margin" }, `±${written((numbers[2] - numbers[1]) / 2, metric)}`)] : [];
    const published = data.published[metric.name] ? [make("small", { class: "published" }, marked.published ? ` published ${marked.published}` : "")] : [];
    const parts = [...(symbols ? [make("sup", { "aria-hidden": "true" }, symbols)] : []), text, ...margin, ...published];
    const words = remarks(row, numbers, floor, marked, metric);
    const scope = row.kind === "clean" ? "-1" : row.panel === null ? null : scopeOf(row.panel);
    const tip = words ? [make("span", { class: "tip" }, words)] : [];
    if (scope === null || numbers[0] === null) cell.append(...parts, ...tip);
    else fillCell(cell, `${m}.${scope}`, ...parts, ...tip);
    return cell;
  };
  const bestOf = (values, metric) => {
    const numbers = values.filter(isNumber);
    if (values.length < 2 || !numbers.length || metric.up === null) return null;
    return written(metric.up ? Math.max(...numbers) : Math.min(...numbers), metric);
  };
  const head = (metric, models) => {
    const arrow = metric.up === null ? [] : [" ", make("span", { class: "arrow", "aria-hidden": "true" }, metric.up ? "↑" : "↓"), make("span", { class: "quiet" }, metric.up ? "higher is better" : "lower is better")];
    const button = (index, ...content) => {
      const element = make("button", { type: "button" }, ...content);
      element.addEventListener("click", () => press(index));
      return element;
    };
    const direction = (index) => (sort && sort[0] === index ? { "aria-sort": sort[1] > 0 ? "ascending" : "descending" } : {});
    return [
      make("tr", { class: "metrics" }, make("td"), make("th", { scope: "colgroup", colspan: models.length, class: "metric" }, make("span", { class: "name" }, metric.heading, ...arrow, state.severity === null ? "" : `, severity ${state.severity}`))),
      make("tr", {}, make("th", { scope: "col", ...direction(0) }, button(0, make("span", {}, "Corruption"))),
        ...models.map((m, k) => make("th", { scope: "col", "data-m": m, ...direction(k + 1) }, button(k + 1, swatch(m), make("span", {}, ...breakable(data.models[m].name)))))),
    ];
  };
  // Means are not compared with what they average: rows are sorted within their group. The third press restores the
  // order of the suite.
  const press = (index) => {
    sort = !sort || sort[0] !== index ? [index, 1] : sort[1] > 0 ? [index, -1] : null;
    render();
    one(`thead tr:last-child th:nth-child(${index + 1}) button`, table).focus();
  };
  const sorted = (list, values) => {
    if (!sort) return list;
    const [index, sign] = sort;
    const key = (row) => (index === 0 ? row.label.toLowerCase() : numberOf(values.get(row)[index - 1]));
    const compare = (a, b) => {
      const [x, y] = [key(a), key(b)];
      if (x === null || y === null) return (x === null) - (y === null);
      return sign * (x < y ? -1 : x > y ? 1 : 0);
    };
    const groups = Map.groupBy(list, (row) => row.group);
    return [...groups.keys()].sort((a, b) => a - b).flatMap((key_) => (groups.get(key_)[0].sortable ? groups.get(key_).sort(compare) : groups.get(key_)));
  };
  const render = () => {
    const metric = shownMetric();
    if (!metric || !data.table[metric.name]) return;
    const models = shownModels();
    if (sort && sort[0] > models.length) sort = null;
    rows = data.rows.map((row, index) => ({ ...row, index })).filter(rowIsShown);
    const values = new Map(rows.map((row) => [row, models.map((m) => scoreCells.at(row, row.index, m, metric)[0])]));
    const finite = rows.filter((row) => row.kind !== "floor").flatMap((row) => values.get(row)).filter(isNumber);
    const range = finite.length ? [Math.min(...finite), Math.max(...finite)] : [0, 0];
    const body = sorted(rows, values).map((row) => {
      const best = bestOf(values.get(row), metric);
      const label = make("th", row.label.length > 44 ? { scope: "row", class: "long" } : { scope: "row" }, row.label, ...(row.suffix ? [" ", make("small", {}, row.suffix)] : []));
      return make("tr", { class: row.flags }, label, ...models.map((m) => cellOf(row, m, metric, range, best)));
    });
    table.tHead.replaceChildren(...head(metric, models));
    table.tBodies[0].replaceChildren(...body);
  };
  // As the table is shown, in full precision.
  const records = () => {
    const metric = shownMetric();
    const models = shownModels();
    const head_ = models.flatMap((m) => ["", " low", " high"].map((part) => `${data.models[m].name}${part}`));
    const body = rows.map((row) => [row.category, row.corruption, ...models.flatMap((m) => scoreCells.at(row, row.index, m, metric))]);
    return [["category", "corruption", ...head_], ...body];
  };
  offer(one("#score-tools"), { name: () => `scores_${state.metric}${state.severity === null ? "" : `_severity_${state.severity}`}`, rows: records, title: () => "the table of scores" });
  follow(render);
})();
