import { close, equal, ok } from "./check.mjs";
import { normals } from "../../vae_utils/widgets/parts/maths.mjs";
import { countParameters, KERNELS, Mlp } from "../../vae_utils/widgets/parts/network.mjs";
import { simd } from "../../vae_utils/widgets/parts/simd.mjs";
import { makeShape } from "../../vae_utils/widgets/playground/datasets.mjs";
import { modelFor } from "../../vae_utils/widgets/playground/training.mjs";
import { Trainer } from "../../vae_utils/widgets/playground/trainer.mjs";

const random = (n, seed) => Float32Array.from({ length: n }, normals(seed));

/** What a network of these sizes computes of n rows: outputs and gradients. */
const computed = (kernel, sizes, activation, n) => {
  const size = countParameters(sizes);
  const [theta, gradient] = [random(size, 1).map((w) => 0.3 * w), new Float32Array(size).fill(7)];
  const mlp = new Mlp(sizes, activation, theta, gradient, kernel);
  equal(mlp.kernel, kernel);
  const out = mlp.forward(random(n * sizes[0], 2), n).slice(0, n * sizes.at(-1));
  const back = mlp.backward(random(out.length, 3), n).slice(0, n * sizes[0]);
  const again = mlp.forward(random(n * sizes[0], 2), n).slice(0, out.length);
  equal(Array.from(again), Array.from(out), "the same input again");
  return { out: Array.from(out), gradient: Array.from(gradient), back: Array.from(back) };
};

const PAIRS = [[1, 1], [2, 3], [3, 2], [5, 7], [4, 8], [8, 9], [9, 8], [17, 1], [1, 30]];
const SIZES = [...PAIRS, [6, 12, 10, 5], [2, 33, 31, 4]];

export const tests = {
  "the engine of these tests has both kernels": () => {
    ok(simd() instanceof WebAssembly.Module, "WebAssembly with SIMD");
    equal(KERNELS, ["WebAssembly", "JavaScript"]);
  },
  "both kernels agree where edges are no multiples of four or eight, forward and back": () => {
    for (const activation of ["tanh", "relu"]) {
      for (const sizes of SIZES) {
        for (const n of [1, 2, 3, 4, 5, 7, 8, 13]) {
          const [fast, plain] = KERNELS.map((kernel) => computed(kernel, sizes, activation, n));
          for (const name of ["out", "gradient", "back"]) {
            close(fast[name], plain[name], 1e-5, `${name} of ${sizes}, ${activation}, ${n} rows`);
          }
        }
      }
    }
  },
  "more rows than before, or fewer, change nothing": () => {
    const sizes = [3, 5, 2];
    const size = countParameters(sizes);
    const mlp = new Mlp(sizes, "tanh", random(size, 1), new Float32Array(size));
    const x = random(27, 2);
    const whole = Array.from(mlp.forward(x.subarray(0, 6), 2).slice(0, 4));
    const more = Array.from(mlp.forward(x, 9).slice(0, 4));
    const fewer = Array.from(mlp.forward(x, 1).slice(0, 2));
    equal(more, whole);
    equal(fewer, whole.slice(0, 2));
  },
  "without a gradient, and where nothing else is there, JavaScript computes": async () => {
    const theta = new Float32Array(countParameters([2, 2]));
    equal(new Mlp([2, 2], "tanh", theta).kernel, "JavaScript");
    const { WebAssembly } = globalThis;
    try {
      delete globalThis.WebAssembly;
      equal((await import("../../vae_utils/widgets/parts/simd.mjs?without")).simd(), null);
    } finally {
      globalThis.WebAssembly = WebAssembly;
    }
  },
  "a number that is none is passed on": () => {
    for (const kernel of KERNELS) {
      const theta = new Float32Array(countParameters([1, 4, 1])).fill(1);
      const mlp = new Mlp([1, 4, 1], "tanh", theta, new Float32Array(theta.length), kernel);
      ok(Number.isNaN(mlp.forward(Float32Array.of(NaN), 1)[0]), kernel);
      close(mlp.forward(Float32Array.of(Infinity), 1)[0], 5, 1e-6, kernel);
    }
  },
  "a training takes the same way with both": () => {
    const { x } = makeShape("spirals", 300, 1);
    const [fast, plain] = KERNELS.map((kernel) => {
      const one = new Trainer({ data: x, rows: 300, model: { ...modelFor(2, 2, "tanh"), kernel }, seed: 4 });
      equal(one.vae.kernel, kernel);
      for (let i = 0; i < 30; i++) one.step();
      return one.vae.loss(x, new Float32Array(600), 300, {}).loss;
    });
    close(fast, plain, 1e-3 * plain);
  },
};
