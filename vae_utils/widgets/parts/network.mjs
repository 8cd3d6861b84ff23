// A multilayer perceptron on typed arrays, with backpropagation written by hand.
// Matrices are row-major. Every product is one kernel that reads both its matrices along their rows.
import { normalCdf, sigmoid } from "./maths.mjs";
import { SimdLayers, simd } from "./simd.mjs";

/** One entry of a times the transpose of b: row i of a, row j of b, both k long. */
const dot = (a, i, b, j, k) => {
  let total = 0;
  for (let p = 0; p < k; p++) total += a[i * k + p] * b[j * k + p];
  return total;
};

/** The block of out (.., n) at row i, column j: 4 x 4 sums that stay in registers, 16 products for 8 reads. */
const block = (a, b, out, n, k, i, j) => {
  const [a0, b0] = [i * k, j * k];
  const [a1, b1] = [a0 + k, b0 + k];
  const [a2, b2] = [a1 + k, b1 + k];
  const [a3, b3] = [a2 + k, b2 + k];
  let s00 = 0, s01 = 0, s02 = 0, s03 = 0;
  let s10 = 0, s11 = 0, s12 = 0, s13 = 0;
  let s20 = 0, s21 = 0, s22 = 0, s23 = 0;
  let s30 = 0, s31 = 0, s32 = 0, s33 = 0;
  for (let p = 0; p < k; p++) {
    const y0 = b[b0 + p];
    const y1 = b[b1 + p];
    const y2 = b[b2 + p];
    const y3 = b[b3 + p];
    const x0 = a[a0 + p];
    s00 += x0 * y0;
    s01 += x0 * y1;
    s02 += x0 * y2;
    s03 += x0 * y3;
    const x1 = a[a1 + p];
    s10 += x1 * y0;
    s11 += x1 * y1;
    s12 += x1 * y2;
    s13 += x1 * y3;
    const x2 = a[a2 + p];
    s20 += x2 * y0;
    s21 += x2 * y1;
    s22 += x2 * y2;
    s23 += x2 * y3;
    const x3 = a[a3 + p];
    s30 += x3 * y0;
    s31 += x3 * y1;
    s32 += x3 * y2;
    s33 += x3 * y3;
  }
  const at = i * n + j;
  out[at] = s00;
  out[at + 1] = s01;
  out[at + 2] = s02;
  out[at + 3] = s03;
  out[at + n] = s10;
  out[at + n + 1] = s11;
  out[at + n + 2] = s12;
  out[at + n + 3] = s13;
  out[at + 2 * n] = s20;
  out[at + 2 * n + 1] = s21;
  out[at + 2 * n + 2] = s22;
  out[at + 2 * n + 3] = s23;
  out[at + 3 * n] = s30;
  out[at + 3 * n + 1] = s31;
  out[at + 3 * n + 2] = s32;
  out[at + 3 * n + 3] = s33;
};

/** out (m, n) = a (m, k) times the transpose of b (n, k): whole blocks first, then the edges one by one. */
export const rowsByRows = (a, b, out, m, n, k) => {
  const [rows, columns] = [m - (m % 4), n - (n % 4)];
  for (let i = 0; i < rows; i += 4) for (let j = 0; j < columns; j += 4) block(a, b, out, n, k, i, j);
  for (let i = 0; i < m; i++) {
    for (let j = i < rows ? columns : 0; j < n; j++) out[i * n + j] = dot(a, i, b, j, k);
  }
};

/** out (n, m) = the transpose of a (m, n). */
export const transpose = (a, out, m, n) => {
  for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) out[j * m + i] = a[i * n + j];
};

/**
 * tanh within 3e-8, four times as fast as Math.tanh: Lambert's continued fraction n / d for tanh(x / 2), cut after
 * seven terms, then tanh(2a) = 2 tanh(a) / (1 + tanh(a)^2).
 */
export const tanh = (x) => {
  const half = x > 9 ? 4.5 : x < -9 ? -4.5 : 0.5 * x;
  const q = half * half;
  const n = half * (135135 + q * (17325 + q * (378 + q)));
  const d = 135135 + q * (62370 + q * (3150 + q * 28));
  return (2 * n * d) / (d * d + n * n);
};

/** Each activation in place, and a gradient times its slope where the output alone determines it: some only run. */
const ACTIVATIONS = {
  tanh: {
    gain: 1,
    apply: (y, size) => {
      for (let i = 0; i < size; i++) y[i] = tanh(y[i]);
    },
    pullBack: (gradient, y, size) => {
      for (let i = 0; i < size; i++) gradient[i] *= 1 - y[i] * y[i];
    },
  },
  relu: {
    gain: Math.SQRT2,
    apply: (y, size) => {
      for (let i = 0; i < size; i++) if (y[i] < 0) y[i] = 0;
    },
    pullBack: (gradient, y, size) => {
      for (let i = 0; i < size; i++) if (y[i] <= 0) gradient[i] = 0;
    },
  },
  silu: {
    gain: 1,
    apply: (y, size) => {
      for (let i = 0; i < size; i++) y[i] *= sigmoid(y[i]);
    },
  },
  gelu: {
    gain: 1,
    apply: (y, size) => {
      for (let i = 0; i < size; i++) y[i] *= normalCdf(y[i]);
    },
  },
};

