// The bound of a diffusion model with T levels against the exact log p(x), where the best denoiser is a formula.
import { frame } from "./parts/frame.mjs";
import { clamp, format, linspace, remember, sum } from "./parts/maths.mjs";
import { logSumExp } from "./parts/mixture.mjs";
import { SCHEDULES, signalNoise } from "./parts/noising.mjs";

const DIMENSIONS = 2;
const NODES = 16; // of a rule over the half plane, a third apart: exact to five digits for what is smooth as a Gaussian
const [LOW, HIGH, STEP] = [-16, 14, 0.2]; // log SNR: outside them the error follows its line
const COLORS = { "log-SNR linear": "elbo", cosine: "prior", "DDPM linear": "likelihood" };

/** Weights and places of a rule for E f(u, v), u and v standard normal, f the same at v and -v. */
const rule = (() => {
  const nodes = [];
  const density = (t) => Math.exp(-0.5 * t * t);
  for (let i = 1 - NODES; i < NODES; i++) {
    for (let j = 0; j < NODES; j++) nodes.push([density(i / 3) * density(j / 3) * (j ? 2 : 1), i / 3, j / 3]);
  }
  const total = sum(nodes.map(([weight]) => weight));
  return nodes.map(([weight, u, v]) => [weight / total, u, v]);
})();

/** Centers on a circle, the first on the axis. */
export const ring = ({ clusters, radius }) =>
  Array.from({ length: clusters }, (_, k) => (2 * Math.PI * k) / clusters).map((angle) => [
    radius * Math.cos(angle),
    radius * Math.sin(angle),
  ]);

/** E|x - E[x|z]|^2 at a log SNR: what the best denoiser errs, for clusters of one spread on a circle. */
export const leastError = (logSnr, data) => {
  const [signal, noise] = signalNoise(logSnr);
  const own = data.spread ** 2;
  const [alpha, variance] = [Math.sqrt(signal), signal * own + noise];
  const [scale, centers] = [Math.sqrt(variance), ring(data)];
  let unsure = 0;
  for (const [weight, u, v] of rule) {
    const [x, y] = [alpha * data.radius + scale * u, scale * v];
    let [total, meanX, meanY] = [0, 0, 0];
    for (const [a, b] of centers) {
      const share = Math.exp((alpha * (x * (a - data.radius) + y * b)) / variance);
      total += share;
      meanX += share * a;
      meanY += share * b;
    }
    unsure += weight * (data.radius ** 2 - (meanX ** 2 + meanY ** 2) / total ** 2);
  }
  return (DIMENSIONS * own * noise) / variance + (noise / variance) ** 2 * unsure;
};

/** E log p(x) of the data, in nats. */
export const logEvidence = (data) => {
  const [centers, own] = [ring(data), data.spread ** 2];
  const each = rule.map(([weight, u, v]) => {
    const [x, y] = [data.radius + data.spread * u, data.spread * v];
    return weight * logSumExp(centers.map(([a, b]) => -0.5 * (((x - a) ** 2 + (y - b) ** 2) / own)));
  });
  return sum(each) - Math.log(data.clusters * 2 * Math.PI * own);
};

/** `leastError` as a function that looks up and interpolates: log error by a cubic through four neighbors. */
export const errorTable = (data) => {
  const size = Math.round((HIGH - LOW) / STEP) + 1;
  const logs = linspace(LOW, HIGH, size).map((logSnr) => Math.log(leastError(logSnr, data)));
  return (logSnr) => {
    if (logSnr > HIGH) return Math.exp(logs.at(-1) - (logSnr - HIGH));
    const at = clamp((logSnr - LOW) / STEP, 0, size - 1);
    const i = clamp(Math.floor(at), 1, size - 3);
    const t = at - i;
    const [a, b, c, d] = logs.subarray(i - 1, i + 3);
    const cubic =
      (-t * (t - 1) * (t - 2) * a) / 6 + ((t + 1) * (t - 1) * (t - 2) * b) / 2 -
      ((t + 1) * t * (t - 2) * c) / 2 + ((t + 1) * t * (t - 1) * d) / 6;
    return Math.exp(cubic);
  };
};

/**
 * The parts of the ELBO, averages over the data in nats, for a schedule (T,) of log SNR and the error at each:
 * reconstruction E log p(x|z_1), the KL of the levels between (T - 1,), the KL of z_T to N(0, I).
 */
