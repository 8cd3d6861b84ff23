import { close, equal, ok } from "./check.mjs";
import { Adam } from "../../vae_utils/widgets/playground/trainer.mjs";
import { normals } from "../../vae_utils/widgets/parts/maths.mjs";
import {
  Mlp,
  countParameters,
  rowsByRows,
  tanh,
  transpose,
} from "../../vae_utils/widgets/parts/network.mjs";

const random = (n, seed) => Float32Array.from({ length: n }, normals(seed));

const naive = (a, b, m, n, k) =>
  Array.from({ length: m * n }, (_, at) => {
    let total = 0;
    for (let p = 0; p < k; p++) total += a[Math.floor(at / n) * k + p] * b[(at % n) * k + p];
    return total;
  });

export const tests = {
  "the kernel agrees with the plain sum in every shape": () => {
    for (const [m, n, k] of [[1, 1, 1], [4, 4, 3], [5, 2, 7], [8, 9, 4], [3, 7, 2], [13, 6, 5], [2, 1, 64]]) {
      const [a, b, out] = [random(m * k, 1), random(n * k, 2), new Float32Array(m * n)];
      rowsByRows(a, b, out, m, n, k);
      close(Array.from(out), naive(a, b, m, n, k), 1e-5, `${m} x ${n} x ${k}`);
    }
  },
  "transposing twice changes nothing": () => {
    const [a, once, twice] = [random(15, 3), new Float32Array(15), new Float32Array(15)];
    transpose(a, once, 3, 5);
    transpose(once, twice, 5, 3);
    equal(Array.from(twice), Array.from(a));
    equal(once[1], a[5]);
  },
  "the fast tanh is tanh, at the ends too": () => {
    for (let x = -30; x <= 30; x += 0.01) close(tanh(x), Math.tanh(x), 5e-8);
  },
  "a network with one linear layer is a matrix product": () => {
    const [theta, gradient] = [Float32Array.of(1, 2, 3, 4, 10, 20), new Float32Array(6)];
    const mlp = new Mlp([2, 2], "relu", theta, gradient);
    equal(Array.from(mlp.forward(Float32Array.of(1, 1, 2, 0), 2)).slice(0, 4), [13, 27, 12, 26]);
    const back = mlp.backward(Float32Array.of(1, 0, 0, 1), 2);
    equal(Array.from(gradient), [1, 1, 2, 0, 1, 1]);
    equal(Array.from(back).slice(0, 4), [1, 2, 3, 4]);
  },
  "backpropagation agrees with finite differences": () => {
    for (const activation of ["tanh", "relu"]) {
      const sizes = [3, 6, 5, 2];
      const size = countParameters(sizes);
      const [theta, gradient] = [new Float32Array(size), new Float32Array(size)];
      const mlp = new Mlp(sizes, activation, theta, gradient);
      mlp.initialize(normals(5));
      const x = random(21, 6);
      const objective = () => mlp.forward(x, 7).subarray(0, 14).reduce((total, y) => total + 0.5 * y * y, 0);
      mlp.backward(mlp.forward(x, 7).slice(), 7);
      const got = gradient.slice();
      for (let i = 0; i < size; i += 3) {
        const before = theta[i];
        theta[i] = before + 0.002;
        const up = objective();
        theta[i] = before - 0.002;
        const slope = (up - objective()) / 0.004;
        theta[i] = before;
        close(got[i], slope, 5e-3 * (1 + Math.abs(slope)), `${activation} ${i}`);
      }
    }
  },
  "Adam's first step has the length of the rate, whatever the gradient": () => {
    const theta = Float32Array.of(1, 1, 1);
    new Adam(3).step(theta, Float32Array.of(5, -0.001, 0), 0.1);
    close(Array.from(theta), [0.9, 1.1, 1], 1e-4);
  },
  "weights start at the scale of their inputs": () => {
    const size = countParameters([64, 64]);
    const mlp = new Mlp([64, 64], "tanh", new Float32Array(size), new Float32Array(size));
    mlp.initialize(normals(1));
    const { weight, bias } = mlp.layers[0];
    close(weight.reduce((total, w) => total + w * w, 0) / weight.length, 1 / 64, 0.002);
    ok(bias.every((b) => b === 0), "biases start at zero");
  },
};
