// The page of a new bot: shows the fields of the chosen strategy, and in grey what an empty one
// takes: the chosen preset's value, else the default.
"use strict";

const defaults = new Map();

function showStrategy(select) {
  for (const part of document.querySelectorAll("fieldset.strategy-fields")) {
    const chosen = part.classList.contains(`strategy-${select.value}`);
    part.hidden = !chosen;
    for (const field of part.querySelectorAll("input, select")) {
      field.disabled = !chosen;
    }
  }
}

function showPreset(select) {
  const strategy = select.name.split(".")[0];
  const preset = select.value;
  for (const field of document.querySelectorAll("[data-parameter]")) {
    const [owner, parameter] = field.name.split(".");
    if (owner !== strategy) {
      continue;
    }
    const value = select.getAttribute(`data-${preset}.${parameter}`.toLowerCase());
    field.placeholder = value === null ? defaults.get(field.name) : value || "none";
  }
}

document.addEventListener("DOMContentLoaded", () => {
  const strategy = document.querySelector("select#id_strategy");
  if (strategy === null) {
    return;
  }
  for (const field of document.querySelectorAll("[data-parameter]")) {
    defaults.set(field.name, field.placeholder);
  }
  strategy.addEventListener("change", () => showStrategy(strategy));
  showStrategy(strategy);
  for (const preset of document.querySelectorAll('select[name$=".preset"]')) {
    preset.addEventListener("change", () => showPreset(preset));
    showPreset(preset);
  }
});
