// What to reach in the Lab, each seen by the terms of the loss, the codes and the settings of the run.
import { distanceToPrior, separation } from "./measures.mjs";
import { DIGITS } from "../playground/datasets.mjs";

const [FLAT, BACK, TARGET, GAP] = [0.05, 1, -24.4, 15];

/** Whether the posterior has collapsed; the weight of the KL under which it last did is kept in `past.beta`. */
const collapsed = ({ step, kl, settings }, past) => {
  const flat = step >= 300 && kl < FLAT && settings.beta > 0;
  if (flat) past.beta = settings.beta;
  return flat;
};

const whole = ({ step, picture, data, settings }) =>
  step >= 500 &&
  settings.data === DIGITS &&
  settings.likelihood === "gaussian" &&
  settings.sigma <= 0.2 &&
  separation(picture.mu, data.tone, picture.machine.mu.length) >= 0.6 &&
  distanceToPrior(picture.mu, picture.logvar, picture.machine.mu.length) <= 0.1;

/** `now()` is the terms with { settings, picture, data }, or empty before the first picture; `past` outlives a run. */
export const challenges = (now, past) => [
  {
    id: "collapse",
    text: "Make the posterior collapse: a KL below 0.05 nats after 300 steps or more, with \u03b2 above 0.",
    reached: () => now().step >= 300 && collapsed(now(), past),
    why: "Where a code costs more than it saves, the encoder stops sending one.",
    chapter: "06_posterior_collapse",
  },
  {
    id: "back",
    text: "Then bring it back without lowering \u03b2: a KL above 1 nat, with that \u03b2 or more in force.",
    reached: () => {
      if (!(now().step >= 300) || collapsed(now(), past)) return false; // a collapse counts each time that it is seen
      return past.beta > 0 && now().kl > BACK && now().beta >= past.beta;
    },
    why: "A sharper likelihood makes a code worth its price; free bits and a warm-up let it be learned first.",
    chapter: "06_posterior_collapse",
  },
  {
    id: "budget",
    text: "Digits of 8 \u00d7 8 pixels, Bernoulli: an ELBO above \u221224.4 nats within 1,000 steps.",
    reached: () => {
      const { step, reconstruction, kl, settings, data } = now();
      const asked = step > 0 && step <= 1000 && data.dim === 64 && settings.likelihood === "bernoulli";
      return asked && reconstruction - kl > TARGET;
    },
    why: "The ELBO counts both terms in one coin: a larger step earns it sooner, and a lower \u03b2 does not.",
    chapter: "02_elbo",
  },
  {
    id: "between",
    text:
      "Digits, Gaussian, \u03c3 of 0.2 or less: after 500 steps, classes that lie apart, and codes that fill " +
      "the prior, so that samples are whole.",
    reached: () => now().step > 0 && whole(now()),
    why: "A small \u03c3 is a small \u03b2: what counts is \u03b2\u03c3\u00b2, between collapse and chaos.",
    chapter: "05_latent_space",
  },
  {
    id: "memorize",
    text: "Make it memorize: at a \u03c3 of 0.3 or more, a held-out loss 15 nats above the loss.",
    reached: () => now().step >= 100 && now().settings.sigma >= 0.3 && now().heldout - now().loss > GAP,
    why: "With few rows a decoder can learn them by heart; only rows that it has never seen tell.",
    chapter: "09_evaluation",
  },
];
