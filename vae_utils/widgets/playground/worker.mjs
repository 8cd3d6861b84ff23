// The playground's worker: a training loop in slices, so that a message is heard within some milliseconds.
import { Studio } from "./studio.mjs";

const SLICE = 10;
const later = new MessageChannel();
let studio = null;
let running = false;
let resting = false;
let film = null;
let nextFrame = 0;
let pause = 50;
let run = 0;
let waiting = false;
let shownAt = 0;
let pace = { since: 0, steps: 0, rate: 0 };

const show = (entry = null) => {
  shownAt = performance.now();
  waiting = true;
  self.postMessage({ run, ...studio.look(entry), rate: pace.rate, running, replaying: film !== null });
};

const measure = (now) => {
  if (now - pace.since < 500) return;
  const done = studio.trainer.steps - pace.steps;
  pace = { since: now, steps: studio.trainer.steps, rate: (1000 * done) / (now - pace.since) };
};

const train = () => {
  if (!running || resting || film) return;
  const end = performance.now() + SLICE;
  while (running && performance.now() < end) running = studio.step();
  measure(performance.now());
  if (!running || (!waiting && performance.now() - shownAt > pause)) show();
  later.port2.postMessage(0);
};
later.port1.addEventListener("message", train);
later.port1.start();

const wake = () => {
  pace = { since: performance.now(), steps: studio.trainer.steps, rate: pace.rate };
  later.port2.postMessage(0);
};

const replay = () => {
  if (!film) return;
  const entry = film.shift();
  if (!entry) film = null;
  show(entry);
  if (film) nextFrame = setTimeout(replay, Math.max(pause, 33));
  else if (running) wake();
};

const ORDERS = {
  setup(order) {
    studio = new Studio(order.plan);
    ({ run, pause } = order);
    [running, film, pace] = [false, null, { since: 0, steps: 0, rate: 0 }];
    show();
  },
  change(order) {
    studio.change(order.settings);
    if (!film) show();
  },
  run(order) {
    const start = order.on && !running && !studio.broken;
    running = order.on && !studio.broken;
    film = null;
    if (start) wake();
    else show();
  },
  step() {
    film = null;
    running = false;
    studio.step();
    show();
  },
  replay() {
    clearTimeout(nextFrame);
    film = studio.film.entries.filter((_, i, all) => i % Math.ceil(all.length / 120) === 0 || i === all.length - 1);
    replay();
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
