import { equal, ok } from "./check.mjs";
import { fromAddress, toAddress } from "../../vae_utils/widgets/lab/address.mjs";
import { ghostLoss, placeAt, withGhost } from "../../vae_utils/widgets/lab/ghost.mjs";
import { KNOBS, nextStride } from "../../vae_utils/widgets/lab/runs.mjs";
import { stepToShow, strideOf } from "../../vae_utils/widgets/lab/timeline.mjs";
import { Trails } from "../../vae_utils/widgets/lab/trails.mjs";
import { columnsFor } from "../../vae_utils/widgets/lab/window.mjs";

const fields = (values) => ({ get: (name) => ({ data: "ring", beta: 1, sigma: 0.2, ...values })[name] });
const history = (kl, reconstruction, step = kl.length - 1) => ({ terms: { step }, history: { kl, reconstruction } });
const START = {
  data: "ring", likelihood: "Gaussian", pixels: "8", rows: "all", latent: "2", hidden: "64", activation: "tanh",
  beta: 1,
  sigma: 0.3, rate: 0.003, warmup: 0, free: 0, seed: 0, row: 0, code: [0.8, 0.8], points: [], drawn: [],
};
const LIMITS = {
  data: ["ring", "moons", "your own points"], likelihood: ["Gaussian", "Bernoulli"], pixels: ["8", "14", "28"],
  rows: ["30", "all"], latent: ["1", "2"], hidden: ["64"], activation: ["tanh", "relu"], beta: [0, 16],
  sigma: [0.03, 1],
  rate: [0.0001, 0.03], warmup: [0, 2000], free: [0, 2], seed: [0, 99], row: [0, 299], code: [-12, 12], points: [-3, 3],
};

