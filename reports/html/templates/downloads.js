// Downloads, made in the browser: tables as CSV, figures as CSV, SVG and PNG.
const fileName = (name, suffix) => `${`${data.name}_${name}`.replace(/[^A-Za-z0-9_-]+/g, "-").replace(/-*_-*/g, "_").slice(0, 100)}.${suffix}`;
const saveFile = (name, type, content) => {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const link = make("a", { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
};
// Numbers in full precision. A spreadsheet would compute a text that begins as a formula: such a text starts with '.
const csvField = (value) => {
  if (value === null || value === undefined) return "";
  if (isNumber(value)) return `${value}`;
  const text = /^\s*[=+\-@]|^[\t\r]/.test(value) && value !== "-inf" ? `'${value}` : `${value}`;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};
const csvText = (rows) => rows.map((row) => `${row.map(csvField).join(",")}\r\n`).join("");

// A copy of a figure that needs no style sheet.
const PAINT = ["fill", "stroke", "stroke-width", "stroke-dasharray", "stroke-linejoin", "stroke-opacity", "fill-opacity", "opacity", "font-size", "font-family", "font-weight", "text-anchor"];
const standalone = (svg) => {
  const copy = svg.cloneNode(true);
  const parts = all("*", copy);
  all("*", svg).forEach((element, index) => {
    if (element.closest("defs")) return;
    const style = getComputedStyle(element);
    PAINT.forEach((name) => parts[index].setAttribute(name, style.getPropertyValue(name)));
    parts[index].removeAttribute("class");
    parts[index].removeAttribute("style");
  });
  ["role", "aria-label", "class"].forEach((name) => copy.removeAttribute(name));
  return copy;
};
// Panels in a grid below a title, models below them where colours are those of models.
const composed = (panels, title, legend) => {
  const style = getComputedStyle(document.body);
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const text = (words, x, y, size) => draw("text", { x, y, "font-size": size, "font-family": style.fontFamily, fill: colour("--ink") }, words);
  const boxes = panels.map(([label, svg]) => ({ label, svg, box: svg.viewBox.baseVal }));
  const columns = Math.min(boxes.length, boxes.length > 1 ? 5 : 1);
  const [w, h] = [Math.max(...boxes.map(({ box }) => box.width)) + 16, Math.max(...boxes.map(({ box }) => box.height)) + 26];
  const width = Math.max(360, columns * w + 16);
  const models = legend ? shownModels() : [];
  const perRow = Math.max(1, Math.floor(width / 240));
  const bottom = 34 + Math.ceil(boxes.length / columns) * h;
  const height = bottom + 22 * Math.ceil(models.length / perRow) + 12;
  const root = draw("svg", { xmlns: SVG, width, height, viewBox: `0 0 ${width} ${height}` });
  root.append(draw("rect", { width, height, fill: style.backgroundColor }), text(title, 12, 22, 15));
  boxes.forEach(({ label, svg, box }, index) => {
    const part = standalone(svg);
    const [x, y] = [12 + (index % columns) * w, 34 + Math.floor(index / columns) * h];
    Object.entries({ x, y: y + 18, width: box.width, height: box.height }).forEach(([name, value]) => part.setAttribute(name, value));
    root.append(text(label, x, y + 12, 12), part);
  });
  models.forEach((m, index) => {
    const { name, colour: hue, dash, marker } = data.models[m];
    const [x, y] = [12 + (index % perRow) * 240, bottom + 16 + 22 * Math.floor(index / perRow)];
    root.append(
      draw("path", { d: `M${x} ${y}h30`, stroke: colour(`--m${hue}`), "stroke-width": 2, "stroke-dasharray": dash.join(" ") }),
      draw("path", { d: MARKS[marker], transform: `translate(${x + 15},${y})`, fill: colour(`--m${hue}`) }), text(name.length > 30 ? `${name.slice(0, 29)}…` : name, x + 38, y + 4, 12));
  });
  return root;
};
const saveImage = async (name, svg) => {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(new XMLSerializer().serializeToString(svg))}`;
  await image.decode();
  const [width, height] = ["width", "height"].map((side) => 2 * Number(svg.getAttribute(side)));
  const canvas = make("canvas", { width, height });
  canvas.getContext("2d").drawImage(image, 0, 0, width, height);
  canvas.toBlob((blob) => saveFile(fileName(name, "png"), "image/png", blob), "image/png");
};
// The buttons of a figure or table. `rows` gives the CSV, `panels` the drawings; all are functions of the selection.
const offer = (place, { name, rows, panels, title, legend = true }) => {
  if (!place) return;
  const button = (kind, act) => {
    const element = make("button", { type: "button", class: "tool", "data-kind": kind.toLowerCase() }, kind);
    follow(() => element.setAttribute("aria-label", `Download ${title()} as ${kind}`));
    element.addEventListener("click", act);
    return element;
  };
  place.classList.add("tools");
  place.append(...(rows ? [button("CSV", () => saveFile(fileName(name(), "csv"), "text/csv;charset=utf-8", csvText(rows())))] : []));
  if (!panels) return;
  place.append(
    button("SVG", () => saveFile(fileName(name(), "svg"), "image/svg+xml", new XMLSerializer().serializeToString(composed(panels(), title(), legend)))),
    button("PNG", () => saveImage(name(), composed(panels(), title(), legend))));
};
