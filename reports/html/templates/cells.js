// Numbers that open their frames: an element states its condition in data-cell, as openCell reads it.
(() => {
  const table = (element) => element.closest("table");
  const tables = () => all("main table").filter((each) => one(".cell", each));
  const isVisible = (cell) => !cell.hidden && !cell.parentNode.hidden;
  const stop = (cell) => one("button", cell) || cell;
  const press = (target) => {
    const element = target.closest && target.closest("[data-cell]");
    if (element) openCell(element.dataset.cell);
  };
  document.addEventListener("click", (event) => press(event.target));

  // One stop of the keyboard in each table; arrow keys walk from number to number.
  const enter = (part) => {
    const cells = all("tbody td", part).filter((cell) => one(".cell", cell) && isVisible(cell));
    const current = cells.find((cell) => stop(cell).tabIndex === 0);
    all("tbody .cell", part).forEach((button) => { button.tabIndex = -1; });
    if (cells.length) stop(current || cells[0]).tabIndex = 0;
  };
  const steps = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
  const beside = (element, change) => (change < 0 ? element.previousElementSibling : element.nextElementSibling);
  document.addEventListener("keydown", (event) => {
    const cell = event.key in steps && event.target.closest("main tbody td");
    if (!cell || !one(".cell", table(cell)) || event.target !== stop(cell)) return;
    const [down, right] = steps[event.key];
    let row = cell.parentNode;
    if (down) do row = beside(row, down); while (row && row.hidden);
    let next = row && row.cells[cell.cellIndex];
    if (right) do next = beside(next, right); while (next && next.hidden);
    if (!next || next.tagName !== "TD") return;
    event.preventDefault();
    const from = table(cell);
    all("tbody [tabindex='0']", from).forEach((each) => { each.tabIndex = -1; });
    stop(next).tabIndex = 0;
    stop(next).focus();
  });

  follow(() => {
    all("main [data-cell]:not(button)").filter((element) => !one("button", element)).forEach((element) => fillCell(element, element.dataset.cell, ...element.childNodes));
    tables().forEach(enter);
  });
})();
