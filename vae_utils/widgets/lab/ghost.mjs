// The run before as a ghost: its loss and its trail stay, and a ring goes along them at the present run's pace.

/** The place in a run's film of what stood there at `step`, or earlier where nothing was kept then. */
export const placeAt = (steps, step) => Math.max(0, steps.findLastIndex((one) => one <= step));

/** The loss of the ghost at the step of the picture; null where there is no ghost, or it ended before. */
export const ghostLoss = (ghost, terms) =>
  ghost && terms && terms.step <= ghost.step.at(-1) ? ghost.loss[placeAt(ghost.step, terms.step)] : null;

/** The limits of a plot, wide enough for the ghost's loss at this step. */
export const withGhost = ([low, high], loss) => {
  if (!Number.isFinite(loss)) return [low, high];
  return [Math.min(low, loss - 0.08 * (high - low)), Math.max(high, loss + 0.08 * (high - low))];
};

/** The ghost's loss over its steps, faint, with a ring at the present step. */
export const drawGhost = (plot, ghost, terms) => {
  if (!ghost) return;
  const loss = ghostLoss(ghost, terms);
  plot.clip(() => {
    plot.line(ghost.step, ghost.loss, { color: "elbo", width: 2, alpha: 0.4 });
    if (loss === null) return;
    plot.points([terms.step], [loss], { color: "elbo", shape: "ring", radius: 4.5 });
    const late = terms.step > plot.xRange[1] / 2;
    const side = late ? { align: "right", dx: -9 } : { align: "left", dx: 9 };
    plot.text(terms.step, loss, "ghost", { color: "elbo", halo: true, dy: -8, ...side });
  });
};
