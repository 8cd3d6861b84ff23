// What runs in a worker: a training loop in slices, so that a message is heard within some milliseconds.

const SLICE = 10;
const SHARE = 0.1; // of the time, for work beside the training
const QUIET = 150;
const later = new MessageChannel();

/**
 * Obey the page's orders from now on. `begin(plan)` makes a training: { steps, broken, step, change, snapshot }, and
 * film.entries where it can be replayed; where there is work beside it, `aside(resting)`, which does a little of it and
 * is false if none is due, and `lookAround(on)`, which turns it on and off. `step()` says whether to go on;
 * `snapshot(entry, rests)` is what is shown.
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
  let queued = false;
  let owed = 0;
  let looked = false; // since the last picture that says so
  let ranAt = 0;
  let nextLook = 0;
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

  const soon = () => {
    if (!queued) later.port2.postMessage(0);
    queued = true;
  };

  /** Work beside the training until `end`: whether there is more of it. */
  const look = (end) => {
    let more = true;
    while (more && performance.now() < end) {
      more = training.aside?.(!running) ?? false;
      looked ||= more;
    }
    return more;
  };

  const train = () => {
    const begun = performance.now();
    while (running && performance.now() < begun + SLICE) running = training.step() && training.steps < until;
    ranAt = performance.now();
    measure(ranAt);
    owed = Math.min(SLICE, owed + SHARE * (ranAt - begun));
    if (owed > 0) look(ranAt + owed);
    owed -= performance.now() - ranAt;
    if (!running || (!waiting && ranAt - shownAt > pause)) show();
    soon();
  };
  /** Where training rests: it may go on at once, for its page leads it in rounds. */
  const rest = () => {
    clearTimeout(nextLook);
    if (performance.now() - ranAt < QUIET) nextLook = setTimeout(soon, QUIET);
    else if (look(performance.now() + SLICE)) soon();
    else if (looked) {
      looked = false;
      show();
    }
  };
  const turn = () => {
    queued = false;
    if (resting || replayed || !training) return;
    if (running) train();
    else rest();
  };
  later.port1.addEventListener("message", turn);
  later.port1.start();

  const wake = () => {
    pace = { since: performance.now(), steps: training.steps, rate: pace.rate };
    soon();
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
    around(order) {
      training.lookAround(order.on);
      show();
    },
  };

  self.addEventListener("message", ({ data }) => {
    ORDERS[data.order](data);
    soon();
  });
};
