// The views of the Lab: for each run its data, codes and samples; of both the loss, the trails, and the machine.
import { DIGITS, OWN } from "../playground/datasets.mjs";
import { CURVES, drawData, drawLatent, drawLoss, latentPanel, lossRange } from "../playground/views.mjs";
import { drawDraws, drawMap } from "./decoded_map.mjs";
import { drawGhost, ghostLoss, withGhost } from "./ghost.mjs";
import { drawLandscape, reliefCaption } from "./relief.mjs";
import { drawStrip } from "./strip.mjs";
import { drawFlags } from "./timeline.mjs";
import { drawTrails } from "./trails.mjs";

const HEIGHT = 230;
const STRIP = 210;

/** A drawing that waits for a picture; where there is nothing to learn, it says so. */
const ready = (run, draw) => (plot) => {
  if (run().empty()) {
    const at = plot.at(plot.margin.left + plot.inner.width / 2, plot.margin.top + plot.inner.height / 2);
    plot.text(at.x, at.y, "no points yet", { color: "muted" });
  } else if (run().picture()) draw(plot, run());
};

const boxOf = (run) => {
  const flat = () => run.data.dim === 2;
  const plane = () => (flat() ? [-2.5, 2.5] : [0, 1]);
  return { x: plane, y: plane, height: HEIGHT, equal: true, axes: false };
};

/** The loss of the other run: the same three curves, thin, each with its letter. */
const drawBeside = (plot, { letter, picture }) => {
  const { history } = picture();
  const [end, side] = [history.step.at(-1), { align: "right", dx: -5, dy: -8, halo: true, bold: true, size: 11 }];
  plot.clip(() => {
    for (const [, values, style] of CURVES) {
      plot.line(history.step, values(history), { ...style, width: 1.1 });
      plot.text(end, values(history).at(-1), letter, { color: style.color, ...side });
    }
  });
};

/** The limits that hold those of every run. */
const around = (ranges) => [Math.min(...ranges.map(([low]) => low)), Math.max(...ranges.map(([, high]) => high))];

const lossPanel = (ui, runs, trails) => {
  const ghost = () => (runs.two() ? null : trails.ghost());
  const now = () => runs.chosen().picture();
  return ui.panel({
    title: "Loss",
    label: "Loss and its two terms",
    height: HEIGHT,
    x: () => [0, Math.max(100, now()?.now ?? 0)],
    y: () => withGhost(around(runs.active().map((run) => lossRange(run).y())), ghostLoss(ghost(), now()?.terms)),
    draw: ready(runs.chosen, (plot, run) => {
      drawGhost(plot, ghost(), now().terms);
      if (runs.other()?.picture()) drawBeside(plot, runs.other());
      drawLoss(plot, run);
      drawFlags(plot, run.picture());
    }),
  });
};

/** The codes; in run B's space the held code is a ring, for its handle lies over A's. */
const drawCodes = (ui) => (plot, run) => {
  drawLatent(plot, run);
  if (run.letter === "A") return;
  const [x, y] = ui.get("code");
  plot.points([x], [run.latent() === 1 ? 0.5 : y], { color: "evidence", shape: "ring", radius: 6 });
};

/** Data, codes and samples of one run. */
const panelsOf = (ui, run, drawOwn) => {
  const panel = (name, settings) => ui.panel({ label: run.letter === "A" ? name : `${name} of run B`, ...settings });
  const its = (draw) => ready(() => run, draw);
  return {
    data: panel("Data", { title: "Data", ...boxOf(run), draw: (plot) => (drawOwn() ?? its(drawData))(plot) }),
    latent: panel("Latent space", { ...latentPanel(run), height: HEIGHT, draw: its(drawCodes(ui)) }),
    samples: panel("Samples", { title: "Samples", ...boxOf(run), draw: its(drawDraws) }),
  };
};

/** The landscape of a run's loss, made when it is first wanted. */
const reliefPanel = (ui, run) => {
  const reach = () => run.picture()?.landscape?.reach ?? 1;
  const plane = () => [-reach(), reach()];
  const label = run.letter === "A" ? "Landscape of the loss" : "Landscape of the loss of run B";
  const panel = ui.panel({
    title: "Landscape",
    label,
    height: HEIGHT,
    equal: true,
    axes: false,
    x: plane,
    y: plane,
    draw: ready(() => run, (plot) => {
      drawLandscape(plot, run);
      panel.caption(reliefCaption(run.picture().landscape));
    }),
  });
  return panel;
};

