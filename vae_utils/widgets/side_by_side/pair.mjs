// A GAN and a VAE trained side by side on the same batches, for the same steps, and the score card of both.
import { linspace, normals, uniforms } from "../parts/maths.mjs";
import { Film } from "../playground/film.mjs";
import { Adam } from "../playground/trainer.mjs";
import { Vae } from "../playground/vae.mjs";
import { Gan } from "./gan.mjs";
import { judge, lawOf, vaeNll } from "./laws.mjs";
import { bound } from "./losses.mjs";
import { BATCH, REACH, SIDE } from "./sizes.mjs";

const [POINTS, HIDDEN, LATENT] = [4000, [32, 32], 2];
const [DRAWS, HELD, SAMPLES] = [2500, 200, 50];
const SHOWN = 700;
const [GAN_RATE, VAE_RATE, DECAY] = [0.002, 0.01, 0.9];
const START = 0.05; // of sigma: so small that z has something to say from the first step

const filled = (n, next) => Float32Array.from({ length: n }, next);

export class Pair {
  constructor({ data, seed, settings }) {
    const law = lawOf(data);
    const gan = { generator: [LATENT, ...HIDDEN, 2], critic: [2, ...HIDDEN, 1], activation: "relu" };
    const vae = { encoder: [2, ...HIDDEN, 2 * LATENT], decoder: [LATENT, ...HIDDEN, 2], activation: "tanh" };
    this.gan = new Gan({ ...gan, seed: 10 * seed + 1 });
    this.vae = new Vae({ ...vae, seed: 10 * seed + 2 });
    this.logvar = Float32Array.of(2 * Math.log(START));
    const trained = [this.gan.critic.theta, this.gan.generator.theta, this.vae.theta, this.logvar];
    this.adams = trained.map(({ length }) => new Adam(length));
    Object.assign(this, { law, settings, steps: 0, broken: false, charged: false, film: new Film(400, 50) });
    this.points = law.draw(POINTS, 10 * seed + 3);
    [this.noise, this.uniform] = [normals(10 * seed + 4), uniforms(10 * seed + 5)];
    this.prepare(10 * seed + 6);
    this.record();
  }

  /** What both are judged by, fixed, so that curves are smooth: codes, noise, fresh points, a grid for the critic. */
  prepare(seed) {
    const noise = normals(seed);
    this.z = filled(DRAWS * LATENT, noise);
    this.eps = filled(DRAWS * 2, noise);
    this.held = this.law.draw(HELD, seed + 1);
    this.exact = this.law.nll(this.held);
    this.shown = this.points.slice(0, 2 * SHOWN);
    const axis = Array.from(linspace(-REACH, REACH, SIDE));
    this.grid = Float32Array.from(axis.toReversed().flatMap((y) => axis.flatMap((x) => [x, y])));
  }

  get sigma() {
    return this.settings.learned ? Math.exp(0.5 * this.logvar[0]) : this.law.width;
  }

  /** Other settings from now on. `charged` keeps whether any step of the run had a penalty. */
  change(settings) {
    this.settings = settings;
    this.broken = false;
  }

  nextBatch() {
    const x = new Float32Array(2 * BATCH);
    for (let row = 0; row < BATCH; row++) {
      const from = 2 * Math.floor(this.uniform() * POINTS);
      x[2 * row] = this.points[from];
      x[2 * row + 1] = this.points[from + 1];
    }
    return x;
  }

  /** One step of the critic and one of the generator; false where the loss is not finite. */
  trainGan(x, share) {
    const { gan, settings, adams } = this;
    const how = [GAN_RATE * share, settings.momentum, DECAY];
    const [z, u] = [filled(BATCH * LATENT, this.noise), filled(BATCH, this.uniform)];
    const loss = gan.criticLoss(x, gan.draw(z, BATCH), u, BATCH, settings);
    if (!Number.isFinite(loss)) return false;
    adams[0].step(gan.critic.theta, gan.critic.gradient, ...how);
    gan.generatorLoss(z, x, BATCH, settings);
    adams[1].step(gan.generator.theta, gan.generator.gradient, ...how);
    return true;
  }

  /** One step of encoder, decoder and the logarithm of sigma^2; false where the loss is not finite. */
  trainVae(x, share) {
    const { vae, sigma, adams } = this;
    const eps = filled(BATCH * LATENT, this.noise);
    const { loss, reconstruction } = vae.loss(x, eps, BATCH, { beta: 1, sigma, learn: true });
    if (!Number.isFinite(loss)) return false;
    adams[2].step(vae.theta, vae.gradient, VAE_RATE * share);
    adams[3].step(this.logvar, Float32Array.of(slopeInLogvar(reconstruction, sigma)), VAE_RATE * share);
    return true;
  }

  /** One batch for both; false once the budget is spent or a loss is not finite. */
  step() {
    const { budget } = this.settings;
    if (this.broken || this.steps >= budget) return false;
    const [x, share] = [this.nextBatch(), 1 - this.steps / budget];
    this.broken = !(this.trainGan(x, share) && this.trainVae(x, share));
    if (this.broken) return false;
    this.steps += 1;
    this.charged ||= this.settings.strength > 0;
    if (this.film.wants(this.steps)) this.record();
    return this.steps < budget;
  }

  /** n samples of each: G(z), and the mean of p(x | z) with its noise. */
  samples(n) {
    const { gan, vae, z, eps, sigma } = this;
    return { gan: gan.draw(z, n), vae: vae.decode(z, n).map((mean, i) => mean + sigma * eps[i]) };
  }

  /** The score card as it is now. */
  judged() {
    const { law, vae, gan, held } = this;
    const drawn = this.samples(DRAWS);
    const said = [held, drawn.gan].map((x) => gan.criticize(x, HELD));
    return {
      step: this.steps,
      gan: judge(law, drawn.gan),
      vae: judge(law, drawn.vae),
      nll: vaeNll(vae, this.sigma, held, HELD, SAMPLES, normals(9)),
      bound: bound(this.settings.loss, ...said),
    };
  }

  record() {
    this.card = this.judged();
    this.film.add(this.card);
  }

  /** Everything the page draws; where the training rests, the card is that of this very step. */
  snapshot(_, rests) {
    const { film, steps, law } = this;
    if (rests && (this.card.step !== steps)) this.card = this.judged();
    const past = film.entries.at(-1).step === this.card.step ? film.entries : [...film.entries, this.card];
    return {
      step: steps,
      spent: steps >= this.settings.budget,
      broken: this.broken,
      charged: this.charged,
      card: this.card,
      exact: this.exact,
      sigma: this.sigma,
      modes: law.modes ? law.centers.length : 0,
      data: this.shown,
      samples: this.samples(SHOWN),
      field: this.gan.criticize(this.grid, SIDE * SIDE),
      past,
    };
  }
}

/** The slope of a VAE's loss in log sigma^2, per example in the plane: 1 - |x - mean|^2 / (2 sigma^2). */
export const slopeInLogvar = (reconstruction, sigma) =>
  1 + reconstruction + 2 * (Math.log(sigma) + 0.5 * Math.log(2 * Math.PI));
