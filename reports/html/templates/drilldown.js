// From a number to its frames: of a model, a corruption and a severity, or of all that the number is a mean of.
const openCell = (() => {
  const MOST = 6; // frames of an aggregate
  const dialog = one("#cell");
  // m: model, null for all; p: panel, -1 for clean frames; s: severity, null for all of them; task: its name.
  let now = null;
  let before = "";
  const isOne = (p) => p >= firstPanel;
  const corruptionsOf = (p) => corruptionPanels.map((panel, c) => ({ panel, c }))
    .filter(({ panel, c }) => (isOne(p) ? c === p - firstPanel : p === 0 || panel.category === data.panels[p].name)).map(({ c }) => c);
  const isClean = ({ p, s }) => p < 0 || s === 0;
  const conditionsOf = (part) => {
    const models = part.m === null ? everyModel : [part.m];
    const severities = part.s === null ? data.severities.map((_, s) => s).slice(1) : [part.s];
    const places = isClean(part) ? [[-1, 0]] : corruptionsOf(part.p).flatMap((c) => severities.map((s) => [c, s]));
    return models.flatMap((m) => places.map(([c, s]) => ({ m, c, s })));
  };
  const whereText = (part) => {
    if (isClean(part)) return "Clean frames";
    const words = part.p === 0 ? "All corruptions" : data.panels[part.p].label;
    return `${words}, ${part.s === null ? "all severities" : severityText(data.severities[part.s])}`;
  };
  const addressOf = ({ m, p, s, task }) => {
    const other = task === shownMetric().task ? "" : `.${data.tasks.findIndex(({ name }) => name === task)}`;
    return `${m === null ? "all" : m}.${p < 0 ? -1 : scopeOf(p)}.${s === null ? "all" : s}${other}`;
  };
  const readAddress = (address) => {
    const [m, c, s, t] = address.split(".");
    const group = c.startsWith("g") ? 1 + Number(c.slice(1)) : null;
    const p = c === "-1" ? -1 : c === "all" ? 0 : group === null ? firstPanel + Number(c) : group < firstPanel ? group : NaN;
    const usual = severityIndex() > 0 ? severityIndex() : isOne(p) && m !== "all" ? data.severities.length - 1 : null;
    const task = t && data.tasks[t] ? data.tasks[t].name : shownMetric().task;
    return { m: m === "all" ? null : Number(m), p, s: p < 0 ? 0 : s === "all" ? null : s ? Number(s) : usual, task };
  };
  const isValid = ({ m, p, s }) => (m === null || data.models[m]) && (p < 0 || data.panels[p]) && (s === null || data.severities[s] !== undefined);

  // The score with its interval, and the floor; over all severities as in the table of scores.
  const rowOf = (p) => data.rows.findIndex((row) => row.panel === p && row.kind !== "clean");
  const numbersOf = (metric, m, { p, s }) => {
    if (s === null) return rowOf(p) < 0 ? [null, null, null] : data.table[metric.name][rowOf(p)][m];
    return data.scores[metric.name][Math.max(p, 0)][m].map((part) => part[s]);
  };
  const floorOf = (metric, { p, s }) => {
    const floor = data.floors[metric.name];
    if (!floor) return null;
    return s === null ? (floor.rows[rowOf(p)] ?? null) : floor.panels[Math.max(p, 0)][s];
  };
  const values = (part) => {
    const metrics = data.metrics.filter((metric) => metric.task === part.task && data.scores[metric.name]);
    const metric = metrics.find(({ name }) => name === state.metric) || metrics.find(({ name }) => data.headline.includes(name)) || metrics[0];
    if (!metric) return [];
    const line = (head, each, m, isCurrent) => {
      const numbers = numbersOf(each, m, part);
      const cells = [written(numbers[0], each), intervalText(numbers, each) || "–", written(data.scores[each.name][0][m][0][0], each), written(floorOf(each, part), each)];
      return make("tr", isCurrent ? { class: "current" } : {}, make("th", { scope: "row" }, ...head), ...cells.map((text) => make("td", { class: "n" }, text)));
    };
    const rows = part.m === null
      ? everyModel.map((m) => line([swatch(m), " ", data.models[m].name], metric, m, false))
      : metrics.map((each) => line([each.heading], each, part.m, each.name === state.metric));
    const head = [part.m === null ? metric.heading : "Metric", "Score", "Interval", "Clean", "Floor"].map((text, index) => make("th", index ? { scope: "col", class: "n" } : { scope: "col" }, text));
    return [make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Scores of this condition" }, make("table", { class: "plain-table" }, make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...rows)))];
  };

  // The stored image of a frame at the condition, with the mask of the model: of the frames kept for this purpose, or
  // of those that are stored at every condition.
  const storedImage = (id, { c, s }) => {
    const label = s === 0 ? "clean" : corruptionPanel(c).name;
    const severity = s === 0 ? 0 : data.severities[s];
    const kept = all(".stored", one("#kept-frames").content).find((each) => each.dataset.frame === id && each.dataset.corruption === label && Number(each.dataset.severity) === severity);
    if (kept) return kept;
    const grid = all(".grid-table").find((each) => each.dataset.id === id);
    const row = grid && (s === 0 ? one("tr.clean", grid) : one(`tr[data-c="${c}"]`, grid));
    const cell = row && (s === 0 ? one("td", row) : all("td", row).find((each) => Number(each.dataset.severity) === severity));
    return cell ? one(".stored", cell) : null;
  };
  const picture = (stored, m, words) => {
    const layers = [one("img:not(.mask)", stored), ...all(".mask", stored).filter((mask) => mask.dataset.m === `${m}`)];
    return make("div", { class: "picture" }, ...layers.map((layer, index) => {
      const copy = layer.cloneNode();
      copy.hidden = false;
      copy.alt = index ? "" : words;
      return copy;
    }));
  };
  // A frame with its score below its words, or below a link to its condition.
  const item = (words, score, id, condition, link) => {
    const image = storedImage(id, condition);
    const head = link ? make("button", { type: "button", class: "plain link", "data-cell": link }, words) : make("b", {}, words);
    const element = make("li", {}, make("p", {}, head, ` ${score}`, make("br"), make("code", {}, id)));
    if (image) element.append(picture(image, condition.m, `${words}: frame ${id}`));
    return { element, image };
  };
  const listOf = (items) => make("ul", { class: "extremes" }, ...items.map(({ element }) => element));
  const keyOf = ({ m, c, s }) => `${m} ${s === 0 ? -1 : c} ${s}`;
  const withUnit = (part, score) => `${part.label} ${isNumber(score) ? score.toFixed(2) : "–"}${part.unit && ` ${part.unit}`}`;
  const hint = "Images of these frames are not stored in this run: evaluate with --keep-frames N to store the worst, median and best frames of each condition.";

  // Of the model by its records; and of the run, where it stored images of them: by the mean over the models.
  const frames = (part, condition) => {
    const list = part.cells[keyOf(condition)];
    if (!list) return [make("p", { class: "absent" }, "No frame of this condition has a score.")];
    const items = list.map(([index, score], rank) => item(["Worst", "Median", "Best"][rank], withUnit(part, score), part.ids[index], condition));
    const of = data.thumbnails.filter((each) => each.condition === keyOf(condition).split(" ").slice(1).join(" "));
    const known = new Set(list.map(([index]) => part.ids[index]));
    const others = of.filter((each) => !known.has(each.id)).map((each) => item(each.kind[0].toUpperCase() + each.kind.slice(1), `Dice ${isNumber(each.scores[condition.m]) ? `${each.scores[condition.m].toFixed(2)} %` : "–"}`, each.id, condition)).filter(({ image }) => image);
    const note = items.some(({ image }) => !image) && !of.length ? [make("p", { class: "caption" }, hint)] : [];
    const stored = others.length ? [make("h4", {}, "Stored frames: worst, median and best by the mean over the models"), listOf(others)] : [];
    return [make("h4", {}, `Frames of this model, by ${part.label}`), listOf(items), ...note, ...stored];
  };
  // Of an aggregate: the worst frame of each of its conditions, the worst of them first.
  const worstFrames = (part, conditions) => {
    const known = conditions.filter((each) => part.cells[keyOf(each)]).map((each) => ({ ...each, first: part.cells[keyOf(each)][0] })).filter(({ first }) => isNumber(first[1]));
    if (!known.length) return [make("p", { class: "absent" }, "No frame of these conditions has a score.")];
    const worst = known.toSorted((a, b) => (part.up ? 1 : -1) * (a.first[1] - b.first[1])).slice(0, MOST);
    const items = worst.map(({ m, c, s, first }) => {
      const condition = { m, c, s };
      const where = { m, p: s === 0 ? -1 : firstPanel + c, s, task: part.task };
      const words = now.m === null ? `${data.models[m].name} · ${whereText(where)}` : whereText(where);
      return item(words, withUnit(part, first[1]), part.ids[first[0]], condition, addressOf(where));
    });
    const note = items.some(({ image }) => !image) ? [make("p", { class: "caption" }, "Frames without an image: the run did not store it. Press a condition for its own frames.")] : [];
    const count = known.length > MOST ? `: ${MOST} of ${known.length}` : "";
    return [make("h4", {}, `The worst frame of each condition by ${part.label}, the worst first${count}`), listOf(items), ...note];
  };
  const content = () => {
    const conditions = conditionsOf(now);
    const part = data.frames.find(({ task }) => task === now.task) || data.frames[0];
    if (!part) return [make("p", { class: "absent" }, "No frame of this condition has a score.")];
    return conditions.length === 1 ? frames(part, conditions[0]) : worstFrames(part, conditions);
  };

  // Severities in the order of the buttons; an aggregate begins with all of them together.
  const order = ({ m, p, s }) => {
    const severities = data.severities.map((_, index) => index);
    if (p < 0) return [s];
    return isOne(p) && m !== null && s !== null ? severities : [null, ...severities.slice(1)];
  };
  const nextOf = (change) => order(now)[order(now).indexOf(now.s) + change];
  const show = () => {
    one("#cell-title").textContent = `${now.m === null ? "All models" : data.models[now.m].name} · ${whereText(now)}`;
    [["#cell-weaker", -1], ["#cell-stronger", 1]].forEach(([id, change]) => {
      const s = nextOf(change);
      const text = s === undefined ? null : s === null ? "All severities" : s === 0 ? "Clean" : `Severity ${data.severities[s]}`;
      one(id).disabled = text === null;
      one(id).textContent = change < 0 ? `← ${text || "weaker"}` : `${text || "stronger"} →`;
    });
    one("#cell-back").hidden = !before;
    one("#cell-body").replaceChildren(...values(now), ...content());
    setView("cell", addressOf(now));
  };
  const step = (change) => {
    const s = nextOf(change);
    if (s === undefined) return;
    now = { ...now, s };
    show();
  };
  one("#cell-weaker").addEventListener("click", () => step(-1));
  one("#cell-stronger").addEventListener("click", () => step(1));
  one("#cell-back").addEventListener("click", () => { const address = before; before = ""; open(address); });
  dialog.addEventListener("keydown", (event) => {
    const change = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!change || event.target.closest(".scroll")) return;
    event.preventDefault();
    step(change);
  });
  // A press beside the dialog closes it; the browser moves the focus back to the number.
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  dialog.addEventListener("close", () => { before = ""; setView("cell", ""); });
  const open = (address) => {
    const part = readAddress(address);
    if (!isValid(part) || !Object.keys(data.scores).length) return;
    now = part;
    show();
    if (!dialog.open) dialog.showModal();
    else { dialog.scrollTop = 0; one("#cell-title").focus(); }
  };
  // From a frame of an aggregate to its condition, and back.
  return (address) => {
    before = dialog.open ? addressOf(now) : "";
    open(address);
  };
})();
