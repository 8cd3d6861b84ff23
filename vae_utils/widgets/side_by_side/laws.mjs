// What both models learn: laws in the plane whose density is known, and how samples are judged by them.
import { linspace } from "../parts/maths.mjs";
import { alike, logSumExp, mixture } from "../parts/mixture.mjs";
import { SHAPES } from "../playground/datasets.mjs";
import { inside } from "./sizes.mjs";

const ALONG = 300;
const eight = Array.from({ length: 8 }, (_, k) => [Math.cos((k * Math.PI) / 4), Math.sin((k * Math.PI) / 4)]);
const nine = [-0.9, 0, 0.9].flatMap((y) => [-0.9, 0, 0.9].map((x) => [x, y]));

/** Many points along each piece of one of the playground's shapes. */
const curve = (name, size) => {
  const { parts, at } = SHAPES[name];
  const ts = linspace(0, 1 - 1 / ALONG, ALONG);
  return Array.from({ length: parts }, (_, part) => Array.from(ts, (t) => at(t, part).map((v) => size * v))).flat();
};

/**
 * By name: equal bells of deviation `width` around `centers`. Where `modes` is false these lie so close that they make
 * a curve, and there is nothing to count.
 */
const SHAPED = {
  ring: { centers: eight, width: 0.05, modes: true },
  grid: { centers: nine, width: 0.05, modes: true },
  moons: { centers: curve("moons", 0.75), width: 0.05, modes: false },
  spirals: { centers: curve("spirals", 1), width: 0.03, modes: false },
};

export const LAWS = Object.keys(SHAPED);

/** { centers, width, modes, draw(n, seed), nll(x) } of the law called `name`; points are flat, x after y. */
export const lawOf = (name) => {
  const { centers, width, modes } = SHAPED[name];
  const known = mixture(alike(centers, width));
  const draw = (n, seed) => Float32Array.from(known.sample(n, seed).flat());
  const nll = (x) => {
    let total = 0;
    for (let i = 0; i < x.length; i += 2) total -= known.logDensity(x[i], x[i + 1]);
    return (2 * total) / x.length;
  };
  return { centers, width, modes, draw, nll };
};

/**
 * { found, good, outside, reverseKl, shares } of samples x (n, 2): the number of modes with at least `least` samples
 * within 3 deviations, the share of all that are so near to a center, the share that lies outside of what is drawn, and
 * KL(shares of the samples || equal shares) in nats, each sample counted for its nearest center: as
 * vae_utils.evaluation.count_modes.
 */
export const judge = ({ centers, width }, x, least = 20) => {
  const n = x.length / 2;
  let outside = 0;
  const [all, near] = [new Float64Array(centers.length), new Float64Array(centers.length)];
  for (let i = 0; i < n; i++) {
    let [best, distance] = [0, Infinity];
    for (let k = 0; k < centers.length; k++) {
      const away = (x[2 * i] - centers[k][0]) ** 2 + (x[2 * i + 1] - centers[k][1]) ** 2;
      if (away < distance) [best, distance] = [k, away];
    }
    all[best] += 1;
    if (distance <= (3 * width) ** 2) near[best] += 1;
    if (!inside(x, i)) outside += 1;
  }
  const shares = Array.from(all, (count) => count / n);
  return {
    found: near.filter((count) => count >= least).length,
    good: near.reduce((sum, count) => sum + count, 0) / n,
    outside: outside / n,
    reverseKl: shares.reduce((sum, s) => sum + (s > 0 ? s * Math.log(s * centers.length) : 0), 0),
    shares,
  };
};

/**
 * The mean of -log p(x) in nats over the n rows of x, from above: by k samples of the posterior for each, weighted by
 * importance. `noise()` gives standard normal numbers.
 */
export const vaeNll = (vae, sigma, x, n, k, noise) => {
  const { latent, dim } = vae;
  const { mu, logvar } = vae.posterior(x, n);
  const z = new Float32Array(n * k * latent);
  const weights = new Float64Array(n * k);
  for (let i = 0; i < n * k; i++) {
    for (let j = 0; j < latent; j++) {
      const at = Math.floor(i / k) * latent + j;
      const eps = noise();
      z[i * latent + j] = mu[at] + Math.exp(0.5 * logvar[at]) * eps;
      weights[i] += 0.5 * (eps * eps + logvar[at] - z[i * latent + j] ** 2);
    }
  }
  const means = vae.decode(z, n * k);
  const height = dim * (Math.log(sigma) + 0.5 * Math.log(2 * Math.PI)) + Math.log(k);
  let total = 0;
  for (let row = 0; row < n; row++) {
    const terms = weights.subarray(row * k, (row + 1) * k);
    for (let s = 0; s < k; s++) {
      for (let j = 0; j < dim; j++) {
        terms[s] -= 0.5 * ((x[row * dim + j] - means[(row * k + s) * dim + j]) / sigma) ** 2;
      }
    }
    total -= logSumExp(terms) - height;
  }
  return total / n;
};