export const parts = (schedule, error, { radius, spread }) => {
  const [, first] = signalNoise(schedule[0]);
  const [signal, noise] = signalNoise(schedule.at(-1));
  const square = radius ** 2 + DIMENSIONS * spread ** 2;
  const reconstruction = -0.5 * (DIMENSIONS * Math.log(2 * Math.PI * first) + error(schedule[0]) / first);
  const levels = schedule.subarray(1).map((logSnr, i) => {
    return 0.5 * (Math.exp(schedule[i]) - Math.exp(logSnr)) * error(logSnr);
  });
  const prior = 0.5 * (signal * square + DIMENSIONS * (noise - 1 - Math.log(noise)));
  return { reconstruction, levels, prior, elbo: reconstruction - sum(levels) - prior };
};

/** Whole numbers from 2 to `most`, about evenly apart in their logarithms. */
export const countsTo = (most) => [
  ...new Set(Array.from({ length: 40 }, (_, i) => Math.round(2 * (most / 2) ** (i / 39)))),
];

/**
 * The price of the levels over log SNR: { xs, teeth, curve }. The area under the curve is what endlessly many levels
 * cost; under the teeth, each 1/2 SNR times the error at its noisy end, lies what these levels cost.
 */
export const saw = (schedule, error) => {
  const [xs, teeth, curve] = [[], [], []];
  for (let t = schedule.length - 1; t > 0; t--) {
    const [from, to] = [schedule[t], schedule[t - 1]];
    const pieces = clamp(Math.ceil(8 * (to - from)), 1, 60);
    for (let i = 0; i <= pieces; i++) {
      const logSnr = from + ((to - from) * i) / pieces;
      xs.push(logSnr);
      teeth.push(0.5 * Math.exp(logSnr) * error(from));
      curve.push(0.5 * Math.exp(logSnr) * error(logSnr));
    }
  }
  return { xs, teeth, curve };
};

/** { evidence, elbo } of { schedule, levels, spread, clusters, radius }, for one look from outside. */
export const bound = ({ schedule, levels, ...data }) => ({
  evidence: logEvidence(data),
  ...parts(SCHEDULES[schedule](levels), (logSnr) => leastError(logSnr, data), data),
});

/** What to reach, by the fields, the gap, and `rival`, the gap of equal steps of log SNR with as many levels. */
export const challenges = (now) => [
  {
    id: "many levels",
    text: "Steps equal in log SNR: bring the gap below 0.1 nats.",
    reached: () => now().schedule === "log-SNR linear" && now().gap < 0.1,
    why: "Twice the levels, half the gap: the teeth above the curve shrink with their width, all the way to nothing.",
  },
  {
    id: "few levels",
    text: "20 levels or fewer: a gap below half of what equal steps of log SNR have there.",
    reached: () => now().levels <= 20 && now().gap < 0.5 * now().rival,
    why: "With few levels it is cheaper to begin less clean: the rest is left to the last step, p(x|z\u2081).",
  },
  {
    id: "two levels",
    text: "Two levels: a gap below 1 nat.",
    reached: () => now().levels === 2 && now().gap < 1,
    why: "Broad clusters under much noise look like one bell: p(x|z\u2081) says nearly all of it, and nothing is left.",
  },
];

const FARTHEST = -14; // nats; what lies beyond is cut at the edge, which says so

const drawTerms = (plot, { reconstruction, levels, prior, elbo }, evidence) => {
  const [low, high] = plot.xRange;
  const cost = sum(levels);
  const rows = [
    ["reconstruction", 0, reconstruction, reconstruction, "likelihood"],
    ["\u2212 KL of the levels", reconstruction, reconstruction - cost, -cost, "kl"],
    ["\u2212 KL of z at the top", reconstruction - cost, elbo, -prior, "prior"],
    ["= ELBO", 0, elbo, elbo, "elbo"],
  ];
  rows.forEach(([, from, to, , color], k) => {
    const [left, right] = [Math.min(from, to), Math.max(from, to)];
    plot.bar(clamp(left, low, high), clamp(right, low, high), 3 - k, 3.45 - k, { color, alpha: 0.85 });
    if (left < low) plot.text(low, 3.22 - k, "\u2039 goes on", { align: "left", color: "surface", bold: true, dx: 6 });
  });
  plot.vline(0, { color: "muted", width: 1 });
  plot.vline(evidence, { color: "evidence", dash: [6, 4], width: 2 });
  rows.forEach(([label, , , value, color], k) => {
    const settings = { align: "left", baseline: "bottom", color, bold: true, dx: 4, size: 13, halo: true };
    plot.text(low, 3.5 - k, `${label} ${format(value)}`, settings);
  });
};

