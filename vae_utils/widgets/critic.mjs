// A critic between two densities: the bound on JS that it makes, W1, and the slope it leaves to a generator.
import { frame } from "./parts/frame.mjs";
import { clamp, format, linspace, logNormal, normalCdf, remember, sigmoid, sum } from "./parts/maths.mjs";

const FINE = 3201; // points of the grid that the numbers come from
const COARSE = 801; // and of the one that the curves over all means do with
const SEEN = 8;
const FARTHEST = 9; // W1 is never beyond it: q stays within 8 of 0

export const CEILING = Math.log(2);

/** log of an even mixture of normals, `law` a list of [mean, sigma]. */
const logLaw = (x, law) => {
  const logs = law.map(([mu, sigma]) => logNormal(x, mu, sigma));
  const top = Math.max(...logs);
  return top + Math.log(sum(logs.map((log) => Math.exp(log - top))) / law.length);
};

/** d/dx of log p. */
const slopeOfLog = (x, law) => {
  const log = logLaw(x, law);
  const pull = ([mu, sigma]) => (Math.exp(logNormal(x, mu, sigma) - log) / law.length) * ((mu - x) / sigma ** 2);
  return sum(law.map(pull));
};

const phi = (u) => (u > 8 ? 1 : u < -8 ? 0 : normalCdf(u));
const cdf = (x, law) => sum(law.map(([mu, sigma]) => phi((x - mu) / sigma))) / law.length;
const softplus = (f) => Math.max(0, f) + Math.log1p(Math.exp(-Math.abs(f)));

/** What is known of p alone: a grid x, and at each of its points log p, the slope of that, and P(X <= x). */
export const known = (law, points = FINE) => {
  const x = linspace(-24, 24, points);
  const [logP, slopeP, below] = [logLaw, slopeOfLog, cdf].map((f) => x.map((at) => f(at, law)));
  return { x, logP, slopeP, below };
};

/** p, q and the critic's D at every x of the grid, and x. */
export const curves = ({ x, logP }, { mean, width, strength }) => {
  const logQ = x.map((at) => logNormal(at, mean, width));
  const D = logP.map((log, i) => sigmoid(strength * (log - logQ[i])));
  return { x, p: logP.map(Math.exp), q: logQ.map(Math.exp), D };
};

/**
 * By quadrature: JS and the bound by this critic (nats), W1 (units of x), and the mean size, over samples x of q, of
 * the slope in x of log(1 - D(x)), `saturating`, and of -log D(x), `other`, with the critic held still.
 */
export const measures = ({ x: grid, logP, slopeP, below }, { mean, width, strength }) => {
  const found = { js: CEILING, bound: CEILING, w1: 0, saturating: 0, other: 0 };
  const step = grid[1] - grid[0];
  grid.forEach((x, i) => {
    const logQ = logNormal(x, mean, width);
    const [p, q, f] = [Math.exp(logP[i]), Math.exp(logQ), logP[i] - logQ];
    found.js -= 0.5 * step * (p * softplus(-f) + q * softplus(f));
    found.bound -= 0.5 * step * (p * softplus(-strength * f) + q * softplus(strength * f));
    found.w1 += step * Math.abs(below[i] - phi((x - mean) / width));
    const steep = step * q * strength * Math.abs(slopeP[i] + (x - mean) / width ** 2);
    found.saturating += steep * sigmoid(strength * f);
    found.other += steep * sigmoid(-strength * f);
  });
  return found;
};

/** What to reach, by the measures and the strength. */
export const challenges = (now) => [
  {
    id: "at the ceiling",
    text: "Bring JS above 0.69 nats (log 2 = 0.693), with W\u2081 below 5.",
    reached: () => now().js > 0.69 && now().w1 < 5,
    why: "The two hardly overlap, so JS is flat and shows no way home, while W\u2081 loses as much as q comes nearer.",
  },
  {
    id: "half of it",
    text: "Keep JS above 0.05 nats, and find the critic whose bound is half of it.",
    reached: () => now().js > 0.05 && Math.abs(now().bound / now().js - 0.5) < 0.02,
    why: "The bound is concave in the strength, so it takes less than half of the best critic to see half.",
  },
  {
    id: "no slope",
    text: "Make the saturating slope less than a hundredth of the other.",
    reached: () => now().strength > 0 && now().saturating < 0.01 * now().other,
    why: "log(1 \u2212 D) has slope \u2212D in the logit: a critic sure of q's samples leaves nothing to follow.",
  },
];

const drawDensities = (plot, { x, p, q, D }) => {
  const [xs, ps, qs, ds] = [x, p, q, D].map((values) => values.filter((_, i) => Math.abs(x[i]) <= SEEN));
  plot.clip(() => {
    plot.fill(xs, ps, { color: "data", alpha: 0.25 });
    plot.line(xs, ps, { color: "data", dash: [6, 4] });
    plot.fill(xs, qs, { color: "posterior" });
    plot.line(xs, qs, { color: "posterior" });
    plot.line(xs, ds, { color: "kl" });
  });
  const name = (values, word, color) => {
    const peak = values.indexOf(Math.max(...values));
    plot.text(xs[peak], values[peak], word, { color, bold: true, dy: -10, size: 14, halo: true });
  };
  name(ps, "p", "data");
  name(qs, "q", "posterior");
  plot.text(-7.9, ds[2], "D(x)", { color: "kl", bold: true, align: "left", dy: ds[2] > 0.8 ? 12 : -10, halo: true });
};

