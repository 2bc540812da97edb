(() => {
  const table = one("#score-table");
  if (!table) return;
  const metric = one("#metric");
  onChange("#metric", () => {
    const selected = metric.value.split(" ");
    all("[data-k]", table).forEach((cell) => { cell.hidden = !selected.includes(cell.dataset.k); });
    enter();
  });

  // Means are not compared with what they average: rows are sorted within their group. The third press restores the
  // order of the suite.
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const value = (row, index) => {
    if (index === 0) return row.cells[0].textContent.toLowerCase();
    const text = row.cells[index].dataset.v;
    return text === "" ? null : Number(text);
  };
  const compare = (index, sign) => (a, b) => {
    const [x, y] = [value(a, index), value(b, index)];
    if (x === null || y === null) return (x === null) - (y === null);
    return sign * (x < y ? -1 : x > y ? 1 : 0);
  };
  const sorted = (index, sign) => {
    const groups = Map.groupBy(rows, (row) => Number(row.dataset.sortGroup));
    const order = compare(index, sign);
    return [...groups.keys()].sort((a, b) => a - b).flatMap((key) => {
      const group = groups.get(key);
      return "sortable" in group[0].dataset ? group.sort(order) : group;
    });
  };
  const press = (head, index) => {
    const now = head.getAttribute("aria-sort");
    const next = { null: "ascending", ascending: "descending", descending: null }[now];
    all("[aria-sort]", table).forEach((other) => other.removeAttribute("aria-sort"));
    if (next) head.setAttribute("aria-sort", next);
    body.replaceChildren(...(next ? sorted(index, next === "ascending" ? 1 : -1) : rows));
  };
  [...table.tHead.rows[1].cells].forEach((head, index) => one("button", head).addEventListener("click", () => press(head, index)));

  // One stop for the keyboard; arrow keys walk from number to number.
  const visible = (row) => [...row.cells].filter((cell) => cell.tagName === "TD" && !cell.hidden);
  const enter = () => {
    all("tbody td[tabindex]", table).forEach((cell) => cell.removeAttribute("tabindex"));
    const first = body.rows.length && visible(body.rows[0])[0];
    if (first) first.tabIndex = 0;
  };
  const steps = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
  body.addEventListener("keydown", (event) => {
    const cell = event.target.closest("td");
    if (!cell || !(event.key in steps)) return;
    const [down, right] = steps[event.key];
    const row = body.rows[cell.parentNode.sectionRowIndex + down];
    const next = row && visible(row)[visible(cell.parentNode).indexOf(cell) + right];
    if (!next) return;
    event.preventDefault();
    cell.removeAttribute("tabindex");
    next.tabIndex = 0;
    next.focus();
  });
  enter();
})();

(() => {
  const show = () => all("[data-comparison]").forEach((block) => { block.hidden = block.dataset.comparison !== one("#comparison-metric").value; });
  onChange("#comparison-metric", show);
  if (one("#comparison-metric")) show();
})();
