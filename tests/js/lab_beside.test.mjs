import { equal, ok } from "./check.mjs";
import { makeRuns } from "../../vae_utils/widgets/lab/runs.mjs";

/** A worker that trains when it is told to: `train(n)` takes up to n steps, as far as its orders let it. */
class Puppet {
  constructor() {
    Object.assign(this, { steps: 0, asked: 0, running: false, broken: false, until: Infinity, orders: [] });
    Puppet.all.push(this);
  }

  addEventListener(_, hear) {
    this.hear = hear;
  }

  terminate() {}

  say() {
    const { run, steps: now, asked, running, broken } = this;
    const picture = { terms: { step: now }, history: { step: [0, 4] }, marks: [], replaying: false };
    this.hear({ data: { ...picture, run, now, asked, running, broken } });
  }

  postMessage({ order, ...details }) {
    this.orders.push(order);
    if (order === "setup") Object.assign(this, { run: details.run, steps: 0, running: false, plan: details.plan });
    if (order === "run") {
      const { asked, on, until } = details;
      Object.assign(this, { asked, until, running: on && !this.broken });
      if (this.running) return; // it trains, and says so later
    }
    if (["setup", "run"].includes(order)) this.say();
  }

  train(n) {
    for (let i = 0; i < n && this.running; i++) {
      this.steps += 1;
      this.running = this.steps < this.until;
    }
    if (!this.running) this.say();
  }
}

const START = {
  beta: 1, sigma: 0.3, rate: 0.003, warmup: 0, free: 0, latent: "2", hidden: "64", activation: "tanh", running: false,
  data: "ring", likelihood: "Gaussian", row: 0, code: [0, 0], seed: 0, kernel: "JavaScript", points: [],
};

/** Runs over puppets in the place of workers, with a field `running` that gives the orders as the Lab does. */
const stage = (use) => {
  const real = globalThis.Worker;
  [globalThis.Worker, Puppet.all] = [Puppet, []];
  const fields = { ...START, worker_source: "" };
  const seen = [];
  const ui = {
    get: (name) => fields[name],
    set(name, value) {
      if (fields[name] === value) return;
      fields[name] = value;
      if (name === "running") runs.go(value);
    },
    reducedMotion: () => false, cleanup: () => {}, sight: () => {}, theme: () => ({}),
  };
  const shown = () => seen.push(runs.active().map((run) => run.picture().now));
  const runs = makeRuns(ui, { shown, ended: () => ui.set("running", false) });
  const begin = () => runs.begin({ x: new Float32Array(8), tone: [0, 0, 0, 0], dim: 2, heldout: null });
  try {
    use({ ui, runs, fields, seen, begin, workers: () => Puppet.all });
  } finally {
    globalThis.Worker = real;
  }
};

export const tests = {
  "two runs are never shown at different steps, and no round begins before both have ended the last": () =>
    stage(({ ui, runs, seen, begin, workers }) => {
      runs.open();
      begin();
      const [a, b] = workers();
      ui.set("running", true);
      for (let i = 0; i < 200; i++) {
        (i % 3 ? a : b).train(1 + (i % 5));
        ok(Math.abs(a.steps - b.steps) <= Math.max(a.until, b.until) - Math.min(a.steps, b.steps), "within a round");
      }
      ok(seen.length >= 5 && seen.every(([first, second]) => first === second), JSON.stringify(seen));
      ok(a.steps > 20, `${a.steps} steps`);
    }),
  "a pause within a round leads the one that is behind up to the other": () =>
    stage(({ ui, runs, seen, begin, workers }) => {
      runs.open();
      begin();
      const [a, b] = workers();
      ui.set("running", true);
      a.train(5);
      b.train(2);
      ui.set("running", false);
      equal([a.steps, b.steps, a.running, b.running, b.until], [5, 2, false, true, 5]);
      b.train(9);
      equal([b.steps, seen.at(-1)], [5, [5, 5]]);
      runs.step();
      [a, b].forEach((one) => one.train(9));
      equal([seen.at(-1), a.running, b.running], [[6, 6], false, false]);
    }),
  "a goal is reached by both, and not passed": () =>
    stage(({ ui, runs, fields, seen, begin, workers }) => {
      runs.open({ beta: 4 });
      begin();
      fields.running = true;
      runs.go(true, 37);
      for (let i = 0; i < 60; i++) workers().forEach((one) => one.running && one.train(3));
      equal([seen.at(-1), ui.get("running")], [[37, 37], false]);
      equal(workers().map(({ running }) => running), [false, false]);
    }),
  "where one breaks, both stop, and are shown": () =>
    stage(({ ui, runs, seen, begin, workers }) => {
      runs.open();
      begin();
      const [a, b] = workers();
      ui.set("running", true);
      a.train(99);
      Object.assign(b, { steps: 3, broken: true, running: false });
      b.say();
      equal([ui.get("running"), a.running, b.running, seen.at(-1)], [false, false, false, [a.steps, 3]]);
    }),
  "the fields are the knobs of the chosen run, and each keeps its own; data are those of both": () =>
    stage(({ ui, runs, fields, begin, workers }) => {
      runs.open();
      equal(runs.chosen().letter, "B");
      Object.assign(fields, { beta: 4, hidden: "16", seed: 7 });
      begin();
      const [a, b] = workers().map(({ plan }) => [plan.settings.beta, plan.hidden, plan.seed]);
      equal([a, b], [[1, 64, 7], [4, 16, 7]]);
      runs.choose("A");
      equal([ui.get("beta"), ui.get("hidden"), ui.get("seed")], [1, "64", 7]);
      equal([runs.a.get("beta"), runs.b().get("beta"), runs.other().letter], [1, 4, "B"]);
      runs.choose("B");
      equal([ui.get("beta"), runs.a.get("beta"), runs.turning()], [4, 1, false]);
      runs.close();
      equal([ui.get("beta"), runs.two(), runs.b(), runs.other(), runs.chosen().letter], [1, false, null, null, "A"]);
    }),
  "a landscape is ordered of runs that have begun, and with the beginning of the others": () =>
    stage(({ runs, begin, workers }) => {
      runs.lookAround("random");
      begin();
      runs.open({ beta: 2 });
      runs.lookAround("way");
      const [a, b] = workers();
      equal([a.orders.at(-1), a.plan.around, b.orders, runs.around()], ["around", "random", [], "way"]);
      begin();
      equal([a.plan.around, b.plan.around], ["way", "way"]);
    }),
  "B is put away while both run: A goes on alone, and what B still says is not heard": () =>
    stage(({ ui, runs, seen, begin, workers }) => {
      runs.open();
      begin();
      const [a, b] = workers();
      ui.set("running", true);
      runs.close();
      equal([a.running, a.until, b.running], [true, Infinity, false]);
      const before = seen.length;
      b.say();
      equal(seen.length, before);
      a.train(40);
      a.say();
      equal(seen.at(-1), [40]);
      runs.open();
      begin();
      equal([workers().length, b.steps], [2, 0]);
    }),
};
