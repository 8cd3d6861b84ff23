// Small numerics that several widgets share: ranges, Gaussians, seeded noise, numbers as text.

export const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

export const linspace = (low, high, n) =>
  Float64Array.from({ length: n }, (_, i) => low + ((high - low) * i) / (n - 1));

export const sum = (values) => values.reduce((total, value) => total + value, 0);

export const mean = (values) => sum(values) / values.length;

export const sigmoid = (x) => 1 / (1 + Math.exp(-x));

/** A function that computes anew only when one of the values that `key()` lists is another. */
export const remember = (key, compute) => {
  let [known, answer] = [null, null];
  return () => {
    const now = key();
    if (!known || now.some((value, i) => !Object.is(value, known[i]))) [known, answer] = [now, compute(...now)];
    return answer;
  };
};

/** The position in `values` of the one nearest to `wanted`. */
export const nearest = (values, wanted) => {
  let best = 0;
  values.forEach((value, i) => {
    if (Math.abs(value - wanted) < Math.abs(values[best] - wanted)) best = i;
  });
  return best;
};

/** log N(x; mu, sigma^2) in nats. */
export const logNormal = (x, mu = 0, sigma = 1) =>
  -0.5 * Math.log(2 * Math.PI) - Math.log(sigma) - 0.5 * ((x - mu) / sigma) ** 2;

export const normalDensity = (x, mu = 0, sigma = 1) => Math.exp(logNormal(x, mu, sigma));

/** log N(z; 0, I) in nats, z a list of numbers. */
export const logStandardNormal = (z) => z.reduce((total, value) => total + logNormal(value), 0);

/** P(Z <= x) for a standard normal Z, by the series of Marsaglia (2004), to the last digits of a number. */
export const normalCdf = (x) => {
  const far = clamp(x, -8, 8);
  let [total, term] = [far, far];
  for (let i = 3; Math.abs(term) > 1e-17; i += 2) total += term *= (far * far) / i;
  return clamp(0.5 + total * normalDensity(far), 0, 1);
};

/** The logarithm of a variance stays within it, as in vae_utils.models: exp(+-20) is far inside float32. */
export const LOGVAR_LIMIT = 20;

/** KL(N(mu, sigma^2) || N(priorMu, priorSigma^2)) in nats. */
export const gaussianKl = (mu, sigma, priorMu = 0, priorSigma = 1) =>
  Math.log(priorSigma / sigma) + (sigma ** 2 + (mu - priorMu) ** 2) / (2 * priorSigma ** 2) - 0.5;

/** Uniform numbers in [0, 1) from a 32-bit seed (mulberry32): the same seed, the same stream. */
export const uniforms = (seed) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
};

/** Standard normal numbers from a seed, by Box and Muller. */
export const normals = (seed) => {
  const uniform = uniforms(seed);
  let spare = null;
  return () => {
    if (spare !== null) {
      const value = spare;
      spare = null;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
    const angle = 2 * Math.PI * uniform();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
};

/** A number as text, NaN-safe, with a real minus sign. */
export const format = (value, digits = 2) =>
  Number.isFinite(value) ? value.toFixed(digits).replace(/^-(?=[0.]*$)/, "").replace("-", "\u2212") : "\u2013";

/** Round ticks in [low, high], about `count` of them. */
export const ticks = (low, high, count = 5) => {
  const rough = (high - low) / Math.max(1, count);
  if (!(rough > 0) || !Number.isFinite(rough)) return [];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((candidate) => candidate >= rough * 0.999);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toFixed(digits)));
};
