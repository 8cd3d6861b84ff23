// Laws of noise, maps that bend them, and the density that comes out: p(x) = sum of p(z) / |g'(z)| over g(z) = x.
import { clamp, linspace, normalCdf, normalDensity } from "./maths.mjs";

const mixture = (parts) => ({
  density: (z) => parts.reduce((total, [share, mu, sigma]) => total + share * normalDensity(z, mu, sigma), 0),
  rank: (z) => parts.reduce((total, [share, mu, sigma]) => total + share * normalCdf((z - mu) / sigma), 0),
  draw(uniform, normal) {
    let u = uniform();
    const part = parts.find(([share]) => (u -= share) < 0) ?? parts.at(-1);
    return part[1] + part[2] * normal();
  },
});

/** Each law of noise: density, rank (its cumulative distribution function), and a draw from two streams. */
export const SOURCES = {
  normal: mixture([[1, 0, 1]]),
  uniform: {
    density: (z) => (Math.abs(z) <= 2 ? 0.25 : 0),
    rank: (z) => clamp((z + 2) / 4, 0, 1),
    draw: (uniform) => 4 * uniform() - 2,
  },
  "two bumps": mixture([
    [0.5, -1.2, 0.45],
    [0.5, 1.2, 0.45],
  ]),
};

/** The law that the map "two humps" makes: the camel of the chapter. */
export const CAMEL = mixture([
  [0.3, -1.5, 0.35],
  [0.7, 1, 0.6],
]);

const TABLE = linspace(-6, 6, 1201);
const CAMEL_RANKS = TABLE.map(CAMEL.rank);

/** The x whose rank is u, from a table, straight between its entries. */
export const camelQuantile = (u) => {
  let [low, high] = [0, TABLE.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (CAMEL_RANKS[middle] <= u) low = middle;
    else high = middle;
  }
  const gap = CAMEL_RANKS[high] - CAMEL_RANKS[low];
  return TABLE[low] + (gap > 0 ? clamp((u - CAMEL_RANKS[low]) / gap, 0, 1) : 0.5) * (TABLE[high] - TABLE[low]);
};

export const KNOTS = [-2, -1, 0, 1, 2];

/** Slopes of a smooth curve through the knots that turns only where the knots turn. */
const slopesAt = (ys) => {
  const steps = ys.slice(1).map((y, i) => y - ys[i]);
  return ys.map((_, i) => {
    if (i === 0) return steps[0];
    if (i === steps.length) return steps.at(-1);
    const [a, b] = [steps[i - 1], steps[i]];
    return a * b > 0 ? (2 * a * b) / (a + b) : 0;
  });
};

/** The smooth curve through (KNOTS[i], ys[i]), straight beyond its ends. */
export const bent = (ys) => {
  const slopes = slopesAt(ys);
  return (z) => {
    if (z <= KNOTS[0]) return ys[0] + slopes[0] * (z - KNOTS[0]);
    if (z >= KNOTS.at(-1)) return ys.at(-1) + slopes.at(-1) * (z - KNOTS.at(-1));
    const i = Math.min(KNOTS.length - 2, Math.floor(z - KNOTS[0]));
    const [t, rise] = [z - KNOTS[i], ys[i + 1] - ys[i]];
    const cubic = slopes[i] + slopes[i + 1] - 2 * rise;
    return ys[i] + t * (slopes[i] + t * (3 * rise - 2 * slopes[i] - slopes[i + 1] + t * cubic));
  };
};

/** g for the chosen map: a function of z. Two of them need the ranks of the source, one the knots. */
export const makeMap = ({ map, source, knots }) => {
  if (map === "straight") return (z) => z;
  if (map === "exponential") return Math.exp;
  if (map === "fold") return Math.abs;
  if (map === "ranks") return SOURCES[source].rank;
  if (map === "two humps") return (z) => camelQuantile(clamp(SOURCES[source].rank(z), 1e-9, 1 - 1e-9));
  return bent(knots);
};

export const slopeOf = (g, z, h = 1e-4) => (g(z + h) - g(z - h)) / (2 * h);

const NOISE = linspace(-6, 6, 4801);

/** The density of g(z): mean heights over `count` boxes of [low, high]. Every sliver of noise keeps its probability. */
export const pushforward = (g, source, [low, high], count = 240) => {
  const heights = new Float64Array(count);
  const width = (high - low) / count;
  const ranks = NOISE.map(SOURCES[source].rank);
  const images = NOISE.map(g);
  for (let i = 1; i < NOISE.length; i++) {
    const mass = ranks[i] - ranks[i - 1];
    const [a, b] = [Math.min(images[i - 1], images[i]), Math.max(images[i - 1], images[i])];
    const [from, to] = [(a - low) / width, (b - low) / width];
    if (mass <= 0 || !(to >= 0) || !(from < count)) continue;
    const [first, last] = [Math.max(0, Math.floor(from)), Math.min(count - 1, Math.floor(to))];
    for (let box = first; box <= last; box++) {
      const overlap = Math.min(to, box + 1) - Math.max(from, box);
      const share = to - from < 1e-9 ? 1 / (last - first + 1) : overlap / (to - from);
      heights[box] += (mass * share) / width;
    }
  }
  return heights;
};

const BESIDE = 1e-6; // a hair above x, so that a fold is met on both its sides

/** Every z with g(z) = x, as { z, flat }; `flat` says that a stretch of noise lands on this x. */
export const preimages = (g, x) => {
  const off = NOISE.map((z) => g(z) - x - BESIDE);
  const found = [];
  for (let i = 1; i < off.length; i++) {
    const [a, b] = [off[i - 1], off[i]];
    const flat = a === b && Math.abs(a) < 2 * BESIDE;
    if (!flat && !(a * b < 0)) continue;
    found.push({ z: flat ? NOISE[i] : NOISE[i] - (b / (b - a)) * (NOISE[i] - NOISE[i - 1]), flat });
  }
  return found;
};

/** p(x): p(z) / |g'(z)|, summed over every z with g(z) = x; infinite where a stretch of noise lands on one x. */
export const densityAt = (g, source, x) => {
  let total = 0;
  for (const { z, flat } of preimages(g, x)) {
    const p = SOURCES[source].density(z);
    if (p > 0) total += flat ? Infinity : p / Math.abs(slopeOf(g, z, 0.1 * BESIDE));
  }
  return total;
};

/** The stretches of noise that land between `low` and `high`, as [from, to], to the width of a step of NOISE. */
export const reaching = (g, [low, high]) => {
  const found = [];
  let inside = false;
  for (const z of NOISE) {
    const x = g(z);
    const lands = x >= low && x <= high;
    if (lands && inside) found.at(-1)[1] = z;
    else if (lands) found.push([z, z]);
    inside = lands;
  }
  return found;
};
