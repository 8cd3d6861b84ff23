import { close, equal, ok } from "./check.mjs";
import {
  MISTAKES, apart, factor, lossOf, makeStep, normalized, share, train,
} from "../../vae_utils/widgets/two_ranks.mjs";

const NONE = Object.fromEntries(MISTAKES.map((name) => [name, false]));
const HOW = { ...NONE, rows: 9, steps: 60, optimizer: "Adam", sigma: 0.7, rates: { SGD: 0.01, Adam: 0.05 } };
const off = (how) => {
  const { one, ranks } = train({ ...HOW, ...how });
  return ranks.map((path) => apart(path, one)[path.length - 1]);
};
const copies = (how) => apart(...train({ ...HOW, ...how }).ranks).pop();

export const tests = {
  "shares follow one another": () => {
    equal([0, 1].map((rank) => share(9, rank)).join(" "), "0,4 4,9");
    equal([0, 1, 2].map((rank) => share(7, rank, 3)).join(" "), "0,2 2,4 4,7");
  },
  "the loss at a point, written out": () => {
    const [x, eps, a, b, logS, sigma] = [0.8, -0.6, 0.4, 1.1, -0.2, 0.7];
    const z = a * x + Math.exp(logS) * eps;
    const logP = -0.5 * ((x - b * z) / sigma) ** 2 - Math.log(sigma) - 0.5 * Math.log(2 * Math.PI);
    const kl = -logS + 0.5 * (Math.exp(2 * logS) + (a * x) ** 2) - 0.5;
    close(lossOf([a, b, logS], [x], [eps], { sigma }).loss, kl - logP, 1e-12);
  },
  "the slopes are those of the loss": () => {
    const [weights, x, eps] = [[0.4, 1.1, -0.2], [0.8, -1.3, 0.2], [-0.6, 0.1, 1.4]];
    for (const batch_norm of [false, true]) {
      const how = { sigma: 0.7, batch_norm };
      lossOf(weights, x, eps, how).slopes.forEach((slope, i) => {
        const moved = (by) => lossOf(weights.map((w, j) => (i === j ? w + by : w)), x, eps, how).loss;
        close(slope, (moved(1e-5) - moved(-1e-5)) / 2e-5, 1e-7);
      });
    }
  },
  "normalized rows have mean 0 and variance 1": () => {
    const rows = normalized([1, 4, -2, 9]);
    close(rows.reduce((a, b) => a + b), 0, 1e-12);
    close(rows.reduce((a, b) => a + b * b, 0) / 4, 1, 1e-4);
  },
  "the first step of Adam has the length of its rate": () => {
    const [a, b] = makeStep("Adam", 0.05)([0, 1, 0], [3, -0.2, 1]);
    close(a, -0.05, 1e-8);
    close(b, 1.05, 1e-8);
  },
  "the second step of Adam, by hand": () => {
    const step = makeStep("Adam", 0.1);
    const [weight] = step(step([0, 0, 0], [1, 1, 1]), [3, 3, 3]);
    const [first, second] = [(0.09 + 0.3) / 0.19, (0.000999 + 0.009) / (1 - 0.999 ** 2)];
    close(weight, -0.1 - (0.1 * first) / Math.sqrt(second), 1e-7);
  },
  "SGD goes down": () => equal(makeStep("SGD", 0.5)([1, 1, 1], [2, 0, -2]).join(), "0,1,2"),
  "the factors": () => {
    close(factor(4, 9, NONE), 8 / 9, 1e-12);
    equal(factor(4, 9, { ...NONE, plain_means: true }), 1);
    close(factor(4, 9, { ...NONE, sums: true }), 4, 1e-12);
    equal(factor(4, 9, { ...NONE, sums: true, plain_means: true }), 4.5);
  },
  "two ranks are one process": () => {
    for (const optimizer of ["SGD", "Adam"]) {
      for (const rows of [4, 9, 20]) off({ optimizer, rows, steps: 120 }).forEach((value) => ok(value < 1e-12));
    }
    const { losses } = train(HOW);
    losses.one.forEach((loss, t) => close(loss, losses.two[t], 1e-12));
  },
  "it learns": () => {
    const { losses } = train({ ...HOW, steps: 120, rows: 20 });
    const average = (values) => values.reduce((a, b) => a + b) / values.length;
    ok(average(losses.one.slice(-20)) < average(losses.one.slice(0, 5)) - 0.1);
  },
  "each mistake parts them, and stays finite": () => {
    for (const optimizer of ["SGD", "Adam"]) {
      for (const rows of [5, 19]) {
        for (const name of MISTAKES) {
          const values = off({ optimizer, rows, steps: 120, [name]: true });
          values.forEach((value) => ok(value > 1e-11 && value < 100, `${name} ${optimizer} ${rows}: ${value}`));
        }
      }
    }
  },
  "only past the wrapper do the copies part": () => {
    for (const name of MISTAKES) ok((copies({ [name]: true }) > 1e-3) === (name === "past_the_wrapper"), name);
  },
  "equal shares need no weight": () => {
    off({ plain_means: true, rows: 10 }).forEach((value) => ok(value < 1e-12));
    off({ plain_means: true, rows: 11 }).forEach((value) => ok(value > 1e-4));
  },
  "Adam hides a sum, SGD does not": () => {
    off({ sums: true }).forEach((value) => ok(value < 1e-3));
    off({ sums: true, optimizer: "SGD" }).forEach((value) => ok(value > 0.01));
    const { losses } = train({ ...HOW, sums: true });
    close(losses.two[0] / losses.one[0], 4.5, 1e-9);
  },
};
