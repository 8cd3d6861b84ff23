// Labelled native inputs, each tied to one field of the model in both directions.
import { clamp, nearest } from "./maths.mjs";

/** Make an element: tag, properties (class, text, on<Event>, attributes), children. */
export const make = (tag, properties = {}, ...children) => {
  const element = document.createElement(tag);
  // JupyterLab takes Enter and the arrow keys for its own unless the very element that has the focus says no.
  if (["button", "input", "select"].includes(tag)) element.dataset.lmSuppressShortcuts = "true";
  for (const [name, value] of Object.entries(properties)) {
    if (name === "text") element.textContent = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (typeof value === "boolean") element.toggleAttribute(name, value);
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
};

const LETTERS = { mu: "\u03bc", sigma: "\u03c3", eps: "\u03b5", beta: "\u03b2" };

/** Words as they are written to readers: Greek letters where code spells them out. */
export const greek = (text) => String(text).replace(/\b(mu|sigma|eps|beta)\b/g, (name) => LETTERS[name]);

/** The number that a person typed, or null: decimal commas and stray spaces are fine, words are not. */
export const parseNumber = (text) => {
  const cleaned = String(text).trim().replace(",", ".").replace("\u2212", "-");
  const value = cleaned === "" ? NaN : Number(cleaned);
  return Number.isFinite(value) ? value : null;
};

const STEPS = 1000;

const SCALES = {
  linear: { to: (t, low, high) => low + t * (high - low), from: (v, low, high) => (v - low) / (high - low) },
  log: {
    to: (t, low, high) => low * (high / low) ** t,
    from: (v, low, high) => Math.log(v / low) / Math.log(high / low),
  },
  power: {
    to: (t, low, high) => low + t ** 3 * (high - low),
    from: (v, low, high) => Math.cbrt((v - low) / (high - low)),
  },
};

const roundTo = (value, step) => {
  const digits = Math.max(0, Math.min(12, Math.ceil(-Math.log10(step)) + 1));
  return Number((Math.round(value / step) * step).toFixed(digits));
};

/** A slider and a number field. `scale` is "linear", "log" (low > 0) or "power" (fine near low). */
export const slider = (state, { name, label, step = 0.01, scale = "linear", title = "" }) => {
  const [low, high] = state.limits(name);
  const { to, from } = SCALES[scale];
  const linear = scale === "linear";
  const marks = linear ? { min: low, max: high, step } : { min: 0, max: STEPS, step: 1 };
  const range = make("input", { type: "range", ...marks });
  const exact = `${label}, as a number`;
  const number = make("input", { type: "text", inputmode: "decimal", autocomplete: "off", "aria-label": exact });
  const fits = (value) => clamp(roundTo(value, step), low, high);
  range.addEventListener("input", () => {
    state.set(name, fits(linear ? Number(range.value) : to(range.value / STEPS, low, high)));
  });
  const show = () => {
    const value = state.get(name);
    range.value = linear ? value : Math.round(clamp(from(value, low, high), 0, 1) * STEPS);
    range.setAttribute("aria-valuetext", String(value));
    number.value = String(roundTo(value, step / 10));
    number.removeAttribute("aria-invalid");
  };
  const commit = () => {
    const typed = parseNumber(number.value);
    if (typed !== null) state.set(name, fits(typed));
    show();
    if (typed === null) number.setAttribute("aria-invalid", "true");
  };
  number.addEventListener("change", commit);
  // JupyterLab keeps Enter from ending the edit, so it is heard here too.
  number.addEventListener("keydown", ({ key }) => key === "Enter" && commit());
  state.on(name, show);
  show();
  const head = make("span", { text: label });
  return make("div", { class: "vae-slider", ...(title && { title }) }, make("label", {}, head, range), number);
};

/** A slider that rests only at the listed values; a field that lies between two of them shows the nearer one. */
export const stops = (state, { name, label, values }) => {
  const range = make("input", { type: "range", min: 0, max: values.length - 1, step: 1 });
  const shown = make("output", { class: "vae-stop" });
  range.addEventListener("input", () => state.set(name, values[range.value]));
  const show = () => {
    const at = nearest(values, state.get(name));
    range.value = at;
    range.setAttribute("aria-valuetext", String(values[at]));
    shown.value = String(values[at]);
  };
  state.on(name, show);
  show();
  return make("div", { class: "vae-slider" }, make("label", {}, make("span", { text: label }), range), shown);
};

/** A drop-down list; `labels` maps values to words, which are else the values themselves. */
export const select = (state, { name, label, options = state.limits(name), labels = {} }) => {
  const words = (value) => labels[value] ?? greek(value);
  const list = make("select", {}, ...options.map((value) => make("option", { value, text: words(value) })));
  const asIs = (text) => options.find((value) => String(value) === text);
  list.addEventListener("change", () => state.set(name, asIs(list.value)));
  const show = () => (list.value = String(state.get(name)));
  state.on(name, show);
  show();
  return make("label", { class: "vae-select" }, make("span", { text: label }), list);
};

/** A row of radio buttons that look like one segmented button; `pictures` are elements that stand above their words. */
export const choice = (state, { name, label, options = state.limits(name), labels = {}, pictures = {} }) => {
  const group = `vae-${name}-${Math.random().toString(36).slice(2)}`;
  const inputs = options.map((value) =>
    make("input", { type: "radio", name: group, value, onchange: () => state.set(name, value) }),
  );
  const show = () => inputs.forEach((input, i) => (input.checked = options[i] === state.get(name)));
  state.on(name, show);
  show();
  const words = options.map((value) => make("span", { text: labels[value] ?? greek(value) }));
  words.forEach((word, i) => pictures[options[i]] && word.prepend(pictures[options[i]]));
  const pills = inputs.map((input, i) => make("label", {}, input, words[i]));
  const kind = Object.keys(pictures).length ? "vae-choice vae-tiles" : "vae-choice";
  return make("fieldset", { class: kind }, make("legend", { text: label }), make("div", {}, ...pills));
};

/** A labelled checkbox. */
export const toggle = (state, { name, label }) => {
  const box = make("input", { type: "checkbox", onchange: () => state.set(name, box.checked) });
  const show = () => (box.checked = state.get(name));
  state.on(name, show);
  show();
  return make("label", { class: "vae-toggle" }, box, make("span", { text: label }));
};

export const button = (label, pressed, { primary = false } = {}) => {
  const classes = primary ? "vae-button vae-primary" : "vae-button";
  return make("button", { type: "button", class: classes, text: label, onclick: pressed });
};
