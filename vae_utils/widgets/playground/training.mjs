// A model of the playground in training, which at any moment can say what it looks like.
import { Film } from "./film.mjs";
import { Landscape, randomDirections, spaced, wayDirections } from "./landscape.mjs";
import { linspace, normals } from "../parts/maths.mjs";
import { Trainer } from "./trainer.mjs";
import { Vae } from "./vae.mjs";

const PROBES = 128;
const LOOK_AFTER = 100; // steps, while training goes on
const BATCH = { 784: 64 };
const FILM = { most: 240, least: 60, numbers: 8e6 };
const MAP = { digits: 12, reach: 2.4, curve: 121, samples: { digits: 24, points: 300 } };

/** Layer sizes and likelihood for data of this dimension; `hidden` units and `likelihood` may be chosen. */
export const modelFor = (dim, latent, activation, { hidden, likelihood } = {}) => {
  const [points, h] = [dim === 2, hidden ?? (dim === 2 ? 32 : 64)];
  return {
    encoder: points ? [2, h, h, 2 * latent] : [dim, h, 2 * latent],
    decoder: [latent, h, h, dim],
    likelihood: likelihood ?? (points ? "gaussian" : "bernoulli"),
    activation,
  };
};

/** A grid of latent points: square for two numbers, a walk for one. */
const gridOf = (dim, latent) => {
  const side = MAP.digits;
  if (latent === 1) return Float32Array.from(linspace(-3, 3, dim === 2 ? MAP.curve : side * side));
  const axis = linspace(-MAP.reach, MAP.reach, side);
  const rows = Array.from(axis).toReversed();
  return Float32Array.from(rows.flatMap((second) => Array.from(axis).flatMap((first) => [first, second])));
};

export class Training {
  constructor({ data, dim, latent, activation, seed, settings, kernel, shown = 300, ...more }) {
    const { watched = null, heldout = null, around = false, ...chosen } = more;
    const rows = data.length / dim;
    const model = { ...modelFor(dim, latent, activation, chosen), kernel };
    this.trainer = new Trainer({ data, rows, model, batch: BATCH[dim], seed, settings });
    this.viewer = new Vae({ ...model, seed });
    this.shown = Math.min(shown, rows);
    this.probes = Math.min(PROBES, rows);
    Object.assign(this, { dim, latent, film: this.emptyFilm(), marks: [], broken: false, watched, heldout });
    this.x = data.slice(0, this.shown * dim);
    const noise = normals(seed + 3);
    this.eps = Float32Array.from({ length: this.shown * latent }, noise);
    const count = dim === 2 ? MAP.samples.points : MAP.samples.digits;
    this.z = Float32Array.from({ length: count * latent }, noise);
    this.grid = gridOf(dim, latent);
    this.lookAround(around);
    this.record();
  }

  /** As long as it may be, for weights that many. */
  emptyFilm() {
    const { most, least, numbers } = FILM;
    return new Film(Math.max(least, Math.min(most, Math.floor(numbers / this.viewer.theta.length))));
  }

  get steps() {
    return this.trainer.steps;
  }

  /** Take over new settings at once, and remember where on the time axis it happened. */
  change(settings) {
    const { trainer } = this;
    for (const [name, value] of Object.entries(settings)) {
      if (trainer.settings[name] === value) continue;
      trainer.settings[name] = value;
      const before = this.marks.filter((mark) => mark.name !== name || mark.step !== trainer.steps);
      this.marks = [...before, { name, value, step: trainer.steps }];
    }
    this.film.entries = this.film.entries.filter(({ step }) => step !== trainer.steps);
    this.record();
    Object.assign(this.around, { next: null, stale: true });
  }

  /** The plane of the landscape that is wanted from now on, "random" or "way", or false; `aside` computes it. */
  lookAround(on) {
    this.around = { on, shown: null, next: null, stale: false };
  }

  /** A plane through the present weights, of the loss that `terms` has. */
  landscape() {
    const { trainer, viewer } = this;
    const { theta } = trainer.vae;
    const weights = { beta: trainer.beta, sigma: trainer.settings.sigma, free: trainer.settings.free };
    const lossOf = (place) => {
      viewer.theta.set(place);
      return viewer.loss(this.x, this.eps, this.probes, weights).loss;
    };
    const path = this.around.on === "way" ? spaced(this.film.entries).map((entry) => entry.theta) : [];
    const directions = wayDirections(theta, path) ?? randomDirections(viewer, theta, trainer.seed);
    return new Landscape({ directions, theta, step: this.steps, lossOf });
  }

