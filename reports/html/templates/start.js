// The page as its address asks for, once every section is ready.
(() => {
  all("details[data-close]").forEach((part) => { part.open = false; });
  const open = () => {
    const { cell } = state.view;
    update();
    reveal(state.at, false);
    if (cell) openCell(cell);
  };
  open();
  addEventListener("hashchange", () => { restore(); open(); });
})();
