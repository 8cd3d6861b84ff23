import { close, ok } from "./check.mjs";
import {
  COSTS,
  DRAWS,
  drawNoise,
  estimates,
  variance,
} from "../../vae_utils/widgets/reparameterization.mjs";

const STATE = { mu: 0.5, sigma: 0.8, dimensions: 1, noise: "replayed", cost: "parabola", parameter: "mu", seed: 3 };
const mean = (values) => values.reduce((total, value) => total + value, 0) / values.length;
const draws = (state, repeats = 12) => {
  const all = { pathwise: [], "score function": [], "with baseline": [] };
  for (let seed = 0; seed < repeats; seed++) {
    const rows = estimates(state, drawNoise({ ...state, seed }));
    for (const name of Object.keys(all)) all[name].push(...rows[name]);
  }
  return all;
};
const meets = (values, exact, what) => {
  const error = Math.sqrt(variance(values) / values.length);
  ok(Math.abs(mean(values) - exact) < 4.5 * error + 1e-9, `${what}: ${mean(values)} against ${exact} +- ${error}`);
};

export const tests = {
  "the worked draw: mu 0.5, sigma 0.8, eps 1.2 lands on 1.46": () => {
    const one = [Float64Array.of(1.2)];
    const slope = 2 * (1.46 - 2);
    close(estimates(STATE, one).pathwise[0], slope, 1e-12);
    close(estimates({ ...STATE, parameter: "sigma" }, one).pathwise[0], 1.2 * slope, 1e-12);
  },
  "exact slopes are finite differences of the exact average": () => {
    const h = 1e-5;
    for (const { average, exact } of Object.values(COSTS)) {
      const [mu, sigma] = [0.3, 0.7];
      close(exact(mu, sigma).mu, (average(mu + h, sigma) - average(mu - h, sigma)) / (2 * h), 1e-6);
      close(exact(mu, sigma).sigma, (average(mu, sigma + h) - average(mu, sigma - h)) / (2 * h), 1e-6);
    }
  },
  "the slope of a smooth cost is its derivative": () => {
    for (const name of ["parabola", "wave"]) {
      const { f, slope } = COSTS[name];
      close(slope(0.4), (f(0.4 + 1e-6) - f(0.4 - 1e-6)) / 2e-6, 1e-7);
    }
  },
  "variances in 10 dimensions are those of the chapter": () => {
    const all = draws({ ...STATE, mu: 0, sigma: 1, dimensions: 10 });
    close(variance(all.pathwise), 4, 0.2);
    close(variance(all["score function"]) / (25 * 81 + 88 * 9 + 87), 1, 0.1);
    close(variance(all["with baseline"]) / (18 * 9 + 42), 1, 0.1);
  },
  "replayed noise stays when mu moves, fresh noise does not": () => {
    const first = (state) => drawNoise(state)[DRAWS - 1][0];
    close(first(STATE), first({ ...STATE, mu: 1.5, sigma: 0.2 }), 0);
    const fresh = { ...STATE, noise: "fresh" };
    ok(first(fresh) !== first({ ...fresh, mu: 1.5 }), "mu moved");
    ok(first(fresh) !== first({ ...fresh, sigma: 0.2 }), "sigma moved");
  },
};

export const slow = {
  "estimators are unbiased, but for the pathwise one on a step": () => {
    for (const cost of Object.keys(COSTS)) {
      for (const parameter of ["mu", "sigma"]) {
        const state = { ...STATE, cost, parameter, dimensions: 2 };
        const exact = COSTS[cost].exact(state.mu, state.sigma)[parameter];
        const all = draws(state);
        meets(all["score function"], exact, `${cost} ${parameter} score`);
        meets(all["with baseline"], exact, `${cost} ${parameter} baseline`);
        if (cost === "step") ok(all.pathwise.every((value) => value === 0), "a step has no slope");
        else meets(all.pathwise, exact, `${cost} ${parameter} pathwise`);
      }
    }
  },
};
