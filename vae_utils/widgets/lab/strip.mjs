// The machine as a strip: x, encoder, q(z|x), z, decoder, p(x|z), live; and beside it the code that the reader holds.
import { format, linspace, normalDensity } from "../parts/maths.mjs";
import { drawSheet, sheet } from "../parts/sheet.mjs";

const SMALL = 11;
const NUMBERS = 100; // pixels that a line of numbers takes at that size

/** A part of the strip in pixels, { left, right, top, bottom }, as a box in the plot's own coordinates. */
const boxOf = (plot, { left, right, top, bottom }) => {
  const [low, high] = [plot.at(left, bottom), plot.at(right, top)];
  return [low.x, low.y, high.x, high.y];
};

const outline = (plot, part, settings = {}) => {
  const [x0, y0, x1, y1] = boxOf(plot, part);
  plot.line([x0, x1, x1, x0, x0], [y0, y0, y1, y1, y0], { color: "muted", width: 1, ...settings });
};

/** A function from a plane with |x| <= reach to the plot's coordinates, in one part. */
const mapping = (plot, { left, right, top, bottom }, reach) => {
  const [cx, cy, scale] = [(left + right) / 2, (top + bottom) / 2, (right - left) / (2 * reach)];
  return { scale, to: (x, y) => plot.at(cx + scale * x, cy - scale * y) };
};

const circle = (plot, at, across, up, settings) => {
  const [width, height] = [plot.xRange[1] - plot.xRange[0], plot.yRange[1] - plot.yRange[0]];
  plot.ellipse(at.x, at.y, (across * width) / plot.inner.width, (up * height) / plot.inner.height, settings);
};

/** A row of the data: a picture, or a point with the cloud of all points behind it. */
const drawRow = (plot, part, view, row, color, sigma = 0) => {
  outline(plot, part);
  if (view.data.dim > 2) {
    drawSheet(plot, sheet([row], 1, { gap: 0 }), boxOf(plot, part));
    return;
  }
  const { scale, to } = mapping(plot, part, 2.6);
  const cloud = Array.from({ length: Math.min(150, view.data.x.length / 2) }, (_, i) =>
    to(view.data.x[2 * i], view.data.x[2 * i + 1]),
  );
  plot.points(cloud.map(({ x }) => x), cloud.map(({ y }) => y), { color: "data", alpha: 0.35, radius: 0.9 });
  const at = to(row[0], row[1]);
  if (sigma) circle(plot, at, scale * sigma, scale * sigma, { color, fill: 0.25, width: 1 });
  plot.points([at.x], [at.y], { color, radius: 3 });
};

/** The posterior over the prior, in one or two latent numbers; `z` is the draw. */
const drawPosterior = (plot, part, { mu, logvar, z }) => {
  outline(plot, part);
  const [sigma, { scale, to }] = [logvar.map((value) => Math.exp(0.5 * value)), mapping(plot, part, 3)];
  if (mu.length === 2) {
    const dashed = { color: "prior", dash: [3, 3], width: 1 };
    for (const radius of [1, 2]) circle(plot, to(0, 0), scale * radius, scale * radius, dashed);
    circle(plot, to(mu[0], mu[1]), scale * sigma[0], scale * sigma[1], { color: "posterior", fill: 0.3, width: 1.5 });
    const at = to(z[0], z[1]);
    plot.points([at.x], [at.y], { color: "ink", radius: 2.5 });
    return;
  }
  const axis = linspace(-3, 3, 61);
  const bell = (centre, width, color, height) => {
    const places = Array.from(axis, (x) => to(x, height * normalDensity(x, centre, width) * width - 2.6));
    plot.line(places.map(({ x }) => x), places.map(({ y }) => y), { color, width: 1.5 });
  };
  bell(0, 1, "prior", 6);
  bell(mu[0], sigma[0], "posterior", 11);
  const at = to(z[0], -2.6);
  plot.points([at.x], [at.y], { color: "ink", radius: 2.5 });
};

/** A network, narrow where the code is, with its layer sizes. */
const drawNet = (plot, { left, right, top, bottom }, sizes, narrows) => {
  const inset = 0.28 * (bottom - top);
  const [tall, low] = narrows ? [0, inset] : [inset, 0];
  const corners = [[left, top + tall], [right, top + low], [right, bottom - low], [left, bottom - tall]];
  const places = [...corners, corners[0]].map(([x, y]) => plot.at(x, y));
  plot.line(places.map(({ x }) => x), places.map(({ y }) => y), { color: "ink", width: 1.2 });
  const middle = plot.at((left + right) / 2, (top + bottom) / 2);
  sizes.forEach((size, i) =>
    plot.text(middle.x, middle.y, String(size), { size: SMALL, color: "muted", dy: 14 * (i - (sizes.length - 1) / 2) }),
  );
};

/** As large as the room between them allows, and legible. */
const sizeOf = (left, right) => Math.max(9, Math.min(SMALL, (SMALL * (right - left)) / NUMBERS));

const numbers = (values) => Array.from(values, (value) => format(value)).join(", ");

