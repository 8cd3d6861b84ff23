// A generator and a critic, and the gradients of their losses.
import { normals } from "../parts/maths.mjs";
import { countParameters, Mlp } from "../parts/network.mjs";
import { LOSSES } from "./losses.mjs";
import { pullSlopes, slopeFromOne, slopesOf, squaredSlope } from "./slopes.mjs";

/** x = G(z), and f(x); `generator` and `critic` are layer sizes. */
export class Gan {
  constructor({ generator, critic, activation = "relu", seed = 0 }) {
    const made = (sizes) => {
      const [theta, gradient] = [0, 1].map(() => new Float32Array(countParameters(sizes)));
      return { net: new Mlp(sizes, activation, theta, gradient), theta, gradient };
    };
    Object.assign(this, { generator: made(generator), critic: made(critic), activation });
    Object.assign(this, { latent: generator[0], dim: critic[0] });
    const noise = normals(seed);
    this.generator.net.initialize(noise);
    this.critic.net.initialize(noise);
  }

  /** z (n, latent) -> G(z), (n, dim). */
  draw(z, n) {
    return this.generator.net.forward(z, n).slice(0, n * this.dim);
  }

  /** x (n, dim) -> f(x), (n). */
  criticize(x, n) {
    return this.critic.net.forward(x, n).slice(0, n);
  }

  /** The penalty on the slope at n points x, its gradient left in the critic's. */
  penalty(x, n, { loss, strength }) {
    const { net } = this.critic;
    const charge = LOSSES[loss].penalty === "R1" ? squaredSlope : slopeFromOne;
    const { value, v } = charge(slopesOf(net, x, n), n, strength);
    pullSlopes(net, this.activation, v, n);
    return value;
  }

  /**
   * The critic's loss on n real and n fake points, penalty included; the gradient is left in `critic.gradient`.
   * Where the penalty is asked between the two, it is at u real + (1 - u) fake, u (n).
   */
  criticLoss(real, fake, u, n, { loss, strength }) {
    const { net, gradient } = this.critic;
    const between = real.map((value, at) => {
      const share = u[Math.floor(at / this.dim)];
      return share * value + (1 - share) * fake[at];
    });
    const at = LOSSES[loss].penalty === "R1" ? real : between;
    let total = strength > 0 ? this.penalty(at, n, { loss, strength }) : 0;
    const charged = strength > 0 ? gradient.slice() : null;
    const both = new Float32Array(2 * n * this.dim);
    both.set(real);
    both.set(fake, n * this.dim);
    const f = net.forward(both, 2 * n);
    const slopes = new Float32Array(2 * n);
    for (let i = 0; i < n; i++) {
      const [value, atReal, atFake] = LOSSES[loss].critic(f[i], f[n + i]);
      total += value / n;
      slopes[i] = atReal / n;
      slopes[n + i] = atFake / n;
    }
    net.backward(slopes, 2 * n, false);
    if (charged) for (let i = 0; i < gradient.length; i++) gradient[i] += charged[i];
    return total;
  }

  /** The generator's loss on G(z), z (n, latent), drawn anew; the gradient is left in `generator.gradient`. */
  generatorLoss(z, real, n, { loss }) {
    const said = this.criticize(real, n);
    const fake = this.generator.net.forward(z, n);
    const f = this.critic.net.forward(fake, n);
    const slopes = new Float32Array(n);
    let total = 0;
    for (let i = 0; i < n; i++) {
      const [value, slope] = LOSSES[loss].generator(said[i], f[i]);
      total += value / n;
      slopes[i] = slope / n;
    }
    this.generator.net.backward(this.critic.net.backward(slopes, n), n, false);
    return total;
  }
}