export default {
  render({ model, el }) {
    const ui = frame({ model, el, title: "T levels of noise against log p(x)" });
    const [clusters, radius] = ["clusters", "radius"].map(ui.constant);
    const [, most] = ui.limits("levels");
    const counts = countsTo(most);
    const data = () => ({ clusters, radius, spread: ui.get("spread") });
    const truth = remember(() => [ui.get("spread")], () => {
      const [error, evidence] = [errorTable(data()), logEvidence(data())];
      const gapOf = (name, levels) => evidence - parts(SCHEDULES[name](levels), error, data()).elbo;
      const curves = ui.limits("schedule").map((name) => [name, counts.map((levels) => gapOf(name, levels))]);
      return { error, evidence, gapOf, curves };
    });
    const now = remember(
      () => [truth(), ui.get("schedule"), ui.get("levels")],
      ({ error, evidence }, name, levels) => {
        const schedule = SCHEDULES[name](levels);
        const terms = parts(schedule, error, data());
        return { schedule, terms, gap: evidence - terms.elbo, ...saw(schedule, error) };
      },
    );

    ui.panel({
      title: "The price of each level is the area under its tooth; under the line, the price of endlessly many.",
      label: "the price of each level over log SNR, as teeth above a line",
      span: 6,
      height: 220,
      x: [-10, 10],
      y: () => [0, clamp(1.08 * Math.max(...now().teeth), 1.3, 6)],
      xLabel: "\u2190 noise     log SNR     data \u2192",
      yLabel: "nats per unit",
      draw(plot) {
        const { xs, teeth, curve, schedule } = now();
        const line = linspace(-10, 10, 201);
        plot.clip(() => {
          plot.fill(xs, curve, { color: "evidence", alpha: 0.12 });
          plot.fill(xs, teeth, { color: "kl", to: curve, alpha: 0.45 });
          plot.line(xs, teeth, { color: "kl", width: schedule.length > 150 ? 1 : 1.5 });
          plot.line(line, line.map((logSnr) => 0.5 * Math.exp(logSnr) * truth().error(logSnr)), { color: "evidence" });
          plot.vline(schedule[0], { color: "likelihood", dash: [3, 3] });
        });
        const first = clamp(schedule[0], -8.5, 8.5);
        const style = { color: "likelihood", bold: true, align: "right", dx: -6, halo: true };
        plot.text(first, 0.93 * plot.yRange[1], "level 1", style);
      },
    });
    ui.panel({
      title: "The parts add up to the ELBO; dashed: log p(x).",
      height: 230,
      x: () => [clamp(1.15 * now().terms.elbo, FARTHEST, -4), 6.5],
      y: [-0.1, 4.1],
      yTicks: [],
      xLabel: "nats, average over the data",
      draw: (plot) => drawTerms(plot, now().terms, truth().evidence),
    });
    ui.panel({
      title: "The gap as T grows, for each schedule.",
      label: "the gap over T for each schedule, both on logarithmic scales",
      height: 230,
      x: [0.2, 3.1],
      y: [-2, 3.7],
      xTicks: [1, 2, 3],
      xLabel: "log10 of T",
      yLabel: "log10 of the gap",
      draw(plot) {
        const across = counts.map(Math.log10);
        const chosen = ui.get("schedule");
        const at = Math.log10(ui.get("levels"));
        plot.clip(() => {
          for (const [name, gaps] of truth().curves) {
            plot.line(across, gaps.map(Math.log10), { color: COLORS[name], width: name === chosen ? 3 : 1.5 });
          }
          plot.vline(at, { color: "muted", width: 1 });
          plot.points([at], [Math.log10(now().gap)], { color: COLORS[chosen], radius: 6 });
        });
        truth().curves.forEach(([name], k) => {
          const style = { color: COLORS[name], bold: name === chosen, align: "right", halo: true };
          plot.text(3.05, plot.yRange[1], name, { ...style, dy: 12 + 16 * k });
        });
      },
    });
    ui.slider({ name: "levels", label: "T, levels of noise", step: 1, scale: "log" });
    ui.choice({ name: "schedule", label: "Schedule" });
    ui.slider({ name: "spread", label: "\u03c3 of each of the 8 clusters" });
    ui.button("Twice as many levels", () => ui.set("levels", Math.min(most, 2 * ui.get("levels"))));
    ui.readout(() => [
      ["log p(x)", truth().evidence, "evidence"],
      ["ELBO", now().terms.elbo, "elbo"],
      ["gap", now().gap, "kl"],
      ["dearest level", Math.max(...now().terms.levels)],
      ["log SNR of level 1", now().schedule[0]],
    ]);
    const look = () => {
      const [schedule, levels] = [ui.get("schedule"), ui.get("levels")];
      return { schedule, levels, gap: now().gap, rival: truth().gapOf("log-SNR linear", levels) };
    };
    ui.challenges("t_slider", challenges(look));
    return ui.dispose;
  },
};
