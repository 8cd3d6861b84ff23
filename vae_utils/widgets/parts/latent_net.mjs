// Small trained networks kept in 8 bits: unpacked into perceptrons that encode and decode one picture at a time.
import { clamp, LOGVAR_LIMIT, sigmoid } from "./maths.mjs";
import { countParameters, Mlp } from "./network.mjs";
import { tensors } from "./tensor.mjs";

/** The parameters of one network as an Mlp wants them, from the place `at` of the packed arrays, which moves on. */
const dequantize = (sizes, { weights, scales, biases }, at) => {
  const theta = new Float32Array(countParameters(sizes));
  let to = 0;
  sizes.slice(1).forEach((outputs, layer) => {
    const inputs = sizes[layer];
    for (let k = 0; k < outputs * inputs; k++) {
      theta[to + k] = weights[at.weight + k] * scales[at.row + Math.floor(k / inputs)];
    }
    theta.set(biases.subarray(at.row, at.row + outputs), to + outputs * inputs);
    to += outputs * (inputs + 1);
    at.weight += outputs * inputs;
    at.row += outputs;
  });
  return theta;
};

/** The networks of the layer sizes `nets`, cut one after the other from three flat arrays. */
export const unpack = (nets, packed, activation) => {
  const at = { weight: 0, row: 0 };
  return nets.map((sizes) => new Mlp(sizes, activation, dequantize(sizes, packed, at)));
};

/** The networks that a widget holds in its fields weights, scales and biases. */
export const networksOf = (model, nets) => {
  const { weights, scales, biases } = tensors(model, ["weights", "scales", "biases"]);
  const packed = { weights: weights.values, scales: scales.values, biases: biases.values };
  return unpack(nets, packed, model.get("activation"));
};

/** The mean picture of p(x | z): 784 values in [0, 1]. */
export const decode = (network, z) => network.forward(z, 1).map(sigmoid);

/** The posterior of a picture: { mu, sigma }, two numbers each. */
export const encode = (network, x) => {
  const [mu1, mu2, ...logvar] = network.forward(x, 1);
  return { mu: [mu1, mu2], sigma: logvar.map((raw) => Math.exp(0.5 * clamp(raw, -LOGVAR_LIMIT, LOGVAR_LIMIT))) };
};
