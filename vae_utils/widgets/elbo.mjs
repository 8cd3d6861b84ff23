// The ELBO of a swing: z ~ N(0, 1) is hidden, the height x ~ N(z^2, noise^2) is seen, q = N(mu, sigma^2) guesses z.
import { frame } from "./parts/frame.mjs";
import { clamp, gaussianKl, linspace, logNormal, normalDensity, remember, sum } from "./parts/maths.mjs";

const Z = linspace(-4, 4, 1601);
const STEP = Z[1] - Z[0];
const T = linspace(-9, 9, 361);

export const logJoint = (x, z, noise) => logNormal(x, z ** 2, noise) + logNormal(z);

/** log p(x) and the posterior density on the grid Z. */
export const evidence = ({ x, noise }) => {
  const joint = Z.map((z) => logJoint(x, z, noise));
  const top = Math.max(...joint);
  const logP = top + Math.log(STEP * sum(joint.map((value) => Math.exp(value - top))));
  return { logP, density: joint.map((value) => Math.exp(value - logP)) };
};

/** E_q[log p(x|z)], from the moments of q. */
export const reconstruction = ({ x, mu, sigma, noise }) => {
  const [m2, v] = [mu ** 2, sigma ** 2];
  const error = x ** 2 - 2 * x * (m2 + v) + m2 ** 2 + 6 * m2 * v + 3 * v ** 2;
  return -0.5 * Math.log(2 * Math.PI * noise ** 2) - error / (2 * noise ** 2);
};

export const elbo = (values) => reconstruction(values) - gaussianKl(values.mu, values.sigma);

/** KL(q || p(z|x)) by adding up over z, with no use of the ELBO. */
export const gap = ({ x, mu, sigma, noise }, { logP } = evidence({ x, noise })) => {
  const terms = T.map((t) => {
    const z = mu + sigma * t;
    return normalDensity(t) * (logNormal(z, mu, sigma) - (logJoint(x, z, noise) - logP));
  });
  return (T[1] - T[0]) * sum(terms);
};

/** Slopes of the ELBO in mu and in log sigma. */
export const slopes = ({ x, mu, sigma, noise }) => {
  const v = sigma ** 2;
  const s2 = noise ** 2;
  const slopeV = (x - 3 * mu ** 2 - 3 * v) / s2 - 0.5 + 0.5 / v;
  return { mu: (2 * mu * (x - mu ** 2 - 3 * v)) / s2 - mu, logSigma: 2 * v * slopeV };
};

/** One step of gradient ascent in mu and log sigma. */
export const ascend = (values, rate = 0.015) => {
  const slope = slopes(values);
  const move = (value) => clamp(rate * value, -0.04, 0.04);
  return {
    mu: values.mu + move(slope.mu),
    sigma: values.sigma * Math.exp(move(slope.logSigma)),
    slope: Math.hypot(slope.mu, slope.logSigma),
  };
};

const COLUMNS = 101;
const ROWS = 61;
const DEPTH = 6;

/** The ELBO over mu (across) and log sigma (up), as shades in [0, 1]: 1 is log p(x), 0 is 6 nats below. */
export const landscape = ({ x, noise }, logP, [low, high], [bottom, top]) => {
  const shades = new Float64Array(COLUMNS * ROWS);
  for (let row = 0; row < ROWS; row++) {
    const sigma = Math.exp(top + ((bottom - top) * (row + 0.5)) / ROWS);
    for (let column = 0; column < COLUMNS; column++) {
      const mu = low + ((high - low) * (column + 0.5)) / COLUMNS;
      shades[row * COLUMNS + column] = clamp(1 - (logP - elbo({ x, mu, sigma, noise })) / DEPTH, 0, 1);
    }
  }
  return shades;
};

/** What to reach, by the fields of the widget and its gap. */
export const challenges = (values) => [
  {
    id: "one hump",
    text: "x at least 0.8: bring the gap below 0.75 nats.",
    reached: () => values().x >= 0.8 && values().gap < 0.75,
    why: "Nearly log 2 = 0.69 remain: a bell on one of two equal humps holds half of the truth.",
  },
  {
    id: "no gap",
    text: "Bring the gap below 0.05 nats. Any x will do.",
    reached: () => values().gap < 0.05,
    why: "Near x = 0 the truth has a single hump. Where q can be the truth, the ELBO is log p(x).",
  },
  {
    id: "both humps",
    text: "x at least 0.8: the gap below 1.6 nats, with the mean of q within 0.1 of 0.",
    reached: () => values().x >= 0.8 && Math.abs(values().mu) <= 0.1 && values().gap < 1.6,
    why: "One bell over both humps pays for the valley between them: that is why q prefers a single one.",
  },
];

const FARTHEST = -14; // nats; a bar that goes on beyond is cut at the edge and says so

const drawBars = (plot, bound, divergence, logP) => {
  const cut = plot.xRange[0];
  const rows = [
    ["ELBO", 0, bound, 1.15, "elbo"],
    ["KL(q \u2016 p(z|x))", bound, bound + divergence, 0.15, "kl"],
  ];
  for (const [label, from, to, y, color] of rows) {
    const [left, right] = [Math.min(from, to), Math.max(from, to)];
    plot.bar(Math.max(cut, left), Math.max(cut, right), y, y + 0.42, { color, alpha: 0.85 });
    const far = { align: "left", color: "surface", bold: true, dx: 6 };
    if (left < cut) plot.text(cut, y + 0.21, "\u2039 goes on", far);
    const text = `${label} ${Math.abs(to - from) < 0.005 ? "0.00" : (to - from).toFixed(2).replace("-", "\u2212")}`;
    plot.text(plot.xRange[0], y + 0.47, text, { align: "left", baseline: "bottom", color, bold: true, dx: 4 });
  }
  plot.vline(logP, { color: "evidence", dash: [6, 4], width: 2 });
  plot.text(logP, 2.25, "log p(x)", { color: "evidence", bold: true, align: "right", dx: -6 });
};