/** z = mu + sigma eps, in numbers. */
const drawNumbers = (plot, { left, right, top }, { mu, logvar, eps, z }) => {
  const sigma = logvar.map((value) => Math.exp(0.5 * value));
  [
    [`\u03bc = ${numbers(mu)}`, "posterior"],
    [`\u03c3 = ${numbers(sigma)}`, "posterior"],
    [`\u03b5 = ${numbers(eps)}`, "muted"],
    [`z = \u03bc + \u03c3\u03b5 =`, "ink"],
    [numbers(z), "ink"],
  ].forEach(([text, color], i) => {
    const at = plot.at(left, top + 7 + 14.5 * i);
    plot.text(at.x, at.y, text, { align: "left", size: sizeOf(left, right), color });
  });
};

/** The gradient of this row's loss, in numbers, as it comes back. */
const drawGradient = (plot, { left, right, top }, { z, mu, logvar }) => {
  [
    ["slope, by", "muted"],
    [`z: ${numbers(z)}`, "kl"],
    [`\u03bc: ${numbers(mu)}`, "kl"],
    [`ln \u03c3\u00b2: ${numbers(logvar)}`, "kl"],
  ].forEach(([text, color], i) => {
    const at = plot.at(left, top + 7 + 17 * i);
    plot.text(at.x, at.y, text, { align: "left", size: sizeOf(left, right), color });
  });
};

const drawArrow = (plot, from, to, y, color = "muted") => {
  const [start, end] = [plot.at(from, y), plot.at(to, y)];
  plot.arrow(start.x, start.y, end.x, end.y, { color, width: 1.5, head: 5 });
};

/** Widths of the parts in units of their height; they stand in two lines where one is too narrow. */
const WIDTHS = { x: 1, encoder: 0.8, posterior: 1, numbers: 1.2, decoder: 0.8, mean: 1, code: 1 };
const LABELS = {
  x: "x",
  encoder: "encoder",
  posterior: "q(z|x) over p(z)",
  numbers: "a draw",
  decoder: "decoder",
  mean: "p(x|z)",
  code: "your code",
};
const LINES = [["x", "encoder", "posterior", "numbers"], ["decoder", "mean", "code"]];
const [LABEL, ONE_LINE] = [17, 560];

/** The parts of one line, from `top` on, no taller than `room`: by name, in pixels. */
const lineOf = (plot, names, top, room) => {
  const total = names.reduce((sum, name) => sum + WIDTHS[name], 0);
  const height = Math.min(room - LABEL - 2, (plot.width - 14 * (names.length - 1) - 4) / total);
  const gap = Math.min(40, (plot.width - total * height - 2) / (names.length - 1));
  let left = 1;
  return names.map((name) => {
    const part = { left, right: left + WIDTHS[name] * height, top: top + 1, bottom: top + 1 + height };
    left = part.right + gap;
    return [name, part];
  });
};

const partsOf = (plot) => {
  const lines = plot.width < ONE_LINE ? LINES : [LINES.flat()];
  const room = plot.height / lines.length;
  return Object.fromEntries(lines.flatMap((names, i) => lineOf(plot, names, i * room, room)));
};

/** Arrows from part to part of the way of x, within a line. */
const drawArrows = (plot, parts, back) => {
  const way = LINES.flat().slice(0, -1).map((name) => parts[name]);
  way.slice(1).forEach((part, i) => {
    if (part.left <= way[i].right) return;
    const [left, right, middle] = [way[i].right + 2, part.left - 2, (part.top + part.bottom) / 2];
    const returns = back && i > 0; // x is given: no gradient goes there
    drawArrow(plot, left, right, returns ? middle - 9 : middle);
    if (returns) drawArrow(plot, right, left, middle + 9, "kl");
  });
};

/** What stands below a part: its name, or how long the gradient by its weights is on the way back. */
const labelOf = (name, back, letter) => {
  if (back && name === "numbers") return ["the way back", { size: SMALL, color: "kl" }];
  if (back && name in back.norms) return [`slope ${format(back.norms[name], 1)}`, { size: SMALL, color: "kl" }];
  const words = ["encoder", "decoder"].includes(name) ? `${LABELS[name]}${letter}` : LABELS[name];
  return [words, { size: SMALL, color: "muted" }];
};

/** The whole strip for the present picture; `sizes` are { encoder, decoder } in units, `letter` names the run. */
export const drawStrip = (plot, view, { sizes, sigma, letter }) => {
  const { machine } = view.picture();
  if (!machine) return;
  const parts = partsOf(plot);
  drawRow(plot, parts.x, view, machine.x, "data");
  drawNet(plot, parts.encoder, sizes.encoder, true);
  drawPosterior(plot, parts.posterior, machine);
  const back = view.stepped && machine.back;
  if (back) drawGradient(plot, parts.numbers, back);
  else drawNumbers(plot, parts.numbers, machine);
  drawNet(plot, parts.decoder, sizes.decoder, false);
  drawRow(plot, parts.mean, view, machine.mean, "likelihood", sigma);
  drawRow(plot, parts.code, view, machine.decoded, "evidence");
  drawArrows(plot, parts, back);
  for (const [name, { left, right, bottom }] of Object.entries(parts)) {
    const at = plot.at((left + right) / 2, bottom + 9);
    plot.text(at.x, at.y, ...labelOf(name, back, letter));
  }
};
