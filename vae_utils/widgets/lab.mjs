// The Lab: VAEs trained in workers, on one screen: data, machine, latent space, samples, loss, and a plane of trails.
import { frame } from "./parts/frame.mjs";
import { button } from "./parts/controls.mjs";
import { format, gaussianKl, sum } from "./parts/maths.mjs";
import { makeBegin } from "./parts/start_worker.mjs";
import { tensor } from "./parts/tensor.mjs";
import { challenges } from "./lab/challenges.mjs";
import { dataOf, likelihoodOf, MODEL, settings, SETTINGS, watched } from "./lab/plan.mjs";
import { makeLinks } from "./lab/link.mjs";
import { hideParts } from "./lab/hide.mjs";
import { drawingPad } from "./lab/own_digits.mjs";
import { makePanels } from "./lab/panels.mjs";
import { makeRuns } from "./lab/runs.mjs";
import { makeSwitch } from "./lab/switch.mjs";
import { tile } from "./lab/tiles.mjs";
import { timeHandle } from "./lab/timeline.mjs";
import { Trails } from "./lab/trails.mjs";
import { fillWindow } from "./lab/window.mjs";
import { DIGITS, OWN } from "./playground/datasets.mjs";
import { drawingTools, empty } from "./playground/own_points.mjs";
import { summary } from "./playground/summary.mjs";

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
const extra = (ui, run) => {
  const { machine } = run.picture();
  const kl = sum(Array.from(machine.mu, (m, j) => gaussianKl(m, Math.exp(0.5 * machine.logvar[j]))));
  const code = ui.get("code").slice(0, run.latent());
  const { heldout } = run.picture().terms;
  return [
    ["held-out loss", heldout ?? "\u2013", "evidence"],
    ["KL of this x", run.empty() ? "\u2013" : kl, "posterior"],
    ["your code", code.map((value) => format(value)).join(", "), "evidence"],
  ];
};

const COMPARED = ["loss", "\u2212reconstruction", "KL", "\u03b2 in force", "held-out loss"];
const SINGLE = ["KL of this x"];
const inWords = (value) => (typeof value === "number" ? format(value) : value);

/** The numbers of the chosen run; of two, what is compared stands as "A / B". */
const readoutOf = (ui, runs, note) => {
  const linked = (item) => (item[0] === "last change" && note() ? ["link", note()] : item);
  const items = (run) => [...summary(run)().map(linked), ...extra(ui, run)];
  return () => {
    if (!runs.active().every((run) => run.picture())) return [];
    if (!runs.two()) return items(runs.a);
    const [first, second] = runs.active().map((run) => Object.fromEntries(items(run)));
    return items(runs.chosen())
      .filter(([label]) => !SINGLE.includes(label))
      .map(([label, value, concept]) => {
        if (!COMPARED.includes(label)) return [label, value, concept];
        return [`${label}, A / B`, `${inWords(first[label])} / ${inWords(second[label])}`, concept];
      });
  };
};

/** What the challenges ask of the settings. */
const settingsOf = (ui) => ({ ...settings(ui), data: ui.get("data"), likelihood: likelihoodOf(ui) });

