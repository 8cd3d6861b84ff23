// Densities over a plane that can be read and drawn from: mixtures of Gaussians, and a density given on a grid.
import { clamp, normals, uniforms } from "./maths.mjs";

const pick = (weights, u) => {
  let left = u;
  for (let k = 0; k < weights.length - 1; k++) {
    left -= weights[k];
    if (left < 0) return k;
  }
  return weights.length - 1;
};

/** log(sum(exp(terms))), safe for terms of any size. */
export const logSumExp = (terms) => {
  let most = -Infinity;
  for (const term of terms) if (term > most) most = term;
  let total = 0;
  for (const term of terms) total += Math.exp(term - most);
  return most + Math.log(total);
};

/**
 * sum_k weight_k N(mu_k, diag sigma_k^2), from a list of { weight, mu, sigma }, weights of sum 1: { parts, logDensity,
 * sample }. `logDensity(x, y)` in nats; `sample(n, seed)` a list of [x, y], the same for the same seed.
 */
export const mixture = (parts) => {
  const weights = parts.map(({ weight }) => weight);
  const heights = parts.map(({ weight, sigma: [a, b] }) => Math.log(weight) - Math.log(2 * Math.PI * a * b));
  const terms = new Float64Array(parts.length);
  const logDensity = (x, y) => {
    for (const [k, { mu, sigma }] of parts.entries()) {
      terms[k] = heights[k] - 0.5 * (((x - mu[0]) / sigma[0]) ** 2 + ((y - mu[1]) / sigma[1]) ** 2);
    }
    return logSumExp(terms);
  };
  const sample = (n, seed) => {
    const [uniform, normal] = [uniforms(seed), normals(seed + 1e6)];
    return Array.from({ length: n }, () => {
      const { mu, sigma } = parts[pick(weights, uniform())];
      return mu.map((center, i) => center + sigma[i] * normal());
    });
  };
  return { parts, logDensity, sample };
};

/**
 * The density whose logarithm is given at side x side points over [-reach, reach]^2, row by row from the top; linear
 * between them, level beyond the edge. It has no parts.
 */
export const gridded = (logs, side, reach) => {
  const step = (2 * reach) / (side - 1);
  const weights = Array.from(logs, Math.exp);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const shares = weights.map((weight) => weight / total);
  const logDensity = (x, y) => {
    const [u, v] = [(x + reach) / step, (reach - y) / step].map((at) => clamp(at, 0, side - 1.000001));
    const [i, j] = [Math.floor(u), Math.floor(v)];
    const row = (k) => (1 - u + i) * logs[k * side + i] + (u - i) * logs[k * side + i + 1];
    return (1 - v + j) * row(j) + (v - j) * row(j + 1);
  };
  const sample = (n, seed) => {
    const uniform = uniforms(seed);
    return Array.from({ length: n }, () => {
      const k = pick(shares, uniform());
      const [x, y] = [-reach + step * (k % side), reach - step * Math.floor(k / side)];
      return [x + step * (uniform() - 0.5), y + step * (uniform() - 0.5)];
    });
  };
  return { parts: [], logDensity, sample };
};

/** The mean of log p over points xs, ys: minus the cross-entropy, in nats. */
export const meanLog = ({ logDensity }, { xs, ys }) => {
  let total = 0;
  for (let i = 0; i < xs.length; i++) total += logDensity(xs[i], ys[i]);
  return total / xs.length;
};

/** Components of equal weight and one round width. */
export const alike = (centers, width) =>
  centers.map((mu) => ({ weight: 1 / centers.length, mu, sigma: [width, width] }));

/** One step of EM for `alike(centers, width)` on the points: { centers, width }; the mean log density never falls. */
export const expectMaximize = (centers, width, { xs, ys }) => {
  const sums = centers.map(() => [0, 0, 0]);
  const owners = [];
  for (let i = 0; i < xs.length; i++) {
    const terms = centers.map(([a, b]) => -0.5 * (((xs[i] - a) / width) ** 2 + ((ys[i] - b) / width) ** 2));
    const all = logSumExp(terms);
    owners.push(terms.map((term) => Math.exp(term - all)));
    owners[i].forEach((share, k) => [1, xs[i], ys[i]].forEach((value, c) => (sums[k][c] += share * value)));
  }
  const moved = sums.map(([n, x, y], k) => (n > 1e-9 ? [x / n, y / n] : centers[k]));
  let spread = 0;
  for (const [i, shares] of owners.entries()) {
    shares.forEach((share, k) => (spread += share * ((xs[i] - moved[k][0]) ** 2 + (ys[i] - moved[k][1]) ** 2)));
  }
  return { centers: moved, width: Math.sqrt(spread / (2 * xs.length)) };
};

/** The share of `points` that have none of the codes xs, ys within `radius`, itself not counted where `own` is true. */
export const lonely = (points, { xs, ys }, radius, own = false) => {
  const alone = points.filter(([x, y], k) => {
    for (let i = 0; i < xs.length; i++) {
      if (!(own && i === k) && (xs[i] - x) ** 2 + (ys[i] - y) ** 2 < radius ** 2) return false;
    }
    return true;
  });
  return alone.length / points.length;
};
