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
