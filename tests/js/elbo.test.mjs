import { close, ok } from "./check.mjs";
import { ascend, elbo, evidence, gap, landscape, reconstruction, slopes } from "../../vae_utils/widgets/elbo.mjs";

const noise = 0.3;
const CASES = [
  { x: 1, mu: 0.9, sigma: 0.2 },
  { x: 1, mu: 0, sigma: 1 },
  { x: 0, mu: -0.4, sigma: 0.5 },
  { x: 2.5, mu: 1.5, sigma: 0.1 },
  { x: 3, mu: -2.5, sigma: 2 },
  { x: 1.2, mu: -0.7, sigma: 0.4, noise: 0.5 },
].map((values) => ({ noise, ...values }));
const settle = (state) => {
  let now = { noise, ...state };
  for (let i = 0; i < 3000; i++) now = { ...now, ...ascend(now) };
  return now;
};

export const tests = {
  "the ELBO and the gap, computed apart, add up to log p(x)": () =>
    CASES.forEach((c) => close(elbo(c) + gap(c), evidence(c).logP, 1e-8 * (1 + Math.abs(elbo(c))))),
  "the gap is never negative": () => CASES.forEach((c) => ok(gap(c) > 0, `gap at ${JSON.stringify(c)}`)),
  "the posterior integrates to one, and is symmetric": () => {
    const { density } = evidence({ x: 1, noise });
    close(0.005 * density.reduce((total, value) => total + value, 0), 1, 1e-9);
    close(density[400], density[1200], 1e-12);
  },
  "a point-like q reconstructs with the log-density at that point": () =>
    close(reconstruction({ x: 1, mu: 1, sigma: 1e-6, noise }), -0.5 * Math.log(2 * Math.PI * 0.09), 1e-6),
  "the slopes are those of finite differences": () =>
    CASES.forEach((c) => {
      const h = 1e-5;
      const sides = (f) => (f(h) - f(-h)) / (2 * h);
      const slope = slopes(c);
      const size = 1 + Math.abs(slope.mu) + Math.abs(slope.logSigma);
      close(slope.mu, sides((d) => elbo({ ...c, mu: c.mu + d })), 1e-5 * size);
      close(slope.logSigma, sides((d) => elbo({ ...c, sigma: c.sigma * Math.exp(d) })), 1e-5 * size);
    }),
  "ascent settles on one side, at the cost of a little more than log 2": () => {
    const best = settle({ x: 1, mu: 0.5, sigma: 0.35 });
    ok(best.slope < 1e-6, "the slope vanishes");
    ok(gap(best) > Math.log(2) && gap(best) < Math.log(2) + 0.1, "the gap");
    close(settle({ x: 1, mu: -0.5, sigma: 0.35 }).mu, -best.mu, 1e-6);
  },
  "a wide start is caught on the lower hill over both sides": () => {
    const caught = settle({ x: 1, mu: 0.1, sigma: 1 });
    close(caught.mu, 0, 1e-6);
    close(caught.sigma ** 2, 0.36, 1e-6);
    ok(elbo(caught) < elbo(settle({ x: 1, mu: 0.5, sigma: 0.35 })) - 1, "lower by more than a nat");
  },
  "ascent settles for every height that the slider offers": () => {
    for (let x = 0; x <= 3; x += 0.25) {
      for (const start of [{ mu: 2.5, sigma: 2 }, { mu: 0.3, sigma: 0.05 }]) {
        ok(settle({ x, ...start }).slope < 1e-3, `x ${x}, from ${JSON.stringify(start)}`);
      }
    }
  },
  "the landscape is symmetric and highest at the best q": () => {
    const shades = landscape({ x: 1, noise }, evidence({ x: 1, noise }).logP, [-2.5, 2.5], [0.05, 2].map(Math.log));
    for (let row = 0; row < 61; row += 7) close(shades[row * 101 + 10], shades[row * 101 + 90], 1e-12);
    const best = 1 - gap(settle({ x: 1, mu: 0.5, sigma: 0.35 })) / 6;
    ok(Math.max(...shades) <= best && Math.max(...shades) > best - 0.01, "its top");
  },
};
