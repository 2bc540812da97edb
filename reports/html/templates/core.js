"use strict";
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const one = (selector, root = document) => root.querySelector(selector);
const data = JSON.parse(one("#data").textContent);
const metricOf = (name) => data.metrics.find((metric) => metric.name === name);
const isNumber = (value) => typeof value === "number";
const numberOf = (value) => (value === "inf" ? Infinity : value === "-inf" ? -Infinity : value);
const written = (value, metric) => {
  if (value === "inf") return "∞";
  if (value === "-inf") return "-∞";
  return isNumber(value) ? value.toFixed(metric.decimals) : "–";
};
const intervalText = ([, low, high], metric) => (isNumber(low) && isNumber(high) ? `${written(low, metric)} to ${written(high, metric)}` : "");
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
const severityText = (severity) => (severity === 0 ? "clean" : `severity ${severity}`);

// An element with its text; attributes and children as given. Names only ever become text nodes.
const make = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  Object.entries(attributes).forEach(([name, value]) => element.setAttribute(name, value));
  element.append(...children);
  return element;
};
const SVG = one("svg").namespaceURI;
const draw = (tag, attributes, text) => {
  const element = document.createElementNS(SVG, tag);
  Object.entries(attributes).forEach(([name, value]) => element.setAttribute(name, value));
  if (text !== undefined) element.textContent = text;
  return element;
};
const swatch = (model) => {
  const svg = draw("svg", { class: "swatch", "aria-hidden": "true" });
  svg.append(draw("use", { href: `#swatch${model}` }));
  return svg;
};
// A name that may break after its slashes and, where it is long, after its other separators.
const breakable = (name) => {
  const parts = name.split(/(?<=\/)/).flatMap((part) => (part.length > 15 ? part.split(/(?<=[_:.-])/) : [part]));
  return parts.flatMap((part, index) => (index ? [make("wbr"), part] : [part]));
};

// A number that opens its frames: see cells.js.
const fillCell = (cell, address, ...content) => {
  cell.dataset.cell = address;
  cell.replaceChildren(make("button", { type: "button", class: "plain cell", tabindex: -1 }, ...content));
};

const onChange = (selector, act) => {
  const control = one(selector);
  if (control) control.addEventListener(control.type === "number" ? "input" : "change", act);
};

(() => {
  const button = one("#theme");
  if (!button) return;
  const names = { "": "as the system", light: "light", dark: "dark" };
  button.addEventListener("click", () => {
    const system = matchMedia("(prefers-color-scheme: dark)").matches;
    const order = system ? ["", "light", "dark"] : ["", "dark", "light"];
    const next = order[(order.indexOf(document.documentElement.dataset.theme || "") + 1) % 3];
    if (next) document.documentElement.dataset.theme = next; else delete document.documentElement.dataset.theme;
    button.textContent = `Theme: ${names[next]}`;
  });
})();
