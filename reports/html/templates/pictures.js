(() => {
  const overlay = one("#overlay");
  const showMasks = () => all(".sheet .mask").forEach((mask) => { mask.hidden = mask.dataset.m !== overlay.value; });
  if (overlay) { overlay.addEventListener("change", showMasks); showMasks(); }

  const frame = (name, score, content) => {
    const label = make("span", {}, name);
    const number = make("b", {}, score && score !== "–" ? `mIoU ${score} %` : "");
    return make("div", { class: "view" }, make("p", {}, label, number), content);
  };
  const stack = (layers, words) => make("div", {}, ...layers.map((layer, index) => {
    const copy = layer.cloneNode();
    copy.hidden = false;
    copy.alt = index ? "" : words;
    return copy;
  }));

  // Labels are told apart by colour, and after eight of them by opacity: see mask_png.
  const colours = [[0, 213, 255], [255, 225, 0], [255, 79, 216], [109, 255, 90], [91, 140, 255], [255, 255, 255], [255, 154, 31], [176, 107, 255]];
  const label = (pixels, i) => {
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
  const errors = (picture, truth, mask, words) => {
    const canvas = make("canvas", { role: "img", "aria-label": words });
    Promise.all([picture, truth, mask].map(pixelsOf)).then(([base, right, said]) => {
      [canvas.width, canvas.height] = [base.width, base.height];
      const count = { missed: 0, false: 0, other: 0 };
      for (let i = 0; i < base.data.length; i += 4) {
        const [wanted, found] = [label(right.data, i), label(said.data, i)];
        const grey = 0.35 * (0.3 * base.data[i] + 0.59 * base.data[i + 1] + 0.11 * base.data[i + 2]);
        let colour = [grey, grey, grey];
        if (wanted >= 0 && wanted !== found) {
          const kind = found === 0 ? "missed" : wanted === 0 ? "false" : "other";
          count[kind] += 1;
          colour = { missed: [74, 163, 255], false: [255, 160, 31], other: [240, 107, 224] }[kind];
        }
        colour.forEach((level, k) => { base.data[i + k] = level; });
      }
      canvas.getContext("2d").putImageData(base, 0, 0);
      Object.entries(count).forEach(([kind, number]) => { canvas.dataset[kind] = number; });
    }).catch(() => canvas.replaceWith(make("p", { class: "absent" }, "no error map")));
    return canvas;
  };
  const views = (shot, clean) => {
    const picture = one("img:not(.mask)", shot);
    const masks = all(".mask", shot);
    const truth = masks.find((mask) => mask.dataset.m === "t");
    const found = [];
    if (clean && clean !== picture) found.push(frame("clean frame", "", stack([clean], "Clean frame")));
    found.push(frame(shot.dataset.label, "", stack([picture], shot.dataset.label)));
    masks.forEach((mask) => {
      const seen = frame(mask.dataset.name, mask.dataset.score, stack([picture, mask], `Mask: ${mask.dataset.name}`));
      if (!truth || mask === truth) { found.push(seen); return; }
      const wrong = frame("errors", "", errors(picture, truth, mask, `Error map: ${mask.dataset.name}`));
      found.push(make("div", { class: "duo" }, seen, wrong));
    });
    return found;
  };
  const cleanOf = (shot) => one(".clean img:not(.mask), [data-clean] img:not(.mask)", shot.closest("[data-frame], [data-pair]"));

  const viewer = one("#viewer");
  let current = null;
  const open = (shot) => {
    current = shot;
    one("#viewer-title").textContent = shot.dataset.label;
    one(".views", viewer).replaceChildren(...views(shot, cleanOf(shot)));
    if (!viewer.open) viewer.showModal();
  };
  all(".shot").forEach((shot) => shot.addEventListener("click", () => open(shot)));
  const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
  viewer.addEventListener("keydown", (event) => {
    const cell = current && current.closest("td");
    if (!cell || !(event.key in step)) return;
    event.preventDefault();
    const [down, right] = step[event.key];
    const rows = all("tr[data-row]", cell.closest("tbody"));
    const row = rows[rows.indexOf(cell.parentNode) + down];
    const next = row && row.cells[cell.cellIndex + right] && one(".shot", row.cells[cell.cellIndex + right]);
    if (next) open(next);
  });
  viewer.addEventListener("click", (event) => { if (event.target === viewer) viewer.close(); });

  const [chosenFrame, chosenRow, chosenSeverity] = ["#shot-frame", "#shot-row", "#shot-severity"].map((id) => one(id));
  if (!chosenRow) return;
  const sheets = all(".sheet");
  const sheet = () => sheets[chosenFrame ? Number(chosenFrame.value) : 0];
  const option = (text, value = text) => make("option", { value }, text);
  const fill = (select, texts, wanted) => {
    select.replaceChildren(...texts.map((text) => option(text)));
    if (texts.includes(wanted)) select.value = wanted;
  };
  // By place: a recorded condition may be called as a corruption is.
  const rowsOf = () => all("tr[data-row]", sheet());
  const show = () => {
    sheets.forEach((other) => { other.hidden = other !== sheet(); });
    const row = rowsOf()[Number(chosenRow.value)];
    const cells = all("td", row);
    fill(chosenSeverity, cells.map((cell) => cell.dataset.severity), chosenSeverity.value);
    one("#shot-severity-label").hidden = cells[0].dataset.severity === "";
    const cell = cells.find((other) => other.dataset.severity === chosenSeverity.value) || cells[0];
    const shot = one(".shot", cell);
    one("#stage-title").textContent = shot ? shot.dataset.label : [row.dataset.row, chosenSeverity.value && `severity ${chosenSeverity.value}`].filter(Boolean).join(", ");
    one("#stage .views").replaceChildren(...(shot ? views(shot, cleanOf(shot)) : [make("p", { class: "absent" }, "This run did not keep that picture.")]));
  };
  const rows = rowsOf().map((row, place) => [option(row.dataset.row, place), "recorded" in row.dataset]);
  const recorded = rows.filter(([, isReal]) => isReal).map(([entry]) => entry);
  chosenRow.replaceChildren(...rows.filter(([, isReal]) => !isReal).map(([entry]) => entry));
  if (recorded.length) chosenRow.append(make("optgroup", { label: "Recorded conditions" }, ...recorded));
  chosenRow.value = Math.min(1, rows.length - 1);
  fill(chosenSeverity, all("td", rowsOf()[Number(chosenRow.value)]).map((cell) => cell.dataset.severity));
  chosenSeverity.selectedIndex = Math.floor(chosenSeverity.options.length / 2);
  [chosenFrame, chosenRow, chosenSeverity].filter(Boolean).forEach((select) => select.addEventListener("change", show));
  show();
})();