export default {
  render({ model, el }) {
    const ui = frame({ model, el, title: "The Lab" });
    el.classList.add("vae-lab");
    const scans = { ink: tensor(ui.get("ink")).values, labels: tensor(ui.get("labels")).values };
    const trails = new Trails();
    const follow = () => {
      for (const run of runs.active()) trails.follow(run, likelihoodOf(ui), run.picture(), run.letter);
      const { history, now } = runs.a.picture();
      buttons.restart.disabled = !trained();
      buttons.replay.disabled = history.step.length < 2;
      buttons.clear.disabled = !trails.beside().length;
      time.hidden = now === 0; // there is no earlier step to show
      ui.redraw();
    };
    const runs = makeRuns(ui, { shown: follow, ended: () => ui.set("running", false) });
    const trained = () =>
      runs.active().some((run) => {
        const { terms, marks, history } = run.picture() ?? { terms: {}, marks: [], history: { step: [] } };
        return terms.step > 0 || marks.length > 0 || history.step.length > 1;
      });
    /** The row in the machine is one that there is. */
    const keepRow = () => {
      const most = ui.limits("row")[1];
      const last = empty(ui) ? most : Math.min(most, runs.a.data.tone.length - 1);
      knobs.row.querySelector("[type=range]").max = last;
      if (ui.get("row") > last) ui.set("row", last);
    };
    const restart = () => {
      trails.end();
      runs.begin(dataOf(ui, scans));
      keepRow();
      buttons.run.disabled = buttons.step.disabled = empty(ui);
      ui.set("running", false);
      panels.show();
    };
    const putBefore = (place) => (label, pressed) => {
      const made = button(label, pressed);
      place().before(made);
      return made;
    };
    const inHead = putBefore(() => el.querySelector(".vae-reset"));
    const padButton = putBefore(() => buttons.beside);
    const buttons = {
      run: ui.button("Run", () => ui.set("running", !ui.get("running")), { primary: true }),
      step: ui.button("Step", () => runs.step()),
      restart: ui.button("Restart", restart),
      replay: ui.button("Replay", () => {
        runs.forget();
        runs.order("replay");
      }),
      beside: inHead("Run B beside", () => (runs.two() ? putAway() : openBeside())),
      around: inHead("Landscape", () => lookAround(runs.around() ? false : "random")),
      along: inHead("Plane of the way", () => lookAround(runs.around() === "way" ? "random" : "way")),
      copy: inHead("Copy link", () => links.copy()),
      clear: inHead("Clear trails", () => {
        trails.clear();
        buttons.clear.disabled = true;
        ui.redraw();
      }),
    };
    const which = makeSwitch(runs, () => show());
    el.querySelector(".vae-rail").append(which.element);
    const knobs = makeKnobs(ui, scans);
    const panels = makePanels(ui, el, runs, trails);
    /** After the runs or their knobs have changed hands. */
    const show = () => {
      which.show();
      buttons.along.hidden = !runs.around();
      buttons.along.textContent = runs.around() === "way" ? "Random plane" : "Plane of the way";
      buttons.around.textContent = runs.around() ? "Hide landscape" : "Landscape";
      buttons.beside.textContent = runs.two() ? "Put B away" : "Run B beside";
      panels.show();
      fit();
    };
    const lookAround = (plane) => {
      runs.lookAround(plane);
      show();
    };
    const openBeside = () => {
      const on = ui.get("running");
      runs.open();
      restart();
      show();
      if (on) ui.set("running", true);
    };
    const putAway = () => {
      trails.end(["B"]);
      runs.close();
      show();
    };
    drawingTools(ui, panels.a.data);
    runs.pad = drawingPad(ui, panels.a.data, padButton, () => panels.show());
    holdCode(ui, panels.a.latent);
    const time = timeHandle(ui, panels.loss, runs);
    time.hidden = true;
    const fit = fillWindow(ui, el, panels.strip.figure.parentElement, () => (runs.two() ? 8 : 6));

    const turned = (handler) => () => runs.turning() || handler(); // by the reader, not by the switch
    ui.on(MODEL, turned(restart));
    ui.on("points", () => ui.get("data") === OWN && restart());
    ui.on("drawn", () => ui.get("data") === DIGITS && restart());
    const begun = () => runs.a.trainer.run > 0; // a link is read before the first training
    ui.on(SETTINGS, turned(() => begun() && runs.chosen().trainer.order("change", { settings: settings(ui) })));
    ui.on(["row", "code"], () => {
      if (!begun()) return;
      keepRow();
      runs.order("watch", { watched: watched(ui, runs.a.data) });
      ui.redraw();
    });
    let goal = Infinity;
    const forget = () => links.note() && links.clear();
    ui.on([...MODEL, ...SETTINGS, "drawn"], turned(forget));
    ui.on("running", () => {
      if (ui.get("running")) {
        forget();
        runs.forget();
      }
      buttons.run.textContent = ui.get("running") ? "Pause" : "Run";
      runs.go(ui.get("running") && !empty(ui), goal);
      goal = Infinity;
    });
    const past = { beta: 0 };
    const begin = makeBegin(ui, () => {
      past.beta = 0;
      links.clear();
      runs.close({ keep: true });
      runs.lookAround(false);
      show();
      restart();
      trails.clear();
    });
    const train = (n) => {
      restart();
      show();
      if (!n || empty(ui)) return;
      goal = n;
      ui.set("running", true);
    };
    const links = makeLinks(ui, { head: el.querySelector(".vae-head"), runs, train });
    if (!links.restore()) begin();
    ui.reset({ moved: () => runs.two() || Boolean(runs.around()) || trained() || trails.kept.length > 0, back: begin });
    ui.readout(readoutOf(ui, runs, () => links.note()));
    el.querySelector(".vae-head").after(el.querySelector(".vae-readout"));
    const now = () => {
      const picture = empty(ui) ? null : runs.chosen().picture();
      return picture ? { ...picture.terms, picture, data: runs.a.data, settings: settingsOf(ui) } : {};
    };
    ui.challenges("lab", challenges(now, past));
    const [readout, goals] = ["readout", "challenges"].map((name) => el.querySelector(`.vae-${name}`));
    hideParts({ ...knobs, readout, challenges: goals }, new URLSearchParams(location.search).get("hide"));
    return ui.dispose;
  },
};
