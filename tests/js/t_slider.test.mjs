import { close, equal, ok } from "./check.mjs";
import { normals, sum, uniforms } from "../../vae_utils/widgets/parts/maths.mjs";
import { mixture } from "../../vae_utils/widgets/parts/mixture.mjs";
import { SCHEDULES, signalNoise } from "../../vae_utils/widgets/parts/noising.mjs";
import {
  challenges, countsTo, errorTable, leastError, logEvidence, parts, ring, saw,
} from "../../vae_utils/widgets/t_slider.mjs";

const DATA = { clusters: 8, radius: 1.4, spread: 0.1 };
const ONE = { clusters: 1, radius: 0, spread: 0.7 };
const error = errorTable(DATA);
const gap = (name, levels, data = DATA, table = error) =>
  logEvidence(data) - parts(SCHEDULES[name](levels), table, data).elbo;

export const tests = {
  "schedules fall, as vae_utils.distributions has them": () => {
    close([...SCHEDULES["log-SNR linear"](3)], [8, 0, -8], 1e-12);
    close([...SCHEDULES.cosine(4)], [1.7113566, -0.0246269, -1.7802514, -8.843665], 1e-5);
    close([...SCHEDULES["DDPM linear"](5)], [3.8918202, -6.9269776, -13.8357124, -20.7434693, -27.6512241], 1e-5);
    for (const make of Object.values(SCHEDULES)) {
      const all = make(300);
      ok(all.every((value, i) => Number.isFinite(value) && (!i || value < all[i - 1])), "falling");
    }
    close(sum(signalNoise(1.7)), 1, 1e-12);
    close(Math.log(signalNoise(1.7)[0] / signalNoise(1.7)[1]), 1.7, 1e-12);
  },
  "one Gaussian: the least error is that of the linear guess, and log p(x) minus its entropy": () => {
    for (const logSnr of [-4, 0, 5]) close(leastError(logSnr, ONE), 2 / (1 / 0.49 + Math.exp(logSnr)), 1e-9);
    close(logEvidence(ONE), -1 - Math.log(2 * Math.PI * 0.49), 1e-4);
  },
  "many clusters: the quadrature against draws": () => {
    const [uniform, normal] = [uniforms(1), normals(2)];
    const centers = ring(DATA);
    const draw = () => centers[Math.floor(8 * uniform())].map((center) => center + 0.1 * normal());
    const xs = Array.from({ length: 20000 }, draw);
    const law = mixture(centers.map((mu) => ({ weight: 1 / 8, mu, sigma: [0.1, 0.1] })));
    close(sum(xs.map(([x, y]) => law.logDensity(x, y))) / xs.length, logEvidence(DATA), 0.03);
    for (const logSnr of [-2, 1, 3]) {
      const [signal, noise] = signalNoise(logSnr);
      const variance = signal * 0.01 + noise;
      const missed = xs.map((x) => {
        const z = x.map((value) => Math.sqrt(signal) * value + Math.sqrt(noise) * normal());
        const shares = centers.map((mu) => {
          return Math.exp(-0.5 * (sum(mu.map((m, i) => (z[i] - Math.sqrt(signal) * m) ** 2)) / variance));
        });
        const guess = [0, 1].map((i) => {
          const own = centers.map((mu) => (noise * mu[i] + Math.sqrt(signal) * 0.01 * z[i]) / variance);
          return sum(own.map((value, k) => value * shares[k])) / sum(shares);
        });
        return (x[0] - guess[0]) ** 2 + (x[1] - guess[1]) ** 2;
      });
      const least = leastError(logSnr, DATA);
      close(sum(missed) / missed.length / least, 1, 0.03);
    }
  },
  "between the entries of the table, and beyond them": () => {
    for (const at of [-15.9, -3.33, 0.07, 2.51, 6.29, 13.9]) close(error(at) / leastError(at, DATA), 1, 1e-3);
    close(error(-40), 1.4 ** 2 + 0.02, 1e-4);
    close(error(16) * Math.exp(16), 2, 1e-3);
  },
  "the parts of the bound for one Gaussian, where each is a formula": () => {
    const schedule = Float64Array.of(2, -1);
    const best = (logSnr) => leastError(logSnr, ONE);
    const { reconstruction, levels, prior, elbo } = parts(schedule, best, ONE);
    const first = signalNoise(2)[1];
    close(reconstruction, -Math.log(2 * Math.PI * first) - best(2) / (2 * first), 1e-12);
    close([...levels], [0.5 * (Math.exp(2) - Math.exp(-1)) * best(-1)], 1e-12);
    const [signal, noise] = signalNoise(-1);
    close(prior, signal * 0.49 + noise - 1 - Math.log(noise), 1e-12);
    close(elbo, reconstruction - levels[0] - prior, 1e-12);
  },
  "no bound lies above log p(x), and twice the levels halve the gap of equal steps of log SNR": () => {
    for (const name of Object.keys(SCHEDULES)) for (const levels of [2, 7, 60, 400]) ok(gap(name, levels) > 0, name);
    close(gap("log-SNR linear", 200) / gap("log-SNR linear", 400), 2, 0.25);
    ok(gap("cosine", 1000) > 0.5 && gap("DDPM linear", 1000) > 0.5, "the other two keep a gap");
  },
  "the area under the teeth is the price of the levels": () => {
    const schedule = SCHEDULES["log-SNR linear"](30);
    const { xs, teeth, curve } = saw(schedule, error);
    let area = 0;
    for (let i = 1; i < xs.length; i++) area += 0.5 * (teeth[i] + teeth[i - 1]) * (xs[i] - xs[i - 1]);
    close(area / sum(parts(schedule, error, DATA).levels), 1, 2e-3);
    ok(teeth.every((tooth, i) => tooth > curve[i] - 1e-9), "no tooth below the curve");
  },
  "counts of levels go from 2 to the most, each once": () => {
    const counts = countsTo(1000);
    equal([counts[0], counts.at(-1)], [2, 1000]);
    ok(counts.every((count, i) => !i || count > counts[i - 1]), "rising");
  },
  "challenges ask for what they say": () => {
    const reached = (values) => challenges(() => values).map((one) => one.reached());
    const state = { schedule: "log-SNR linear", levels: 600, gap: 0.06, rival: 0.06 };
    equal(reached(state), [true, false, false]);
    equal(reached({ ...state, schedule: "cosine", levels: 20, gap: 1, rival: 2.5 }), [false, true, false]);
    equal(reached({ ...state, schedule: "cosine", levels: 2, gap: 0.9, rival: 1.5 }), [false, false, true]);
  },
};
