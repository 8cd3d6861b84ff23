// The KL divergence: two densities, the signed integrand, and the terms it is made of.
import { frame } from "./parts/frame.mjs";
import { clamp, gaussianKl, linspace, logNormal, sum } from "./parts/maths.mjs";

const Z = linspace(-8, 8, 641);
const STEP = Z[1] - Z[0];
const BUMPS = { at: 1.8, sigma: 0.6 };

/** log p(z) for the chosen target. */
export const logTarget = (z, { target, prior_mu, prior_sigma }) => {
  if (target === "normal") return logNormal(z, prior_mu, prior_sigma);
  const [left, right] = [-BUMPS.at, BUMPS.at].map((at) => logNormal(z, at, BUMPS.sigma));
  return Math.max(left, right) + Math.log1p(Math.exp(-Math.abs(left - right))) - Math.log(2);
};

BUMPS.entropy = -STEP * sum(Z.map((z) => logTarget(z, { target: "two bumps" })).map((log) => log * Math.exp(log)));

/** q, p and the integrand of the chosen KL on the grid Z. */
export const curves = (values) => {
  const forward = values.direction === "q||p";
  const logQ = Z.map((z) => logNormal(z, values.mu, values.sigma));
  const logP = Z.map((z) => logTarget(z, values));
  const integrand = logQ.map((q, i) => (forward ? Math.exp(q) * (q - logP[i]) : Math.exp(logP[i]) * (logP[i] - q)));
  return { q: logQ.map(Math.exp), p: logP.map(Math.exp), integrand };
};

/** KL in nats: in closed form between two normals, by quadrature otherwise. */
export const divergence = (values) => {
  const { mu, sigma, prior_mu, prior_sigma, target, direction } = values;
  if (target !== "normal") return STEP * sum(curves(values).integrand);
  if (direction === "q||p") return gaussianKl(mu, sigma, prior_mu, prior_sigma);
  return gaussianKl(prior_mu, prior_sigma, mu, sigma);
};

/** The terms that add up to the KL: [label, nats]. */
export const terms = (values) => {
  const total = divergence(values);
  const forward = values.direction === "q||p";
  if (values.target !== "normal") {
    const entropy = forward ? 0.5 * Math.log(2 * Math.PI * Math.E * values.sigma ** 2) : BUMPS.entropy;
    const [own, other] = forward ? ["q", "p"] : ["p", "q"];
    return [[`minus entropy of ${own}`, -entropy], [`cross-entropy with ${other}`, total + entropy]];
  }
  const [top, bottom] = forward ? [values.sigma, values.prior_sigma] : [values.prior_sigma, values.sigma];
  return [
    ["mean term", 0.5 * ((values.mu - values.prior_mu) / bottom) ** 2],
    ["variance term", 0.5 * ((top / bottom) ** 2 - 1)],
    ["log term", Math.log(bottom / top)],
  ];
};

/** One step down the slope of the KL in mu and log sigma. */
export const descend = (values, rate = 0.08) => {
  const at = (mu, logSigma) => divergence({ ...values, mu, sigma: Math.exp(logSigma) });
  const [mu, logSigma, h] = [values.mu, Math.log(values.sigma), 1e-4];
  const slopeMu = (at(mu + h, logSigma) - at(mu - h, logSigma)) / (2 * h);
  const slopeSigma = (at(mu, logSigma + h) - at(mu, logSigma - h)) / (2 * h);
  const move = (slope) => clamp(rate * slope, -0.12, 0.12);
  const slope = Math.hypot(slopeMu, slopeSigma);
  return { mu: mu - move(slopeMu), sigma: Math.exp(logSigma - move(slopeSigma)), slope };
};

const NAMES = ["mu", "sigma", "prior_mu", "prior_sigma", "target", "direction"];
const SHOWN = { "q||p": "KL(q\u2016p)", "p||q": "KL(p\u2016q)" };

/** What to reach, by the fields of the widget. */
export const challenges = (values) => {
  const near = (target, direction, nats) => {
    const now = values();
    return now.target === target && now.direction === direction && divergence(now) < nats;
  };
  return [
    {
      id: "zero",
      text: "p normal: bring the KL below 0.001 nats, in either direction.",
      reached: () => near("normal", "q||p", 0.001) || near("normal", "p||q", 0.001),
      why: "A KL is 0 only where q and p are one density, so there is one such place.",
    },
    {
      id: "one bump",
      text: "p two bumps: bring KL(q\u2016p) below 0.7 nats.",
      reached: () => near("two bumps", "q||p", 0.7),
      why: "q may hide in one bump: there it is at most log 2 = 0.69 nats above p, and it never looks elsewhere.",
    },
    {
      id: "both bumps",
      text: "p two bumps: bring KL(p\u2016q) below 0.5 nats.",
      reached: () => near("two bumps", "p||q", 0.5),
      why: "The average is now taken under p, so q must stand wherever p does, and covers the valley too.",
    },
  ];
};

