// What the playground draws: points or scans, posteriors over the prior, samples, and the loss over time.
import { linspace, mean, normalDensity } from "../parts/maths.mjs";
import { drawSheet, sheet } from "../parts/sheet.mjs";
import { every, rowsOf } from "../parts/tensor.mjs";

const ELLIPSES = 160;

/** One CSS color per shown row: the class for digits, a hue around the circle for points. */
export const colorsOf = ({ dim, tone }, theme) =>
  Array.from(tone, (t) => (dim > 2 ? theme.classes[Math.round(10 * t)] : `hsl(${Math.round(360 * t)} 62% 50%)`));

export const drawScans = (plot, images, columns) => {
  const everywhere = [plot.xRange[0], plot.yRange[0], plot.xRange[1], plot.yRange[1]];
  drawSheet(plot, sheet(images, columns), everywhere);
};

export const drawData = (plot, view) => {
  const { mu, means } = view.picture();
  const { x, dim } = view.data;
  if (dim > 2) {
    const [scans, rebuilt] = [x, means].map((source) => rowsOf(source, dim));
    const pairs = [0, 9, 18].flatMap((from) => [scans, rebuilt].flatMap((images) => images.slice(from, from + 9)));
    drawScans(plot, pairs, 9);
    return;
  }
  const shown = mu.length / view.latent();
  const data = x.subarray(0, 2 * shown);
  const colors = view.colors();
  plot.clip(() => {
    plot.points(every(x, 0, 2), every(x, 1, 2), { color: "data", alpha: 0.28, radius: 2 });
    for (let i = 0; i < shown; i++) {
      const at = 2 * i;
      const thread = { color: colors[i], width: 0.8, alpha: 0.5 };
      plot.line([data[at], means[at]], [data[at + 1], means[at + 1]], thread);
    }
    plot.points(every(means, 0, 2), every(means, 1, 2), { colors, radius: 2.2 });
  });
};

/** Symmetric limits that hold the prior and nearly all posteriors, moving in steps of one half. */
export const latentRange = (view) => {
  const picture = view.picture();
  if (!picture) return [-3, 3];
  const sizes = Array.from(picture.mu, Math.abs).sort((a, b) => a - b);
  const reach = Math.min(12, Math.max(2.7, 1.1 * sizes[Math.floor(0.99 * (sizes.length - 1))]));
  return [-Math.ceil(2 * reach) / 2, Math.ceil(2 * reach) / 2];
};

/** The panel of the latent space; with one latent number its height is the tone of a row, and has no ticks. */
export const latentPanel = (view) => {
  const one = () => view.latent() === 1;
  return {
    title: "Latent space",
    equal: () => !one(),
    x: () => latentRange(view),
    y: () => (one() ? [-0.02, 1.1] : latentRange(view)),
    yTicks: () => (one() ? [] : undefined),
  };
};

const drawBars = (plot, view, colors) => {
  const { mu, logvar } = view.picture();
  const z = linspace(...plot.xRange, 161);
  plot.line(z, z.map((value) => 2.3 * normalDensity(value)), { color: "prior", dash: [6, 4] });
  mu.forEach((centre, i) => {
    const half = Math.exp(0.5 * logvar[i]);
    const y = 0.02 + view.data.tone[i] + 0.06 * ((i * 0.618) % 1);
    plot.line([centre - half, centre + half], [y, y], { color: colors[i], width: 1.2, alpha: 0.45 });
    plot.points([centre], [y], { color: colors[i], radius: 1.8 });
  });
};

export const drawLatent = (plot, view) => {
  const { mu, logvar } = view.picture();
  const colors = view.colors();
  plot.clip(() => {
    if (view.latent() === 1) {
      drawBars(plot, view, colors);
      return;
    }
    for (let i = 0; i < Math.min(mu.length, 2 * ELLIPSES); i += 2) {
      const [width, height] = [Math.exp(0.5 * logvar[i]), Math.exp(0.5 * logvar[i + 1])];
      plot.ellipse(mu[i], mu[i + 1], width, height, { color: colors[i / 2], alpha: 0.5, width: 0.8, fill: 0.14 });
    }
    plot.points(every(mu, 0, 2), every(mu, 1, 2), { colors, radius: 2 });
    for (const radius of [1, 2]) plot.ellipse(0, 0, radius, radius, { color: "prior", dash: [6, 4], width: 1.5 });
    if (view.data.dim > 2) nameClasses(plot, view);
  });
};

