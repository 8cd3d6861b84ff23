// Small pictures of the data, to choose from: drawn in the color of the text, so that they follow the theme.
import { DIGITS, makeShape, SHAPES } from "../playground/datasets.mjs";

const NAMESPACE = "http://www.w3.org/2000/svg";

const element = (name, attributes) => {
  const made = document.createElementNS(NAMESPACE, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
};

const picture = (box, ...parts) => {
  const svg = element("svg", { viewBox: box, "aria-hidden": "true", fill: "currentColor" });
  svg.append(...parts);
  return svg;
};

const dots = (name) => {
  const { x } = makeShape(name, 120, 4);
  const path = Array.from({ length: 120 }, (_, i) => `M${x[2 * i].toFixed(2)} ${(-x[2 * i + 1]).toFixed(2)}h0`).join("");
  const style = { d: path, stroke: "currentColor", "stroke-width": 0.24, "stroke-linecap": "round" };
  return picture("-2.5 -2.5 5 5", element("path", style));
};

const scan = (ink) =>
  picture(
    "0 0 8 8",
    ...Array.from(ink, (value, i) =>
      element("rect", { x: i % 8, y: Math.floor(i / 8), width: 1.02, height: 1.02, opacity: (value / 16).toFixed(2) }),
    ),
  );

const pencil = () =>
  picture(
    "0 0 24 24",
    element("path", { d: "M5 19l1-4L16 5l3 3L9 18z", fill: "none", stroke: "currentColor", "stroke-width": 1.6 }),
    element("path", { d: "M3 22c4-3 8 1 12-1s4-2 6-1", fill: "none", stroke: "currentColor", "stroke-width": 1.2 }),
  );

/** A picture of the data called `name`. */
export const tile = (name, scans) => {
  if (name in SHAPES) return dots(name);
  return name === DIGITS ? scan(scans.ink.slice(3 * 64, 4 * 64)) : pencil();
};
