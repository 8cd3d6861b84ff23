// The slope of a network in its input, df/dx, and the gradient of a penalty on that slope: backpropagation twice.
import { rowsByRows, transpose } from "../parts/network.mjs";

/** Slope and bend of an activation at its output y. */
const BENDS = {
  tanh: (y) => [1 - y * y, -2 * y * (1 - y * y)],
  relu: (y) => [y > 0 ? 1 : 0, 0],
};

/** df/dx, (n, inputs), of each row of x (n, inputs) by an Mlp with one output; its weights' gradients are lost. */
export const slopesOf = (mlp, x, n) => {
  mlp.forward(x, n);
  return mlp.backward(new Float32Array(n).fill(1), n).slice(0, n * mlp.layers[0].inputs);
};

/** What v (n, inputs) becomes on its way through the layers: the tangent before each, and before its activation. */
const tangents = (mlp, bend, v, n) => {
  const [before, inside] = [[v], []];
  mlp.layers.forEach(({ weight, inputs, out, y }, i) => {
    const s = new Float32Array(n * out);
    rowsByRows(before[i], weight, s, n, out, inputs);
    inside.push(s);
    before.push(i < mlp.layers.length - 1 ? s.map((value, at) => bend(y[at])[0] * value) : s);
  });
  return { before, inside };
};

/** out (a, b) = the transpose of left (n, a) times right (n, b). */
const columnsByColumns = (left, right, out, a, b, n) => {
  const [leftColumns, rightColumns] = [new Float32Array(a * n), new Float32Array(b * n)];
  transpose(left, leftColumns, n, a);
  transpose(right, rightColumns, n, b);
  rowsByRows(leftColumns, rightColumns, out, a, b, n);
};

/** Two blocks of rows, one above the other. */
const stacked = (upper, lower, size) => {
  const both = new Float32Array(2 * size);
  both.set(upper.subarray(0, size));
  both.set(lower.subarray(0, size), size);
  return both;
};

/**
 * The gradient of sum_row v_row . df/dx_row in the weights, into those of the Mlp. Right after `slopesOf`, v (n,
 * inputs) being constant. That sum is the derivative of f along v: forward it is carried as a tangent beside the
 * values, and backward the gradients of both come down together, the tangent's rows above.
 */
export const pullSlopes = (mlp, activation, v, n) => {
  const bend = BENDS[activation];
  const { before, inside } = tangents(mlp, bend, v, n);
  let gradient = stacked(new Float32Array(n).fill(1), new Float32Array(n), n);
  for (let i = mlp.layers.length - 1; i >= 0; i--) {
    const { x, inputs, out, weight, weightGradient, biasGradient } = mlp.layers[i];
    columnsByColumns(gradient, stacked(before[i], x, n * inputs), weightGradient, out, inputs, 2 * n);
    biasGradient.fill(0);
    for (let at = n * out; at < 2 * n * out; at++) biasGradient[at % out] += gradient[at];
    if (i === 0) return;
    const [columns, down] = [new Float32Array(inputs * out), new Float32Array(2 * n * inputs)];
    transpose(weight, columns, out, inputs);
    rowsByRows(gradient, columns, down, 2 * n, inputs, out);
    const [{ y }, size] = [mlp.layers[i - 1], n * inputs];
    for (let at = 0; at < size; at++) {
      const [slope, curvature] = bend(y[at]);
      down[size + at] = slope * down[size + at] + curvature * inside[i - 1][at] * down[at];
      down[at] *= slope;
    }
    gradient = down;
  }
};

/** strength / 2 E |df/dx|^2 (R1): its value, and its gradient in the slopes g (n, inputs). */
export const squaredSlope = (g, n, strength) => {
  const value = (0.5 * strength * g.reduce((total, slope) => total + slope * slope, 0)) / n;
  return { value, v: g.map((slope) => (strength * slope) / n) };
};

/** strength E (|df/dx| - 1)^2 (WGAN-GP): the same two. */
export const slopeFromOne = (g, n, strength) => {
  const [v, size] = [new Float32Array(g.length), g.length / n];
  let value = 0;
  for (let row = 0; row < n; row++) {
    const slope = g.subarray(row * size, (row + 1) * size);
    const norm = Math.hypot(...slope);
    value += (strength * (norm - 1) ** 2) / n;
    const scale = norm > 0 ? (2 * strength * (norm - 1)) / (n * norm) : 0;
    slope.forEach((part, j) => (v[row * size + j] = scale * part));
  }
  return { value, v };
};
