// The Lab: a VAE trained in a worker, on one screen: data, machine, latent space, samples, loss, and a plane of trails.
import { frame } from "./parts/frame.mjs";
import { button } from "./parts/controls.mjs";
import { format, gaussianKl, remember, sum } from "./parts/maths.mjs";
import { makeBegin, rests, startWorker } from "./parts/start_worker.mjs";
import { tensor } from "./parts/tensor.mjs";
import { challenges } from "./lab/challenges.mjs";
import { drawGhost, ghostLoss, withGhost } from "./lab/ghost.mjs";
import { drawDraws, drawMap } from "./lab/decoded_map.mjs";
import { dataOf, likelihoodOf, MODEL, plan, settings, SETTINGS, watched } from "./lab/plan.mjs";
import { makeLinks } from "./lab/link.mjs";
import { hideParts } from "./lab/hide.mjs";
import { drawingPad } from "./lab/own_digits.mjs";
import { drawStrip } from "./lab/strip.mjs";
import { tile } from "./lab/tiles.mjs";
import { drawFlags, timeHandle } from "./lab/timeline.mjs";
import { drawTrails, Trails } from "./lab/trails.mjs";
import { fillWindow } from "./lab/window.mjs";
import { DIGITS, OWN } from "./playground/datasets.mjs";
import { drawingTools, empty } from "./playground/own_points.mjs";
import { summary } from "./playground/summary.mjs";
import { modelFor } from "./playground/training.mjs";
import { colorsOf, drawData, drawLatent, drawLoss, latentPanel, lossRange } from "./playground/views.mjs";

const HEIGHT = 230;
const STRIP = 210;

const makePanels = (ui, view, trails) => {
  const ready = (draw) => (plot) => view.picture() && !view.empty() && draw(plot, view);
  const invite = (plot) => plot.text(0, 0, "Draw here", { color: "muted", size: 20, dy: -60 });
  const show = (plot) => (view.pad?.on() ? view.pad.draw : view.empty() ? invite : ready(drawData))(plot);
  const flat = () => view.data.dim === 2;
  const plane = { x: () => (flat() ? [-2.5, 2.5] : [0, 1]), y: () => (flat() ? [-2.5, 2.5] : [0, 1]), height: HEIGHT };
  const box = { ...plane, equal: true, axes: false };
  const range = lossRange(view);
  return {
    data: ui.panel({ title: "Data", ...box, draw: show }),
    latent: ui.panel({ ...latentPanel(view), height: HEIGHT, draw: ready(drawLatent) }),
    map: ui.panel({ title: "Decoded map", ...box, draw: ready(drawMap) }),
    samples: ui.panel({ title: "Samples", ...box, draw: ready(drawDraws) }),
    loss: ui.panel({
      title: "Loss: drag the dot through time",
      label: "Loss and its two terms",
      height: HEIGHT,
      x: () => [0, Math.max(100, view.picture()?.now ?? 0)],
      y: () => withGhost(range.y(), ghostLoss(trails.ghost(), view.picture()?.terms)),
      draw: ready((plot) => {
        drawGhost(plot, trails.ghost(), view.picture().terms);
        drawLoss(plot, view);
        drawFlags(plot, view.picture());
      }),
    }),
    plane: ui.panel({
      title: "Trails: KL across, \u2212reconstruction up",
      height: HEIGHT,
      x: () => trails.ranges().x,
      y: () => trails.ranges().y,
      draw: ready((plot) => drawTrails(plot, trails, view.picture().terms, ui.theme())),
    }),
    strip: ui.panel({
      title: "The machine at this moment",
      height: STRIP,
      axes: false,
      draw: ready((plot) => drawStrip(plot, view, view.machine())),
    }),
  };
};

const caption = (ui, panels, pad) => {
  const [digits, one] = [ui.get("data") === DIGITS, ui.get("latent") === "1"];
  const own = ui.get("data") === OWN ? " Draw here." : "";
  const points = `Data in gray, reconstructions in color.${own}`;
  const scans = pad.on() ? "Your digit: draw it here, then add it" : "Scans, and below each its reconstruction";
  panels.data.caption(digits ? scans : points);
  panels.latent.caption(one ? "Each bar a q(z|x); dashed: the prior" : "Each ellipse a q(z|x); dashed: the prior");
  panels.map.caption(one ? "Decoded z from \u22123 to 3" : "Decoded map of z from \u22122.4 to 2.4");
  panels.samples.caption("Samples from the prior, decoded");
};