/** The class beside its points, so that color is never the only sign. */
const nameClasses = (plot, view) => {
  const { mu } = view.picture();
  for (let digit = 0; digit < 10; digit++) {
    const members = Array.from({ length: mu.length / 2 }, (_, i) => i).filter(
      (i) => Math.round(10 * view.data.tone[i]) === digit,
    );
    if (!members.length) continue;
    const at = [0, 1].map((j) => mean(members.map((i) => mu[2 * i + j])));
    plot.points([at[0]], [at[1]], { color: "surface", radius: 9, alpha: 0.8 });
    plot.text(at[0], at[1], String(digit), { bold: true, size: 14 });
  }
};

export const drawSamples = (plot, view) => {
  const { samples, map } = view.picture();
  if (view.data.dim > 2) {
    const { dim } = view.data;
    const gap = Array.from({ length: 12 }, () => new Float32Array(dim));
    drawScans(plot, [...rowsOf(map, dim), ...gap, ...rowsOf(samples, dim)], 12);
    return;
  }
  const { x } = view.data;
  plot.clip(() => {
    plot.points(every(x, 0, 2), every(x, 1, 2), { color: "data", alpha: 0.28, radius: 2 });
    if (view.latent() === 1) plot.line(every(map, 0, 2), every(map, 1, 2), { color: "likelihood", width: 2 });
    plot.points(every(samples, 0, 2), every(samples, 1, 2), { color: "prior", radius: 2.2, alpha: 0.8 });
  });
};

/** Axes of the loss panel: the early fall may leave it at the top. */
export const lossRange = (view) => {
  const late = () => {
    const history = view.picture()?.history;
    if (!history) return [0, 1];
    const from = 0.06 * history.step.at(-1);
    const values = history.step.flatMap((step, i) =>
      step >= from ? [history.loss[i], -history.reconstruction[i], history.kl[i]] : [],
    );
    const [low, high] = [Math.min(0, ...values), Math.max(1, ...values)];
    return [low - 0.08 * (high - low), high + 0.38 * (high - low)];
  };
  return { x: () => [0, Math.max(100, view.picture()?.history.step.at(-1) ?? 0)], y: late };
};

/** The curves of a loss panel: [name, values of a history, style]. */
export const CURVES = [
  ["loss", (history) => history.loss, { color: "elbo", width: 2.4 }],
  ["\u2212reconstruction", (history) => history.reconstruction.map((v) => -v), { color: "likelihood", dash: [7, 4] }],
  ["KL", (history) => history.kl, { color: "kl", dash: [2, 4] }],
];
const SHORT = { beta: "\u03b2", sigma: "\u03c3", rate: "rate", warmup: "warm-up", free: "free bits" };

const HELD_OUT = ["held-out loss", (history) => history.heldout, { color: "evidence", width: 1.5, dash: [1, 3] }];

export const drawLoss = (plot, view) => {
  const { history, marks, terms } = view.picture();
  const curves = terms.heldout === undefined ? CURVES : [...CURVES, HELD_OUT];
  plot.clip(() => {
    for (const { step } of marks) plot.vline(step, { color: "muted", dash: [2, 3], width: 1 });
    for (const [, values, style] of curves) plot.line(history.step, values(history), style);
    for (const [, values, { color }] of curves) {
      plot.points(history.step.slice(-1), values(history).slice(-1), { color, radius: 3 });
    }
    if (terms.step < history.step.at(-1)) plot.vline(terms.step, { color: "ink" });
  });
  curves.forEach(([name, , { color, dash }], i) => {
    const y = plot.margin.top + 12 + 17 * i;
    const right = plot.margin.left + plot.inner.width;
    const [from, to] = [plot.at(right - 28, y), plot.at(right - 4, y)];
    plot.line([from.x, to.x], [from.y, to.y], { color, dash });
    plot.text(from.x, from.y, name, { color, align: "right", dx: -6 });
  });
  marks.slice(-3).forEach(({ name, value, step }, i) => {
    const y = plot.at(0, plot.margin.top + plot.inner.height - 12 - 16 * i).y;
    const late = step > plot.xRange[1] / 2;
    const side = late ? { align: "right", dx: -5 } : { align: "left", dx: 5 };
    plot.text(step, y, `${SHORT[name]} ${value}`, { color: "muted", ...side });
  });
};
