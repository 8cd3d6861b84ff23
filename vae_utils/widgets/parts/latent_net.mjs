// A small network kept in 8 bits: unpacking, encoding, decoding; paths between codes; what a drawing needs first.

const ACTIVATIONS = {
  silu: (a) => a / (1 + Math.exp(-a)),
  relu: (a) => Math.max(0, a),
  tanh: Math.tanh,
};

/** Layers { weights, bias, inputs, outputs } of the networks `sizes`, cut from three flat arrays. */
export const unpack = (nets, { weights, scales, biases }) => {
  let [w, row] = [0, 0];
  return nets.map((sizes) =>
    sizes.slice(1).map((outputs, i) => {
      const inputs = sizes[i];
      const layer = { inputs, outputs, weights: new Float32Array(inputs * outputs) };
      layer.bias = biases.slice(row, row + outputs);
      for (let k = 0; k < inputs * outputs; k++) {
        layer.weights[k] = weights[w + k] * scales[row + Math.floor(k / inputs)];
      }
      w += inputs * outputs;
      row += outputs;
      return layer;
    }),
  );
};

const apply = ({ weights, bias, inputs, outputs }, x, activate) => {
  const y = new Float32Array(outputs);
  for (let i = 0; i < outputs; i++) {
    let total = bias[i];
    const row = i * inputs;
    for (let j = 0; j < inputs; j++) total += weights[row + j] * x[j];
    y[i] = activate ? activate(total) : total;
  }
  return y;
};

/** The output of a network, linear at its end. */
export const forward = (layers, x, activation) =>
  layers.reduce((h, layer, i) => apply(layer, h, i < layers.length - 1 ? ACTIVATIONS[activation] : null), x);

/** The mean picture of p(x | z): 784 values in [0, 1]. */
export const decode = (layers, z, activation) => forward(layers, z, activation).map((a) => 1 / (1 + Math.exp(-a)));

/** `cells` x `cells` digits over [-reach, reach]^2 as one picture, z rising to the right and upward. */
export const decodedMap = (decodeAt, reach, cells) => {
  const width = 28 * cells;
  const picture = new Float32Array(width * width);
  const place = (k) => -reach + ((k + 0.5) * 2 * reach) / cells;
  for (let row = 0; row < cells; row++) {
    for (let column = 0; column < cells; column++) {
      const image = decodeAt([place(column), place(cells - 1 - row)]);
      for (let i = 0; i < 784; i++) {
        picture[(28 * row + Math.floor(i / 28)) * width + 28 * column + (i % 28)] = image[i];
      }
    }
  }
  return { picture, width };
};

/** The posterior of a picture: { mu, sigma }, two numbers each. */
export const encode = (layers, x, activation) => {
  const out = forward(layers, x, activation);
  const sigma = (logvar) => Math.exp(0.5 * Math.min(20, Math.max(-20, logvar)));
  return { mu: [out[0], out[1]], sigma: [sigma(out[2]), sigma(out[3])] };
};

export const lerp = (a, b, t) => a.map((value, i) => (1 - t) * value + t * b[i]);

/** Along the sphere; where the angle is undefined or zero, the straight path. */
export const slerp = (a, b, t) => {
  const [na, nb] = [Math.hypot(...a), Math.hypot(...b)];
  const cosine = a.reduce((total, value, i) => total + value * b[i], 0) / (na * nb);
  const omega = Math.acos(Math.min(1, Math.max(-1, cosine)));
  if (!(Math.sin(omega) > 1e-6)) return lerp(a, b, t);
  const [u, v] = [Math.sin((1 - t) * omega) / Math.sin(omega), Math.sin(t * omega) / Math.sin(omega)];
  return a.map((value, i) => u * value + v * b[i]);
};

/** Darken `pixels` (28 x 28) around the line from one point to the next, in pixel units. */
export const stroke = (pixels, from, to, radius = 1.3) => {
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  const square = dx * dx + dy * dy;
  for (let i = 0; i < 784; i++) {
    const [x, y] = [(i % 28) + 0.5 - from[0], Math.floor(i / 28) + 0.5 - from[1]];
    const along = square ? Math.min(1, Math.max(0, (x * dx + y * dy) / square)) : 0;
    const distance = Math.hypot(x - along * dx, y - along * dy);
    pixels[i] = Math.max(pixels[i], Math.min(1, Math.max(0, radius + 0.5 - distance)));
  }
  return pixels;
};

const sample = (pixels, x, y) => {
  const [column, row] = [Math.floor(x), Math.floor(y)];
  const at = (c, r) => (c < 0 || r < 0 || c > 27 || r > 27 ? 0 : pixels[28 * r + c]);
  const [u, v] = [x - column, y - row];
  const top = (1 - u) * at(column, row) + u * at(column + 1, row);
  return (1 - v) * top + v * ((1 - u) * at(column, row + 1) + u * at(column + 1, row + 1));
};

/** As the training digits were: scaled to fit 20 x 20, center of mass in the middle. Blank stays blank. */
export const prepare = (pixels) => {
  const inked = [...pixels.keys()].filter((i) => pixels[i] > 0.1);
  if (!inked.length) return Float32Array.from(pixels);
  const columns = inked.map((i) => i % 28);
  const rows = inked.map((i) => Math.floor(i / 28));
  const extent = (values) => Math.max(...values) - Math.min(...values) + 1;
  const scale = Math.max(extent(columns), extent(rows)) / 20;
  const mass = inked.reduce((total, i) => total + pixels[i], 0);
  const center = (values) => inked.reduce((total, i, k) => total + pixels[i] * values[k], 0) / mass;
  const [cx, cy] = [center(columns), center(rows)];
  return Float32Array.from({ length: 784 }, (_, i) =>
    sample(pixels, cx + ((i % 28) - 13.5) * scale, cy + (Math.floor(i / 28) - 13.5) * scale),
  );
};
