// The importance-weighted bound on a linear-Gaussian model: K weights, their average, and the exact log p(x).
import { frame } from "./parts/frame.mjs";
import { clamp, mean, normals, remember } from "./parts/maths.mjs";

export const REPEATS = 40;

/** Noise of one draw: for each of `count` samples eps in the first dimension, and the sum of eps^2 over all d. */
export const noise = (d, seed, count) => {
  const normal = normals(seed);
  const [first, squares] = [new Float64Array(count), new Float64Array(count)];
  for (let i = 0; i < count; i++) {
    first[i] = normal();
    squares[i] = first[i] ** 2;
    for (let j = 1; j < d; j++) squares[i] += normal() ** 2;
  }
  return { first, squares };
};

/** log w - log p(x) = log N(u; 0, I) - log q(u) at u = offset + width eps, for each sample. */
export const logRatios = ({ first, squares }, { width, offset, latent_dim }) => {
  const constant = latent_dim * Math.log(width) - 0.5 * offset ** 2;
  return first.map((e, i) => constant + 0.5 * (1 - width ** 2) * squares[i] - offset * width * e);
};

/** The expected bound with one sample, the ELBO, minus log p(x): minus KL(q || true posterior). */
export const elboGap = ({ width, offset, latent_dim }) =>
  -0.5 * (latent_dim * (width ** 2 - 1 - 2 * Math.log(width)) + offset ** 2);

/** log of the average of the first 1, 2, ... weights. */
export const runningBound = (logs) => {
  let [top, total] = [-Infinity, 0];
  return logs.map((value, i) => {
    if (value > top) [total, top] = [total * Math.exp(top - value) + 1, value];
    else total += Math.exp(value - top);
    return top + Math.log(total / (i + 1));
  });
};

/** The bound with k samples, averaged over all blocks of k among the logs: what one expects of a fresh draw. */
export const averageBound = (logs, k) => {
  const top = logs.reduce((a, b) => Math.max(a, b), -Infinity);
  const weights = logs.map((value) => Math.exp(value - top));
  const blocks = Math.floor(logs.length / k);
  let total = 0;
  for (let b = 0; b < blocks; b++) {
    let block = 0;
    for (let i = b * k; i < (b + 1) * k; i++) block += weights[i];
    total += Math.log(Math.max(block / k, Number.MIN_VALUE));
  }
  return top + total / blocks;
};

/** Effective sample size and the share of the largest, of the first k weights. */
export const spread = (logs, k) => {
  const kept = logs.slice(0, k);
  const top = kept.reduce((a, b) => Math.max(a, b), -Infinity);
  const weights = kept.map((value) => Math.exp(value - top));
  const total = weights.reduce((a, b) => a + b, 0);
  return { effective: total ** 2 / weights.reduce((a, b) => a + b * b, 0), largest: 1 / total };
};

/** Counts of values in equal bins over [low, high]. */
export const histogram = (values, low, high, bins) => {
  const counts = new Float64Array(bins);
  values.forEach((value) => {
    counts[clamp(Math.floor(((value - low) / (high - low)) * bins), 0, bins - 1)] += 1;
  });
  return counts;
};

/** Whole numbers from 1 to `largest`, evenly apart in their logarithms. */
const stepsTo = (largest) => Array.from({ length: 67 }, (_, i) => Math.round(largest ** (i / 66)));

/** What the panels show, all minus log p(x): the average over many draws at each step, one draw, and any average. */
const experiment = (draws, drawn, steps, values) => {
  const runs = draws.map((draw) => logRatios(draw, values));
  // No average of the bound lies above log p(x): what an estimate of it has more is noise.
  const at = (k) => (k === 1 ? elboGap(values) : Math.min(0, mean(runs.map((run) => averageBound(run, k)))));
  const logs = logRatios(drawn, values);
  return { average: steps.map(at), logs, run: runningBound(logs), at };
};

/** What to reach, by the fields, the gap of the average bound and the spread of the weights. `start`: width, offset. */
export const challenges = (now, [width, offset]) => [
  {
    id: "many samples",
    text: "Leave q as bad as it is and come within 0.05 nats of log p(x).",
    reached: () => now().width === width && now().offset === offset && now().gap < 0.05,
    why: "Many draws of a middling q do the work of a good one: the average of the weights settles on p(x).",
  },
  {
    id: "one sample",
    text: "Come within 0.02 nats with K = 1.",
    reached: () => now().k === 1 && now().gap < 0.02,
    why: "With one sample the bound is the ELBO, and its gap is KL(q\u2016p(z|x)): it closes where q is the posterior.",
  },
  {
    id: "one does it all",
    text: "Draw 500 samples or more of which fewer than 5 count (effective samples).",
    reached: () => now().k >= 500 && now().effective < 5,
    why: "In many dimensions the weights differ by whole orders of magnitude, and one lucky draw carries the average.",
  },
];

