// The losses of critic and generator, point by point, and what the critic says of the distance.
import { sigmoid } from "../parts/maths.mjs";

const softplus = (f) => Math.max(f, 0) + Math.log1p(Math.exp(-Math.abs(f)));

/**
 * For the critic's f at a real and a fake point: `critic` is its loss of the pair and the slopes of that in both;
 * `generator` its loss and the slope in the fake's. As in vae_utils.objectives. `says`: what `bound` bounds.
 */
const GAME = {
  critic: (r, f) => [softplus(-r) + softplus(f), -sigmoid(-r), sigmoid(f)],
  penalty: "R1",
  says: "JS \u2265",
};
export const LOSSES = {
  "non-saturating": { ...GAME, generator: (r, f) => [softplus(-f), -sigmoid(-f)] },
  saturating: { ...GAME, generator: (r, f) => [-softplus(f), -sigmoid(f)] },
  Wasserstein: {
    critic: (r, f) => [f - r, -1, 1],
    generator: (r, f) => [-f, -1],
    penalty: "gradient penalty",
    says: "W\u2081 \u2248",
  },
  relativistic: {
    critic: (r, f) => [softplus(f - r), -sigmoid(f - r), sigmoid(f - r)],
    generator: (r, f) => [softplus(r - f), -sigmoid(r - f)],
    penalty: "R1",
    says: "JS of pairs \u2265",
  },
};

/**
 * What the critic says of the distance, from f at as many real and fake points: a bound on JS in nats; by "Wasserstein"
 * one on W1, as far as the critic's slope is 1; by "relativistic" one on the JS of (real, fake) and (fake, real).
 */
export const bound = (loss, real, fake) => {
  const told = real.reduce((total, r, i) => total + LOSSES[loss].critic(r, fake[i])[0], 0) / real.length;
  if (loss === "Wasserstein") return -told;
  return loss === "relativistic" ? Math.log(2) - told : Math.log(2) - told / 2;
};
