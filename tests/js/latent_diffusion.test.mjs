import { close, equal, ok } from "./check.mjs";
import { mean } from "../../vae_utils/widgets/parts/maths.mjs";
import {
  challenges, drawsAt, energyDistance, priorDraws, reachOf, someOf, spreadOf,
} from "../../vae_utils/widgets/latent_diffusion.mjs";

const CHAIN = { values: Float32Array.of(0, 0, 1, 1, 2, -2, 3, -3, 6, -6, 7, -7), shape: [3, 2, 2] };
const SOURCES = ["N(0, I)", "codes \u00d7 0.2", "codes \u00d7 1", "codes \u00d7 5"];

export const tests = {
  "draws at a time kept, and between two of them": () => {
    close([...drawsAt(CHAIN, 0)], [0, 0, 1, 1], 1e-9);
    close([...drawsAt(CHAIN, 0.5)], [2, -2, 3, -3], 1e-9);
    close([...drawsAt(CHAIN, 0.75)], [4, -4, 5, -5], 1e-9);
    close([...drawsAt(CHAIN, 1)], [6, -6, 7, -7], 1e-9);
  },
  "draws from the prior are standard normal, and come back": () => {
    const draws = priorDraws(4000);
    equal(draws.length, 8000);
    close([mean(draws), mean(draws.map((z) => z * z))], [0, 1], 0.05);
    equal([...priorDraws(3)], [...draws.subarray(0, 6)]);
  },
  "the spread is that of a coordinate": () => {
    close(spreadOf({ xs: [1, 3], ys: [0, 0] }), Math.sqrt(0.5), 1e-12);
    close(spreadOf({ xs: [1, 3], ys: [-2, -4] }), 1, 1e-12);
  },
  "the energy distance: written out, and zero from points to themselves": () => {
    close(energyDistance(Float64Array.of(0, 0))(Float64Array.of(3, 4)), 10, 1e-12);
    const pair = Float64Array.of(0, 0, 2, 0);
    close(energyDistance(pair)(Float64Array.of(1, 0)), 2 - 1, 1e-12);
    close(energyDistance(pair)(pair), 0, 1e-12);
    const near = energyDistance(priorDraws(300))(priorDraws(300, 8));
    ok(near < 0.05 && near > 0, "two draws of one law are near");
  },
  "the map holds 99 of 100 numbers": () => {
    const points = Float64Array.from({ length: 101 }, (_, i) => (i % 2 ? 1 : -1) * i);
    close(reachOf(points), 1.2 * 99, 1e-12);
  },
  "some of the draws, round and round": () => {
    const points = Float64Array.of(0, 0, 1, 10, 2, 20);
    equal(someOf(points, 2, 4).map(([x]) => x), [2, 0, 1, 2]);
    equal([...someOf(points, 1, 1)[0]], [1, 10]);
  },
  "challenges ask for what they say": () => {
    const reached = (values) => challenges(() => values, SOURCES).map((one) => one.reached());
    const state = { source: SOURCES[0], distance: 0.5, priorDistance: 0.5, spread: 1, codeSpread: 2 };
    equal(reached(state), [false, false, false]);
    equal(reached({ ...state, distance: 0.01 }), [false, false, false]);
    equal(reached({ ...state, source: SOURCES[2], distance: 0.09 }), [true, false, false]);
    equal(reached({ ...state, source: SOURCES[1], spread: 7 }), [false, true, false]);
    equal(reached({ ...state, source: SOURCES[3], spread: 0.7 }), [false, false, true]);
    equal(reached({ ...state, source: SOURCES[1], spread: 0.7 }), [false, false, false]);
    ok(challenges(() => state, SOURCES).every(({ why }) => why), "each has its reason");
  },
};
