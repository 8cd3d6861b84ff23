import { equal } from "./check.mjs";
import { greek, parseNumber } from "../../vae_utils/widgets/parts/controls.mjs";

export const tests = {
  "names of code become letters, parts of words do not": () => {
    equal(["sigma 1", "beta = 0.5", "mu", "eps", "betamax", "steps"].map(greek), [
      "\u03c3 1", "\u03b2 = 0.5", "\u03bc", "\u03b5", "betamax", "steps",
    ]);
    equal(greek(3), "3");
  },
  "a number may be typed with a comma, a minus sign and spaces": () =>
    equal([" 1,5 ", "\u22122", "1e3", "", "two"].map(parseNumber), [1.5, -2, 1000, null, null]),
};
