// A variational autoencoder: its three distributions, its loss in nats per example, and the gradients of that loss.
import { clamp, LOGVAR_LIMIT, normals, sigmoid, sum } from "../parts/maths.mjs";
import { countParameters, Mlp } from "../parts/network.mjs";

const LOG_TWO_PI = Math.log(2 * Math.PI);

/** Sum of log N(x; out, sigma^2 I) over the rows, and the gradient of minus its mean. */
const gaussianScore = (x, out, n, dim, gradient, sigma) => {
  const precision = 1 / (sigma * sigma);
  let total = -n * dim * (Math.log(sigma) + 0.5 * LOG_TWO_PI);
  for (let i = 0; i < n * dim; i++) {
    const difference = out[i] - x[i];
    total -= 0.5 * precision * difference * difference;
    gradient[i] = (precision * difference) / n;
  }
  return total;
};

/**
 * Sum of x * out - log(1 + exp(out)) with logits `out`, and the gradient of minus its mean.
 * The logarithms of a row are one logarithm of a product, which is what makes it fast.
 */
const bernoulliScore = (x, out, n, dim, gradient) => {
  let total = 0;
  for (let row = 0; row < n; row++) {
    let product = 1;
    for (let i = row * dim; i < (row + 1) * dim; i++) {
      const logit = out[i];
      const small = Math.exp(-Math.abs(logit));
      product *= 1 + small;
      total += x[i] * logit - (logit > 0 ? logit : 0);
      gradient[i] = ((logit > 0 ? 1 : small) / (1 + small) - x[i]) / n;
    }
    total -= Math.log(product);
  }
  return total;
};

/**
 * prior N(0, I); posterior N(mu(x), diag exp(logvar(x))); likelihood N(decoder(z), sigma^2 I) or Bernoulli(decoder(z)).
 * `encoder` and `decoder` are layer sizes, as [2, 32, 32, 4] and [2, 32, 32, 2] for two latent numbers.
 */
export class Vae {
  constructor({ encoder, decoder, likelihood = "gaussian", activation = "tanh", seed = 0, kernel }) {
    const [split, size] = [countParameters(encoder), countParameters(encoder) + countParameters(decoder)];
    this.theta = new Float32Array(size);
    this.gradient = new Float32Array(size);
    const part = (from, to) => [this.theta.subarray(from, to), this.gradient.subarray(from, to)];
    this.encoder = new Mlp(encoder, activation, ...part(0, split), kernel);
    this.decoder = new Mlp(decoder, activation, ...part(split, size), kernel);
    Object.assign(this, { likelihood, dim: encoder[0], latent: decoder[0] });
    const noise = normals(seed);
    this.encoder.initialize(noise);
    this.decoder.initialize(noise);
  }

  /** The name of the kernel that computes its networks. */
  get kernel() {
    return this.decoder.kernel;
  }

  /** x (n, dim) -> { mu, logvar }, each (n, latent). */
  posterior(x, n) {
    const heads = this.encoder.forward(x, n);
    const { latent } = this;
    const [mu, logvar] = [new Float32Array(n * latent), new Float32Array(n * latent)];
    for (let row = 0; row < n; row++) {
      for (let j = 0; j < latent; j++) {
        mu[row * latent + j] = heads[2 * row * latent + j];
        logvar[row * latent + j] = clamp(heads[(2 * row + 1) * latent + j], -LOGVAR_LIMIT, LOGVAR_LIMIT);
      }
    }
    return { mu, logvar };
  }

  /** z (n, latent) -> the mean of p(x | z), (n, dim). */
  decode(z, n) {
    const out = this.decoder.forward(z, n).slice(0, n * this.dim);
    return this.likelihood === "bernoulli" ? out.map(sigmoid) : out;
  }

  /** Mean over the batch of log p(x | z); fills the gradient of minus that mean at the decoder's output, if given. */
  reconstruction(x, out, n, sigma, gradient) {
    const score = this.likelihood === "bernoulli" ? bernoulliScore : gaussianScore;
    return score(x, out, n, this.dim, gradient ?? new Float32Array(n * this.dim), sigma) / n;
  }

  /**
   * loss = -reconstruction + beta * sum_j max(free, kl_j), averaged over the n rows of x, with z = mu + sigma_q * eps:
   * a latent number whose mean kl_j is below `free` nats gets no gradient of it (Kingma et al. 2016). `kl` is the sum
   * of the kl_j as they are. With `learn` the gradient of the loss is left in `this.gradient`, and in `this.slopes` the
   * one by z and by the heads: mu and logvar of each row.
   */
  loss(x, eps, n, { beta = 1, sigma = 1, free = 0, learn = false }) {
    const { mu, logvar } = this.posterior(x, n);
    const z = mu.map((value, i) => value + Math.exp(0.5 * logvar[i]) * eps[i]);
    const out = this.decoder.forward(z, n);
    const outGradient = learn ? new Float32Array(n * this.dim) : null;
    const reconstruction = this.reconstruction(x, out, n, sigma, outGradient);
    const kls = this.klOf(mu, logvar, n);
    const paid = sum(kls.map((kl) => Math.max(free, kl)));
    const weights = kls.map((kl) => (kl < free ? 0 : beta));
    if (learn) this.backward(this.decoder.backward(outGradient, n), mu, logvar, eps, n, weights);
    return { loss: -reconstruction + beta * paid, reconstruction, kl: sum(kls) };
  }

  /** Mean over n rows of the KL of each latent number. */
  klOf(mu, logvar, n) {
    const kls = Array.from({ length: this.latent }, () => 0);
    for (let i = 0; i < mu.length; i++) {
      kls[i % this.latent] += (0.5 * (mu[i] ** 2 + Math.exp(logvar[i]) - 1 - logvar[i])) / n;
    }
    return kls;
  }

  /** From dloss/dz through z = mu + exp(logvar / 2) * eps, plus the slope of weights_j * kl_j, into the encoder. */
  backward(zGradient, mu, logvar, eps, n, weights) {
    const { latent } = this;
    const heads = new Float32Array(2 * n * latent);
    for (let row = 0; row < n; row++) {
      for (let j = 0; j < latent; j++) {
        const i = row * latent + j;
        const beta = weights[j];
        const width = Math.exp(0.5 * logvar[i]);
        const inside = Math.abs(logvar[i]) < LOGVAR_LIMIT;
        heads[2 * row * latent + j] = zGradient[i] + (beta * mu[i]) / n;
        const slope = 0.5 * (zGradient[i] * eps[i] * width + (beta * (width * width - 1)) / n);
        heads[(2 * row + 1) * latent + j] = inside ? slope : 0;
      }
    }
    this.slopes = { z: zGradient.slice(0, n * latent), heads: heads.slice() };
    this.encoder.backward(heads, n, false);
  }
}