export default {
  render({ model, el }) {
    const ui = frame({ model, el, title: "The ELBO and the gap, in nats" });
    const noise = ui.constant("noise");
    const values = () => ({ x: ui.get("x"), mu: ui.get("mu"), sigma: ui.get("sigma"), noise });
    const fit = (name, value) => ui.set(name, clamp(value, ...ui.limits(name)));
    const logLimits = () => ui.limits("sigma").map(Math.log);
    const truth = remember(() => [ui.get("x")], (x) => {
      const found = evidence({ x, noise });
      return { ...found, shades: landscape({ x, noise }, found.logP, ui.limits("mu"), logLimits()) };
    });

    const densities = ui.panel({
      title: "The truth (dashed) and the guess q. Drag q by its mean, or by its width.",
      x: [-2.8, 2.8],
      y: () => [0, 1.25 * Math.max(...truth().density, Math.min(3.2, 0.4 / ui.get("sigma")))],
      span: 6,
      xLabel: "displacement z",
      yLabel: "density",
      draw(plot) {
        const { density } = truth();
        const q = Z.map((z) => normalDensity(z, ui.get("mu"), ui.get("sigma")));
        plot.clip(() => {
          plot.line(Z, density, { color: "evidence", dash: [6, 4] });
          plot.fill(Z, q, { color: "posterior" });
          plot.line(Z, q, { color: "posterior" });
        });
        const peak = density.indexOf(Math.max(...density));
        plot.text(Z[peak], density[peak], "p(z|x)", { color: "evidence", bold: true, dy: -10, size: 13 });
        const height = Math.min(0.9 * plot.yRange[1], 0.4 / ui.get("sigma"));
        plot.text(ui.get("mu"), height, "q", { color: "posterior", bold: true, dy: -10, size: 14 });
      },
    });

    ui.panel({
      title: "The two bars always add up to log p(x).",
      x: () => [clamp(1.15 * elbo(values()), FARTHEST, -6), 0.2],
      y: [-0.1, 2.5],
      yTicks: [],
      xLabel: "nats",
      draw: (plot) => drawBars(plot, elbo(values()), gap(values(), truth()), truth().logP),
    });

    const map = ui.panel({
      title: "The ELBO as a landscape: each point is a q. Full color at log p(x), none from 6 nats below.",
      x: () => ui.limits("mu"),
      y: logLimits,
      xLabel: "\u03bc",
      yLabel: "log \u03c3",
      draw(plot) {
        const [[left, right], [bottom, top]] = [plot.xRange, plot.yRange];
        plot.image(truth().shades, COLUMNS, ROWS, [left, bottom, right, top], { smooth: true, color: "elbo" });
        plot.line([left, right, right, left, left], [bottom, bottom, top, top, bottom], { color: "muted", width: 1 });
      },
    });

    const step = () => {
      const next = ascend(values());
      fit("mu", next.mu);
      fit("sigma", next.sigma);
      return next.slope >= 0.01;
    };
    const place = (mu, sigma) => {
      ui.stop();
      fit("mu", mu);
      fit("sigma", sigma);
    };
    const handle = (panel, settings) => ui.handle(panel, { color: "posterior", ...settings });
    handle(densities, {
      label: "mean of q",
      axis: "x",
      at: () => [ui.get("mu"), 0],
      move: (x) => place(x, ui.get("sigma")),
    });
    handle(densities, {
      label: "width of q",
      axis: "x",
      at: () => [ui.get("mu") + ui.get("sigma"), Math.min(0.9 * densities.plot.yRange[1], 0.242 / ui.get("sigma"))],
      move: (x) => place(ui.get("mu"), x - ui.get("mu")),
      text: () => `\u03c3 ${ui.get("sigma").toFixed(2)}`,
    });
    handle(map, {
      label: "q on the landscape",
      at: () => [ui.get("mu"), Math.log(ui.get("sigma"))],
      move: (mu, logSigma) => place(mu, Math.exp(logSigma)),
      text: () => `\u03bc ${ui.get("mu").toFixed(2)}, \u03c3 ${ui.get("sigma").toFixed(2)}`,
    });

    ui.slider({ name: "mu", label: "\u03bc, mean of q" });
    ui.slider({ name: "sigma", label: "\u03c3, width of q", scale: "log" });
    ui.slider({ name: "x", label: "x, the height you see" });
    ui.seeker({ label: "Find the best q", step, most: 2000 });
    ui.button("Start wide, over both sides", () => place(0.1, 1));
    ui.readout(() => [
      ["log p(x)", truth().logP, "evidence"],
      ["ELBO", elbo(values()), "elbo"],
      ["KL(q \u2016 p(z|x)), the gap", gap(values(), truth()), "kl"],
      ["reconstruction", reconstruction(values()), "likelihood"],
      ["KL(q \u2016 prior)", gaussianKl(ui.get("mu"), ui.get("sigma")), "prior"],
    ]);
    ui.challenges("elbo", challenges(() => ({ ...values(), gap: gap(values(), truth()) })));
    return ui.dispose;
  },
};
