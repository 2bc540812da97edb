(() => {
  const overlay = one("#overlay");
  const showMasks = () => all(".grid-table .mask").forEach((mask) => { mask.hidden = mask.dataset.m !== overlay.value; });
  if (overlay) { overlay.addEventListener("change", showMasks); showMasks(); }

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
  const views = (stored, clean) => {
    const image = one("img:not(.mask)", stored);
    const masks = all(".mask", stored);
    const target = masks.find((mask) => mask.dataset.m === "t");
    const list = [];
    if (clean && clean !== image) list.push(view("clean frame", "", stack([clean], "Clean frame")));
    list.push(view(stored.dataset.label, "", stack([image], stored.dataset.label)));
    masks.forEach((mask) => {
      const overlaid = view(mask.dataset.name, mask.dataset.score, stack([image, mask], `Mask: ${mask.dataset.name}`));
      if (!target || mask === target) { list.push(overlaid); return; }
      const errors = view("errors", "", errorMap(image, target, mask, `Error map: ${mask.dataset.name}`));
      list.push(make("div", { class: "duo" }, overlaid, errors));
    });
    return list;
  };
  const cleanOf = (stored) => one(".clean img:not(.mask), [data-clean] img:not(.mask)", stored.closest("[data-frame], [data-pair]"));

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
    const rows = all("tr[data-row]", cell.closest("tbody"));
    const row = rows[rows.indexOf(cell.parentNode) + down];
    const next = row && row.cells[cell.cellIndex + right] && one(".stored", row.cells[cell.cellIndex + right]);
    if (next) open(next);
  });
  viewer.addEventListener("click", (event) => { if (event.target === viewer) viewer.close(); });

  const [frameSelect, rowSelect, severitySelect] = ["#image-frame", "#image-row", "#image-severity"].map((id) => one(id));
  if (!rowSelect) return;
  const grids = all(".grid-table");
  const grid = () => grids[frameSelect ? Number(frameSelect.value) : 0];
  const option = (text, value = text) => make("option", { value }, text);
  const fill = (select, texts, selected) => {
    select.replaceChildren(...texts.map((text) => option(text)));
    if (texts.includes(selected)) select.value = selected;
  };
  // By position, because a recorded condition may have the name of a corruption.
  const rowsOf = () => all("tr[data-row]", grid());
  const update = () => {
    grids.forEach((other) => { other.hidden = other !== grid(); });
    const row = rowsOf()[Number(rowSelect.value)];
    const cells = all("td", row);
    fill(severitySelect, cells.map((cell) => cell.dataset.severity), severitySelect.value);
    one("#image-severity-label").hidden = cells[0].dataset.severity === "";
    const cell = cells.find((other) => other.dataset.severity === severitySelect.value) || cells[0];
    const stored = one(".stored", cell);
    one("#stage-title").textContent = stored ? stored.dataset.label : [row.dataset.row, severitySelect.value && `severity ${severitySelect.value}`].filter(Boolean).join(", ");
    one("#stage .views").replaceChildren(...(stored ? views(stored, cleanOf(stored)) : [make("p", { class: "absent" }, "This run did not store that image.")]));
  };
  const rows = rowsOf().map((row, index) => [option(row.dataset.row, index), "recorded" in row.dataset]);
  const recorded = rows.filter(([, isRecorded]) => isRecorded).map(([entry]) => entry);
  rowSelect.replaceChildren(...rows.filter(([, isRecorded]) => !isRecorded).map(([entry]) => entry));
  if (recorded.length) rowSelect.append(make("optgroup", { label: "Recorded conditions" }, ...recorded));
  rowSelect.value = Math.min(1, rows.length - 1);
  fill(severitySelect, all("td", rowsOf()[Number(rowSelect.value)]).map((cell) => cell.dataset.severity));
  severitySelect.selectedIndex = Math.floor(severitySelect.options.length / 2);
  [frameSelect, rowSelect, severitySelect].filter(Boolean).forEach((select) => select.addEventListener("change", update));
  update();
})();
