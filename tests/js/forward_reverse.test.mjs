import { close, equal, ok } from "./check.mjs";
import { mean, normals } from "../../vae_utils/widgets/parts/maths.mjs";
import { bestGuess, exactGuesses, signalNoise, stepForward, STEPS } from "../../vae_utils/widgets/parts/noising.mjs";
import {
  challenges, forwardPaths, logSnrAt, missed, noisedLaw, PARTICLES, quality, reversePaths, scoreOf, statesAt, sureness,
} from "../../vae_utils/widgets/forward_reverse.mjs";

const CENTERS = [[-1.5, 1], [1, 0.5], [0.4, -1.2]];
const STATE = { centers: CENTERS, spread: 0.2, sampler: "SDE", steps: 40, draw: 1 };

/** By Bayes on a fine grid over x. */
const onGrid = (centers, spread, logSnr, z) => {
  const [alpha, sigma] = signalNoise(logSnr).map(Math.sqrt);
  const totals = [0, 0, 0];
  for (let x = -4; x <= 4; x += 0.02) {
    for (let y = -4; y <= 4; y += 0.02) {
      const near = ([a, b]) => Math.exp(-0.5 * (((x - a) ** 2 + (y - b) ** 2) / spread ** 2));
      const prior = centers.map(near).reduce((sum, value) => sum + value, 0);
      const weight = prior * Math.exp(-0.5 * (((z[0] - alpha * x) ** 2 + (z[1] - alpha * y) ** 2) / sigma ** 2));
      [weight, weight * x, weight * y].forEach((term, i) => (totals[i] += term));
    }
  }
  return [totals[1] / totals[0], totals[2] / totals[0]];
};

