// What is drawn of a GAN and a VAE in training: their samples over the data, the critic's field, and the score in time.
import { format, sigmoid } from "../parts/maths.mjs";
import { every } from "../parts/tensor.mjs";
import { LOSSES } from "./losses.mjs";
import { HALF, inside, REACH, SIDE } from "./sizes.mjs";

export const WIDE = [-HALF, 3 * HALF];
export const HIGH = [-HALF, 2.2]; // words stand above the squares
const MODELS = [
  ["gan", "GAN", "posterior", 0],
  ["vae", "VAE", "likelihood", 2 * HALF],
];

/** What the critic says over the plane, as shades from 0 to 1: D for a logit, else where f lies in its range. */
export const shades = (field, loss) => {
  if (loss === "Wasserstein") {
    const [low, high] = [Math.min(...field), Math.max(...field)];
    return field.map((f) => (f - low) / (high - low || 1));
  }
  const middle = loss === "relativistic" ? field.reduce((sum, f) => sum + f, 0) / field.length : 0;
  return field.map((f) => sigmoid(f - middle));
};

/** Columns of the points x that lie in a model's square, moved by `shift`. */
const inSquare = (x, shift) => {
  const kept = [...every(x, 0, 2).keys()].filter((i) => inside(x, i));
  return [kept.map((i) => x[2 * i] + shift), kept.map((i) => x[2 * i + 1])];
};

export const percent = (share) => `${format(100 * share, 0)} %`;

/** What is said where samples are missing from a model's square, or "". */
export const missing = ({ outside }) => (outside < 0.005 ? "" : `${percent(outside)} outside`);

/** Both models side by side, over the same data; `words` stand above each: what follows its name, and a second line. */
export const drawSamples = (plot, { data, samples, field, card }, { loss, words }) => {
  const shade = shades(field, loss).map((value) => 0.5 * value);
  plot.image(shade, SIDE, SIDE, [-REACH, -REACH, REACH, REACH], { smooth: true, color: "kl" });
  for (const [key, name, color, shift] of MODELS) {
    plot.points(...inSquare(data, shift), { color: "data", alpha: 0.4, radius: 1.6 });
    plot.points(...inSquare(samples[key], shift), { color, alpha: 0.75, radius: 1.8 });
    const [first, second] = words[key];
    plot.text(shift, plot.yRange[1], `${name}${first}`, { color, bold: true, size: 13, dy: 9, halo: true });
    plot.text(shift, plot.yRange[1], second, { dy: 25, halo: true });
    plot.text(shift, -HALF, missing(card[key]), { color, bold: true, dy: -10, halo: true });
  }
};

/** Columns of the past: `of(card)` over the steps, one line for each model. */
const lines = (plot, past, of, style) => {
  const steps = past.map(({ step }) => step);
  for (const [key, , color] of MODELS) plot.line(steps, past.map((card) => of(card[key])), { color, ...style });
};

/** Lines of words in the upper right corner, each with its color. */
const corner = (plot, words) =>
  words.forEach(([text, color], row) => {
    plot.text(plot.xRange[1], plot.yRange[1], text, { color, align: "right", dx: -4, dy: 10 + 16 * row, halo: true });
  });

/** The shares of good samples, and of the modes that are found, where there are any. */
export const drawScores = (plot, { past, modes }) => {
  plot.clip(() => {
    if (modes) lines(plot, past, ({ found }) => found / modes, { dash: [6, 4], alpha: 0.8 });
    lines(plot, past, ({ good }) => good, {});
  });
  const told = ({ found, good }) => `${modes ? `${found} of ${modes} modes, ` : ""}${percent(good)} good`;
  corner(plot, MODELS.map(([key, name, color]) => [`${name}: ${told(past.at(-1)[key])}`, color]));
};

/** What each has to say of itself: the VAE's NLL above the exact one, and the critic's bound. */
export const drawNats = (plot, { past, exact }, loss) => {
  const steps = past.map(({ step }) => step);
  plot.clip(() => {
    plot.hline(0, { color: "evidence", width: 1, dash: [2, 3] });
    plot.line(steps, past.map(({ nll }) => nll - exact), { color: "likelihood" });
    plot.line(steps, past.map(({ bound }) => bound), { color: "kl", dash: [6, 4] });
  });
  const { nll, bound } = past.at(-1);
  corner(plot, [
    [`VAE: NLL \u2212 exact ${format(nll - exact)}`, "likelihood"],
    [`critic: ${LOSSES[loss].says} ${format(bound)}`, "kl"],
  ]);
};
