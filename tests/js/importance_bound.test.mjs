import { close, equal, ok } from "./check.mjs";
import {
  averageBound, elboGap, histogram, logRatios, noise, runningBound, spread,
} from "../../vae_utils/widgets/importance_bound.mjs";

const LARGEST = 2000;
const STATE = { width: 0.7, offset: 0.6, latent_dim: 3 };
const manyLogs = (state) => Array.from({ length: 40 }, (_, r) => [...logRatios(noise(3, r + 1, LARGEST), state)]);
const average = (values) => values.reduce((a, b) => a + b, 0) / values.length;

export const tests = {
  "every weight is p(x) when q is the true posterior": () => {
    const logs = logRatios(noise(5, 1, LARGEST), { width: 1, offset: 0, latent_dim: 5 });
    logs.forEach((value) => close(value, 0, 1e-12));
    close(spread(logs, 100).effective, 100, 1e-9);
    close(spread(logs, 100).largest, 0.01, 1e-12);
  },
  "log w at a point, written out": () => {
    const [eps, other] = [0.4, -1.1];
    const single = { first: Float64Array.of(eps), squares: Float64Array.of(eps ** 2 + other ** 2) };
    const state = { width: 0.8, offset: 0.5, latent_dim: 2 };
    const [u, v] = [0.5 + 0.8 * eps, 0.8 * other];
    const logTrue = -0.5 * (u ** 2 + v ** 2);
    const logQ = -0.5 * (eps ** 2 + other ** 2) - 2 * Math.log(0.8);
    close(logRatios(single, state)[0], logTrue - logQ, 1e-12);
  },
  "the weights average to p(x)": () => {
    const logs = manyLogs({ ...STATE, width: 1.1 }).flat();
    close(average(logs.map(Math.exp)), 1, 0.02);
  },
  "the expected log weight is the ELBO": () => {
    const logs = manyLogs(STATE).flat();
    close(average(logs), elboGap(STATE), 0.02);
    close(elboGap({ width: 1, offset: 0, latent_dim: 9 }), 0, 0);
  },
  "the running bound is the log of the running average": () => {
    const bound = runningBound(Float64Array.of(Math.log(1), Math.log(3), Math.log(8)));
    [1, 2, 4].forEach((value, i) => close(bound[i], Math.log(value), 1e-12));
    ok(Number.isFinite(runningBound(Float64Array.of(-2000, 900))[1]));
  },
  "the average bound takes every block once": () => {
    const logs = Float64Array.of(Math.log(1), Math.log(3), Math.log(4), Math.log(6), Math.log(100));
    close(averageBound(logs, 2), (Math.log(2) + Math.log(5)) / 2, 1e-12);
    close(averageBound(logs, 5), Math.log(22.8), 1e-12);
  },
  "the bound rises with K on average": () => {
    const runs = manyLogs(STATE);
    const levels = [1, 2, 5, 10, 100, LARGEST].map((k) => average(runs.map((run) => averageBound(run, k))));
    levels.slice(1).forEach((level, i) => ok(level > levels[i]));
    ok(Math.abs(levels[5]) < 0.1);
  },
  "effective samples lie between 1 and K": () => {
    equal(spread(Float64Array.of(0, -1e4, -1e4), 3).effective, 1);
    close(spread(Float64Array.of(0, 0, -1e4), 3).effective, 2, 1e-9);
  },
  "a histogram keeps every value": () => {
    equal([...histogram([-100, 0.1, 0.9, 100], 0, 1, 2)].join(), "2,2");
  },
};
