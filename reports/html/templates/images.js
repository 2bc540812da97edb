// Stored images with masks and error maps: the stage, which follows the selection, and the viewer of one condition.
const stage = (() => {
  const scoreLabel = document.body.dataset.frameScore;
  const view = (name, score, content) => {
    const label = make("span", {}, name);
    const number = make("b", {}, score && score !== "–" ? `${scoreLabel} ${score} %` : "");
    return make("div", { class: "view" }, make("p", {}, label, number), content);
  };
  const stack = (layers, words) => make("div", {}, ...layers.map((layer, index) => {
    const copy = layer.cloneNode();
    copy.hidden = false;
    copy.alt = index ? "" : words;
    return copy;
  }));

  // Labels differ by colour, and after eight of them by opacity: see encode_label_map.
  const colours = [[0, 213, 255], [255, 225, 0], [255, 79, 216], [109, 255, 90], [91, 140, 255], [255, 255, 255], [255, 154, 31], [176, 107, 255]];
  const labelAt = (pixels, i) => {
    const opacity = pixels[i + 3];
    if (opacity < 2) return opacity ? -1 : 0;
    const gap = ([r, g, b]) => (r - pixels[i]) ** 2 + (g - pixels[i + 1]) ** 2 + (b - pixels[i + 2]) ** 2;
    const colour = colours.reduce((best, candidate, k) => (gap(candidate) < gap(colours[best]) ? k : best), 0);
    return 1 + colour + 8 * (opacity > 128 ? 255 - opacity : Math.round((80 - opacity) / 4));
  };
  const pixelsOf = async (image) => {
    const source = new Image();
    source.src = image.src;
    await source.decode();
    const canvas = make("canvas", { width: source.naturalWidth, height: source.naturalHeight });
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.drawImage(source, 0, 0);
    return context.getImageData(0, 0, canvas.width, canvas.height);
  };
  const errorColours = { missed: [74, 163, 255], false: [255, 160, 31], other: [240, 107, 224] };
  const errorMap = (image, target, mask, words) => {
    const canvas = make("canvas", { role: "img", "aria-label": words });
    Promise.all([image, target, mask].map(pixelsOf)).then(([base, truth, prediction]) => {
      [canvas.width, canvas.height] = [base.width, base.height];
      const count = { missed: 0, false: 0, other: 0 };
      for (let i = 0; i < base.data.length; i += 4) {
        const [expected, predicted] = [labelAt(truth.data, i), labelAt(prediction.data, i)];
        const grey = 0.35 * (0.3 * base.data[i] + 0.59 * base.data[i + 1] + 0.11 * base.data[i + 2]);
        let colour = [grey, grey, grey];
        if (expected >= 0 && expected !== predicted) {
          const kind = predicted === 0 ? "missed" : expected === 0 ? "false" : "other";
          count[kind] += 1;
          colour = errorColours[kind];
        }
        colour.forEach((level, k) => { base.data[i + k] = level; });
      }
      canvas.getContext("2d").putImageData(base, 0, 0);
      Object.entries(count).forEach(([kind, number]) => { canvas.dataset[kind] = number; });
    }).catch(() => canvas.replaceWith(make("p", { class: "absent" }, "no error map")));
    return canvas;
  };
  // Error maps of many models would fill the page: the enlarged view has them.
  const views = (stored, clean, withErrors = true) => {
    const models = shownModels();
    const image = one("img:not(.mask)", stored);
    const masks = all(".mask", stored);
    const target = masks.find((mask) => mask.dataset.m === "t");
    const list = [];
    if (clean && clean !== image) list.push(view("clean frame", "", stack([clean], "Clean frame")));
    list.push(view(stored.dataset.label, "", stack([image], stored.dataset.label)));
    masks.filter((mask) => mask === target || models.includes(Number(mask.dataset.m))).forEach((mask) => {
      const overlaid = view(mask.dataset.name, mask.dataset.score, stack([image, mask], `Mask: ${mask.dataset.name}`));
      if (!target || mask === target || !withErrors) { list.push(overlaid); return; }
      const errors = view("errors", "", errorMap(image, target, mask, `Error map: ${mask.dataset.name}`));
      list.push(make("div", { class: "duo" }, overlaid, errors));
    });
    return list;
  };
  const cleanOf = (stored) => one(".clean img:not(.mask), [data-clean] img:not(.mask)", stored.closest("[data-frame], [data-pair]"));

  return { views, cleanOf };
})();

