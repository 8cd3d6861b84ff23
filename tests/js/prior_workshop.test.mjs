import { close, equal } from "./check.mjs";
import { challenges, fit, fittedPriors, touchedOf } from "../../vae_utils/widgets/prior_workshop.mjs";

const NAMES = ["N(0, I)", "mixture", "VampPrior", "flow", "your own"];
const PARTS = { values: Float32Array.from([0.25, 1, 2, 0.5, 0.5, 0.75, -1, 0, 1, 2]), shape: [2, 5] };
const GRID = { values: Float32Array.from([0, 0, 0, 0]), shape: [2, 2] };
const EMPTY = { values: new Float32Array(0), shape: [0, 0] };

const reached = (now) => {
  const parts = [{ weight: 0.25 }, { weight: 0.75 }];
  const all = { own: () => false, vamp: () => false, gain: () => 0, best: 0.4, law: () => ({ parts }), ...now };
  return challenges(all).map((one) => one.reached());
};

export const tests = {
  "the packed priors come back by name, the flow only where it was given": () => {
    const laws = fittedPriors(NAMES, { mixture: PARTS, vamp: PARTS, flow: GRID }, 4);
    equal(Object.keys(laws), NAMES.slice(0, 4));
    equal(laws.mixture.parts[0], { weight: 0.25, mu: [1, 2], sigma: [0.5, 0.5] });
    equal(laws.VampPrior.parts[1], { weight: 0.75, mu: [-1, 0], sigma: [1, 2] });
    close(laws["N(0, I)"].logDensity(0, 0), -Math.log(2 * Math.PI), 1e-12);
    close(laws.flow.logDensity(1, 1), 0, 1e-12);
    equal(Object.keys(fittedPriors(NAMES, { mixture: PARTS, vamp: PARTS, flow: EMPTY }, 4)), NAMES.slice(0, 3));
  },
  "pictures are as large as they fit, never quite as high as the panel, in as few lines as can be": () => {
    equal(fit(40, 320, 200), { columns: 8, side: 40 });
    equal(fit(18, 360, 180), { columns: 6, side: 60 });
    equal(fit(1, 300, 100), { columns: 1, side: 80 });
    equal(fit(5, 700, 100), { columns: 5, side: 80 });
  },
  "the picture under a finger": () => {
    const box = { width: 320, height: 200 };
    equal([touchedOf(40, box, 0, 0.99), touchedOf(40, box, 0.99, 0.01), touchedOf(40, box, 0.13, 0.79)], [0, 39, 9]);
    equal(touchedOf(39, box, 0.99, 0.01), null);
    equal([touchedOf(1, box, 0.9, 0.9), touchedOf(9, box, -0.1, 0.5)], [null, null]);
  },
  "challenges ask for the reader's own mixture, and for the heaviest pseudo-input": () => {
    equal(reached({ own: () => true, gain: () => 0.19 }), [false, false, false]);
    equal(reached({ own: () => true, gain: () => 0.21 }), [true, false, false]);
    equal(reached({ gain: () => 0.21 }), [false, false, false]);
    equal(reached({ own: () => true, gain: () => -1.1 }), [false, true, false]);
    equal(reached({ vamp: () => true, part: () => ({ weight: 0.25 }) }), [false, false, false]);
    equal(reached({ vamp: () => true, part: () => ({ weight: 0.75 }) }), [false, false, true]);
  },
};