  /** One value more of the landscape, which begins anew after some steps, or one at rest; false if none is due. */
  aside(resting) {
    const { around } = this;
    if (!around.on) return false;
    const passed = around.shown ? this.steps - around.shown.step : Infinity;
    if (!around.next && !around.stale && passed < (resting ? 1 : LOOK_AFTER)) return false;
    if (!around.next) Object.assign(around, { next: this.landscape(), stale: false });
    around.next.next();
    if (around.next.complete) Object.assign(around, { shown: around.next, next: null });
    return true;
  }

  /** Loss terms on the first rows with fixed noise, so that curves are smooth. */
  terms() {
    const { trainer, viewer } = this;
    viewer.theta.set(trainer.vae.theta);
    const weights = { beta: trainer.beta, sigma: trainer.settings.sigma, free: trainer.settings.free };
    const terms = viewer.loss(this.x, this.eps, this.probes, weights);
    return { step: trainer.steps, beta: trainer.beta, ...terms, ...(this.heldout && this.judge(weights)) };
  }

  /** The loss on rows that are not trained on, with noise of its own. */
  judge(weights) {
    const { heldout, dim, latent, viewer, trainer } = this;
    const n = heldout.length / dim;
    this.heldoutEps ??= Float32Array.from({ length: n * latent }, normals(trainer.seed + 4));
    return { heldout: viewer.loss(heldout, this.heldoutEps, n, weights).loss };
  }

  record() {
    this.film.add({ ...this.terms(), theta: this.trainer.vae.theta.slice() });
  }

  /** One step of training; false once the loss stopped being a number. */
  step() {
    this.broken ||= !this.trainer.step();
    if (!this.broken && this.film.wants(this.trainer.steps)) this.record();
    return !this.broken;
  }

  /** The gradient of one row's loss on its way back: by z, mu and logvar, and its norm in decoder and encoder. */
  wayBack(x, eps) {
    const { viewer, trainer, latent } = this;
    const { sigma, free } = trainer.settings;
    viewer.loss(x, eps, 1, { beta: trainer.beta, sigma, free, learn: true });
    const { z, heads } = viewer.slopes;
    const split = viewer.encoder.layers.reduce((total, { inputs, out }) => total + out * (inputs + 1), 0);
    const norm = (part) => Math.sqrt(part.reduce((total, value) => total + value * value, 0));
    const norms = { encoder: norm(viewer.gradient.subarray(0, split)), decoder: norm(viewer.gradient.subarray(split)) };
    return { z, mu: heads.slice(0, latent), logvar: heads.slice(latent), norms };
  }

  /** One row on its way through the model, and one code decoded: { back, x, mu, logvar, eps, z, mean, decoded }. */
  machine() {
    const { viewer, dim, latent } = this;
    const { row, code } = this.watched;
    const x = this.x.slice(row * dim, (row + 1) * dim);
    const eps = this.eps.slice(row * latent, (row + 1) * latent);
    const { mu, logvar } = viewer.posterior(x, 1);
    const z = mu.map((value, j) => value + Math.exp(0.5 * logvar[j]) * eps[j]);
    const decoded = viewer.decode(Float32Array.from(code.slice(0, latent)), 1);
    const back = this.wayBack(x, eps);
    return { back, x, mu, logvar, eps, z, mean: viewer.decode(z, 1), decoded };
  }

  filmUpTo(last) {
    return this.film.entries.filter(({ step }) => step <= last);
  }

  /** Everything the page draws, for the weights as they are or for one entry of the film. */
  snapshot(entry = null) {
    const { viewer, dim, latent } = this;
    const { theta, ...terms } = entry ?? this.terms();
    if (theta) viewer.theta.set(theta);
    const { mu, logvar } = viewer.posterior(this.x, this.shown);
    return {
      terms,
      mu,
      logvar,
      means: viewer.decode(mu, dim === 2 ? this.shown : Math.min(40, this.shown)),
      samples: viewer.decode(this.z, this.z.length / latent),
      map: viewer.decode(this.grid, this.grid.length / latent),
      history: this.film.columns(),
      now: this.steps,
      marks: this.marks,
      kernel: this.trainer.vae.kernel,
      broken: this.broken,
      landscape: this.around.shown?.picture(this.filmUpTo(terms.step), theta ?? this.trainer.vae.theta) ?? null,
      machine: this.watched && this.machine(),
    };
  }
}
