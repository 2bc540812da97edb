// What the page shows: one selection, which every section follows, and which the address of the page stores.
const everyModel = data.models.map((_, index) => index);
const groupPanels = data.panels.map((panel, index) => ({ ...panel, index })).filter((panel) => panel.kind !== "all");
const corruptionPanels = groupPanels.filter((panel) => panel.kind === "corruption");
const firstPanel = data.panels.findIndex((panel) => panel.kind === "corruption");
// Severity null is the mean over severities; panel 0 all corruptions.
const initial = () => ({
  metric: data.leading || (data.metrics[0] || {}).name || "", models: [...data.selected], panel: 0, severity: null, view: {}, at: "",
});
const state = initial();
const followers = [];
const follow = (act) => followers.push(act);

const shownModels = () => state.models;
const shownMetric = () => metricOf(state.metric);
const shownPanel = () => data.panels[state.panel] || data.panels[0];
const severityIndex = () => (state.severity === null ? -1 : data.severities.indexOf(state.severity));
// The corruptions of the selection, as positions in the list of corruptions.
const shownCorruptions = () => {
  const selected = shownPanel();
  return corruptionPanels.map((panel, index) => ({ panel, index }))
    .filter(({ panel }) => selected.kind === "all" || (selected.kind === "category" ? panel.category === selected.name : panel.name === selected.name))
    .map(({ index }) => index);
};
const corruptionPanel = (corruption) => data.panels[firstPanel + corruption];
// The corruptions of a panel, as the address of a number has them.
const scopeOf = (panel) => (panel === 0 ? "all" : panel < firstPanel ? `g${panel - 1}` : `${panel - firstPanel}`);
// Whether a row of a table belongs to the selection, by its category and corruption as the table of scores has them.
const rowIsShown = (row) => {
  const selected = shownPanel();
  if (selected.kind === "all" || row.kind === "clean" || row.kind === "floor" || row.corruption === "all") return true;
  if (selected.kind === "corruption") return row.corruption === selected.name && row.category === selected.category;
  return row.category === selected.name || (row.category === "mean" && row.corruption === selected.name);
};

const sameModels = (list) => list.length === data.selected.length && list.every((model, index) => model === data.selected[index]);
const address = () => {
  const usual = initial();
  const parts = new URLSearchParams();
  if (state.metric !== usual.metric) parts.set("metric", state.metric);
  if (!sameModels(state.models)) parts.set("models", state.models.join("."));
  if (state.panel) parts.set(shownPanel().kind, shownPanel().name);
  if (state.severity !== null) parts.set("severity", state.severity);
  Object.entries(state.view).forEach(([key, value]) => { if (value !== "" && value !== null) parts.set(key, value); });
  const text = parts.toString();
  if (text && state.at) parts.set("at", state.at);
  return text ? parts.toString() : state.at;
};
const remember = () => {
  try {
    history.replaceState(null, "", `#${address()}`);
  } catch { /* some viewers of files have no history */ }
};

// What an address asks for; anything that this report does not have is ignored.
const VIEW = {
  threshold: (text) => text !== "" && Number.isFinite(Number(text)), by: (text) => ["interval", "value"].includes(text), axis: (text) => text === "distortion",
  frame: (text) => /^\d+$/.test(text), overlay: (text) => /^(t|\d+|none)$/.test(text), cell: (text) => /^(\d+|all)\.(-1|\d+|g\d+|all)\.(\d+|all)(\.\d+)?$/.test(text),
};
const parse = (hash) => {
  const result = initial();
  if (!hash.includes("=")) return { ...result, at: decodeURIComponent(hash) };
  const parts = new URLSearchParams(hash);
  if (metricOf(parts.get("metric"))) result.metric = parts.get("metric");
  const models = [...new Set((parts.get("models") || "").split(".").filter((text) => /^\d+$/.test(text)).map(Number))].filter((index) => index in data.models);
  if (models.length) result.models = models.sort((a, b) => a - b);
  const panel = groupPanels.find((each) => parts.get(each.kind) === each.name);
  if (panel) result.panel = panel.index;
  const severity = parts.get("severity");
  if (severity !== null && severity !== "" && Number(severity) > 0 && data.severities.includes(Number(severity))) result.severity = Number(severity);
  Object.entries(VIEW).forEach(([key, isValid]) => { if (parts.has(key) && isValid(parts.get(key))) result.view[key] = parts.get(key); });
  result.at = parts.get("at") || "";
  return result;
};
const restore = () => {
  try {
    Object.assign(state, parse(location.hash.slice(1)));
  } catch {
    Object.assign(state, initial());
  }
};

const update = () => followers.forEach((act) => act());
const select = (changes) => {
  Object.assign(state, changes);
  update();
  remember();
};
// A setting of a single section: stored in the address, no other section follows it.
const setView = (key, value) => {
  state.view = { ...state.view, [key]: value };
  remember();
};
restore();
