// What to reach in the Lab, each seen by the terms of the loss and the settings of the run.

export const challenges = (now) => [
  {
    id: "collapse",
    text: "Make the posterior collapse: a KL below 0.05 nats after 300 steps or more, with \u03b2 above 0.",
    reached: () => now().step >= 300 && now().kl < 0.05 && now().beta > 0,
    why: "Where a code costs more than it saves, the encoder stops sending one.",
  },
  {
    id: "autoencoder",
    text: "Make a plain autoencoder: \u03b2 = 0, and a KL above 6 nats after 300 steps or more.",
    reached: () => now().beta === 0 && now().step >= 300 && now().kl > 6,
    why: "With no price on the KL the codes fly apart, away from where the prior draws. Look at the samples.",
  },
];
