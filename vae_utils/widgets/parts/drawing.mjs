// Digits drawn by hand: strokes on a sheet of 28 x 28 pixels, and what a drawing needs before it is encoded.
import { clamp } from "./maths.mjs";

/** Darken `pixels` (28 x 28) around the line from one point to the next, in pixel units. */
export const stroke = (pixels, from, to, radius = 1.3) => {
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  const square = dx * dx + dy * dy;
  for (let i = 0; i < 784; i++) {
    const [x, y] = [(i % 28) + 0.5 - from[0], Math.floor(i / 28) + 0.5 - from[1]];
    const along = square ? clamp((x * dx + y * dy) / square, 0, 1) : 0;
    const distance = Math.hypot(x - along * dx, y - along * dy);
    pixels[i] = Math.max(pixels[i], clamp(radius + 0.5 - distance, 0, 1));
  }
  return pixels;
};

/** The ink between four pixels; none beyond the sheet. */
export const sample = (pixels, x, y) => {
  const [column, row] = [Math.floor(x), Math.floor(y)];
  const at = (c, r) => (c < 0 || r < 0 || c > 27 || r > 27 ? 0 : pixels[28 * r + c]);
  const [u, v] = [x - column, y - row];
  const top = (1 - u) * at(column, row) + u * at(column + 1, row);
  return (1 - v) * top + v * ((1 - u) * at(column, row + 1) + u * at(column + 1, row + 1));
};

/** As the training digits were: scaled to fit 20 x 20, center of mass in the middle. Blank stays blank. */
export const prepare = (pixels) => {
  const inked = [...pixels.keys()].filter((i) => pixels[i] > 0.1);
  if (!inked.length) return Float32Array.from(pixels);
  const columns = inked.map((i) => i % 28);
  const rows = inked.map((i) => Math.floor(i / 28));
  const extent = (values) => Math.max(...values) - Math.min(...values) + 1;
  const scale = Math.max(extent(columns), extent(rows)) / 20;
  const mass = inked.reduce((total, i) => total + pixels[i], 0);
  const center = (values) => inked.reduce((total, i, k) => total + pixels[i] * values[k], 0) / mass;
  const [cx, cy] = [center(columns), center(rows)];
  return Float32Array.from({ length: 784 }, (_, i) =>
    sample(pixels, cx + ((i % 28) - 13.5) * scale, cy + (Math.floor(i / 28) - 13.5) * scale),
  );
};
