// A GAN and a VAE, trained side by side on the page by the same batches, and judged by the law that the data have.
import { frame } from "./parts/frame.mjs";
import { format } from "./parts/maths.mjs";
import { makeBegin, rests, startWorker } from "./parts/start_worker.mjs";
import { LOSSES } from "./side_by_side/losses.mjs";
import { drawNats, drawSamples, drawScores, HIGH, percent, shades, WIDE } from "./side_by_side/views.mjs";

const SETTINGS = ["loss", "learned", "budget"];
const NEW_RUN = ["data", "loss", "momentum", "learned", "seed"];

const settings = (ui) => {
  const same = Object.fromEntries(SETTINGS.map((name) => [name, ui.get(name)]));
  return { ...same, momentum: Number(ui.get("momentum")), strength: ui.get("penalty") };
};
const plan = (ui) => ({ data: ui.get("data"), seed: ui.get("seed"), settings: settings(ui) });

/** The critic's penalty by its name: R1, or GP between real and fake. */
const charge = (ui) => `${LOSSES[ui.get("loss")].penalty} ${ui.get("penalty")}`;

const inShort = (ui) => `penalty ${ui.get("penalty")}, momentum ${ui.get("momentum")}`; // fits a phone's square
const width = (ui, { sigma }) => `${format(sigma, 3)}, ${ui.get("learned") ? "learned" : "fixed"}`;

const makePanels = (ui, picture) => {
  const ready = (draw) => (plot) => picture() && draw(plot, picture());
  const steps = () => [0, 1.05 * ui.get("budget")];
  ui.panel({
    title: "Data gray, samples in color, the GAN over its critic's field.",
    label: "samples of the GAN and of the VAE over the data, and the critic's field",
    span: 6,
    aspect: 1.75,
    most: 360,
    axes: false,
    equal: true,
    x: WIDE,
    y: HIGH,
    draw: ready((plot, now) => {
      const words = { gan: [`, ${ui.get("loss")}`, inShort(ui)], vae: ["", `\u03c3 ${width(ui, now)}`] };
      drawSamples(plot, now, { loss: ui.get("loss"), words });
    }),
  });
  ui.panel({
    title: "Good samples, and modes found (dashed), as shares.",
    label: "shares of good samples and of modes found over the steps, for both models",
    height: 200,
    x: steps,
    y: [0, 1.6],
    yTicks: [0, 0.5, 1],
    xLabel: "step",
    draw: ready(drawScores),
  });
  ui.panel({
    title: "What each can say of itself.",
    label: "the VAE's NLL above the exact one, and the critic's bound, over the steps",
    height: 200,
    x: steps,
    y: [-0.5, 5],
    xLabel: "step",
    yLabel: () => (ui.get("loss") === "Wasserstein" ? "nats; W\u2081" : "nats"),
    draw: ready((plot, now) => drawNats(plot, now, ui.get("loss"))),
  });
};

const pace = (ui, { running, spent, broken, rate, step }) => {
  if (broken) return "stopped: a loss blew up";
  if (spent) return "done, budget spent";
  const speed = running ? (rate ? `${Math.round(rate)} steps/s` : "running") : "paused";
  return `${speed}, ${ui.get("budget") - step} to go`;
};

const FEW = 0.1; // where fewer samples are good, to which center the others are nearest says nothing

/** The reverse KL of each model's shares in nats, where enough of its samples are good. */
export const divergences = (...models) => {
  if (models.every(({ good }) => good < FEW)) return "few good";
  return models.map(({ good, reverseKl }) => (good < FEW ? "few good" : format(reverseKl))).join(" / ");
};

const summary = (ui, picture) => () => {
  const now = picture();
  if (!now) return [];
  const { gan, vae, nll, bound } = now.card;
  const { modes, exact, step } = now;
  const both = (of) => `${of(gan)} / ${of(vae)}`;
  return [
    ["step", String(step)],
    ["seed", String(ui.get("seed"))],
    ["GAN", `${ui.get("loss")}, ${charge(ui)}, momentum ${ui.get("momentum")}`, "posterior"],
    [modes ? `modes of ${modes}: GAN / VAE` : "modes", modes ? both(({ found }) => found) : "a curve has none", "data"],
    ["good samples", both(({ good }) => percent(good)), "data"],
    ["reverse KL", modes ? divergences(gan, vae) : "no modes", "data"],
    ["NLL / exact", `${format(nll)} / ${format(exact)}`, "evidence"],
    [`critic: ${LOSSES[ui.get("loss")].says}`, bound, "kl"],
    ["\u03c3 of the VAE", width(ui, now), "likelihood"],
    ["speed", pace(ui, now)],
  ];
};

