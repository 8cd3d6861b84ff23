import { close, equal, ok } from "./check.mjs";
import { linesFor, reliefCaption, shadesOf } from "../../vae_utils/widgets/lab/relief.mjs";
import { makeShape } from "../../vae_utils/widgets/playground/datasets.mjs";
import {
  Landscape, randomDirections, sideFor, spaced, wayDirections,
} from "../../vae_utils/widgets/playground/landscape.mjs";
import { Training } from "../../vae_utils/widgets/playground/training.mjs";

const settings = { beta: 1, sigma: 0.2, rate: 0.003, warmup: 0, free: 0 };
const training = (more = {}) => {
  const { x } = makeShape("ring", 200, 0);
  return new Training({ data: x, dim: 2, latent: 2, hidden: 16, activation: "tanh", seed: 0, settings, ...more });
};
const steps = (one, n) => Array.from({ length: n }).forEach(() => one.step());
const survey = (one, resting = true) => {
  let count = 0;
  while (one.aside(resting)) count += 1;
  return count;
};

export const tests = {
  "its middle is the loss of the moment, by either kernel, and both agree everywhere": () => {
    const seen = ["WebAssembly", "JavaScript"].map((kernel) => {
      const one = training({ kernel, around: true });
      steps(one, 20);
      equal(one.snapshot().landscape, null);
      equal(survey(one), 21 * 21);
      const { values, side, step, trail } = one.snapshot().landscape;
      equal([side, values.length, step], [21, 441, 20]);
      close(values[220], one.terms().loss, 1e-4);
      close(trail.at(-1).slice(0, 2), [0, 0], 1e-6);
      return Array.from(values);
    });
    const far = Math.max(...seen[0].map((value, i) => Math.abs(value - seen[1][i]) / Math.max(1, Math.abs(value))));
    ok(far < 1e-3, `${far}: two runs of 20 steps, each by its kernel`);
  },
  "the directions are those of the seed, and of another seed are others": () => {
    const { viewer, trainer } = training();
    const of = (seed) => randomDirections(viewer, trainer.vae.theta, seed).map((one) => Array.from(one));
    equal(of(1), of(1));
    ok(of(1)[0].some((value, i) => value !== of(2)[0][i]), "another seed");
    ok(of(1)[0].some((value, i) => value !== of(1)[1][i]), "two directions");
  },
  "what is computed beside the training changes nothing in it": () => {
    const [watched, alone] = [training({ around: true }), training()];
    for (let i = 0; i < 150; i++) {
      watched.step();
      alone.step();
      for (let k = 0; k < 5; k++) watched.aside(false);
    }
    ok(watched.around.shown, "one was computed");
    equal(Array.from(watched.trainer.vae.theta), Array.from(alone.trainer.vae.theta));
    equal([alone.aside(true), alone.snapshot().landscape], [false, null]);
  },
  "it is computed anew after a hundred steps, at rest after one, and at once when the loss is another": () => {
    const one = training({ around: true });
    survey(one);
    equal([survey(one), one.around.shown.step], [0, 0]);
    steps(one, 99);
    equal(survey(one, false), 0);
    equal([survey(one), one.around.shown.step], [441, 99]);
    steps(one, 100);
    equal([survey(one, false), one.around.shown.step], [441, 199]);
    one.change({ ...settings, beta: 5 });
    equal(survey(one, false), 441);
    close(one.snapshot().landscape.values[220], one.terms().loss, 1e-4);
    one.lookAround(false);
    equal([one.aside(true), one.snapshot().landscape], [false, null]);
  },
  "weights in the plane are found where they are, and of others the nearest point": () => {
    const middle = Float32Array.of(1, 2, 3);
    const directions = [Float32Array.of(1, 1, 0), Float32Array.of(0, 2, 0)];
    const around = new Landscape({ directions, theta: middle, step: 0, lossOf: ([a, b]) => a + 10 * b, side: 3 });
    close(around.place(Float32Array.of(1.5, 2.1, 3)), [0.5, -0.2, 1], 1e-6);
    close(around.place(Float32Array.of(4, 5, 7)), [3, 0, Math.sqrt(18 / 34)], 1e-6);
    equal(around.place(middle), [0, 0, 0]);
    while (!around.complete) around.next();
    equal(Array.from(around.values), [-10, 1, 12, 10, 21, 32, 30, 41, 52]);
  },
  "the trail is the way from the start to the present weights": () => {
    const one = training({ around: true });
    steps(one, 300);
    survey(one);
    const { trail } = one.snapshot().landscape;
    equal(trail.length, 32);
    ok(trail[0][2] > 0 && trail[0][2] < 0.5, `of the way ${trail[0][2]} lies in the plane`);
    const early = one.film.entries[3];
    const back = one.snapshot(early).landscape.trail;
    equal(back.length, 5);
    close(back.at(-1), one.around.shown.place(early.theta), 1e-6);
  },
  "the plane of the way holds what the way holds most of: in two dimensions all of it": () => {
    const theta = Float32Array.of(1, 1, 1, 1);
    const at = (a, b) => Float32Array.of(1 + a, 1 + 2 * b, 1 - a, 1);
    const path = [[-8, 1], [-5, -1], [-3, 1], [-1, 0.5]].map(([a, b]) => at(a, b));
    const directions = wayDirections(theta, path);
    const around = new Landscape({ directions, theta, step: 0, lossOf: () => 0, side: 3 });
    close(directions[0].reduce((sum, value, i) => sum + value * directions[1][i], 0), 0, 1e-4);
    const places = path.map((one) => around.place(one));
    close(places.map(([, , share]) => share), [1, 1, 1, 1], 1e-5);
    ok(places[0][0] < 0, "it comes from the left");
    for (const axis of [0, 1]) close(Math.max(...places.map((place) => Math.abs(place[axis]))), 1 / 1.2, 1e-5);
    equal([wayDirections(theta, []), wayDirections(theta, [theta, theta, theta])], [null, null]);
    equal(wayDirections(theta, [at(1, 0), at(2, 0), at(3, 0)]), null);
  },
  "the plane of a training's way holds most of it, and its middle is the loss as well": () => {
    const one = training({ around: "way" });
    steps(one, 300);
    survey(one);
    const { values, trail } = one.snapshot().landscape;
    close(values[220], one.terms().loss, 1e-4);
    ok(trail[0][2] > 0.9, `${trail[0][2]} of the way`);
    ok(trail.every(([x, y]) => Math.abs(x) <= 1 && Math.abs(y) <= 1), "all of it is in sight");
  },
  "of many weights some are taken, the first among them": () => {
    const all = Array.from({ length: 70 }, (_, i) => i);
    equal([spaced(all).length, spaced(all)[0], spaced(all)[1]], [24, 0, 3]);
    equal(spaced([4, 5]), [4, 5]);
  },
  "large nets get fewer values, and always one in the middle": () => {
    equal([sideFor(9000), sideFor(200_000)], [21, 15]);
  },
  "lines stand at round heights below the top, shades rise from 0 to 1": () => {
    equal(linesFor(200), [1, 3, 10, 30, 100]);
    equal([linesFor(0.05), linesFor(0)], [[0.001, 0.003, 0.01, 0.03], []]);
    equal(linesFor(2), [0.01, 0.03, 0.1, 0.3, 1]);
    const shades = Array.from(shadesOf([0, 1, 10, 100], 100, 1));
    equal([shades[0], shades[3]], [0, 1]);
    ok(shades[1] > 0.1 && shades[1] < shades[2] && shades[2] < 1, String(shades));
    equal(Array.from(shadesOf([0, 0], 0, 1)), [0, 0]);
  },
  "its caption says of which step it is, and how much of the way it holds": () => {
    equal(reliefCaption(null), "Loss around the weights");
    equal(reliefCaption({ step: 7, trail: [[0, 0, 0]] }), "Loss around step 7");
    ok(reliefCaption({ step: 7, trail: [[0, 0, 0.02]] }).endsWith("; holds 2 % of the way"), "the share");
  },
};
