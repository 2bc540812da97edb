// From a number to its frames: one model, one corruption, one severity.
const openCell = (() => {
  const dialog = one("#cell");
  let now = null;
  const conditionKey = (m, c, s) => `${m} ${s === 0 ? -1 : c} ${s}`;
  const numbersOf = (metric, m, c, s) => data.scores[metric.name][c < 0 ? 0 : firstPanel + c][m].map((part) => part[s]);
  const labelOf = (c, s) => (s === 0 || c < 0 ? "Clean frames" : `${corruptionPanel(c).label}, severity ${data.severities[s]}`);

  const values = ({ m, c, s }) => {
    const task = shownMetric().task;
    const rows = data.metrics.filter((metric) => metric.task === task && data.scores[metric.name]).map((metric) => {
      const numbers = numbersOf(metric, m, c, s);
      const floor = data.floors[metric.name];
      const cells = [written(numbers[0], metric), intervalText(numbers, metric) || "–", written(numbersOf(metric, m, c, 0)[0], metric), floor ? written(floor.panels[c < 0 ? 0 : firstPanel + c][s], metric) : "–"];
      return make("tr", metric.name === state.metric ? { class: "current" } : {}, make("th", { scope: "row" }, metric.heading), ...cells.map((text) => make("td", { class: "n" }, text)));
    });
    const head = ["Metric", "Score", "Interval", "Clean", "Floor"].map((text, index) => make("th", index ? { scope: "col", class: "n" } : { scope: "col" }, text));
    return make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Scores of this condition" }, make("table", { class: "plain-table" }, make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...rows)));
  };

  // The stored image of a frame at the condition, with the mask of the model: of the frames kept for this purpose, or
  // of those that are stored at every condition.
  const storedImage = (id, { m, c, s }) => {
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
  const item = (words, score, id, condition) => {
    const image = storedImage(id, condition);
    const element = make("li", {}, make("p", {}, make("b", {}, words), ` ${score}`, make("br"), make("code", {}, id)));
    if (image) element.append(picture(image, condition.m, `${words} frame, ${id}`));
    return { element, image };
  };
  // Of the model by its records; and of the run, where it stored images of them: by the mean over the models.
  const frames = (condition) => {
    const { m, c, s } = condition;
    const task = shownMetric().task;
    const part = data.frames.find((each) => each.task === task) || data.frames[0];
    const list = part && part.cells[conditionKey(m, c, s)];
    if (!list) return [make("p", { class: "absent" }, "No frame of this condition has a score.")];
    const text = (score) => `${part.label} ${isNumber(score) ? score.toFixed(2) : "–"}${part.unit && ` ${part.unit}`}`;
    const items = list.map(([index, score], rank) => item(["Worst", "Median", "Best"][rank], text(score), part.ids[index], condition));
    const of = data.thumbnails.filter((each) => each.condition === conditionKey(m, c, s).split(" ").slice(1).join(" "));
    const known = new Set(list.map(([index]) => part.ids[index]));
    const others = of.filter((each) => !known.has(each.id)).map((each) => item(each.kind[0].toUpperCase() + each.kind.slice(1), `Dice ${isNumber(each.scores[m]) ? `${each.scores[m].toFixed(2)} %` : "–"}`, each.id, condition)).filter(({ image }) => image);
    const missing = items.filter(({ image }) => !image).length;
    const note = missing && !of.length ? [make("p", { class: "caption" }, "Images of these frames are not stored in this run: evaluate with --keep-frames N to store the worst, median and best frames of each condition.")] : [];
    const stored = others.length ? [make("h4", {}, "Stored frames: worst, median and best by the mean over the models"), make("ul", { class: "extremes" }, ...others.map(({ element }) => element))] : [];
    return [make("h4", {}, `Frames of this model, by ${part.label}`), make("ul", { class: "extremes" }, ...items.map(({ element }) => element)), ...note, ...stored];
  };

  const show = () => {
    const { m, c, s } = now;
    one("#cell-title").textContent = `${data.models[m].name} · ${labelOf(c, s)}`;
    const label = (step) => {
      const next = s + step;
      if (c < 0 || next < 0 || next >= data.severities.length) return null;
      return next === 0 ? "Clean" : `Severity ${data.severities[next]}`;
    };
    [["#cell-weaker", -1], ["#cell-stronger", 1]].forEach(([id, step]) => {
      const text = label(step);
      one(id).disabled = text === null;
      one(id).textContent = step < 0 ? `← ${text || "weaker"}` : `${text || "stronger"} →`;
    });
    one("#cell-body").replaceChildren(values(now), ...frames(now));
  };
  const step = (change) => {
    const s = now.s + change;
    if (now.c < 0 || s < 0 || s >= data.severities.length) return;
    now = { ...now, s };
    show();
    setView("cell", `${now.m}.${now.c}.${now.s}`);
  };
  one("#cell-weaker").addEventListener("click", () => step(-1));
  one("#cell-stronger").addEventListener("click", () => step(1));
  dialog.addEventListener("keydown", (event) => {
    const change = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!change || event.target.closest(".scroll")) return;
    event.preventDefault();
    step(change);
  });
  // A press beside the dialog closes it; the browser moves the focus back to the number.
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  dialog.addEventListener("close", () => setView("cell", ""));
  return (m, c, s) => {
    if (!data.models[m] || !data.severities[s] && s !== 0 || (c >= 0 && !corruptionPanel(c)) || !Object.keys(data.scores).length) return;
    now = { m, c, s: c < 0 ? 0 : s };
    show();
    if (!dialog.open) dialog.showModal();
    setView("cell", `${m}.${c}.${now.s}`);
  };
})();