/** How much D differs over the picture, as it is drawn. */
export const spread = (field, loss) => {
  const drawn = shades(field, loss);
  return Math.max(...drawn) - Math.min(...drawn);
};

/** What to reach, by the fields and the run: { data, loss, charged, step, spent, spread, gan, vae }. */
export const challenges = (now) => {
  const trained = () => now().data === "ring" && now().spent && now().step >= 1000;
  return [
    {
      id: "lost",
      text: "After 1,000 steps on the ring: VAE eight modes, GAN at most four.",
      reached: () => trained() && now().vae.found === 8 && now().gan.found <= 4,
      why: "A mode that the generator never visits costs it nothing. A point that the VAE forgets costs many nats.",
    },
    {
      id: "found",
      text: "Let the GAN find all eight as well, in 1,000 steps and without a penalty.",
      reached: () => trained() && now().step === 1000 && now().gan.found === 8 && !now().charged,
      why: "The loss is the same. Momentum, we suppose, carries both players past where they should turn.",
    },
    {
      id: "flat",
      text: "Flatten the field: D the same within 0.15 all over the picture, after 300 steps or more.",
      reached: () => now().step >= 300 && now().loss !== "Wasserstein" && now().spread < 0.15,
      why: "A slope costs too much, or nothing is left to tell. Samples move all the same: Adam divides by its size.",
    },
  ];
};

export default {
  render({ model, el }) {
    const ui = frame({ model, el, title: "A GAN and a VAE, trained side by side" });
    const picture = () => trainer.picture;
    const moved = () => picture()?.step > 0;
    const trainer = startWorker(ui, (now) => {
      if (ui.get("running") && rests(trainer, now)) ui.set("running", false);
      buttons.restart.disabled = !moved();
      name();
      ui.redraw();
    });
    const name = () => {
      const again = picture()?.spent ? "Run again" : "Run";
      buttons.run.textContent = ui.get("running") ? "Pause" : again;
      buttons.step.disabled = Boolean(picture()?.spent);
    };
    const restart = () => {
      trainer.begin(plan(ui));
      ui.set("running", false);
    };
    const press = () => {
      if (!ui.get("running") && picture()?.spent) restart();
      ui.set("running", !ui.get("running"));
    };
    ui.select({ name: "data", label: "Data" });
    ui.select({ name: "loss", label: "Loss of the GAN" });
    ui.choice({ name: "momentum", label: "Momentum of the GAN's Adam" });
    ui.toggle({ name: "learned", label: "learn the VAE's \u03c3" });
    const buttons = {
      run: ui.button("Run", press, { primary: true }),
      step: ui.button("One step", () => trainer.order("step")),
      restart: ui.button("Start anew", restart),
      seed: ui.button("Next seed", () => ui.set("seed", (ui.get("seed") + 1) % (ui.limits("seed")[1] + 1))),
    };
    makePanels(ui, picture);
    ui.slider({ name: "penalty", label: "Penalty on the slope", step: 0.05 });
    ui.slider({ name: "budget", label: "Budget, in steps", step: 50 });

    ui.on(NEW_RUN, restart);
    ui.on(["penalty", "budget"], () => trainer.order("change", { settings: settings(ui) }));
    ui.on("running", () => {
      name();
      trainer.go(ui.get("running"));
    });
    const begin = makeBegin(ui, restart);
    begin();
    ui.reset({ moved, back: begin });
    ui.readout(summary(ui, picture));
    const now = () => {
      const { card, field, step = 0, spent, charged } = picture() ?? {};
      const fields = Object.fromEntries(["data", "loss"].map((name) => [name, ui.get(name)]));
      return { ...fields, ...card, step, spent, charged, spread: field && spread(field, ui.get("loss")) };
    };
    ui.challenges("side_by_side", challenges(now));
    return ui.dispose;
  },
};
