// The same noise reused while mu and sigma move, and the gradient estimates that two estimators make of it.
import { frame } from "./parts/frame.mjs";
import {
  clamp, format, linspace, mean, normalCdf, normalDensity, normals, remember, sum, uniforms,
} from "./parts/maths.mjs";

export const DRAWS = 2000;
const SHOWN = 400;
const LINKED = 40;
const WIDEST = 50;
const Z = linspace(-6, 6, 481);
const HEIGHTS = Array.from({ length: SHOWN }, uniforms(7));

/** Costs of one coordinate: value, slope, and E[f(z)] for z ~ N(mu, sigma^2) with its derivatives. */
export const COSTS = {
  parabola: {
    f: (z) => (z - 2) ** 2,
    slope: (z) => 2 * (z - 2),
    average: (mu, sigma) => (mu - 2) ** 2 + sigma ** 2,
    exact: (mu, sigma) => ({ mu: 2 * (mu - 2), sigma: 2 * sigma }),
  },
  wave: {
    f: (z) => Math.sin(5 * z),
    slope: (z) => 5 * Math.cos(5 * z),
    average: (mu, sigma) => Math.sin(5 * mu) * Math.exp(-12.5 * sigma ** 2),
    exact: (mu, sigma) => {
      const damping = Math.exp(-12.5 * sigma ** 2);
      return { mu: 5 * Math.cos(5 * mu) * damping, sigma: -25 * sigma * Math.sin(5 * mu) * damping };
    },
  },
  step: {
    f: (z) => (z > 0 ? 1 : 0),
    slope: () => 0,
    average: (mu, sigma) => normalCdf(mu / sigma),
    exact: (mu, sigma) => {
      const density = normalDensity(mu / sigma);
      return { mu: density / sigma, sigma: (-mu * density) / sigma ** 2 };
    },
  },
};

/** The seed of the draws: "fresh" noise depends on mu and sigma too. */
const seedOf = ({ seed, noise, mu, sigma }) =>
  seed * 7919 + (noise === "fresh" ? Math.round(1e4 * (mu + 10)) * 31 + Math.round(1e4 * sigma) * 17 : 0);

/** One row of WIDEST noises for each draw. */
export const drawNoise = (values) => {
  const next = normals(seedOf(values));
  return Array.from({ length: DRAWS }, () => Float64Array.from({ length: WIDEST }, next));
};

/** Estimates of dE[f]/dparameter of the first coordinate, one for each draw, by the three estimators. */
export const estimates = (values, noise) => {
  const { mu, sigma, dimensions, parameter } = values;
  const { f, slope, average } = COSTS[values.cost];
  const baseline = dimensions * average(mu, sigma);
  const rows = { pathwise: [], "score function": [], "with baseline": [] };
  for (const row of noise) {
    const eps = row[0];
    let total = 0;
    for (let j = 0; j < dimensions; j++) total += f(mu + sigma * row[j]);
    const score = (parameter === "mu" ? eps : eps * eps - 1) / sigma;
    rows.pathwise.push(slope(mu + sigma * eps) * (parameter === "mu" ? 1 : eps));
    rows["score function"].push(total * score);
    rows["with baseline"].push((total - baseline) * score);
  }
  return rows;
};

export const variance = (values) => {
  const middle = mean(values);
  return sum(values.map((value) => (value - middle) ** 2)) / (values.length - 1);
};

const NAMES = ["mu", "sigma", "dimensions", "noise", "cost", "parameter", "seed"];
const COLORS = { pathwise: "posterior", "score function": "kl", "with baseline": "elbo" };

/** Estimates, the exact slope and the variances for the present fields, computed once per change. */
const computed = (ui) => {
  const values = () => Object.fromEntries(NAMES.map((name) => [name, ui.get(name)]));
  const drawn = remember(() => [seedOf(values())], () => drawNoise(values()));
  return remember(() => [drawn(), ...Object.values(values())], (noise) => {
    const rows = estimates(values(), noise);
    const spread = Object.fromEntries(Object.entries(rows).map(([name, row]) => [name, variance(row)]));
    const { cost, mu, sigma, parameter } = values();
    const eps = noise.slice(0, LINKED).map((row) => row[0]);
    return { rows, spread, exact: COSTS[cost].exact(mu, sigma)[parameter], eps, z: eps.map((e) => mu + sigma * e) };
  });
};

/** What to reach, by the cost and what is computed for it. */
export const challenges = (now) => [
  {
    id: "blind",
    text: "Make the pathwise estimator sure and wrong: variance 0, its mean more than 0.1 off the exact slope.",
    reached: () => now().spread.pathwise === 0 && Math.abs(mean(now().rows.pathwise) - now().exact) > 0.1,
    why: "The step is flat wherever a draw lands. No draw sees the jump, so the slope that comes back is 0.",
  },
  {
    id: "score wins",
    text: "With a smooth cost, make the score function less noisy than the pathwise estimator.",
    reached: () => now().cost !== "step" && now().spread["score function"] < now().spread.pathwise,
    why: "The pathwise estimator reads the slope of f, the score function its value. A wave is small but steep.",
  },
  {
    id: "thousandfold",
    text: "With a smooth cost, make the score function's variance 1,000 times the pathwise one.",
    reached: () => now().cost !== "step" && now().spread["score function"] > 1000 * now().spread.pathwise,
    why: "Each coordinate adds its cost to every score. The pathwise slope of one coordinate never hears of the rest.",
  },
];

