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
  "the area below a point": () => {
    close(maths.normalCdf(0), 0.5, 1e-15);
    close(maths.normalCdf(1.959963984540054), 0.975, 1e-12);
    close(maths.normalCdf(-1.2815515655446004), 0.1, 1e-12);
    for (const x of [0.3, 1, 4, 7.9, 40]) close(maths.normalCdf(-x) + maths.normalCdf(x), 1, 1e-12);
    close([maths.normalCdf(-40), maths.normalCdf(40)], [0, 1], 1e-12);
    for (const x of [-3, 0.5, 2]) {
      const slope = (maths.normalCdf(x + 1e-5) - maths.normalCdf(x - 1e-5)) / 2e-5;
      close(slope, maths.normalDensity(x), 1e-9, `slope at ${x}`);
    }
  },
  "log p(z) is that of as many standard normals": () => {
    close(maths.logStandardNormal([0, 0, 0, 0, 0]), -2.5 * Math.log(2 * Math.PI), 1e-12);
    close(maths.logStandardNormal([1, -2]) - maths.logStandardNormal([0, 0]), -2.5, 1e-12);
  },
  "what is remembered is computed once for each change of its key": () => {
    const [key, calls] = [[1, "a"], []];
    const now = maths.remember(() => [...key], (number, word) => calls.push(`${number}${word}`));
    for (const change of [() => {}, () => {}, () => (key[1] = "b"), () => {}, () => (key[0] = NaN), () => {}]) {
      change();
      now();
    }
    equal(calls, ["1a", "1b", "NaNb"]);
    let computed = 0;
    const once = maths.remember(() => [], () => (computed += 1));
    equal([once(), once(), computed], [1, 1, 1]);
  },
};
