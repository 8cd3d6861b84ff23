import { close, equal, ok } from "./check.mjs";
import * as maths from "../../vae_utils/widgets/parts/maths.mjs";
import { parseNumber } from "../../vae_utils/widgets/parts/controls.mjs";

const draws = (source, n) => Array.from({ length: n }, source);

export const tests = {
  "linspace ends where it should": () => close([...maths.linspace(-1, 2, 4)], [-1, 0, 1, 2], 1e-12),
  "log density of a standard normal at 0": () => close(maths.logNormal(0), -0.9189385332046727, 1e-12),
  "KL of equal normals is zero, and known otherwise": () => {
    close(maths.gaussianKl(0.7, 1.3, 0.7, 1.3), 0, 1e-12);
    close(maths.gaussianKl(0.5, 0.8), 0.168144, 5e-7);
  },
  "the same seed gives the same stream, another seed another": () => {
    equal(draws(maths.uniforms(7), 5), draws(maths.uniforms(7), 5));
    ok(maths.uniforms(7)() !== maths.uniforms(8)(), "seeds differ");
  },
  "normal noise has mean 0, variance 1, kurtosis 3": () => {
    const noise = draws(maths.normals(3), 40000);
    const moment = (k) => maths.mean(noise.map((value) => value ** k));
    close(moment(1), 0, 0.02);
    close(moment(2), 1, 0.03);
    close(moment(4), 3, 0.15);
  },
  "ticks are round and inside": () => {
    equal(maths.ticks(-1, 1, 4), [-1, -0.5, 0, 0.5, 1]);
    equal(maths.ticks(0, 0.3, 3), [0, 0.1, 0.2, 0.3]);
    equal(maths.ticks(1, 1), []);
    equal(maths.ticks(NaN, 1), []);
  },
  "numbers are shown with a real minus and never as NaN": () => {
    equal(maths.format(-1.234), "\u22121.23");
    equal(maths.format(-0.001), "0.00");
    equal(maths.format(NaN), "\u2013");
  },
  "typed numbers: commas and minus signs, never words": () => {
    equal(["1,5", " -2 ", "\u22123", "1e2"].map(parseNumber), [1.5, -2, -3, 100]);
    equal(["NaN", "", "Infinity", "x"].map(parseNumber), [null, null, null, null]);
  },
  "arrays arrive the same as base64 and as bytes": () => {
    const numbers = Float32Array.from([1.5, -2, 3]);
    const bytes = new Uint8Array(numbers.buffer);
    const text = btoa(String.fromCharCode(...bytes));
    for (const data of [text, new DataView(numbers.buffer), bytes.buffer]) {
      equal([...maths.tensor({ dtype: "float32", shape: [3], data }).values], [1.5, -2, 3]);
    }
  },
};
