// Data that drowns in noise, as in vae_utils.distributions.noising: schedules of log SNR, and the best guess beneath.
import { sigmoid } from "./maths.mjs";

/** alpha^2 and sigma^2 in z = alpha x + sigma eps. */
export const signalNoise = (logSnr) => [sigmoid(logSnr), sigmoid(-logSnr)];

const fromBetas = (betas) => {
  let logSignal = 0;
  return betas.map((beta) => {
    logSignal += Math.log1p(-Math.min(beta, 0.999));
    return logSignal - Math.log(-Math.expm1(logSignal));
  });
};

const along = (levels, value) => Float64Array.from({ length: levels }, (_, i) => value(i));

/** log SNR of the levels 1 to T, falling, by the name of the schedule. */
export const SCHEDULES = {
  "log-SNR linear": (levels) => along(levels, (i) => 8 - (16 * i) / (levels - 1)),
  cosine(levels) {
    const signal = (i) => Math.cos((((i / levels + 0.008) / 1.008) * Math.PI) / 2) ** 2;
    return fromBetas(along(levels, (i) => 1 - signal(i + 1) / signal(i)));
  },
  "DDPM linear": (levels) =>
    fromBetas(along(levels, (i) => (1000 / levels) * (1e-4 + ((0.02 - 1e-4) * i) / (levels - 1)))),
};

/** E[x | z] at a log SNR for Gaussians of equal weight and one spread: a function of z that fills `guess` (2,). */
export const bestGuess = (centers, spread, logSnr) => {
  const [signal, noise] = signalNoise(logSnr);
  const [alpha, variance] = [Math.sqrt(signal), signal * spread ** 2 + noise];
  const logs = new Float64Array(centers.length);
  return (x, y, guess = new Float64Array(2)) => {
    let most = -Infinity;
    for (let k = 0; k < centers.length; k++) {
      const [a, b] = centers[k];
      logs[k] = (-0.5 * ((x - alpha * a) ** 2 + (y - alpha * b) ** 2)) / variance;
      if (logs[k] > most) most = logs[k];
    }
    let [total, meanX, meanY] = [0, 0, 0];
    for (let k = 0; k < centers.length; k++) {
      const share = Math.exp(logs[k] - most);
      total += share;
      meanX += share * centers[k][0];
      meanY += share * centers[k][1];
    }
    const own = alpha * spread ** 2;
    guess[0] = ((noise * meanX) / total + own * x) / variance;
    guess[1] = ((noise * meanY) / total + own * y) / variance;
    return guess;
  };
};

/** The same for rows (n, 2), flat: a function of z and a log SNR that gives one guess for each. */
export const exactGuesses = (centers, spread) => (z, logSnr) => {
  const best = bestGuess(centers, spread, logSnr);
  const guesses = new Float64Array(z.length);
  for (let k = 0; k < z.length; k += 2) best(z[k], z[k + 1], guesses.subarray(k, k + 2));
  return guesses;
};

/** And by a TimedNetwork of vae_utils.models, which sees z and waves of log SNR and says v: x^ = alpha z - sigma v. */
export const learnedGuesses = (network, frequencies) => (z, logSnr) => {
  const waves = [Math.sin, Math.cos].flatMap((wave) => frequencies.map((one) => wave(one * logSnr)));
  const [n, width] = [z.length / 2, 2 + waves.length];
  const seen = new Float32Array(n * width);
  for (let k = 0; k < n; k++) seen.set([z[2 * k], z[2 * k + 1], ...waves], k * width);
  const [alpha, sigma] = signalNoise(logSnr).map(Math.sqrt);
  const said = network.forward(seen, n);
  return Float64Array.from(z, (value, k) => alpha * value - sigma * said[k]);
};

/** How z and its guess make the next z, one step back in noise: z' = keep z + pull x^ + shake eps. */
export const STEPS = {
  SDE(logSnr, before) {
    const c = -Math.expm1(logSnr - before);
    const [alpha, alphaBefore] = [logSnr, before].map((one) => Math.sqrt(signalNoise(one)[0]));
    const noise = signalNoise(before)[1];
    return { keep: (alphaBefore * (1 - c)) / alpha, pull: alphaBefore * c, shake: Math.sqrt(c * noise) };
  },
  ODE(logSnr, before) {
    const [[signal, noise], [signalBefore, noiseBefore]] = [logSnr, before].map(signalNoise);
    const keep = Math.sqrt(noiseBefore / noise);
    return { keep, pull: Math.sqrt(signalBefore) - keep * Math.sqrt(signal), shake: 0 };
  },
};

/** { mean, sigma } of one step back from z with a guess of x, for one look from outside. */
export const stepOf = ({ kind, logSnr, before, z, guess }) => {
  const { keep, pull, shake } = STEPS[kind](logSnr, before);
  return { mean: z.map((value, i) => keep * value + pull * guess[i]), sigma: shake };
};

/** One step forward in noise, z' = keep z + shake eps. */
export const stepForward = (logSnr, after) => {
  const [[signal, noise], [signalAfter, noiseAfter]] = [logSnr, after].map(signalNoise);
  return { keep: Math.sqrt(signalAfter / signal), shake: Math.sqrt(noiseAfter - (signalAfter / signal) * noise) };
};
