import { close, equal, ok } from "./check.mjs";
import { logStandardNormal, mean } from "../../vae_utils/widgets/parts/maths.mjs";
import {
  alike, expectMaximize, gridded, logSumExp, lonely, meanLog, mixture,
} from "../../vae_utils/widgets/parts/mixture.mjs";

const TWO = [
  { weight: 0.25, mu: [-2, 0], sigma: [0.5, 1] },
  { weight: 0.75, mu: [1, 3], sigma: [2, 0.2] },
];
const POINTS = { xs: [-2, -2.2, 1, 1.3, 0.9], ys: [0, 0.3, 2, 2.2, 1.8] };

/** The integral of exp(log) over [-8, 8]^2. */
const integral = (logDensity, steps = 400) => {
  const h = 16 / steps;
  let total = 0;
  for (let i = 0; i < steps; i++) {
    for (let j = 0; j < steps; j++) total += Math.exp(logDensity(-8 + h * (i + 0.5), -8 + h * (j + 0.5)));
  }
  return total * h * h;
};

export const tests = {
  "the logarithm of a sum of exponentials, also of very small ones": () => {
    close(logSumExp([Math.log(2), Math.log(3)]), Math.log(5), 1e-12);
    close(logSumExp([-1000, -1000]), -1000 + Math.LN2, 1e-9);
  },
  "one component is a Gaussian, two are their weighted sum, and all of it adds up to one": () => {
    const normal = mixture([{ weight: 1, mu: [0, 0], sigma: [1, 1] }]);
    close(normal.logDensity(0.3, -1.2), logStandardNormal([0.3, -1.2]), 1e-12);
    const shifted = mixture([{ weight: 1, mu: [1, -2], sigma: [0.5, 3] }]);
    close(shifted.logDensity(1.25, 1), logStandardNormal([0.5, 1]) - Math.log(1.5), 1e-12);
    close(integral(mixture(TWO).logDensity), 1, 1e-3);
  },
  "draws have the mean of the mixture, and come back with their seed": () => {
    const draws = mixture(TWO).sample(4000, 3);
    const [x, y] = [0, 1].map((axis) => mean(draws.map((z) => z[axis])));
    close([x, y], [0.25 * -2 + 0.75, 0.75 * 3], 0.1);
    close(draws.filter((z) => z[1] < 1.5).length / 4000, 0.25 * 0.933, 0.03);
    equal(mixture(TWO).sample(5, 3), draws.slice(0, 5));
    ok(mixture(TWO).sample(1, 4)[0][0] !== draws[0][0], "another seed draws another point");
  },
  "a density on a grid is exact at its points, linear between, level beyond, row by row from the top": () => {
    const law = gridded([0, 1, 2, 10, 11, 12, 20, 21, 23], 3, 1);
    close([law.logDensity(-1, 1), law.logDensity(0, 1), law.logDensity(-1, -1)], [0, 1, 20], 1e-4);
    close([law.logDensity(0.5, 0), law.logDensity(0, 0.5), law.logDensity(0.5, -0.5)], [11.5, 6, 16.75], 1e-4);
    close([law.logDensity(9, 9), law.logDensity(1, -1)], [2, 23], 1e-4);
    equal(law.parts, []);
  },
  "draws from a grid fall where its density is": () => {
    const law = gridded([-50, -50, 0, -50, -50, -50, -50, -50, -50], 3, 1);
    ok(law.sample(50, 0).every(([x, y]) => Math.abs(x - 1) <= 0.5 && Math.abs(y - 1) <= 0.5), "all at the top right");
  },
  "the mean log density of points": () => {
    const law = mixture(TWO);
    const each = POINTS.xs.map((x, i) => law.logDensity(x, POINTS.ys[i]));
    close(meanLog(law, POINTS), mean(each), 1e-12);
  },
  "a step of EM never makes points less likely, and ends at means and spread": () => {
    let [centers, width] = [[[-1, 0], [0.5, 1]], 1];
    for (let i = 0, before = -Infinity; i < 30; i++) {
      const now = meanLog(mixture(alike(centers, width)), POINTS);
      ok(now >= before - 1e-12, "it does not fall");
      before = now;
      ({ centers, width } = expectMaximize(centers, width, POINTS));
    }
    close(centers.flat(), [-2.1, 0.15, 3.2 / 3, 2], 1e-4);
    const squares = [0.02, 0.045, ...[1, 1.3, 0.9].map((x) => (x - 3.2 / 3) ** 2), 0.04, 0.04];
    close(width, Math.sqrt(squares.reduce((a, b) => a + b, 0) / 10), 1e-3);
  },
  "a component that owns no point stays where it is": () =>
    close(expectMaximize([[-2, 0], [99, 99]], 0.5, { xs: [-2, -1], ys: [0, 0] }).centers[1], [99, 99], 1e-12),
  "points are lonely where no code is near; a code does not keep itself company": () => {
    close(lonely([[-2, 0.1], [5, 5]], POINTS, 0.2), 0.5, 1e-12);
    const own = POINTS.xs.map((x, i) => [x, POINTS.ys[i]]);
    equal([lonely(own, POINTS, 0.25), lonely(own, POINTS, 0.25, true)], [0, 0.6]);
  },
};
