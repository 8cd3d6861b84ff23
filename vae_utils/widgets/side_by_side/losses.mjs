// The losses of critic and generator, point by point, and what the critic says of the distance.
import { sigmoid } from "../parts/maths.mjs";

const softplus = (f) => Math.max(f, 0) + Math.log1p(Math.exp(-Math.abs(f)));

/**
 * For the critic's f at a real and a fake point: `critic` is its loss of the pair and the slopes of that in both;
 * `generator` its loss and the slope in the fake's. As in vae_utils.objectives.
 */
const GAME = {
  critic: (r, f) => [softplus(-r) + softplus(f), -sigmoid(-r), sigmoid(f)],
  penalty: "R1",
};
export const LOSSES = {
  "non-saturating": { ...GAME, generator: (r, f) => [softplus(-f), -sigmoid(-f)] },
  saturating: { ...GAME, generator: (r, f) => [-softplus(f), -sigmoid(f)] },
  Wasserstein: {
    critic: (r, f) => [f - r, -1, 1],
    generator: (r, f) => [-f, -1],
    penalty: "gradient penalty",
  },
  relativistic: {
    critic: (r, f) => [softplus(f - r), -sigmoid(f - r), sigmoid(f - r)],
    generator: (r, f) => [softplus(r - f), -sigmoid(r - f)],
    penalty: "R1",
  },
};

/**
 * What the critic says of the distance, from f at as many real and fake points: a bound on JS in nats, or for
 * "Wasserstein" one on W1 as far as the critic's slope is 1. For "relativistic" it is log 2 minus the critic's loss.
 */
export const bound = (loss, real, fake) => {
  const told = real.reduce((total, r, i) => total + LOSSES[loss].critic(r, fake[i])[0], 0) / real.length;
  if (loss === "Wasserstein") return -told;
  return loss === "relativistic" ? Math.log(2) - told : Math.log(2) - told / 2;
};
