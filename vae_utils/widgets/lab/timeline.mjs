// The loss as a timeline: a handle on its axis shows the weights of any step that the film has kept.

/** The step to show where a reader asks for `wanted`: the nearest of those that were kept and of the present, `now`. */
export const stepToShow = (kept, now, wanted) =>
  [...kept, now].reduce((best, step) => (Math.abs(step - wanted) < Math.abs(best - wanted) ? step : best));

/** How far an arrow key goes: the widest gap, so that the next step that was kept is always nearer than the present. */
export const strideOf = (kept) => Math.max(1, ...kept.slice(1).map((step, i) => step - kept[i]));

/** Flags on the axis, one for every step at which a setting was changed. */
export const drawFlags = (plot, { marks }) => {
  const bottom = plot.margin.top + plot.inner.height;
  for (const step of new Set(marks.map((mark) => mark.step))) {
    const left = plot.px(step);
    const [pole, tip] = [plot.at(left, bottom - 16), plot.at(left + 9, bottom - 12)];
    const [foot, under] = [plot.at(left, bottom), plot.at(left, bottom - 8)];
    plot.line([foot.x, pole.x], [foot.y, pole.y], { color: "ink", width: 1.5 });
    const [across, top] = [[pole.x, tip.x], [pole.y, tip.y]];
    plot.fill(across, top, { to: [under.y, tip.y], color: "prior", alpha: 1 });
  }
};

/** A handle on the axis of the loss that goes back and forth in the run; training pauses, and `moved` hears of it. */
export const timeHandle = (ui, panel, trainer, moved) => {
  const kept = () => trainer.picture?.history.step ?? [0];
  const shown = () => trainer.picture?.terms.step ?? 0;
  return ui.handle(panel, {
    label: "step shown",
    axis: "x",
    color: "ink",
    step: () => strideOf(kept()),
    text: () => `step ${shown()}`,
    at: () => [shown(), panel.plot?.yRange[0] ?? 0],
    move: (wanted) => {
      const step = stepToShow(kept(), trainer.picture?.now ?? 0, wanted);
      if (step === shown()) return;
      if (ui.get("running")) ui.set("running", false);
      moved();
      trainer.order("scrub", { step });
    },
  });
};