(() => {
  const { views, cleanOf } = stage;
  const overlay = one("#overlay");
  const showMasks = () => all(".grid-table .mask").forEach((mask) => { mask.hidden = mask.dataset.m !== overlay.value; });
  if (overlay) {
    overlay.addEventListener("change", () => { setView("overlay", overlay.value || "none"); showMasks(); });
    follow(() => { if (state.view.overlay) overlay.value = state.view.overlay === "none" ? "" : state.view.overlay; showMasks(); });
  }
  const viewer = one("#viewer");
  let current = null;
  const open = (stored) => {
    current = stored;
    one("#viewer-title").textContent = stored.dataset.label;
    one(".views", viewer).replaceChildren(...views(stored, cleanOf(stored)));
    if (!viewer.open) viewer.showModal();
  };
  all(".stored").forEach((stored) => stored.addEventListener("click", () => open(stored)));
  const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
  viewer.addEventListener("keydown", (event) => {
    const cell = current && current.closest("td");
    if (!cell || !(event.key in step)) return;
    event.preventDefault();
    const [down, right] = step[event.key];
    const rows = all("tr[data-row]", cell.closest("tbody")).filter((row) => !row.hidden);
    const row = rows[rows.indexOf(cell.parentNode) + down];
    const next = row && row.cells[cell.cellIndex + right] && one(".stored", row.cells[cell.cellIndex + right]);
    if (next) open(next);
  });
  viewer.addEventListener("click", (event) => { if (event.target === viewer) viewer.close(); });

  const grids = all(".grid-table");
  if (!grids.length) return;
  const frameSelect = one("#image-frame");
  const recordedSelect = one("#image-recorded");
  const grid = () => grids[frameSelect ? Number(frameSelect.value) : 0];
  const rowsOf = () => all("tr[data-row]", grid());
  // The corruption of the selection; of several the one under which the models lose most.
  const stageCorruption = () => {
    const corruptions = shownCorruptions();
    const metric = metricOf(data.leading);
    if (corruptions.length < 2 || !metric || metric.up === null) return corruptions[0];
    const score = (c) => { const values = everyModel.flatMap((m) => data.scores[metric.name][firstPanel + c][m][0].slice(1)).filter(isNumber); return values.length ? (metric.up ? 1 : -1) * mean(values) : Infinity; };
    return corruptions.reduce((worst, c) => (score(c) < score(worst) ? c : worst), corruptions[0]);
  };
  const show = () => {
    if (frameSelect && grids[state.view.frame]) frameSelect.value = state.view.frame;
    grids.forEach((other) => { other.hidden = other !== grid(); });
    const corruption = stageCorruption();
    const recorded = recordedSelect && recordedSelect.value !== "" ? rowsOf().filter((row) => "recorded" in row.dataset)[Number(recordedSelect.value)] : null;
    const row = recorded || rowsOf().find((each) => each.dataset.c === `${corruption}`) || rowsOf()[0];
    all("tr[data-c]", grid()).forEach((each) => { each.hidden = !shownCorruptions().includes(Number(each.dataset.c)); });
    const cells = all("td", row);
    const severity = state.severity === null ? data.severities[Math.ceil(data.severities.length / 2)] : state.severity;
    const cell = cells.find((other) => other.dataset.severity === `${severity}`) || cells[0];
    const stored = one(".stored", cell);
    one("#stage-title").textContent = stored ? stored.dataset.label : [row.dataset.row, `severity ${severity}`].join(", ");
    one("#stage-note").textContent = recorded ? "" : shownPanel().kind !== "corruption" && corruptionPanels.length ? "The corruption of the selection with the lowest scores; choose a single one, and a severity, in the bar." : "";
    one("#stage .views").replaceChildren(...(stored ? views(stored, cleanOf(stored), shownModels().length <= 4) : [make("p", { class: "absent" }, "This run did not store that image.")]));
    one("#strip").replaceChildren(...cells.map((each) => one(".stored", each)).filter(Boolean).map((each) => {
      const button = make("button", { type: "button", class: "thumb", "aria-label": `${each.dataset.label}: show` });
      const image = one("img:not(.mask)", each).cloneNode();
      image.alt = "";
      button.append(image, make("span", { "aria-hidden": "true" }, each.closest("td").dataset.severity || "recorded"));
      if (each === stored) button.setAttribute("aria-current", "true");
      button.addEventListener("click", () => (each.closest("td").dataset.severity ? select({ severity: Number(each.closest("td").dataset.severity) }) : open(each)));
      return button;
    }));
  };
  if (frameSelect) frameSelect.addEventListener("change", () => { setView("frame", frameSelect.value); show(); });
  if (recordedSelect) recordedSelect.addEventListener("change", show);
  follow(show);
})();