export const tests = {
  "the best guess is the mean of x given z": () => {
    for (const [logSnr, z] of [[-1, [0.3, 0.4]], [1.5, [-0.2, 0.6]], [3, [0.9, -0.8]]]) {
      close([...bestGuess(CENTERS, 0.2, logSnr)(...z)], onGrid(CENTERS, 0.2, logSnr, z), 1e-4);
    }
    close([...bestGuess([[1, -1]], 0.5, 0)(0, 0)], [2 / 2.5, -2 / 2.5], 1e-12);
  },
  "steps of both kinds keep what is known: z = alpha x + sigma eps goes on to be that at the next level": () => {
    const [[signal, noise], [signalBefore, noiseBefore]] = [-1, 2].map(signalNoise);
    for (const kind of ["SDE", "ODE"]) {
      const { keep, pull, shake } = STEPS[kind](-1, 2);
      close(keep * Math.sqrt(signal) + pull, Math.sqrt(signalBefore), 1e-12, "the share of x");
      close(keep ** 2 * noise + shake ** 2, noiseBefore, 1e-12, "the noise");
    }
    equal(STEPS.ODE(-1, 2).shake, 0);
    ok(STEPS.SDE(-1, 2).shake > 0, "the SDE shakes");
  },
  "a step forward makes the noise of the next level": () => {
    const [[signal, noise], [signalAfter, noiseAfter]] = [2, -1].map(signalNoise);
    const { keep, shake } = stepForward(2, -1);
    close(keep * Math.sqrt(signal), Math.sqrt(signalAfter), 1e-12);
    close(keep ** 2 * noise + shake ** 2, noiseAfter, 1e-12);
  },
  "time runs from data to noise": () => {
    close([0, 0.5, 1].map(logSnrAt), [8, 0, -8], 1e-12);
    const law = noisedLaw([[2, 0]], 0.3, 1);
    const [signal, noise] = signalNoise(1);
    close(law.parts[0].mu, [2 * Math.sqrt(signal), 0], 1e-12);
    close(law.parts[0].sigma[0], Math.sqrt(signal * 0.09 + noise), 1e-12);
  },
  "forward and back the particles have the law of each time": () => {
    for (const states of [forwardPaths(STATE), reversePaths(STATE), reversePaths({ ...STATE, sampler: "ODE" })]) {
      equal([states.length, states[0].length], [41, 2 * PARTICLES]);
      for (const i of [0, 15, 25, 40]) {
        const law = noisedLaw(CENTERS, 0.2, logSnrAt(i / 40));
        const drawn = law.sample(4000, 5).flat();
        const [ours, wanted] = [states[i], drawn].map((points) => quality(points, law));
        close(ours.logDensity, wanted.logDensity, 0.25);
        close(ours.near, wanted.near, 0.03);
        const axis = (points) => mean(points.filter((_, k) => k % 2 === 0).map((x) => x * x));
        close(axis(Array.from(states[i])) / axis(drawn), 1, 0.2);
      }
    }
  },
  "without noise on the way the end follows from the start alone, and too long a step spoils it": () => {
    const ends = [1, 2].map((draw) => reversePaths({ ...STATE, sampler: "ODE", draw }));
    ok(ends[0][0][0] !== ends[1][0][0], "another start, another end");
    equal([...reversePaths({ ...STATE, sampler: "ODE" })[0]], [...ends[0][0]]);
    const near = (steps) => quality(reversePaths({ ...STATE, steps })[0], noisedLaw(CENTERS, 0.2, 8)).near;
    ok(near(2) < 0.7 && near(60) > 0.95, "two steps are too few");
  },
  "between two steps the particles lie on the line": () => {
    const states = [0, 2, 6].map((value) => Float64Array.of(value, -value));
    close([...statesAt(states, 0.25)], [1, -1], 1e-12);
    close([...statesAt(states, 0.75)], [4, -4], 1e-12);
    close([...statesAt(states, 1)], [6, -6], 1e-12);
  },
  "near means within three sigma of a center, sure means that one component has it all": () => {
    const law = noisedLaw([[-2, 0], [2, 0]], 0.1, 40);
    const points = [-2, 0.29, 2.28, 0, 2, 0.31, 0, 0];
    close(quality(points, law).near, 0.5, 1e-12);
    const each = [[-2, 0.29], [2.28, 0], [2, 0.31], [0, 0]].map(([x, y]) => law.logDensity(x, y));
    close(quality(points, law).logDensity, mean(each), 1e-9);
    close(sureness(points, law), (3 + 0.5) / 4, 1e-9);
    const normal = normals(1);
    const far = sureness(Array.from({ length: 200 }, normal), noisedLaw(CENTERS, 0.2, -12));
    close(far, 1 / 3, 0.02);
  },
  "the arrows of a guess are sigma times the gradient of log p": () => {
    const [law, sigma, step] = [noisedLaw(CENTERS, 0.2, 1), Math.sqrt(signalNoise(1)[1]), 1e-5];
    const at = Float64Array.of(0.4, -0.3, -1.1, 0.6);
    const score = scoreOf(at, exactGuesses(CENTERS, 0.2)(at, 1), 1);
    for (const k of [0, 2]) {
      const [x, y] = [at[k], at[k + 1]];
      const slope = [
        law.logDensity(x + step, y) - law.logDensity(x - step, y),
        law.logDensity(x, y + step) - law.logDensity(x, y - step),
      ];
      close([score[k], score[k + 1]], slope.map((rise) => (sigma * rise) / (2 * step)), 1e-5);
    }
  },
  "what a guess misses is counted in the noise, and is nothing for the best": () => {
    const points = Float64Array.of(1, 2, -0.5, 0.3);
    const best = exactGuesses(CENTERS, 0.2);
    close(missed(points, 1, best, best), 0, 1e-12);
    const off = (z, logSnr) => best(z, logSnr).map((value, k) => value + [0.3, 0, 0, 0.4][k]);
    close(missed(points, 1, off, best), (Math.exp(1) * (0.09 + 0.16)) / 2, 1e-9);
  },
  "the way back follows whatever guesses it is given": () => {
    const [one, other] = [CENTERS, [[2, 2]]].map((centers) => exactGuesses(centers, 0.2));
    equal([...reversePaths(STATE, one)[0]], [...reversePaths(STATE)[0]]);
    const led = reversePaths(STATE, other)[0];
    close(quality(led, noisedLaw([[2, 2]], 0.2, 8)).near, 1, 0.03);
  },
  "challenges ask for what they say": () => {
    const reached = (values) => challenges(() => values).map((one) => one.reached());
    const state = { sampler: "SDE", steps: 20, spread: 0.15, near: 0.99 };
    equal(reached(state), [false, false, false]);
    equal(reached({ ...state, near: 0.49 }), [false, false, false]);
    equal(reached({ ...state, steps: 50, near: 0.49 }), [true, false, false]);
    equal(reached({ ...state, steps: 50, near: 0.5 }), [false, false, false]);
    equal(reached({ ...state, steps: 5, near: 0.95 }), [false, true, false]);
    equal(reached({ ...state, sampler: "ODE", near: 0.98 }), [false, false, true]);
    equal(reached({ ...state, sampler: "ODE", spread: 0.2 }), [false, false, false]);
  },
};
