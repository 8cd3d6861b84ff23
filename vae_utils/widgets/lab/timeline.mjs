// The loss as a timeline: a handle on its axis shows the weights of any step that the film has kept.

/** The step to show where a reader asks for `wanted`: the nearest of those that were kept and of the present, `now`. */
export const stepToShow = (kept, now, wanted) =>
  [...kept, now].reduce((best, step) => (Math.abs(step - wanted) < Math.abs(best - wanted) ? step : best));

/** How far an arrow key goes from the step `shown`, back (-1) or on (1): to the next that was kept, or the present. */
export const strideOf = (kept, now, shown, direction) => {
  const ahead = [...kept, now].map((step) => direction * (step - shown)).filter((way) => way > 0);
  return Math.min(...ahead, Infinity) === Infinity ? 1 : Math.min(...ahead);
};

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

/** A handle on the axis of the loss that goes back and forth in all runs; training pauses. */
export const timeHandle = (ui, panel, runs) => {
  const picture = () => runs.chosen().picture();
  const kept = () => picture()?.history.step ?? [0];
  const shown = () => picture()?.terms.step ?? 0;
  const now = () => picture()?.now ?? 0;
  return ui.handle(panel, {
    label: "step shown",
    axis: "x",
    color: "ink",
    step: (direction) => strideOf(kept(), now(), shown(), direction),
    text: () => `step ${shown()}`,
    at: () => [shown(), panel.plot?.yRange[0] ?? 0],
    move: (wanted) => {
      const step = stepToShow(kept(), now(), wanted);
      if (step === shown()) return;
      if (ui.get("running")) ui.set("running", false);
      runs.forget();
      runs.scrub(step);
    },
  });
};