/** Panels in the order in which they stand, B's beside A's. */
const inOrder = ({ a, b, map, loss, plane, strip }) => {
  const pairs = ["data", "latent", "relief", "samples"].flatMap((name) => [a[name], b?.[name]]);
  return [...pairs.slice(0, 4), map, ...pairs.slice(4), loss, plane, strip].filter(Boolean);
};

const SHORT = { latent: "Latent space: each q(z|x)", samples: "Samples, decoded" };

/** What stands above the views of a run; of two it has half the room. */
const captionsOf = (ui, run, two) => {
  const [digits, one] = [ui.get("data") === DIGITS, run.latent() === 1];
  const own = ui.get("data") === OWN && run.letter === "A" ? " Draw here." : "";
  if (two) return { ...SHORT, data: digits ? "Scans, reconstructions" : own.trim() || "Data, reconstructions" };
  return {
    data: digits ? "Scans, and below each its reconstruction" : `Data in gray, reconstructions in color.${own}`,
    latent: one ? "Each bar a q(z|x); dashed: the prior" : "Each ellipse a q(z|x); dashed: the prior",
    samples: "Samples from the prior, decoded",
  };
};

/** { a, b, map, loss, plane, strip, show }: `show()` lays them out for one run or two and writes what stands above. */
export const makePanels = (ui, el, runs, trails) => {
  const invite = (plot) => plot.text(0, 0, "Draw here", { color: "muted", size: 20, dy: -60 });
  const drawOwn = () => (runs.pad?.on() ? runs.pad.draw : runs.a.empty() ? invite : null);
  const a = panelsOf(ui, runs.a, drawOwn);
  const panels = {
    a,
    b: null,
    map: ui.panel({ title: "Decoded map", ...boxOf(runs.a), draw: ready(() => runs.a, drawMap) }),
    loss: lossPanel(ui, runs, trails),
    plane: ui.panel({
      title: "Trails: KL across, \u2212reconstruction up",
      height: HEIGHT,
      x: () => trails.ranges().x,
      y: () => trails.ranges().y,
      draw: ready(runs.chosen, (plot, run) => drawTrails(plot, trails, run.picture().terms, ui.theme(), run.letter)),
    }),
    strip: ui.panel({
      title: "The machine at this moment",
      height: STRIP,
      axes: false,
      draw: ready(runs.chosen, (plot, run) => {
        drawStrip(plot, run, { ...run.machine(), letter: runs.two() ? ` ${run.letter}` : "" });
      }),
    }),
  };
  const caption = (run, of) => {
    const words = captionsOf(ui, run, runs.two());
    if (run.letter === "A" && runs.pad?.on()) words.data = "Your digit: draw it here, then add it";
    for (const [name, panel] of Object.entries(of)) {
      if (words[name]) panel.caption(words[name]);
      panel.figure.dataset.run = run.letter;
      panel.figure.classList.toggle("vae-chosen", run === runs.chosen());
    }
  };
  const stage = panels.strip.figure.parentElement;
  let laid = 0;
  /** Put new panels where they belong; what stands keeps its place, and the focus in it. */
  const settle = () => {
    const order = inOrder(panels).map(({ figure }) => figure);
    if (order.length !== laid) stage.append(...order);
    laid = order.length;
  };
  panels.show = () => {
    const [two, around] = [runs.two(), runs.around()];
    if (two && !panels.b) panels.b = panelsOf(ui, runs.b(), () => null);
    const sets = [panels.a, panels.b].filter(Boolean);
    if (around) runs.active().forEach((run, i) => (sets[i].relief ??= reliefPanel(ui, run)));
    const wanted = { data: true, latent: true, samples: !(two && around), relief: around };
    sets.forEach((set, i) => {
      for (const [name, { figure }] of Object.entries(set)) figure.hidden = !wanted[name] || (i === 1 && !two);
    });
    panels.map.figure.hidden = two || Boolean(around);
    settle();
    for (const run of runs.active()) caption(run, run.letter === "A" ? panels.a : panels.b);
    const [mine, other] = [runs.chosen(), runs.other()];
    panels.map.caption(mine.latent() === 1 ? "Decoded z from \u22123 to 3" : "Decoded map of z from \u22122.4 to 2.4");
    const thin = two && `Loss of ${mine.letter}, thin: ${other.letter}. Drag the dot`;
    panels.loss.caption(thin || "Loss: drag the dot through time");
    panels.strip.caption(`The machine${two ? ` of ${mine.letter}` : ""} at this moment`);
    el.classList.toggle("vae-two", two);
    ui.redraw();
  };
  return panels;
};
