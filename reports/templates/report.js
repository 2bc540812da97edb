"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const one = (selector) => document.querySelector(selector);

  const metric = one("#metric");
  const showMetric = () => {
    const wanted = metric.value.split(" ");
    all("#scores [data-k]").forEach((cell) => { cell.hidden = !wanted.includes(cell.dataset.k); });
  };
  if (metric) metric.addEventListener("change", showMetric);

  // Sorting mixes the groups, so their rows step aside; the third press brings the suite's order back.
  const body = one("#scores tbody");
  const rows = body ? [...body.rows] : [];
  const value = (row, index) => {
    const text = row.cells[index].dataset.v;
    return text === "" ? null : Number(text);
  };
  const compare = (index, sign) => (a, b) => {
    const [x, y] = [value(a, index), value(b, index)];
    if (x === null || y === null) return (x === null) - (y === null);
    return sign * (x - y);
  };
  const sortBy = (head, index) => {
    const now = head.getAttribute("aria-sort");
    const next = { null: "ascending", ascending: "descending", descending: null }[now];
    all("#scores [aria-sort]").forEach((other) => other.removeAttribute("aria-sort"));
    if (next) head.setAttribute("aria-sort", next);
    const kind = (name) => rows.filter((row) => row.classList.contains(name));
    const sorted = kind("corruption").sort(compare(index, next === "ascending" ? 1 : -1));
    body.replaceChildren(...(next ? [...kind("clean"), ...sorted, ...kind("mean")] : rows));
  };
  all("#scores thead tr:last-child th").forEach((head, index) => {
    head.querySelector("button").addEventListener("click", () => sortBy(head, index + 1));
  });

  const curveMetric = one("#curve-metric");
  const showCurves = () => all("[data-curves]").forEach((block) => { block.hidden = block.dataset.curves !== curveMetric.value; });
  if (curveMetric) { curveMetric.addEventListener("change", showCurves); showCurves(); }

  const overlay = one("#overlay");
  const showMasks = () => all(".shot .mask").forEach((mask) => { mask.hidden = mask.dataset.m !== overlay.value; });
  if (overlay) { overlay.addEventListener("change", showMasks); showMasks(); }

  const viewer = one("#viewer");
  const shots = all(".sheet .shot");
  let current = null;
  const view = (name, score, layers) => {
    const figure = document.createElement("div");
    figure.className = "view";
    const line = document.createElement("p");
    const label = document.createElement("span");
    label.textContent = name;
    const number = document.createElement("b");
    number.textContent = score && score !== "–" ? `${score} %` : "";
    line.append(label, number);
    const stack = document.createElement("div");
    stack.append(...layers.map((layer) => {
      const copy = layer.cloneNode();
      copy.hidden = false;
      return copy;
    }));
    figure.append(line, stack);
    return figure;
  };
  const open = (shot) => {
    current = shot;
    const picture = shot.querySelector("img");
    const clean = one(".sheet .clean .shot > img");
    one("#viewer-title").textContent = shot.dataset.label;
    const views = [];
    if (clean && clean !== picture) views.push(view("clean frame", "", [clean]));
    views.push(view(shot.dataset.label, "", [picture]));
    all(".mask", shot).forEach((mask) => views.push(view(mask.dataset.name, mask.dataset.score, [picture, mask])));
    one("#viewer .views").replaceChildren(...views);
    if (!viewer.open) viewer.showModal();
  };
  all(".shot").forEach((shot) => shot.addEventListener("click", () => open(shot)));
  const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
  if (viewer) viewer.addEventListener("keydown", (event) => {
    const cell = current && current.closest("td");
    if (!cell || !(event.key in step)) return;
    event.preventDefault();
    const [down, right] = step[event.key];
    const row = cell.closest("tbody").rows[cell.parentNode.rowIndex - 1 + down];
    const next = row && row.cells[cell.cellIndex + right] && row.cells[cell.cellIndex + right].querySelector(".shot");
    if (next) open(next);
  });
  if (viewer) viewer.addEventListener("click", (event) => { if (event.target === viewer) viewer.close(); });
})();