const BARS = [
  ["JS", "js", CEILING, "evidence", "nats"],
  ["this critic's bound", "bound", CEILING, "kl", "nats"],
  ["W\u2081", "w1", FARTHEST, "likelihood", ""],
];

const drawBars = (plot, now) => {
  BARS.forEach(([label, name, most, color, unit], i) => {
    const y = BARS.length - 1 - i;
    const share = clamp(now[name] / most, 0, 1);
    plot.bar(0, share, y - 0.38, y - 0.02, { color, alpha: 0.75 });
    plot.text(0, y, `${label}  ${format(now[name], 3)} ${unit}`, { align: "left", baseline: "bottom", dy: -1 });
  });
  plot.vline(1, { dash: [4, 4], width: 1 });
  plot.text(1, 2.1, "log 2", { align: "right", baseline: "bottom", dx: -4 });
};

const log10 = (slope) => Math.log10(Math.max(1e-12, slope)); // what is less lies below the picture all the same

export default {
  render({ model, el }) {
    const ui = frame({ model, el, title: "Two densities and a critic" });
    const get = (...names) => names.map((name) => ui.get(name));
    const fit = (name, value) => ui.set(name, clamp(value, ...ui.limits(name)));
    const means = linspace(...ui.limits("mean"), 65);
    const data = remember(() => get("target"), (target) => known(ui.constant("laws")[target]));
    const coarse = remember(() => get("target"), (target) => known(ui.constant("laws")[target], COARSE));
    const all = () => [data(), ...get("mean", "width", "strength")];
    const now = remember(all, (p, mean, width, strength) => ({
      strength,
      ...measures(p, { mean, width, strength }),
    }));
    const shown = remember(all, (p, mean, width, strength) => curves(p, { mean, width, strength }));
    const swept = remember(
      () => [coarse(), ...get("width", "strength")],
      (p, width, strength) => [...means].map((mean) => measures(p, { mean, width, strength })),
    );

    const densities = ui.panel({
      title: "p (dashed), q, and what the critic says, D(x). Drag q by its mean, or by its width.",
      label: "densities of the data p and the model q, and the critic's D, over x",
      span: 6,
      height: 190,
      x: [-SEEN, SEEN],
      y: () => [0, Math.max(1.02, 1.15 * Math.max(...shown().q))],
      xLabel: "x",
      yLabel: "density; D",
      draw: (plot) => drawDensities(plot, shown()),
    });
    ui.handle(densities, {
      label: "mean of q",
      axis: "x",
      color: "posterior",
      at: () => [ui.get("mean"), 0],
      move: (x) => fit("mean", x),
    });
    ui.handle(densities, {
      label: "width of q",
      axis: "x",
      color: "posterior",
      at: () => {
        const [mean, width] = get("mean", "width");
        const side = mean + width > SEEN ? -1 : 1;
        return [mean + side * width, 0.607 / (width * Math.sqrt(2 * Math.PI))];
      },
      move: (x) => fit("width", Math.abs(x - ui.get("mean"))),
      text: () => `\u03c3 ${ui.get("width").toFixed(2)}`,
    });
    ui.panel({
      title: `How far apart: JS and the bound against log 2, W\u2081 against ${FARTHEST}.`,
      label: "bars of JS, of the critic's bound on it and of W1",
      span: 6,
      height: 126,
      x: [0, 1.02],
      y: [-0.5, 2.6],
      xTicks: [],
      yTicks: [],
      draw: (plot) => drawBars(plot, now()),
    });
    const here = (plot) => plot.vline(ui.get("mean"), { color: "ink", width: 1, dash: [4, 4] });
    ui.panel({
      title: `JS / log 2 and W\u2081 / ${FARTHEST} (dashed).`,
      label: "JS and W1 over the mean of q",
      height: 180,
      x: ui.limits("mean"),
      y: [0, 1.08],
      xLabel: "mean of q",
      draw(plot) {
        plot.line(means, swept().map(({ js }) => js / CEILING), { color: "evidence" });
        plot.line(means, swept().map(({ w1 }) => w1 / FARTHEST), { color: "likelihood", dash: [6, 4] });
        here(plot);
      },
    });
    ui.panel({
      title: "Slope at q's samples: saturating, or not (dashed).",
      label: "logarithm of the mean slope of both losses over the mean of q",
      height: 180,
      x: ui.limits("mean"),
      y: [-4, 1.6],
      yTicks: [-4, -2, 0],
      xLabel: "mean of q",
      yLabel: "log\u2081\u2080 of the slope",
      draw(plot) {
        plot.clip(() => {
          plot.line(means, swept().map(({ saturating }) => log10(saturating)), { color: "elbo" });
          plot.line(means, swept().map(({ other }) => log10(other)), { color: "prior", dash: [6, 4] });
        });
        here(plot);
      },
    });

    ui.slider({ name: "mean", label: "\u03bc, mean of q" });
    ui.slider({ name: "width", label: "\u03c3, width of q", scale: "log" });
    ui.slider({ name: "strength", label: "s, strength of the critic" });
    ui.choice({ name: "target", label: "p is" });
    ui.readout(() => [
      ["JS in nats", now().js, "evidence"],
      ["bound by this critic", now().bound, "kl"],
      ["share of JS that it sees", now().js > 1e-6 ? `${format((100 * now().bound) / now().js, 0)} %` : "\u2013", "kl"],
      ["W\u2081", now().w1, "likelihood"],
      ["saturating slope", format(now().saturating, 4), "elbo"],
      ["non-saturating slope", format(now().other, 4), "prior"],
    ]);
    ui.challenges("critic", challenges(now));
    return ui.dispose;
  },
};
