// Runs A and B of the Lab: each has knobs, a worker and a picture of its own. The fields are the knobs of the chosen.
import { clamp, remember } from "../parts/maths.mjs";
import { rests, startWorker } from "../parts/start_worker.mjs";
import { empty } from "../playground/own_points.mjs";
import { modelFor } from "../playground/training.mjs";
import { colorsOf } from "../playground/views.mjs";
import { likelihoodOf, plan, SETTINGS } from "./plan.mjs";
import { stepToShow } from "./timeline.mjs";

/** Fields that each run has for itself. Data, seed and all others are those of both. */
export const KNOBS = [...SETTINGS, "latent", "hidden", "activation"];
const RATE_AFTER = 500;

/** Steps of the next round, so that it lasts about `wanted` milliseconds, after one of `stride` that took `spent`. */
export const nextStride = (stride, spent, wanted) =>
  clamp(Math.round((stride * wanted) / Math.max(1, spent)), 1, 2 * stride);

/** Steps a second, of two runs together, from where they stand. */
const makePace = () => {
  let [from, since, rate] = [0, 0, 0];
  return (step) => {
    const now = performance.now();
    if (step < from || now - since > 4 * RATE_AFTER) [from, since, rate] = [step, now, 0];
    if (now - since < RATE_AFTER) return rate;
    rate = (1000 * (step - from)) / (now - since);
    [from, since] = [step, now];
    return rate;
  };
};

/** One run, as the views see it: `get` reads its knobs. */
const makeRun = (ui, letter, get, heard) => {
  const run = { letter, get, data: null, shown: null, stepped: false };
  run.picture = () => run.shown;
  run.latent = () => Number(get("latent"));
  run.empty = () => empty(ui);
  run.colors = remember(() => [run.data, ui.theme()], colorsOf);
  run.machine = () => {
    const likelihood = likelihoodOf(ui);
    const chosen = { hidden: Number(get("hidden")), likelihood };
    const sizes = modelFor(run.data.dim, run.latent(), get("activation"), chosen);
    return { sizes, sigma: likelihood === "gaussian" ? get("sigma") : 0 };
  };
  run.trainer = startWorker(ui, heard);
  return run;
};

/**
 * The runs: A, and B where it stands beside it. Two go in step: each trains a round of as many steps, and no round
 * begins before both have ended the last. `shown()` hears of new pictures, `ended()` that training ended by itself.
 */
export const makeRuns = (ui, { shown, ended }) => {
  const all = {};
  const here = { chosen: "A", two: false, turning: false, around: false, other: {} };
  const round = { stride: 8, since: 0, until: Infinity };
  const pace = makePace();
  const active = () => (here.two ? [all.A, all.B] : [all.A]);
  const get = (letter) => (name) =>
    letter !== here.chosen && KNOBS.includes(name) ? here.other[name] : ui.get(name);
  const knobs = () => Object.fromEntries(KNOBS.map((name) => [name, ui.get(name)]));
  const stepOf = ({ trainer }) => trainer.picture?.now ?? 0;
  const wait = () => (ui.reducedMotion() ? 500 : 50);

  const nextRound = () => {
    const step = Math.max(...active().map(stepOf));
    if (step >= round.until) return false;
    round.since = performance.now();
    for (const { trainer } of active()) trainer.go(true, Math.min(round.until, step + round.stride));
    return true;
  };
  /** Both have ended a round: whether another has begun. One that was stopped on the way is led up to the other. */
  const afterRound = () => {
    const runs = active();
    if (runs.some(({ trainer }) => trainer.picture.broken)) return false;
    const step = Math.max(...runs.map(stepOf));
    const late = runs.filter((run) => stepOf(run) < step);
    for (const { trainer } of late) trainer.go(true, step);
    if (late.length || !ui.get("running")) return true;
    round.stride = nextStride(round.stride, performance.now() - round.since, wait());
    return nextRound();
  };
  const heard = () => {
    const runs = active();
    if (!runs.every(({ trainer }) => trainer.picture)) return;
    const pictures = runs.map(({ trainer }) => trainer.picture);
    const over = runs.every(({ trainer }) => rests(trainer, trainer.picture));
    const level = pictures.every(({ now, replaying }) => replaying || now === pictures[0].now);
    const goesOn = over && here.two && afterRound();
    if (over && !goesOn && ui.get("running")) ended();
    if (!level && !pictures.some(({ broken }) => broken)) return;
    const both = here.two ? { running: ui.get("running"), rate: pace(stepOf(all.A)) } : {};
    runs.forEach((run, i) => (run.shown = { ...pictures[i], ...both }));
    shown();
  };
  const turn = (values) => {
    here.turning = true;
    for (const [name, value] of Object.entries(values)) ui.set(name, value);
    here.turning = false;
  };
  const part = () => {
    here.two = false;
    all.B.trainer.go(false);
    all.B.trainer.run += 1; // what it still has to say is not heard
    all.B.trainer.picture = all.B.shown = null;
  };
  all.A = makeRun(ui, "A", get("A"), heard);

  return {
    active,
    two: () => here.two,
    turning: () => here.turning,
    chosen: () => all[here.chosen],
    a: all.A,
    b: () => (here.two ? all.B : null),
    /** The run that the knobs do not act on, if there is one. */
    other: () => active().find(({ letter }) => letter !== here.chosen) ?? null,
    /** From now on the fields are the knobs of this run. */
    choose(letter) {
      if (letter === here.chosen || !all[letter]) return;
      const next = here.other;
      here.other = knobs();
      here.chosen = letter;
      turn(next);
    },
    /** B beside A: with A's knobs but for those in `values`, and chosen unless they are given. */
    open(values = null) {
      all.B ??= makeRun(ui, "B", get("B"), heard);
      here.two = true;
      here.other = { ...knobs(), ...values };
      here.chosen = values ? "A" : "B";
    },
    /** B is put away, and the knobs are A's again, or stay as they are. */
    close({ keep = false } = {}) {
      if (!here.two) return;
      if (!keep) this.choose("A");
      here.chosen = "A";
      part();
      if (ui.get("running")) all.A.trainer.go(true);
      else heard();
    },
    /** All start anew on these data. */
    begin(data) {
      for (const run of active()) {
        Object.assign(run, { data, shown: null, stepped: false });
        run.trainer.begin(plan(run, data, here.around));
      }
    },
    /** Train up to a step, or pause. */
    go(on, until = Infinity) {
      round.until = until;
      if (on && here.two && nextRound()) return;
      for (const { trainer } of active()) trainer.go(on, until);
    },
    /** The plane of the landscape that is wanted: "random", "way", or false for none. */
    around: () => here.around,
    lookAround(on) {
      here.around = on;
      for (const { trainer } of active()) if (trainer.run) trainer.order("around", { on });
    },
    /** One step more, of each. */
    step() {
      for (const run of active()) run.stepped = true;
      if (!here.two) return all.A.trainer.order("step");
      ui.set("running", false);
      const next = Math.max(...active().map(stepOf)) + 1;
      for (const { trainer } of active()) trainer.go(true, next);
      return null;
    },
    order(name, details) {
      for (const { trainer } of active()) trainer.order(name, details);
    },
    /** Show each as it was at a step, or near it where nothing was kept then. */
    scrub(wanted) {
      for (const { trainer } of active()) {
        const { history, now } = trainer.picture ?? { history: { step: [] }, now: 0 };
        trainer.order("scrub", { step: stepToShow(history.step, now, wanted) });
      }
    },
    forget() {
      for (const run of active()) run.stepped = false;
    },
  };
};
