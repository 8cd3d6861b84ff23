import { close, equal, ok } from "./check.mjs";
import { SHAPES, fromPoints, fromScans, makeShape } from "../../vae_utils/widgets/playground/datasets.mjs";
import { enlarge } from "../../vae_utils/widgets/playground/enlarge.mjs";
import { Film } from "../../vae_utils/widgets/playground/film.mjs";
import { Training } from "../../vae_utils/widgets/playground/training.mjs";

const settings = { beta: 1, sigma: 0.2, rate: 0.003, warmup: 0 };
const training = (latent = 2) =>
  new Training({ data: makeShape("ring", 200, 0).x, dim: 2, latent, activation: "tanh", seed: 0, settings });

export const tests = {
  "shapes are seeded, finite, inside the picture, toned in [0, 1)": () => {
    for (const name of Object.keys(SHAPES)) {
      const { x, tone } = makeShape(name, 400, 3);
      equal(Array.from(makeShape(name, 400, 3).x), Array.from(x));
      ok(x.every((value) => Math.abs(value) < 2.5), name);
      ok(tone.every((value) => value >= 0 && value < 1), name);
    }
  },
  "a reader's points keep their places": () => close(Array.from(fromPoints([[1, 2], [-1, 0]]).x), [1, 2, -1, 0]),
  "scans are shuffled with their labels": () => {
    const labels = Uint8Array.from({ length: 30 }, (_, i) => i % 10);
    const ink = Uint8Array.from({ length: 30 * 64 }, (_, i) => labels[Math.floor(i / 64)]);
    const { x, tone } = fromScans(ink, labels, 1);
    tone.forEach((value, i) => close(x[64 * i], (10 * value) / 16, 1e-6));
    ok(Array.from(tone).join() !== Array.from(labels, (l) => l / 10).join(), "the order is new");
    for (const side of [14, 28]) {
      const large = fromScans(ink, labels, 1, side);
      equal(Array.from(large.tone), Array.from(tone));
      equal(large.x.length, 30 * side * side);
      const first = Float32Array.from(x.subarray(0, 64));
      equal(Array.from(large.x.subarray(0, side * side)), Array.from(enlarge(first, side)));
    }
  },
  "a film never outgrows its capacity and keeps its first and last entries": () => {
    const film = new Film(16, 1);
    for (let step = 0; step <= 1000; step++) if (film.wants(step)) film.add({ step });
    ok(film.entries.length < 16 && film.entries.length >= 8, `${film.entries.length} entries`);
    equal(film.entries[0].step, 0);
    ok(film.entries.at(-1).step > 1000 - film.stride, "the last entry is near the end");
  },
  "large pictures get smaller batches, and a film whose weights fit": () => {
    const large = { data: new Float32Array(784 * 80), dim: 784, latent: 2, hidden: 128, activation: "tanh", settings };
    const one = new Training(large);
    equal([one.trainer.batch, one.film.capacity], [64, 60]);
    equal(training().film.capacity, 240);
  },
  "a snapshot changes nothing in training": () => {
    const [watched, alone] = [training(), training()];
    for (let i = 0; i < 40; i++) {
      watched.step();
      watched.snapshot();
      alone.step();
    }
    equal(Array.from(watched.trainer.vae.theta), Array.from(alone.trainer.vae.theta));
  },
  "a change is in force at once and marked where it happened": () => {
    const one = training();
    for (let i = 0; i < 12; i++) one.step();
    const before = one.snapshot().terms;
    one.change({ ...settings, beta: 4 });
    const { terms, marks } = one.snapshot();
    equal(marks, [{ name: "beta", value: 4, step: 12 }]);
    close(terms.kl, before.kl, 1e-9);
    close(terms.loss - before.loss, 3 * before.kl, 1e-5);
  },
  "replay shows the weights of that time": () => {
    const one = training(1);
    const start = one.snapshot();
    for (let i = 0; i < 30; i++) one.step();
    const again = one.snapshot(one.film.entries[0]);
    equal(Array.from(again.mu), Array.from(start.mu));
    equal(again.terms.step, 0);
    ok(Array.from(one.snapshot().mu).join() !== Array.from(start.mu).join(), "and then the present again");
  },
};
