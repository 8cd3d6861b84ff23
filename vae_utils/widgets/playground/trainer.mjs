// The training loop of the playground: shuffled batches, a warm-up of the KL, and the Adam optimizer.
import { normals } from "../parts/maths.mjs";
import { Vae } from "./vae.mjs";

/** Adam (Kingma and Ba 2015) on one flat vector of parameters. */
export class Adam {
  constructor(size) {
    this.first = new Float32Array(size);
    this.second = new Float32Array(size);
    this.steps = 0;
  }

  step(theta, gradient, rate, decay1 = 0.9, decay2 = 0.999, tiny = 1e-8) {
    this.steps += 1;
    const { first, second, steps } = this;
    const [scale1, scale2] = [1 / (1 - decay1 ** steps), 1 / (1 - decay2 ** steps)];
    for (let i = 0; i < theta.length; i++) {
      const g = gradient[i];
      first[i] += (1 - decay1) * (g - first[i]);
      second[i] += (1 - decay2) * (g * g - second[i]);
      theta[i] -= (rate * first[i] * scale1) / (Math.sqrt(second[i] * scale2) + tiny);
    }
  }
}

/** Trains a Vae on rows of data, one step at a time; the same seed and settings give the same weights. */
export class Trainer {
  constructor({ data, rows, model, batch = 128, seed = 0, settings = {} }) {
    this.vae = new Vae({ ...model, seed });
    this.adam = new Adam(this.vae.theta.length);
    this.noise = normals(seed + 1);
    this.order = Int32Array.from({ length: rows }, (_, i) => i);
    Object.assign(this, { data, rows, batch: Math.min(batch, rows), steps: 0, at: rows, seed });
    this.x = new Float32Array(this.batch * this.vae.dim);
    this.eps = new Float32Array(this.batch * this.vae.latent);
    this.shuffleNoise = normals(seed + 2);
    this.settings = { beta: 1, sigma: 0.2, rate: 0.003, warmup: 0, free: 0, ...settings };
  }

  /** The KL's weight in force: it rises in a straight line from 0 over the first `warmup` steps. */
  get beta() {
    const { beta, warmup } = this.settings;
    return warmup > 0 ? beta * Math.min(1, this.steps / warmup) : beta;
  }

  shuffle() {
    const keys = Float64Array.from(this.order, () => this.shuffleNoise());
    this.order.sort((a, b) => keys[a] - keys[b]);
    this.at = 0;
  }

  nextBatch() {
    const { x, data, vae, batch, order } = this;
    if (this.at + batch > this.rows) this.shuffle();
    for (let row = 0; row < batch; row++) {
      const from = order[this.at + row] * vae.dim;
      for (let j = 0; j < vae.dim; j++) x[row * vae.dim + j] = data[from + j];
    }
    this.at += batch;
    for (let i = 0; i < this.eps.length; i++) this.eps[i] = this.noise();
  }

  /** One step of Adam on a fresh batch. Returns false, leaving the weights alone, where the loss is not finite. */
  step() {
    this.nextBatch();
    const { sigma, rate, free } = this.settings;
    const { loss } = this.vae.loss(this.x, this.eps, this.batch, { beta: this.beta, sigma, free, learn: true });
    if (!Number.isFinite(loss)) return false;
    this.adam.step(this.vae.theta, this.vae.gradient, rate);
    this.steps += 1;
    return true;
  }
}
