// The numbers of a run for the read-out.
import { format } from "../parts/maths.mjs";

export const CHANGED = {
  beta: "\u03b2",
  sigma: "\u03c3",
  rate: "learning rate",
  warmup: "warm-up",
  free: "free bits",
};

const pace = ({ running, replaying, rate }) => {
  if (replaying) return "replaying";
  if (!running) return "paused";
  return rate ? `${Math.round(rate)} steps/s` : "running";
};

/** A function that lists [label, value, concept] of the present picture: step, terms, the last change, the speed. */
export const summary = (view) => () => {
  const picture = view.picture();
  if (!picture) return [];
  const { terms, marks, broken, kernel } = picture;
  const last = marks.findLast(({ step }) => step <= terms.step);
  const [loss, reconstruction, kl] = view.empty()
    ? ["no points yet", "\u2013", "\u2013"]
    : [terms.loss, -terms.reconstruction, terms.kl];
  return [
    ["step", String(terms.step)],
    ["loss", loss, "elbo"],
    ["\u2212reconstruction", reconstruction, "likelihood"],
    ["KL", kl, "kl"],
    ["\u03b2 in force", format(terms.beta, 2), "prior"],
    ["last change", last ? `${CHANGED[last.name]} ${last.value} at step ${last.step}` : "none"],
    [`speed, ${kernel}`, broken ? "stopped: the loss blew up; lower the rate" : pace(picture)],
  ];
};
