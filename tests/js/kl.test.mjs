import { close, ok } from "./check.mjs";
import { curves, descend, divergence, terms } from "../../vae_utils/widgets/kl.mjs";

const STATE = { mu: 0.5, sigma: 0.8, prior_mu: 0, prior_sigma: 1, target: "normal", direction: "q||p" };
const area = (values) => (values.reduce((total, value) => total + value, 0) * 16) / 640;
const CASES = [
  STATE,
  { ...STATE, direction: "p||q" },
  { ...STATE, prior_mu: -1.2, prior_sigma: 0.7 },
  { ...STATE, prior_mu: 1, prior_sigma: 1.4, direction: "p||q" },
];

export const tests = {
  "the worked example is 0.168144 nats": () => close(divergence(STATE), 0.168144, 5e-7),
  "the integrand's area is the closed form": () =>
    CASES.forEach((c) => close(area(curves(c).integrand), divergence(c), 2e-5)),
  "the terms add up": () =>
    [...CASES, ...["q||p", "p||q"].map((direction) => ({ ...STATE, target: "two bumps", direction }))].forEach((c) => {
      const total = terms(c).reduce((sum, [, value]) => sum + value, 0);
      close(total, divergence(c), 1e-9);
    }),
  "the cross-entropies are those of the moments": () => {
    const state = { ...STATE, target: "two bumps", direction: "p||q" };
    const square = 1.8 ** 2 + 0.6 ** 2 + state.mu ** 2;
    const exact = 0.5 * Math.log(2 * Math.PI * state.sigma ** 2) + square / (2 * state.sigma ** 2);
    const [[own, minus], [other, cross]] = terms(state);
    ok(own.endsWith("of p") && other.endsWith("with q"));
    close(cross, exact, 1e-4);
    ok(minus < 0 && -minus < Math.log(2) + 0.5 * Math.log(2 * Math.PI * Math.E * 0.6 ** 2));
  },
  "each term vanishes when q is p": () => {
    const same = { ...STATE, mu: 0.3, prior_mu: 0.3, sigma: 0.9, prior_sigma: 0.9 };
    terms(same).forEach(([, value]) => close(value, 0, 1e-12));
  },
  "densities integrate to one": () => {
    const { q, p } = curves({ ...STATE, target: "two bumps" });
    close(area(q), 1, 1e-6);
    close(area(p), 1, 1e-6);
  },
};

export const slow = {
  "descent settles in one bump under q||p and spreads under p||q": () => {
    const settle = (state) => {
      let now = state;
      for (let i = 0; i < 500; i++) now = { ...now, ...descend(now) };
      return now;
    };
    const start = { ...STATE, mu: 1, target: "two bumps" };
    ok(Math.abs(settle(start).mu - 1.8) < 0.1, "q||p finds a bump");
    const wide = settle({ ...start, direction: "p||q" });
    close(wide.mu, 0, 0.01);
    close(wide.sigma, Math.hypot(1.8, 0.6), 0.01);
  },
};
