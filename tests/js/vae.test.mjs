import { close, equal, ok } from "./check.mjs";
import { makeShape } from "../../vae_utils/widgets/playground/datasets.mjs";
import { gaussianKl, normals } from "../../vae_utils/widgets/parts/maths.mjs";
import { modelFor } from "../../vae_utils/widgets/playground/training.mjs";
import { Trainer } from "../../vae_utils/widgets/playground/trainer.mjs";
import { Vae } from "../../vae_utils/widgets/playground/vae.mjs";

const random = (n, seed) => Float32Array.from({ length: n }, normals(seed));
const small = (dim, latent) => {
  const model = modelFor(dim, latent, "tanh");
  return new Vae({ ...model, encoder: [dim, 7, 2 * latent], decoder: [latent, 6, dim], seed: 3 });
};
const trainer = (settings = {}, extra = {}) => {
  const { x } = makeShape("spirals", 300, 1);
  return new Trainer({ data: x, rows: 300, model: modelFor(2, 2, "tanh"), seed: 4, settings, ...extra });
};
const train = (one, steps) => {
  for (let i = 0; i < steps; i++) one.step();
  return one;
};

export const tests = {
  "gradients agree with finite differences, both likelihoods, one and two latent numbers": () => {
    for (const [dim, latent] of [[2, 2], [2, 1], [5, 2]]) {
      const vae = small(dim, latent);
      const x = random(6 * dim, 1).map((value) => (dim === 2 ? value : 1 / (1 + Math.exp(-value))));
      const eps = random(6 * latent, 2);
      const weights = { beta: 0.7, sigma: 0.5 };
      vae.loss(x, eps, 6, { ...weights, learn: true });
      const gradient = vae.gradient.slice();
      for (let i = 0; i < vae.theta.length; i++) {
        const before = vae.theta[i];
        vae.theta[i] = before + 0.01;
        const up = vae.loss(x, eps, 6, weights).loss;
        vae.theta[i] = before - 0.01;
        const slope = (up - vae.loss(x, eps, 6, weights).loss) / 0.02;
        vae.theta[i] = before;
        close(gradient[i], slope, 3e-3 * (1 + Math.abs(slope)), `${dim} ${latent} ${i}`);
      }
    }
  },
  "the KL is the closed form, and the loss adds up": () => {
    const vae = small(2, 2);
    const x = random(10, 5);
    const { loss, reconstruction, kl } = vae.loss(x, random(10, 6), 5, { beta: 3, sigma: 0.4 });
    const { mu, logvar } = vae.posterior(x, 5);
    const total = Array.from(mu).reduce((sum, m, i) => sum + gaussianKl(m, Math.exp(logvar[i] / 2)), 0);
    close(kl, total / 5, 1e-6);
    close(loss, -reconstruction + 3 * kl, 1e-6);
  },
  "the same seed and settings give the same weights, another seed others": () => {
    const [first, second] = [train(trainer(), 30), train(trainer(), 30)];
    equal(Array.from(first.vae.theta), Array.from(second.vae.theta));
    ok(train(trainer({}, { seed: 5 }), 30).vae.theta[0] !== first.vae.theta[0], "seeds differ");
  },
  "every row is seen once an epoch": () => {
    const one = trainer({}, { batch: 100 });
    const seen = [];
    for (let i = 0; i < 3; i++) {
      one.nextBatch();
      seen.push(...one.x.filter((_, at) => at % 2 === 0));
    }
    const sorted = (values) => Array.from(values).sort((a, b) => a - b);
    equal(sorted(seen), sorted(one.data.filter((_, at) => at % 2 === 0)));
  },
  "warm-up raises beta in a straight line and stops": () => {
    const one = trainer({ beta: 4, warmup: 100 });
    close(one.beta, 0);
    one.steps = 50;
    close(one.beta, 2);
    one.steps = 500;
    close(one.beta, 4);
  },
  "it learns: the loss falls, and beta of 16 empties the code": () => {
    const look = (one) => one.vae.loss(one.data, new Float32Array(600), 300, { beta: 1, sigma: 0.2 });
    const start = look(trainer()).loss;
    ok(look(train(trainer(), 300)).loss < 0.2 * start, "the loss falls");
    const squeezed = train(trainer({ beta: 16, sigma: 1, rate: 0.01 }), 300);
    ok(look(squeezed).kl < 0.05, `KL ${look(squeezed).kl} under beta 16`);
  },
  "wild settings stop the training before a weight is lost": () => {
    const one = trainer({ rate: 1e6, sigma: 0.01 });
    for (let i = 0; i < 200 && one.step(); i++);
    ok(one.vae.theta.every(Number.isFinite), "weights stay finite");
    ok(!one.data.some(Number.isNaN), "data are finite");
  },
};
