// Small pictures of the data, to choose from: drawn in the color of the text, so that they follow the theme.
import { DIGITS, makeShape, SHAPES } from "../playground/datasets.mjs";

const picture = (box, inside) => {
  const holder = document.createElement("template");
  holder.innerHTML = `<svg viewBox="${box}" aria-hidden="true" fill="currentColor">${inside}</svg>`;
  return holder.content.firstElementChild;
};

const dots = (name) => {
  const { x } = makeShape(name, 120, 4);
  const dot = (_, i) => `M${x[2 * i].toFixed(2)} ${(-x[2 * i + 1]).toFixed(2)}h0`;
  const path = Array.from({ length: 120 }, dot).join("");
  const style = 'stroke="currentColor" stroke-width="0.24" stroke-linecap="round"';
  return picture("-2.5 -2.5 5 5", `<path d="${path}" ${style}/>`);
};

const scan = (ink) => {
  const pixel = (value, i) => {
    const [x, y] = [i % 8, Math.floor(i / 8)];
    return `<rect x="${x}" y="${y}" width="1.02" height="1.02" opacity="${(value / 16).toFixed(2)}"/>`;
  };
  return picture("0 0 8 8", Array.from(ink, pixel).join(""));
};

const PENCIL = `<g fill="none" stroke="currentColor" stroke-width="1.5"><path d="M5 18l1-4L16 4l3 3L9 17z"/>
  <path d="M3 22c4-3 8 1 12-1s4-2 6-1"/></g>`;

/** A picture of the data called `name`. */
export const tile = (name, scans) => {
  if (name in SHAPES) return dots(name);
  return name === DIGITS ? scan(scans.ink.slice(3 * 64, 4 * 64)) : picture("0 0 24 24", PENCIL);
};
