import { close, equal, ok } from "./check.mjs";
import { Trails } from "../../vae_utils/widgets/lab/trails.mjs";
import { viewHeight } from "../../vae_utils/widgets/lab/window.mjs";
import { Training } from "../../vae_utils/widgets/playground/training.mjs";
import { makeShape } from "../../vae_utils/widgets/playground/datasets.mjs";

const fields = (values) => ({ get: (name) => ({ data: "ring", beta: 1, sigma: 0.2, ...values })[name] });
const history = (kl, reconstruction) => ({ kl, reconstruction });
const settings = { beta: 1, sigma: 0.2, rate: 0.003, warmup: 0, free: 0 };
const plan = (changes = {}) => {
  const { x } = makeShape("ring", 200, 0);
  return { data: x, dim: 2, latent: 2, hidden: 16, activation: "tanh", seed: 0, settings, ...changes };
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
  "only runs on the same data with the same likelihood stand side by side": () => {
    const trails = new Trails();
    const run = (values, likelihood) => {
      trails.end();
      trails.follow(fields(values), likelihood, history([1, 2], [-3, -1]));
    };
    run({ data: "digits" }, "bernoulli");
    run({ data: "digits" }, "gaussian");
    run({ data: "ring" }, "gaussian");
    equal(trails.beside().length, 0);
    run({ data: "digits", beta: 2 }, "gaussian");
    equal(trails.beside().length, 1);
  },
  "the plane holds every trail but its first steps": () => {
    const trails = new Trails();
    const distortion = [900, 30, ...Array.from({ length: 18 }, (_, i) => 20 - i)];
    trails.follow(fields({}), "gaussian", history(distortion.map((_, i) => i), distortion.map((d) => -d)));
    const { x, y } = trails.ranges();
    ok(x[0] === 0 && x[1] > 19, "all of the KL");
    ok(y[0] < 3 && y[1] > 20 && y[1] < 30, `from ${y[0]} to ${y[1]}`);
  },
  "without a trail, or with one that stands still, the plane has axes": () => {
    const trails = new Trails();
    ok(Object.values(trails.ranges()).flat().every((value) => !Number.isNaN(value)), "empty");
    trails.follow(fields({}), "gaussian", history([0, 0], [-2, -2]));
    equal(trails.ranges().y, [1, 3]);
  },
  "views share what the window leaves, within limits": () => {
    const room = { window: 700, top: 180, columns: 3, views: 6, strip: 96, below: 20 };
    const height = viewHeight(room);
    ok(2 * (height + 30) + 96 + 180 + 20 <= 700 && height > 140, `${height}`);
    ok(viewHeight({ ...room, columns: 2 }) < height, "three rows are lower");
    equal([viewHeight({ ...room, window: 300 }), viewHeight({ ...room, window: 3000 })], [112, 360]);
  },
  "the machine shows the watched row, its draw and the code, decoded by the weights of the moment": () => {
    const one = new Training(plan({ watched: { row: 7, code: [0.5, -1] } }));
    for (let i = 0; i < 20; i++) one.step();
    const { machine, mu, logvar, means } = one.snapshot();
    equal(Array.from(machine.x), Array.from(one.x.slice(14, 16)));
    equal([...machine.mu, ...machine.logvar], [...mu.slice(14, 16), ...logvar.slice(14, 16)]);
    machine.z.forEach((z, j) => close(z, machine.mu[j] + Math.exp(0.5 * machine.logvar[j]) * machine.eps[j], 1e-6));
    close(Array.from(machine.decoded), Array.from(one.trainer.vae.decode(Float32Array.of(0.5, -1), 1)), 1e-6);
    one.watched = { row: 7, code: Array.from(machine.mu) };
    close(Array.from(one.snapshot().machine.decoded), Array.from(means.slice(14, 16)), 1e-6);
    equal(new Training(plan()).snapshot().machine, null);
  },
  "hidden units and likelihood can be chosen": () => {
    const { vae } = new Training(plan({ hidden: 8 })).trainer;
    equal(vae.theta.length, 2 * 8 + 8 + 8 * 8 + 8 + 8 * 4 + 4 + (2 * 8 + 8 + 8 * 8 + 8 + 8 * 2 + 2));
    const digits = { data: new Float32Array(128).fill(0.5), dim: 64 };
    equal(new Training(plan({ ...digits, likelihood: "gaussian" })).trainer.vae.likelihood, "gaussian");
    equal(new Training(plan({ ...digits, likelihood: undefined })).trainer.vae.likelihood, "bernoulli");
  },
  "with free bits above every KL, training pays for no code": () => {
    const [paid, free] = [0, 50].map((bits) => new Training(plan({ settings: { ...settings, beta: 16, free: bits } })));
    for (let i = 0; i < 150; i++) [paid, free].forEach((one) => one.step());
    ok(free.terms().kl > paid.terms().kl + 1, `${free.terms().kl} against ${paid.terms().kl}`);
    close(free.terms().loss, 16 * 100 - free.terms().reconstruction, 1e-3);
  },
};