/** The handle that holds a code over the latent space; with one latent number it lies low and moves along the axis. */
const holdCode = (ui, panel) => {
  const one = () => ui.get("latent") === "1";
  return ui.handle(panel, {
    label: "your code",
    color: "evidence",
    at: () => [ui.get("code")[0], one() ? 0.5 : ui.get("code")[1]],
    move: (x, y) => ui.set("code", [x, one() ? ui.get("code")[1] : y].map((value) => Number(value.toFixed(3)))),
  });
};

const makeKnobs = (ui, scans) => {
  const pictures = Object.fromEntries(ui.limits("data").map((name) => [name, tile(name, scans)]));
  const likelihood = ui.choice({ name: "likelihood", label: "Likelihood" });
  const pixels = ui.choice({ name: "pixels", label: "Pixels, a side" });
  const data = ui.choice({ name: "data", label: "Data", labels: { [OWN]: "your own" }, pictures });
  const beta = ui.slider({ name: "beta", label: "\u03b2 of the KL", scale: "power" });
  const sigma = ui.slider({ name: "sigma", label: "\u03c3 of p(x|z)", scale: "log" });
  const rate = ui.slider({ name: "rate", label: "learning rate", scale: "log", step: 0.0001 });
  const warmup = ui.slider({ name: "warmup", label: "warm-up", step: 1 });
  const free = ui.slider({ name: "free", label: "free bits, nats" });
  const seed = ui.slider({ name: "seed", label: "seed", step: 1 });
  const row = ui.slider({ name: "row", label: "row x", step: 1 });
  const rows = ui.choice({ name: "rows", label: "Training rows" });
  const latent = ui.choice({ name: "latent", label: "Latent size" });
  const hidden = ui.choice({ name: "hidden", label: "Hidden units" });
  const activation = ui.choice({ name: "activation", label: "Activation" });
  const show = () => {
    likelihood.disabled = pixels.disabled = ui.get("data") !== DIGITS;
    sigma.hidden = likelihoodOf(ui) === "bernoulli";
  };
  ui.on(["data", "likelihood"], show);
  show();
  return { data, likelihood, pixels, rows, latent, hidden, activation, beta, sigma, rate, warmup, free, seed, row };
};

/** KL of the row in the machine, and the code that the reader holds. */
const extra = (ui, view) => {
  const { machine } = view.picture();
  const kl = sum(Array.from(machine.mu, (m, j) => gaussianKl(m, Math.exp(0.5 * machine.logvar[j]))));
  const code = ui.get("code").slice(0, view.latent());
  const { heldout } = view.picture().terms;
  return [
    ["held-out loss", heldout ?? "\u2013", "evidence"],
    ["KL of this x", view.empty() ? "\u2013" : kl, "posterior"],
    ["your code", code.map((value) => format(value)).join(", "), "evidence"],
  ];
};

/** What the challenges ask of the settings. */
const settingsOf = (ui) => ({ ...settings(ui), data: ui.get("data"), likelihood: likelihoodOf(ui) });

/** The fields of the view that panels read. */
const makeView = (ui, scans) => {
  const view = { data: dataOf(ui, scans), latent: () => Number(ui.get("latent")), empty: () => empty(ui) };
  view.colors = remember(() => [view.data, ui.theme()], colorsOf);
  view.machine = () => {
    const hidden = Number(ui.get("hidden"));
    const likelihood = likelihoodOf(ui);
    const sizes = modelFor(view.data.dim, view.latent(), ui.get("activation"), { hidden, likelihood });
    return { sizes, sigma: likelihood === "gaussian" ? ui.get("sigma") : 0 };
  };
  return view;
};

