// The playground: a VAE trained in a worker, its data, latent space, samples and loss redrawn while it learns.
import { frame } from "./parts/frame.mjs";
import { remember } from "./parts/maths.mjs";
import { makeBegin, rests, startWorker } from "./parts/start_worker.mjs";
import { tensor } from "./parts/tensor.mjs";
import { DIGITS, fromPoints, fromScans, makeShape, OWN } from "./playground/datasets.mjs";
import { drawingTools, empty } from "./playground/own_points.mjs";
import { summary } from "./playground/summary.mjs";
import { colorsOf, drawData, drawLatent, drawLoss, drawSamples, latentPanel, lossRange } from "./playground/views.mjs";

const SETTINGS = ["beta", "sigma", "rate", "warmup"];
const POINTS = 1000;
const HEIGHT = 262;

/** The rows to learn: { x, tone, dim }; one row in the middle, that nothing may be trained on, where there is none. */
const dataOf = (ui, scans) => {
  const [name, seed] = [ui.get("data"), ui.get("seed")];
  if (name === DIGITS) return { ...fromScans(scans.ink, scans.labels, seed), dim: 64 };
  if (name !== OWN) return { ...makeShape(name, POINTS, seed), dim: 2 };
  return { ...fromPoints(empty(ui) ? [[0, 0]] : ui.get("points")), dim: 2 };
};

const plan = (ui, data) => ({
  data: data.x,
  dim: data.dim,
  latent: Number(ui.get("latent")),
  activation: ui.get("activation"),
  seed: ui.get("seed"),
  kernel: ui.get("kernel"),
  settings: settings(ui),
});

const settings = (ui) => Object.fromEntries(SETTINGS.map((name) => [name, ui.get(name)]));

const makePanels = (ui, view) => {
  const ready = (draw) => (plot) => view.picture() && !view.empty() && draw(plot, view);
  const invite = (plot) => plot.text(0, 0, "Draw here", { color: "muted", size: 20, dy: -60 });
  const flat = () => view.data.dim === 2;
  const box = { x: () => (flat() ? [-2.5, 2.5] : [0, 1]), y: () => (flat() ? [-2.5, 2.5] : [0, 1]), height: HEIGHT };
  const inPlane = { ...box, equal: true, axes: flat };
  const one = () => ui.get("latent") === "1";
  return {
    data: ui.panel({ title: "Data", ...inPlane, draw: (plot) => (view.empty() ? invite : ready(drawData))(plot) }),
    latent: ui.panel({
      ...latentPanel(view),
      height: HEIGHT,
      xLabel: () => (one() ? "z" : "z\u2081"),
      yLabel: () => (one() ? "" : "z\u2082"),
      draw: ready(drawLatent),
    }),
    samples: ui.panel({ title: "Samples", ...inPlane, draw: ready(drawSamples) }),
    loss: ui.panel({
      title: "Loss and its two terms, on fixed points with fixed noise",
      height: HEIGHT,
      ...lossRange(view),
      xLabel: "step",
      yLabel: "nats per example",
      draw: ready(drawLoss),
    }),
  };
};

const caption = (ui, panels) => {
  const [digits, one] = [ui.get("data") === DIGITS, ui.get("latent") === "1"];
  const own = ui.get("data") === OWN ? " Draw here to add some." : "";
  const points = empty(ui) ? "No points yet: draw some here" : `Data in gray, reconstructions in color.${own}`;
  panels.data.caption(digits ? "Scans, and below each its reconstruction" : points);
  const shape = one ? "Each bar is a posterior q(z|x)" : "Each ellipse is a posterior q(z|x)";
  panels.latent.caption(`${shape}; dashed: the prior`);
  const map = one ? "Decoded z from \u22123 to 3" : "Decoded map of z from \u22122.4 to 2.4";
  const path = one ? "Samples from the prior; the line decodes z from \u22123 to 3" : "Samples from the prior, decoded";
  panels.samples.caption(digits ? `${map}; below, samples from the prior` : path);
};