/** Numbers in the parameters of an Mlp with these layer sizes. */
export const countParameters = (sizes) => sizes.slice(1).reduce((total, out, i) => total + out * (sizes[i] + 1), 0);

/** What `backward` needs of a layer beside its gradients: nothing that only runs forward pays for it. */
const makeScratch = ({ inputs, out }, n) => ({
  columns: new Float32Array(n * inputs),
  gradientColumns: new Float32Array(n * out),
  inputGradient: new Float32Array(n * inputs),
  weightColumns: new Float32Array(inputs * out),
});

/** The linear maps of an Mlp in JavaScript. `SimdLayers` has the same methods: read these first. */
class PlainLayers {
  constructor(layers) {
    Object.assign(this, { layers, kernel: "JavaScript", activations: {} });
  }

  /** Room for n rows in all that follows. */
  reserve(n) {
    this.capacity = n;
    for (const layer of this.layers) Object.assign(layer, { y: new Float32Array(n * layer.out), scratch: null });
  }

  /** Before `forward`: the input, n rows from outside, where it can be worked with. */
  takeInput(x) {
    return x;
  }

  /** Before `backward`: the gradient at the output likewise. */
  takeGradient(gradient) {
    return gradient;
  }

  /** layer.y = layer.x times the transpose of the weight, plus the bias. */
  forward({ weight, bias, inputs, out, x, y }, n) {
    rowsByRows(x, weight, y, n, out, inputs);
    for (let row = 0, at = 0; row < n; row++) for (let j = 0; j < out; j++, at++) y[at] += bias[j];
  }

  /** From the gradient at the layer's output to those of its weight and bias, and to that at its input, if wanted. */
  backward(layer, gradient, n, wantInput) {
    const { x, out, inputs, weight, weightGradient, biasGradient } = layer;
    const scratch = (layer.scratch ??= makeScratch(layer, this.capacity));
    biasGradient.fill(0);
    for (let row = 0, at = 0; row < n; row++) for (let j = 0; j < out; j++, at++) biasGradient[j] += gradient[at];
    transpose(gradient, scratch.gradientColumns, n, out);
    transpose(x, scratch.columns, n, inputs);
    rowsByRows(scratch.gradientColumns, scratch.columns, weightGradient, out, inputs, n);
    if (!wantInput) return null;
    transpose(weight, scratch.weightColumns, out, inputs);
    rowsByRows(gradient, scratch.weightColumns, scratch.inputGradient, n, inputs, out);
    return scratch.inputGradient;
  }
}

/** The kernels by name, the fastest first. */
export const KERNELS = ["WebAssembly", "JavaScript"];

/**
 * Linear layers with an activation between them, none after the last. Its parameters are views into `theta`, layer by
 * layer, weight (out, inputs) before bias; so are its gradients into `gradient`, which only `backward` needs. What
 * learns is computed by the kernel of this name, or by the one in JavaScript where the browser has no other.
 */
export class Mlp {
  constructor(sizes, activation, theta, gradient = null, kernel = KERNELS[0]) {
    let at = 0;
    const take = (size) => {
      const views = [theta.subarray(at, at + size), gradient?.subarray(at, at + size)];
      at += size;
      return views;
    };
    this.layers = sizes.slice(1).map((out, i) => {
      const inputs = sizes[i];
      const [weight, weightGradient] = take(out * inputs);
      const [bias, biasGradient] = take(out);
      return { inputs, out, weight, weightGradient, bias, biasGradient };
    });
    const fast = gradient && kernel === "WebAssembly" && simd();
    this.linear = fast ? new SimdLayers(this.layers) : new PlainLayers(this.layers);
    this.activation = { ...ACTIVATIONS[activation], ...this.linear.activations[activation] };
    this.capacity = 0;
  }

  /** The name of the kernel that computes this network. */
  get kernel() {
    return this.linear.kernel;
  }

  /** Weights from N(0, gain^2 / inputs), biases zero; `noise()` gives standard normal numbers. */
  initialize(noise) {
    for (const { weight, bias, inputs } of this.layers) {
      const scale = this.activation.gain / Math.sqrt(inputs);
      for (let i = 0; i < weight.length; i++) weight[i] = scale * noise();
      bias.fill(0);
    }
  }

  reserve(n) {
    if (n <= this.capacity) return;
    this.capacity = n;
    this.linear.reserve(n);
  }

  /** x (n, inputs) -> (n, outputs); the result is overwritten by the next call. */
  forward(x, n) {
    this.reserve(n);
    x = this.linear.takeInput(x, n);
    for (const [i, layer] of this.layers.entries()) {
      layer.x = x;
      this.linear.forward(layer, n);
      x = layer.y;
      if (i < this.layers.length - 1) this.activation.apply(x, n * layer.out);
    }
    return x;
  }

  /**
   * From the gradient at the output of the last `forward` to the gradients of all weights, which are overwritten.
   * Returns the gradient at the input, unless nobody asks for it.
   */
  backward(gradient, n, wantInput = true) {
    gradient = this.linear.takeGradient(gradient, n);
    for (let i = this.layers.length - 1; i >= 0; i--) {
      const layer = this.layers[i];
      if (i < this.layers.length - 1) this.activation.pullBack(gradient, layer.y, n * layer.out);
      gradient = this.linear.backward(layer, gradient, n, i > 0 || wantInput);
    }
    return gradient;
  }
}
