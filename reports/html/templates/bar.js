// The bar: task, metric, models, corruptions, severity; the sections follow it.
(() => {
  const bar = one("#bar");
  if (!bar || !data.metrics.length) return;
  const [task, metric, group, severity] = ["#bar-task", "#bar-metric", "#bar-group", "#bar-severity"].map((id) => one(id));
  const models = one("#bar-models");
  const option = (text, value) => make("option", { value }, text);
  const tasks = [...data.tasks.filter(({ name }) => data.metrics.some((each) => each.task === name)), ...(data.metrics.some((each) => !each.task) ? [{ name: "", title: "Image" }] : [])];
  task.replaceChildren(...tasks.map(({ name, title }) => option(title, name)));
  task.parentNode.hidden = tasks.length < 2;
  const metricsOf = (name) => data.metrics.filter((each) => each.task === name);
  const fillGroups = () => {
    const part = (label, kind) => {
      const options = groupPanels.filter((panel) => panel.kind === kind).map((panel) => option(panel.label, panel.index));
      return options.length ? [(() => { const set = make("optgroup", { label }); set.append(...options); return set; })()] : [];
    };
    group.replaceChildren(option("All", 0), ...part("Groups", "category"), ...part("Single corruptions", "corruption"));
    severity.replaceChildren(option("Mean of all", ""), ...data.severities.filter((each) => each > 0).map((each) => option(`${each}`, each)));
    [group, severity].forEach((control) => { control.parentNode.hidden = !corruptionPanels.length; });
  };
  const boxes = data.models.map((model, index) => {
    const box = make("input", { type: "checkbox", value: index });
    const label = make("label", {}, box, " ", swatch(index), make("span", {}, ...breakable(model.name)));
    label.dataset.name = model.name.toLowerCase();
    return { box, label };
  });
  one("#bar-model-list").append(...boxes.map(({ label }) => label));
  const chosen = () => boxes.filter(({ box }) => box.checked).map(({ box }) => Number(box.value));
  boxes.forEach(({ box }) => box.addEventListener("change", () => {
    // A page without a model shows nothing: the last one remains.
    if (!chosen().length) { box.checked = true; return; }
    select({ models: chosen() });
  }));
  const filter = one("#bar-model-filter");
  filter.parentNode.hidden = data.models.length < 9;
  filter.addEventListener("input", () => boxes.forEach(({ label }) => { label.hidden = !label.dataset.name.includes(filter.value.toLowerCase()); }));
  one("#bar-models-all").addEventListener("click", () => select({ models: everyModel }));
  one("#bar-models-usual").addEventListener("click", () => select({ models: [...data.selected] }));
  one("#bar-models-usual").hidden = data.selected.length === data.models.length;
  one("#bar-models-first").addEventListener("click", () => select({ models: [data.selected[0]] }));
  models.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !models.open) return;
    models.open = false;
    one("summary", models).focus();
  });
  document.addEventListener("click", (event) => { if (models.open && !models.contains(event.target)) models.open = false; });

  task.addEventListener("change", () => {
    const preferred = [data.leading, ...data.headline].find((name) => metricsOf(task.value).some((each) => each.name === name));
    select({ metric: preferred || metricsOf(task.value)[0].name });
  });
  metric.addEventListener("change", () => select({ metric: metric.value }));
  group.addEventListener("change", () => select({ panel: Number(group.value) }));
  severity.addEventListener("change", () => select({ severity: severity.value === "" ? null : Number(severity.value) }));
  one("#bar-reset").addEventListener("click", () => select({ ...initial(), at: state.at }));

  fillGroups();
  follow(() => {
    task.value = shownMetric().task;
    metric.replaceChildren(...metricsOf(task.value).map((each) => option(each.heading, each.name)));
    metric.value = state.metric;
    group.value = state.panel;
    severity.value = state.severity === null ? "" : state.severity;
    boxes.forEach(({ box }, index) => { box.checked = state.models.includes(index); });
    one("#bar-model-count").textContent = state.models.length === data.models.length ? (data.models.length > 1 ? `all ${data.models.length}` : "1") : `${state.models.length} of ${data.models.length}`;
    const words = [shownMetric().heading, `${one("#bar-model-count").textContent} model${data.models.length > 1 ? "s" : ""}`, state.panel ? shownPanel().label : "all corruptions", state.severity === null ? "mean of all severities" : severityText(state.severity)];
    one("#bar-status").textContent = `Shown: ${words.join(", ")}.`;
  });

  // Anchors, headers of tables and dialogs leave room for the bar.
  const measure = () => document.documentElement.style.setProperty("--bar", `${Math.ceil(bar.getBoundingClientRect().height)}px`);
  new ResizeObserver(measure).observe(bar);
  measure();
})();

// Sections: a link opens what is collapsed; the address stores where the reader is, next to the selection.
const reveal = (id, focus = true) => {
  const target = id && document.getElementById(id);
  if (!target) return;
  for (let part = target.closest("details"); part; part = part.parentNode.closest("details")) part.open = true;
  if (target.tagName === "DETAILS") target.open = true;
  target.scrollIntoView({ behavior: focus ? "auto" : "instant" });
  if (!focus) return;
  const head = one("h2, h3, summary", target) || target;
  if (head.tabIndex < 0) head.tabIndex = -1;
  head.focus({ preventScroll: true });
};
document.addEventListener("click", (event) => {
  const link = event.target.closest && event.target.closest("a[href^='#']");
  if (!link) return;
  const id = decodeURIComponent(link.getAttribute("href").slice(1));
  if (!document.getElementById(id)) return;
  event.preventDefault();
  reveal(id);
  state.at = id;
  remember();
});
// Printed are the parts that are closed on the screen, except those that are marked as too long.
addEventListener("beforeprint", () => all("details[data-print]:not([open])").forEach((part) => { part.open = true; part.dataset.opened = ""; }));
addEventListener("afterprint", () => all("details[data-opened]").forEach((part) => { part.open = false; delete part.dataset.opened; }));
