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

  // A filter fits a row by the row itself, or by its board; every word of the search has to occur.
  const filters = all("select[data-filter]");
  const search = document.querySelector("[data-search]");
  const count = document.querySelector("[data-count]");
  const rows = all("[data-row]");
  const show = () => {
    const words = (search ? search.value : "").toLowerCase().split(/\s+/).filter(Boolean);
    rows.forEach((row) => {
      const board = row.closest("[data-board]");
      const text = `${row.textContent} ${board.querySelector("h2, h3").textContent}`.toLowerCase();
      const fits = (one) => one.value === "" || { ...board.dataset, ...row.dataset }[one.dataset.filter] === one.value;
      row.hidden = !(filters.every(fits) && words.every((word) => text.includes(word)));
    });
    all("[data-board]").forEach((board) => {
      board.hidden = all("[data-row]", board).every((row) => row.hidden);
    });
    const visible = rows.filter((row) => !row.hidden).length;
    if (count) count.textContent = `${visible} of ${rows.length} entries. Ranks are among all models of a board.`;
  };
  filters.forEach((one) => one.addEventListener("change", show));
  if (search) search.addEventListener("input", show);
  show();
})();
