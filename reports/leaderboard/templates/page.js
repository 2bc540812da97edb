"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  // A press sorts down, the next up, the third brings the first order back; what has no number stays last.
  all("table[data-sortable]").forEach((table) => {
    const body = table.tBodies[0];
    const first = [...body.rows];
    const value = (row, index) => {
      const cell = row.cells[index];
      if (cell.dataset.v === undefined) return cell.textContent.trim().toLowerCase();
      return cell.dataset.v === "" ? null : Number(cell.dataset.v);
    };
    const compare = (index, sign) => (a, b) => {
      const [x, y] = [value(a, index), value(b, index)];
      if (x === null || y === null) return (x === null) - (y === null);
      return x < y ? -sign : x > y ? sign : 0;
    };
    all("thead th", table).forEach((head, index) => {
      const button = head.querySelector("button");
      if (!button) return;
      button.addEventListener("click", () => {
        const now = head.getAttribute("aria-sort");
        const next = { null: "descending", descending: "ascending", ascending: null }[now];
        all("[aria-sort]", table).forEach((other) => other.removeAttribute("aria-sort"));
        if (next) head.setAttribute("aria-sort", next);
        body.replaceChildren(...(next ? [...first].sort(compare(index, next === "ascending" ? 1 : -1)) : first));
      });
    });
  });

  const filters = all("select[data-filter]");
  const show = () => {
    all("[data-board]").forEach((board) => {
      board.hidden = filters.some((one) => one.value !== "" && board.dataset[one.dataset.filter] !== one.value);
    });
  };
  filters.forEach((one) => one.addEventListener("change", show));
  show();
})();
