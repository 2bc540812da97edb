"use strict";
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const one = (selector, root = document) => root.querySelector(selector);
const data = JSON.parse(one("#data").textContent);
const metricOf = (name) => data.metrics.find((metric) => metric.name === name);
const written = (value, metric) => (value === null || value === undefined ? "–" : value.toFixed(metric.decimals));

// An element with its text; attributes and children as given. Names only ever become text nodes.
const make = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  Object.entries(attributes).forEach(([name, value]) => element.setAttribute(name, value));
  element.append(...children);
  return element;
};

const onChange = (selector, act) => {
  const control = one(selector);
  if (control) control.addEventListener(control.type === "number" ? "input" : "change", act);
};

(() => {
  const button = one("#theme");
  const names = { "": "as the system", light: "light", dark: "dark" };
  button.addEventListener("click", () => {
    const system = matchMedia("(prefers-color-scheme: dark)").matches;
    const order = system ? ["", "light", "dark"] : ["", "dark", "light"];
    const next = order[(order.indexOf(document.documentElement.dataset.theme || "") + 1) % 3];
    if (next) document.documentElement.dataset.theme = next; else delete document.documentElement.dataset.theme;
    button.textContent = `Theme: ${names[next]}`;
  });
})();