export const tests = {
  "a run that ends leaves its trail, and one that never moved leaves none": () => {
    const trails = new Trails();
    trails.follow(fields({}), "gaussian", history([1, 2], [-3, -1]));
    trails.end();
    trails.follow(fields({ beta: 4 }), "gaussian", history([0.5], [-3]));
    const [left, ...others] = trails.beside();
    equal([left.name, left.kl, left.distortion, others.length], ["\u03b2 1, \u03c3 0.2", [1, 2], [3, 1], 0]);
    trails.end();
    equal(trails.kept.length, 1);
    trails.clear();
    equal(trails.kept, []);
  },
  "a trail is called by the settings it was trained with, not by those that were set after its last step": () => {
    const trails = new Trails();
    const follow = (beta, step) => {
      trails.follow(fields({ beta }), "gaussian", history([1, 2], [-3, -1], step));
      return trails.now.A.name;
    };
    const names = [follow(1, 0), follow(2, 0), follow(2, 9), follow(4, 9), follow(4, 0), follow(4, 5), follow(8, 10)];
    equal(names, [1, 2, 2, 2, 2, 2, 8].map((beta) => `\u03b2 ${beta}, \u03c3 0.2`));
    follow(16, 10);
    trails.end();
    equal([trails.kept[0].name, follow(16, 0)], ["\u03b2 8, \u03c3 0.2", "\u03b2 16, \u03c3 0.2"]);
  },
  "the ghost is the last run that can be compared, and goes at the pace of the present one until it ended": () => {
    const trails = new Trails();
    const run = (values, loss) => {
      trails.end();
      const film = { kl: [1, 2, 3], reconstruction: [-3, -2, -1], step: [0, 5, 10], loss };
      trails.follow(fields(values), "gaussian", { terms: { step: 10 }, history: film });
    };
    equal(trails.ghost(), null);
    run({ beta: 1 }, [9, 8, 7]);
    equal(trails.ghost(), null);
    run({ beta: 2 }, [6, 5, 4]);
    equal(trails.ghost().loss, [9, 8, 7]);
    run({ beta: 3 }, [3, 2, 1]);
    const ghost = trails.ghost();
    equal([0, 4, 5, 10, 11].map((step) => ghostLoss(ghost, { step })), [6, 6, 5, 4, null]);
    equal([ghostLoss(null, { step: 1 }), ghostLoss(ghost, undefined)], [null, null]);
    run({ data: "moons" }, [0, 0, 0]);
    equal(trails.ghost(), null);
    equal([placeAt([5, 10], 3), placeAt([5, 10], 9), placeAt([5, 10], 99)], [0, 0, 1]);
  },
  "the axes make room for the ghost, and only where they lack it": () => {
    equal([withGhost([0, 10], 5), withGhost([0, 10], null)], [[0, 10], [0, 10]]);
    const [[low], [, high]] = [withGhost([0, 10], -3), withGhost([0, 10], 14)];
    ok(low < -3 && low > -5 && high > 14 && high < 16, `${low} and ${high}`);
  },
  "the timeline rests where the film has kept weights, and its end is the present": () => {
    const kept = [0, 10, 20, 30];
    equal([-5, 4, 6, 24, 26, 31, 33, 99].map((wanted) => stepToShow(kept, 34, wanted)), [0, 0, 10, 20, 30, 30, 34, 34]);
    equal([stepToShow([0], 0, 0), stepToShow([0], 0, 3)], [0, 0]);
  },
  "an arrow key goes to the next step that was kept, none left out, and rests at both ends": () => {
    const [uneven, now] = [[0, 10, 20, 30, 31], 37];
    const go = (from, way) => stepToShow(uneven, now, from + way * strideOf(uneven, now, from, way));
    equal([37, 31, 30, 20, 10, 0].map((step) => go(step, -1)), [31, 30, 20, 10, 0, 0]);
    equal([0, 10, 20, 30, 31, 37].map((step) => go(step, 1)), [10, 20, 30, 31, 37, 37]);
    equal([strideOf([0], 0, 0, -1), strideOf([0], 0, 0, 1)], [1, 1]);
  },
  "the plane holds every trail but its first steps": () => {
    const trails = new Trails();
    const distortion = [900, 30, ...Array.from({ length: 18 }, (_, i) => 20 - i)];
    trails.follow(fields({}), "gaussian", history(distortion.map((_, i) => i), distortion.map((d) => -d)));
    const { x, y } = trails.ranges();
    ok(x[0] === 0 && x[1] > 19, "all of the KL");
    ok(y[0] < 3 && y[1] > 20 && y[1] < 30, `from ${y[0]} to ${y[1]}`);
  },
  "two runs at once have a trail each, and both stay when they end, or B's alone when it is put away": () => {
    const trails = new Trails();
    trails.follow(fields({}), "gaussian", history([1, 2], [-3, -1]));
    trails.follow(fields({ beta: 4 }), "gaussian", history([3, 5], [-3, -2]), "B");
    equal(trails.present().map(({ name }) => name), ["\u03b2 1, \u03c3 0.2", "\u03b2 4, \u03c3 0.2"]);
    ok(trails.ranges().x[1] > 5, "room for both");
    trails.end(["B"]);
    equal([trails.beside().map(({ kl }) => kl), Object.keys(trails.now)], [[[3, 5]], ["A"]]);
    trails.follow(fields({ beta: 4 }), "gaussian", history([3, 6], [-3, -2]), "B");
    trails.end();
    equal([trails.kept.map(({ kl }) => kl.at(-1)), trails.present()], [[5, 6, 2], []]);
  },
  "a run that blows up does not stretch the plane, nor does one whose codes fly apart": () => {
    const sound = history([1, 2, 3, 4], [-9, -5, -4, -3]);
    const alone = new Trails();
    alone.follow(fields({}), "gaussian", sound);
    const wanted = alone.ranges();
    const trails = new Trails();
    trails.follow(fields({ beta: 0 }), "gaussian", history([1, 900, 1e5, 1e9], [-9, -5e3, -1e7, -Infinity]));
    trails.end();
    trails.follow(fields({}), "gaussian", sound);
    equal(trails.ranges().y, wanted.y);
    ok(trails.ranges().x[1] < 1.16 * 20, `up to ${trails.ranges().x[1]}`);
    const free = new Trails();
    free.follow(fields({ beta: 0 }), "gaussian", history([1, 40, 80], [-9, -3, -2]));
    ok(free.ranges().x[1] > 80, "alone it is seen whole");
  },
  "a plane holds the trails of one drawing": () => {
    const trails = new Trails();
    const run = (points) => {
      trails.end();
      trails.follow(fields({ data: "your own points", points }), "gaussian", history([1, 2], [-3, -1]));
      return trails.beside().length;
    };
    equal([run([[0, 1]]), run([[0, 1]]), run([[1, 0]]), run([[0, 1], [1, 1]]), run([[0, 1]])], [0, 1, 0, 0, 2]);
  },
  "two runs stand in rows of four, or in pairs where there is little room": () => {
    equal([1200, 740, 739, 300].map((width) => columnsFor(width, 8)), [4, 4, 2, 2]);
    equal([1200, 560, 559].map((width) => columnsFor(width, 6)), [3, 3, 2]);
  },
  "a round of two runs lasts about as long as it should": () => {
    equal([nextStride(10, 50, 50), nextStride(10, 100, 50), nextStride(10, 1, 50)], [10, 5, 20]);
    equal([nextStride(1, 4000, 50), nextStride(1, 0, 50)], [1, 2]);
  },
  "run B is in the link by what it has for itself, and a bad part of it is named": () => {
    const now = { ...START, start: START, beta: 2 };
    const b = { ...now, beta: 4, hidden: "16" };
    const limits = { ...LIMITS, hidden: ["16", "64"] };
    const text = toAddress((name) => now[name], 7, { knobs: KNOBS, b: (name) => b[name], plane: "way" });
    equal(text, "data=ring&beta=2&seed=0&b.beta=4&b.hidden=16&plane=way&n=7");
    equal(fromAddress(text, limits, 9, KNOBS), {
      values: { data: "ring", beta: 2, seed: 0 }, b: { beta: 4, hidden: "16" }, plane: "way", n: 7, ignored: [],
    });
    const same = toAddress((name) => now[name], 7, { knobs: KNOBS, b: (name) => now[name] });
    equal(fromAddress(same, limits, 9, KNOBS).b, { beta: 2 });
    equal(fromAddress("data=ring&n=3", limits, 9, KNOBS).b, null);
    const { ignored, b: found } = fromAddress("b.beta=99&b.seed=1&b.=2&b.sigma=0.5", limits, 9, KNOBS);
    equal([ignored, found], [["b.beta=99", "b.seed=1", "b.=2"], { sigma: 0.5 }]);
  },
  "without a trail, or with one that stands still, the plane has axes": () => {
    const trails = new Trails();
    ok(Object.values(trails.ranges()).flat().every((value) => !Number.isNaN(value)), "empty");
    trails.follow(fields({}), "gaussian", history([0, 0], [-2, -2]));
    equal(trails.ranges().y, [1, 3]);
  },
  "drawn digits are in the link, where digits are learned": () => {
    const drawn = [Array.from({ length: 64 }, (_, i) => i % 17), Array(64).fill(16)];
    const now = { ...START, data: "digits", drawn, start: START };
    const limits = { ...LIMITS, data: ["digits"] };
    equal(fromAddress(toAddress((name) => now[name], 3), limits, 9).values.drawn, drawn);
    ok(!toAddress((name) => ({ ...now, data: "ring" })[name], 3).includes("drawn"), "a ring has none");
    const long = "A".repeat(4 * 16 * 20);
    for (const part of ["drawn=AAAA", "drawn=!!", `drawn=${btoa("\x11".repeat(64))}`, `drawn=${long}`]) {
      equal(fromAddress(part, LIMITS, 9).ignored.length, 1, part);
    }
  },
  "a link holds what differs from the start, and gives it back": () => {
    const drawn = { data: "your own points", points: [[0.5, -3], [2.984375, 0]] };
    const now = { ...START, ...drawn, beta: 4.25, pixels: "14", code: [1, -2] };
    const text = toAddress((name) => ({ ...now, start: START })[name], 2000);
    equal(text.startsWith("data=your+own+points&pixels=14&beta=4.25&seed=0&code=1%2C-2&points="), true, text);
    const { values, n, ignored } = fromAddress(text, LIMITS, 2000);
    equal([n, ignored, values.points, values.code, values.beta], [2000, [], now.points, now.code, 4.25]);
    equal([values.data, values.pixels, values.rate], [now.data, "14", undefined]);
    equal(toAddress((name) => ({ ...START, start: START })[name], 0), "data=ring&beta=1&seed=0&n=0");
  },
  "a bad link says what of it was ignored, and an anchor is no link": () => {
    equal([fromAddress("", LIMITS, 9), fromAddress("the-lab", LIMITS, 9)], [null, null]);
    const bad = [
      "beta=99", "beta=", "beta=NaN", "seed=1.5", "n=1e9", "n=-1", "data=faces", "code=1", "code=1,x", "color=red",
      "points=!!",
      "points=AAA", "__proto__=1",
      "plane=up", "pixels=15",
    ];
    const none = { values: {}, b: null, plane: false, n: 0 };
    for (const part of bad) equal(fromAddress(part, LIMITS, 9), { ...none, ignored: [part] }, part);
    equal(fromAddress(`points=${"AAAA".repeat(14)}`, LIMITS, 9).ignored.length, 1, "more points than there may be");
    equal(fromAddress("beta=2&n=5&size=3&data=moons", LIMITS, 9), {
      values: { beta: 2, data: "moons" }, b: null, plane: false, n: 5, ignored: ["size=3"],
    });
  },
};
