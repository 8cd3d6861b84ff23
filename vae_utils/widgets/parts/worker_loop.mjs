// What runs in a worker: a training loop in slices, so that a message is heard within some milliseconds.

const SLICE = 10;
const later = new MessageChannel();

/**
 * Obey the page's orders from now on. `begin(plan)` makes a training: { steps, broken, step, change, snapshot }, and
 * film.entries where it can be replayed. `step()` says whether to go on; `snapshot(entry, rests)` is what is shown.
 */
export const serve = (begin) => {
  let training = null;
  let running = false;
  let asked = 0;
  let until = Infinity;
  let resting = false;
  let replayed = null;
  let held = null; // the entry of the film at which a reader looks
  let nextFrame = 0;
  let pause = 50;
  let run = 0;
  let waiting = false;
  let shownAt = 0;
  let pace = { since: 0, steps: 0, rate: 0 };

  const show = (entry = held) => {
    shownAt = performance.now();
    waiting = true;
    const state = { rate: pace.rate, running, asked, replaying: replayed !== null };
    self.postMessage({ run, ...training.snapshot(entry, !running), ...state });
  };

  const measure = (now) => {
    if (now - pace.since < 500) return;
    const done = training.steps - pace.steps;
    pace = { since: now, steps: training.steps, rate: (1000 * done) / (now - pace.since) };
  };

  const train = () => {
    if (!running || resting || replayed) return;
    const end = performance.now() + SLICE;
    while (running && performance.now() < end) running = training.step() && training.steps < until;
    measure(performance.now());
    if (!running || (!waiting && performance.now() - shownAt > pause)) show();
    later.port2.postMessage(0);
  };
  later.port1.addEventListener("message", train);
  later.port1.start();

  const wake = () => {
    pace = { since: performance.now(), steps: training.steps, rate: pace.rate };
    later.port2.postMessage(0);
  };

  const replay = () => {
    if (!replayed) return;
    const entry = replayed.shift();
    if (!entry) replayed = null;
    show(entry);
    if (replayed) nextFrame = setTimeout(replay, Math.max(pause, 33));
    else if (running) wake();
  };

  const ORDERS = {
    setup(order) {
      training = begin(order.plan);
      ({ run, pause } = order);
      [running, replayed, held, pace] = [false, null, null, { since: 0, steps: 0, rate: 0 }];
      show();
    },
    change(order) {
      held = null;
      training.change(order.settings);
      if (!replayed) show();
    },
    watch(order) {
      training.watched = order.watched;
      if (!replayed && !running) show();
    },
    run(order) {
      ({ asked, until = Infinity } = order);
      const start = order.on && !running && !training.broken;
      running = order.on && !training.broken;
      replayed = held = null;
      if (start) wake();
      else show();
    },
    step() {
      replayed = held = null;
      running = false;
      training.step();
      show();
    },
    replay() {
      clearTimeout(nextFrame);
      held = null;
      const { entries } = training.film;
      const stride = Math.ceil(entries.length / 120);
      replayed = entries.filter((_, i) => i % stride === 0 || i === entries.length - 1);
      replay();
    },
    scrub(order) {
      replayed = null;
      held = training.film.entries.find(({ step }) => step === order.step) ?? null;
      show();
    },
    seen() {
      waiting = false;
    },
    rest(order) {
      resting = order.on;
      if (!resting && running) wake();
    },
  };

  self.addEventListener("message", ({ data }) => ORDERS[data.order](data));
};
