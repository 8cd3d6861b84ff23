// The linear maps of a network in WebAssembly: the functions of simd.wat, and the memory that they work in.
import { CODE } from "./simd_code.mjs";

const PAGE = 65536;
const BLOCK = 32;
const NUMBER = Float32Array.BYTES_PER_ELEMENT;
let compiled;

/** The compiled functions, or null where the browser has no WebAssembly with SIMD. */
export const simd = () => {
  if (compiled !== undefined) return compiled;
  try {
    compiled = new WebAssembly.Module(Uint8Array.from(atob(CODE), (letter) => letter.charCodeAt(0)));
  } catch {
    compiled = null;
  }
  return compiled;
};

/** The first numbers of an array, as many as `size`. */
const firstOf = (values, size) => (values.length === size ? values : values.slice(0, size));

/**
 * The functions, and a memory of their own. `wanted` is [[owner, { name: size }], ...]: each owner gets arrays of these
 * names in it, between `front` bytes for `product` to pack in and `behind` bytes that it may read and nobody wrote.
 */
const allot = (front, wanted, behind) => {
  const { exports } = new WebAssembly.Instance(simd());
  let at = front;
  const places = wanted.flatMap(([owner, sizes]) =>
    Object.entries(sizes).map(([name, size]) => {
      const from = at;
      at += 16 * Math.ceil((NUMBER * size + BLOCK) / 16);
      return [owner, name, from, size];
    }),
  );
  exports.memory.grow(Math.ceil((at + behind) / PAGE));
  for (const [owner, name, from, size] of places) owner[name] = new Float32Array(exports.memory.buffer, from, size);
  return exports;
};

/**
 * The methods of PlainLayers in network.mjs. The arrays that they work with lie in a memory of their own: parameters
 * and the input are copied into it before each `forward`, the gradients of the parameters out of it by `backward`.
 */
export class SimdLayers {
  constructor(layers) {
    const activations = {
      tanh: {
        apply: (y, size) => this.functions.tanh(y.byteOffset, size),
        pullBack: (gradient, y, size) => this.functions.tanhBack(gradient.byteOffset, y.byteOffset, size),
      },
    };
    Object.assign(this, { layers, kernel: "WebAssembly", activations });
  }

  reserve(n) {
    const [first, last] = [this.layers[0], this.layers.at(-1)];
    const widest = Math.max(first.inputs, ...this.layers.map(({ out }) => out));
    const wanted = [[this, { one: 1, zeros: widest, input: n * first.inputs, gradient: n * last.out }]];
    for (const layer of this.layers) {
      const { inputs, out } = layer;
      const parameters = { weight: inputs * out, bias: out, weightGradient: inputs * out, biasGradient: out };
      layer.inside = {};
      wanted.push([layer, { y: n * out }], [layer.inside, { ...parameters, inputGradient: n * inputs }]);
    }
    this.functions = allot(BLOCK * Math.max(n, widest), wanted, BLOCK * widest);
    this.one[0] = 1;
  }

  takeInput(x, n) {
    for (const { weight, bias, inside } of this.layers) {
      inside.weight.set(weight);
      inside.bias.set(bias);
    }
    this.input.set(firstOf(x, n * this.layers[0].inputs));
    return this.input;
  }

  takeGradient(gradient, n) {
    this.gradient.set(firstOf(gradient, n * this.layers.at(-1).out));
    return this.gradient;
  }

  /** out (m, n) = start + a times b; each is [array, down, along]: how far apart two of its rows, and columns, lie. */
  product([a, aDown, aAlong], [b, bDown, bAlong], start, out, m, n, k) {
    const steps = [aDown, aAlong, bDown, bAlong].map((step) => NUMBER * step);
    this.functions.product(
      a.byteOffset, steps[0], steps[1],
      b.byteOffset, steps[2], steps[3],
      start.byteOffset, out.byteOffset, m, n, k,
    );
  }

  forward({ inside, inputs, out, x, y }, n) {
    this.product([x, inputs, 1], [inside.weight, 1, inputs], inside.bias, y, n, out, inputs);
  }

  backward({ inside, inputs, out, x, weightGradient, biasGradient }, gradient, n, wantInput) {
    const { one, zeros } = this;
    this.product([gradient, 1, out], [x, inputs, 1], zeros, inside.weightGradient, out, inputs, n);
    this.product([one, 0, 0], [gradient, out, 1], zeros, inside.biasGradient, 1, out, n);
    weightGradient.set(inside.weightGradient);
    biasGradient.set(inside.biasGradient);
    if (!wantInput) return null;
    this.product([gradient, out, 1], [inside.weight, inputs, 1], zeros, inside.inputGradient, n, inputs, out);
    return inside.inputGradient;
  }
}