export default {
  render({ model, el }) {
    const ui = frame({ model, el, title: "K samples against log p(x)" });
    const [, largest] = ui.limits("k");
    const steps = stepsTo(largest);
    const get = (...names) => names.map((name) => ui.get(name));
    const draws = remember(() => get("latent_dim"), (d) =>
      Array.from({ length: REPEATS }, (_, r) => noise(d, 1000 + r, largest)),
    );
    const drawn = remember(() => get("latent_dim", "draw"), (d, seed) => noise(d, seed, largest));
    const values = () => ({ width: ui.get("width"), offset: ui.get("offset"), latent_dim: ui.get("latent_dim") });
    const now = remember(
      () => [draws(), drawn(), ...get("width", "offset")],
      () => experiment(draws(), drawn(), steps, values()),
    );
    const expected = (k) => now().at(k);
    const start = [ui.get("width"), ui.get("offset")];
    const evidence = () => ui.get("log_evidence");
    const log10 = steps.map(Math.log10);

    ui.panel({
      title: "The bound: its average over many draws (thick), and this draw (thin).",
      span: 6,
      x: [-0.1, 3.4],
      y: () => [evidence() + Math.min(-1, 1.3 * elboGap(values())), evidence() + 0.8],
      xTicks: [0, 1, 2, 3],
      xLabel: "log10 of K",
      yLabel: "nats",
      draw(plot) {
        const { average, run } = now();
        plot.clip(() => {
          plot.hline(evidence(), { color: "evidence", dash: [6, 4] });
          plot.line(log10, steps.map((k) => evidence() + run[k - 1]), { color: "ink", width: 1, alpha: 0.6 });
          plot.line(log10, average.map((value) => evidence() + value), { color: "elbo", width: 3 });
          plot.vline(Math.log10(ui.get("k")), { color: "muted", width: 1 });
          plot.points([Math.log10(ui.get("k"))], [evidence() + expected(ui.get("k"))], { color: "elbo", radius: 6 });
        });
        plot.text(3.3, evidence(), "log p(x)", { color: "evidence", align: "right", dy: -12, bold: true, halo: true });
      },
    });
    ui.panel({
      title: "The K weights of this draw (end bars: all beyond). Were q the true posterior, all would be equal.",
      span: 6,
      height: 190,
      x: [-8, 4],
      y: [0, 1.12],
      yTicks: [],
      xLabel: "log w \u2212 log p(x), nats",
      draw(plot) {
        const counts = histogram(now().logs.slice(0, ui.get("k")), -8, 4, 48);
        const top = counts.reduce((a, b) => Math.max(a, b), 1);
        counts.forEach((count, i) => {
          if (count) plot.bar(-8 + i / 4, -8 + (i + 1) / 4, 0, count / top, { color: "posterior", alpha: 0.6 });
        });
        plot.vline(0, { color: "evidence", dash: [6, 4] });
      },
    });
    ui.slider({ name: "k", label: "K, how many samples", step: 1, scale: "log" });
    ui.slider({ name: "width", label: "width of q (1 is right)" });
    ui.slider({ name: "offset", label: "q's center off by, in \u03c3" });
    ui.slider({ name: "latent_dim", label: "dimensions of z", step: 1 });
    ui.button("Draw again", () => ui.set("draw", (ui.get("draw") % 50) + 1));
    ui.on(["draw", "log_evidence"], ui.redraw);
    ui.readout(() => {
      const k = ui.get("k");
      const { effective, largest } = spread(now().logs, k);
      return [
        ["average bound, nats", evidence() + expected(k), "elbo"],
        ["below log p(x) by, nats", -expected(k)],
        ["this draw, nats", evidence() + now().run[k - 1]],
        ["effective samples", `${effective.toFixed(1)} of ${k}`, "posterior"],
        ["largest weight's share", `${(100 * largest).toFixed(0)} %`],
      ];
    });
    const look = () => {
      const k = ui.get("k");
      return { ...values(), k, gap: -expected(k), ...spread(now().logs, k) };
    };
    ui.challenges("importance_bound", challenges(look, start));
    return ui.dispose;
  },
};