const landingPanel = (ui, now) =>
  ui.panel({
    title: "Each noise \u03b5, and the z it becomes. Drag \u03bc or \u03c3.",
    label: "Lines from forty noises to the points z = \u03bc + \u03c3 \u03b5",
    x: [-5, 5],
    y: [-0.4, 1.2],
    yTicks: [],
    span: 6,
    xLabel: "\u03b5 above, z below",
    draw(plot) {
      const { eps, z } = now();
      plot.clip(() => eps.forEach((e, i) => plot.line([e, z[i]], [1, 0], { color: "muted", width: 1, alpha: 0.5 })));
      plot.points(eps, eps.map(() => 1), { color: "prior", radius: 3 });
      plot.points(z, z.map(() => 0), { color: "posterior", radius: 3 });
      const [mu, sigma] = [ui.get("mu"), ui.get("sigma")];
      plot.text(mu, -0.16, "\u03bc", { color: "posterior", align: "right", size: 12 });
      const far = mu + sigma > 2.5; // near the edge, and where the two names would touch, the second has its own line
      const beside = far ? { align: "right" } : { align: "left", dx: -4 };
      const line = far || sigma < 0.6 ? -0.31 : -0.16;
      plot.text(far ? 5 : mu + sigma, line, "\u03bc + \u03c3", { color: "posterior", size: 12, ...beside });
      plot.text(-4.9, 1, "\u03b5", { color: "prior", align: "left", bold: true });
      plot.text(-4.9, 0, "z", { color: "posterior", align: "left", bold: true });
    },
  });

const costPanel = (ui, now) =>
  ui.panel({
    title: "The cost f where they land.",
    x: [-5, 5],
    y: () => ({ parabola: [-1, 16], wave: [-1.5, 1.5], step: [-0.25, 1.25] })[ui.get("cost")],
    xLabel: "z",
    yLabel: "f(z)",
    draw(plot) {
      const { f } = COSTS[ui.get("cost")];
      const { z } = now();
      plot.clip(() => {
        plot.line(Z, Z.map(f), { color: "likelihood" });
        plot.points(z, z.map(f), { color: "posterior", radius: 3 });
      });
    },
  });

const cloudPanel = (ui, now) =>
  ui.panel({
    title: "One slope, estimated from single draws. Dashed: exact. Thick: their mean.",
    x: () => {
      const { exact, spread } = now();
      const reach = Math.max(1, 3.2 * Math.sqrt(Math.max(...Object.values(spread))));
      return [exact - reach, exact + reach];
    },
    y: [-0.6, 3.1],
    yTicks: [],
    xLabel: "estimate from one draw",
    draw(plot) {
      const { rows, spread, exact } = now();
      plot.vline(exact, { dash: [5, 4] });
      Object.entries(rows).forEach(([name, row], i) => {
        const at = 2 - i;
        const color = COLORS[name];
        const heights = HEIGHTS.map((h) => at + 0.42 * (h - 0.5));
        plot.clip(() => plot.points(row.slice(0, SHOWN), heights, { color, radius: 2, alpha: 0.45 }));
        const text = `${name}: variance ${format(spread[name], spread[name] < 100 ? 1 : 0)}`;
        plot.text(plot.xRange[0], at + 0.45, text, { color, align: "left", bold: true, dx: 4, halo: true });
        plot.line([mean(row), mean(row)], [at - 0.3, at + 0.3], { color, width: 3 });
      });
    },
  });

export default {
  render({ model, el }) {
    const ui = frame({ model, el, title: "One noise, two gradients" });
    const now = computed(ui);
    const fit = (name, value) => ui.set(name, clamp(value, ...ui.limits(name)));
    const landing = landingPanel(ui, now);
    const handle = (label, name, at, move) =>
      ui.handle(landing, {
        label,
        axis: "x",
        color: "posterior",
        at: () => [at(), 0],
        move,
        text: () => `${label} ${ui.get(name).toFixed(2)}`,
      });
    handle("\u03bc", "mu", () => ui.get("mu"), (x) => fit("mu", x));
    handle("\u03c3", "sigma", () => ui.get("mu") + ui.get("sigma"), (x) => fit("sigma", x - ui.get("mu")));
    costPanel(ui, now);
    cloudPanel(ui, now);

    ui.slider({ name: "mu", label: "\u03bc" });
    ui.slider({ name: "sigma", label: "\u03c3", scale: "log" });
    ui.slider({ name: "dimensions", label: "latent dimensions", step: 1 });
    ui.choice({ name: "noise", label: "Noise" });
    ui.choice({ name: "cost", label: "Cost f" });
    ui.choice({ name: "parameter", label: "Slope with respect to" });
    ui.button("New noise", () => ui.set("seed", (ui.get("seed") + 1) % 10000));
    ui.on("seed", ui.redraw);
    ui.readout(() => {
      const { rows, spread, exact } = now();
      const line = (name) => `mean ${format(mean(rows[name]))}, variance ${format(spread[name])}`;
      return [["exact slope", exact], ...Object.keys(rows).map((name) => [name, line(name), COLORS[name]])];
    });
    ui.challenges("reparameterization", challenges(() => ({ ...now(), cost: ui.get("cost") })));
    return ui.dispose;
  },
};
