import { close, equal, ok } from "./check.mjs";
import { prepare, stroke } from "../../vae_utils/widgets/parts/drawing.mjs";
import { decode, encode, unpack } from "../../vae_utils/widgets/parts/latent_net.mjs";
import { lerp, slerp } from "../../vae_utils/widgets/parts/paths.mjs";

// 2 -> 2 -> 1 with weights (1, 2; -3, 4) * (0.5, 0.1), then (1, -1) * 2
const NET = {
  weights: Int8Array.from([1, 2, -3, 4, 1, -1]),
  scales: Float32Array.from([0.5, 0.1, 2]),
  biases: Float32Array.from([0.25, -1, 3]),
};
const network = (activation = "relu") => unpack([[2, 2, 1]], NET, activation)[0];
const forward = (x, activation) => [...network(activation).forward(x, 1)];
const column = (image) => image.map((value, i) => value * (i % 28));
const total = (values) => values.reduce((sum, value) => sum + value, 0);

export const tests = {
  "weights come back row by row with their own scale": () => {
    const [first, second] = network().layers;
    close([...first.weight], [0.5, 1, -0.3, 0.4], 1e-6);
    close([...second.weight], [2, -2], 1e-6);
    close([...second.bias], [3], 1e-6);
  },
  "two networks are cut one after the other": () => {
    const [a, b] = unpack([[2, 2], [2, 1]], NET, "relu").map(({ layers }) => layers[0]);
    close([...a.weight, ...a.bias], [0.5, 1, -0.3, 0.4, 0.25, -1], 1e-6);
    close([...b.weight, ...b.bias], [2, -2, 3], 1e-6);
  },
  "a pass through the network, by hand": () => {
    const h = [0.5 * 1 + 1 * 2 + 0.25, -0.3 * 1 + 0.4 * 2 - 1];
    close(forward([1, 2], "relu"), [2 * h[0] + 3], 1e-5);
    close(forward([1, 2], "tanh"), [2 * Math.tanh(h[0]) - 2 * Math.tanh(h[1]) + 3], 1e-5);
    const silu = (a) => a / (1 + Math.exp(-a));
    close(forward([1, 2], "silu"), [2 * silu(h[0]) - 2 * silu(h[1]) + 3], 1e-5);
    close([...decode(network(), [1, 2])], [1 / (1 + Math.exp(-(2 * h[0] + 3)))], 1e-5);
  },
  "a posterior is read as mu and log variance": () => {
    const bias = Float32Array.from([0.5, -1, 2 * Math.log(0.3), 900]);
    const [net] = unpack([[1, 4]], { weights: new Int8Array(4), scales: new Float32Array(4), biases: bias }, "relu");
    const { mu, sigma } = encode(net, [1]);
    close(mu, [0.5, -1], 1e-6);
    close(sigma, [0.3, Math.exp(10)], 1e-2);
  },
  "the five worked points": () => {
    const path = [0.25, 0.5, 0.75].map((t) => lerp([1.2, -0.5], [-0.8, 1.1], t));
    close(path.flat(), [0.7, -0.1, 0.2, 0.3, -0.3, 0.7], 1e-12);
  },
  "slerp keeps to the circle, ends where it should, and survives opposite ends": () => {
    const [a, b] = [[2, 0], [0, 2]];
    close(slerp(a, b, 0.5), [Math.SQRT2, Math.SQRT2], 1e-12);
    close(Math.hypot(...slerp(a, b, 0.2)), 2, 1e-12);
    close([...slerp(a, b, 0), ...slerp(a, b, 1)], [2, 0, 0, 2], 1e-12);
    close(slerp([1, 0], [-1, 0], 0.5), [0, 0], 1e-12);
    close(slerp([0, 0], [1, 1], 0.5), [0.5, 0.5], 1e-12);
  },
  "a stroke darkens what it passes and nothing far away": () => {
    const ink = stroke(new Float32Array(784), [5, 10.5], [20, 10.5]);
    equal(ink[10 * 28 + 12], 1);
    equal(ink[20 * 28 + 12], 0);
    ok(Math.max(...ink) <= 1, "never more than black");
  },
  "a drawing is centered and scaled, wherever and however small it was": () => {
    const small = prepare(stroke(new Float32Array(784), [3, 3], [3, 9]));
    const large = prepare(stroke(new Float32Array(784), [20, 4], [20, 23]));
    for (const image of [small, large]) {
      close(total(column(image)) / total(image), 13.5, 0.6);
      const rows = [...image.keys()].filter((i) => image[i] > 0.3).map((i) => Math.floor(i / 28));
      close(Math.max(...rows) - Math.min(...rows), 19, 2);
    }
    equal(total(prepare(new Float32Array(784))), 0);
  },
};