/** What to reach, by the terms of the loss and the number of points that the reader drew. */
export const challenges = (now) => [
  {
    id: "autoencoder",
    text: "Make a plain autoencoder: \u03b2 = 0, and a KL above 6 nats after 300 steps or more.",
    reached: () => now().beta === 0 && now().step >= 300 && now().kl > 6,
    why: "With no price on the KL the codes fly apart, away from where the prior draws. Look at the samples.",
  },
  {
    id: "collapse",
    text: "Make the posterior collapse: a KL below 0.05 nats after 300 steps or more.",
    reached: () => now().step >= 300 && now().kl < 0.05 && now().beta > 0,
    why: "Where \u03b2\u03c3\u00b2 is above the variance of the data, a code costs more than it saves.",
  },
  {
    id: "own points",
    text: "Draw 40 points or more of your own and train on them for 200 steps.",
    reached: () => now().points >= 40 && now().step >= 200,
    why: "The same loss learns whatever it is shown: only the picture of the data has changed.",
  },
];

export default {
  render({ model, el }) {
    const ui = frame({ model, el, title: "A VAE, trained in your browser" });
    const scans = { ink: tensor(ui.get("ink")).values, labels: tensor(ui.get("labels")).values };
    const view = { data: dataOf(ui, scans), latent: () => Number(ui.get("latent")), empty: () => empty(ui) };
    view.colors = remember(() => [view.data, ui.theme()], colorsOf);
    const trainer = startWorker(ui, (picture) => {
      if (ui.get("running") && rests(trainer, picture)) ui.set("running", false);
      buttons.restart.disabled = !trained();
      buttons.replay.disabled = picture.history.step.length < 2;
      ui.redraw();
    });
    view.picture = () => trainer.picture;
    const trained = () => trainer.picture?.terms.step > 0 || trainer.picture?.marks.length > 0;

    const restart = () => {
      view.data = dataOf(ui, scans);
      buttons.run.disabled = buttons.step.disabled = empty(ui);
      trainer.begin(plan(ui, view.data));
      ui.set("running", false);
      caption(ui, panels);
    };
    ui.select({ name: "data", label: "Data" });
    ui.choice({ name: "latent", label: "Latent numbers" });
    ui.choice({ name: "activation", label: "Activation" });
    const buttons = {
      run: ui.button("Run", () => ui.set("running", !ui.get("running")), { primary: true }),
      step: ui.button("One step", () => trainer.order("step")),
      restart: ui.button("Restart training", restart),
      replay: ui.button("Replay", () => trainer.order("replay")),
    };
    const panels = makePanels(ui, view);
    drawingTools(ui, panels.data);
    ui.slider({ name: "beta", label: "\u03b2, weight of the KL", scale: "power" });
    const sigma = ui.slider({ name: "sigma", label: "\u03c3 of the decoder", scale: "log" });
    ui.slider({ name: "rate", label: "learning rate", scale: "log", step: 0.0001 });
    ui.slider({ name: "warmup", label: "warm-up of the KL, in steps", step: 1 });

    ui.on(["data", "latent", "activation", "seed", "kernel"], restart);
    ui.on("points", () => ui.get("data") === OWN && restart());
    ui.on(SETTINGS, () => trainer.order("change", { settings: settings(ui) }));
    ui.on("data", () => (sigma.hidden = ui.get("data") === DIGITS));
    ui.on("running", () => {
      buttons.run.textContent = ui.get("running") ? "Pause" : "Run";
      trainer.go(ui.get("running") && !empty(ui));
    });
    const begin = makeBegin(ui, restart);
    begin();
    ui.reset({ moved: trained, back: begin });
    sigma.hidden = ui.get("data") === DIGITS;
    ui.readout(summary(view));
    const points = () => (ui.get("data") === OWN ? ui.get("points").length : 0);
    ui.challenges("playground", challenges(() => ({ ...trainer.picture?.terms, points: points() })));
    return ui.dispose;
  },
};