export default {
  render({ model, el }) {
    const ui = frame({ model, el, title: "The Lab" });
    el.classList.add("vae-lab");
    const scans = { ink: tensor(ui.get("ink")).values, labels: tensor(ui.get("labels")).values };
    const [view, trails] = [makeView(ui, scans), new Trails()];
    const trainer = startWorker(ui, (picture) => {
      if (ui.get("running") && rests(trainer, picture)) ui.set("running", false);
      trails.follow(ui, likelihoodOf(ui), picture);
      buttons.restart.disabled = !trained();
      buttons.replay.disabled = picture.history.step.length < 2;
      buttons.clear.disabled = !trails.beside().length;
      time.hidden = picture.now === 0; // there is no earlier step to show
      ui.redraw();
    });
    view.picture = () => trainer.picture;
    const trained = () => {
      const { terms, marks, history } = trainer.picture ?? { terms: {}, marks: [], history: { step: [] } };
      return terms.step > 0 || marks.length > 0 || history.step.length > 1;
    };
    const restart = () => {
      view.data = dataOf(ui, scans);
      trails.end();
      view.stepped = false;
      buttons.run.disabled = buttons.step.disabled = empty(ui);
      trainer.begin(plan(ui, view.data));
      ui.set("running", false);
      caption(ui, panels, view.pad);
    };
    const putBefore = (place) => (label, pressed) => {
      const made = button(label, pressed);
      place().before(made);
      return made;
    };
    const inHead = putBefore(() => el.querySelector(".vae-reset"));
    const padButton = putBefore(() => buttons.copy);
    const buttons = {
      run: ui.button("Run", () => ui.set("running", !ui.get("running")), { primary: true }),
      step: ui.button("Step", () => {
        view.stepped = true;
        trainer.order("step");
      }),
      restart: ui.button("Restart", restart),
      replay: ui.button("Replay", () => {
        view.stepped = false;
        trainer.order("replay");
      }),
      copy: inHead("Copy link", () => links.copy()),
      clear: inHead("Clear trails", () => {
        trails.clear();
        buttons.clear.disabled = true;
        ui.redraw();
      }),
    };
    const knobs = makeKnobs(ui, scans);
    const panels = makePanels(ui, view, trails);
    drawingTools(ui, panels.data);
    view.pad = drawingPad(ui, panels.data, padButton, (pad) => caption(ui, panels, pad));
    holdCode(ui, panels.latent);
    const time = timeHandle(ui, panels.loss, trainer, () => (view.stepped = false));
    time.hidden = true;
    fillWindow(ui, el, panels.data.figure.parentElement, 6);

    ui.on(MODEL, restart);
    ui.on("points", () => ui.get("data") === OWN && restart());
    ui.on("drawn", () => ui.get("data") === DIGITS && restart());
    const begun = () => trainer.run > 0; // a link is read before the first training
    ui.on(SETTINGS, () => begun() && trainer.order("change", { settings: settings(ui) }));
    ui.on(["row", "code"], () => {
      if (begun()) trainer.order("watch", { watched: watched(ui, view.data) });
      ui.redraw();
    });
    let goal = Infinity;
    const forget = () => links.note() && links.clear();
    ui.on([...MODEL, ...SETTINGS, "drawn"], forget);
    ui.on("running", () => {
      if (ui.get("running")) {
        forget();
        view.stepped = false;
      }
      buttons.run.textContent = ui.get("running") ? "Pause" : "Run";
      trainer.go(ui.get("running") && !empty(ui), goal);
      goal = Infinity;
    });
    const past = { beta: 0 };
    const begin = makeBegin(ui, () => {
      past.beta = 0;
      links.clear();
      restart();
      trails.clear();
    });
    const train = (n) => {
      restart();
      if (!n || empty(ui)) return;
      goal = n;
      ui.set("running", true);
    };
    const links = makeLinks(ui, { head: el.querySelector(".vae-head"), picture: view.picture, train });
    if (!links.restore()) begin();
    ui.reset({ moved: () => trained() || trails.kept.length > 0, back: begin });
    const numbers = summary(view);
    const linked = (item) => (item[0] === "last change" && links.note() ? ["link", links.note()] : item);
    ui.readout(() => (view.picture() ? [...numbers().map(linked), ...extra(ui, view)] : []));
    el.querySelector(".vae-head").after(el.querySelector(".vae-readout"));
    const now = () => {
      const picture = view.empty() ? null : trainer.picture;
      return picture ? { ...picture.terms, picture, data: view.data, settings: settingsOf(ui) } : {};
    };
    ui.challenges("lab", challenges(now, past));
    const [readout, goals] = ["readout", "challenges"].map((name) => el.querySelector(`.vae-${name}`));
    hideParts({ ...knobs, readout, challenges: goals }, new URLSearchParams(location.search).get("hide"));
    return ui.dispose;
  },
};