export default {
  render({ model, el }) {
    const ui = frame({ model, el, title: "The KL divergence, piece by piece" });
    const values = () => Object.fromEntries(NAMES.map((name) => [name, ui.get(name)]));
    const fit = (name, value) => ui.set(name, clamp(value, ...ui.limits(name)));

    const densities = ui.panel({
      title: "q and p (dashed). Drag q by its mean, or by its width.",
      span: 6,
      x: [-5, 5],
      y: () => {
        const { q, p } = curves(values());
        return [0, Math.max(0.75, 1.15 * Math.max(...q), 1.15 * Math.max(...p))];
      },
      xLabel: "z",
      yLabel: "density",
      draw(plot) {
        const { q, p } = curves(values());
        plot.clip(() => {
          plot.fill(Z, p, { color: "prior", alpha: 0.15 });
          plot.line(Z, p, { color: "prior", dash: [6, 4] });
          plot.fill(Z, q, { color: "posterior" });
          plot.line(Z, q, { color: "posterior" });
        });
        const peak = p.indexOf(Math.max(...p));
        plot.text(Z[peak], p[peak], "p", { color: "prior", bold: true, dy: -10, size: 14 });
        plot.text(ui.get("mu"), Math.max(...q), "q", { color: "posterior", bold: true, dy: -10, size: 14 });
      },
    });
    ui.handle(densities, {
      label: "mean of q",
      axis: "x",
      color: "posterior",
      at: () => [ui.get("mu"), 0],
      move: (x) => fit("mu", x),
    });
    ui.handle(densities, {
      label: "width of q",
      axis: "x",
      color: "posterior",
      at: () => [ui.get("mu") + ui.get("sigma"), 0.607 / (ui.get("sigma") * Math.sqrt(2 * Math.PI))],
      move: (x) => fit("sigma", x - ui.get("mu")),
      text: () => `\u03c3 ${ui.get("sigma").toFixed(2)}`,
    });

    ui.panel({
      title: "The integrand. Its signed area is the KL.",
      x: [-5, 5],
      y: () => {
        const { integrand } = curves(values());
        return [Math.min(-0.25, 1.2 * Math.min(...integrand)), Math.max(0.75, 1.2 * Math.max(...integrand))];
      },
      xLabel: "z",
      yLabel: "nats per unit of z",
      draw(plot) {
        const { integrand } = curves(values());
        plot.clip(() => {
          plot.fill(Z, integrand.map((value) => Math.max(0, value)), { color: "kl", alpha: 0.35 });
          plot.fill(Z, integrand.map((value) => Math.min(0, value)), { color: "ink", alpha: 0.18 });
          plot.hline(0, { width: 1 });
          plot.line(Z, integrand, { color: "kl" });
        });
        const [low, high] = [Math.min(...integrand), Math.max(...integrand)];
        if (high > 0.05) plot.text(Z[integrand.indexOf(high)], high / 2, "+", { color: "kl", size: 18, bold: true });
        if (low < -0.05) plot.text(Z[integrand.indexOf(low)], low / 2, "\u2212", { size: 18, bold: true });
      },
    });

    ui.panel({
      title: "The terms that add up to it.",
      x: () => {
        const parts = terms(values()).map(([, value]) => value);
        const low = Math.min(0, ...parts);
        const high = Math.max(0, divergence(values()), ...parts);
        return [Math.min(-1.5, 1.25 * low), Math.max(2, 1.25 * high)];
      },
      y: () => [-0.6, terms(values()).length + 0.5],
      yTicks: [],
      xLabel: "nats",
      draw(plot) {
        const rows = [...terms(values()), [SHOWN[ui.get("direction")], divergence(values())]];
        rows.forEach(([label, value], i) => {
          const y = rows.length - 1 - i;
          const total = i === rows.length - 1;
          const alpha = total ? 0.9 : 0.45;
          plot.bar(Math.min(0, value), Math.max(0, value), y - 0.4, y + 0.05, { color: "kl", alpha });
          plot.text(plot.xRange[0], y, label, { align: "left", baseline: "bottom", dy: -5, bold: total });
        });
        plot.vline(0, { width: 1 });
      },
    });

    ui.slider({ name: "mu", label: "\u03bc, mean of q" });
    ui.slider({ name: "sigma", label: "\u03c3, width of q", scale: "log" });
    const priorMu = ui.slider({ name: "prior_mu", label: "mean of p" });
    const priorSigma = ui.slider({ name: "prior_sigma", label: "width of p", scale: "log" });
    ui.choice({ name: "target", label: "p is" });
    ui.choice({ name: "direction", label: "Direction", labels: SHOWN });

    const step = () => {
      const next = descend(values());
      fit("mu", next.mu);
      fit("sigma", next.sigma);
      return next.slope >= 0.004;
    };
    ui.seeker({ label: "Find the best q", step, most: 400 });
    ui.button("Put q in the middle, wide", () => {
      ui.stop();
      fit("mu", 0.3);
      fit("sigma", 1.5);
    });
    const hide = () => [priorMu, priorSigma].forEach((control) => (control.hidden = ui.get("target") !== "normal"));
    ui.on("target", hide);
    hide();
    ui.readout(() => [
      [`${SHOWN[ui.get("direction")]} in nats`, divergence(values()), "kl"],
      ...terms(values()).map(([label, value]) => [label, value]),
    ]);
    ui.challenges("kl", challenges(values));
    return ui.dispose;
  },
};
