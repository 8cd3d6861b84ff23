import { close, equal, ok } from "./check.mjs";
import { challenges } from "../../vae_utils/widgets/lab/challenges.mjs";
import { distanceToPrior, separation } from "../../vae_utils/widgets/lab/measures.mjs";
import { nearestClass, toScan, withDrawn } from "../../vae_utils/widgets/lab/own_digits.mjs";
import { split } from "../../vae_utils/widgets/lab/plan.mjs";
import { Trails } from "../../vae_utils/widgets/lab/trails.mjs";
import { viewHeight } from "../../vae_utils/widgets/lab/window.mjs";
import { enlarge } from "../../vae_utils/widgets/playground/enlarge.mjs";
import { Training } from "../../vae_utils/widgets/playground/training.mjs";
import { makeShape } from "../../vae_utils/widgets/playground/datasets.mjs";

const fields = (values) => ({ get: (name) => ({ data: "ring", beta: 1, sigma: 0.2, ...values })[name] });
const history = (kl, reconstruction, step = kl.length - 1) => ({ terms: { step }, history: { kl, reconstruction } });
const settings = { beta: 1, sigma: 0.2, rate: 0.003, warmup: 0, free: 0 };
const plan = (changes = {}) => {
  const { x } = makeShape("ring", 200, 0);
  return { data: x, dim: 2, latent: 2, hidden: 16, activation: "tanh", seed: 0, settings, ...changes };
};

export const tests = {
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
    run({ data: "digits", pixels: "28" }, "gaussian");
    equal(trails.beside().length, 0);
    run({ data: "ring", pixels: "28" }, "gaussian");
    equal(trails.beside().length, 1);
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
  "the gradient that comes back is the slope of this row's loss, by z, by mu and by logvar": () => {
    for (const [beta, free] of [[1, 0], [3, 0], [3, 50]]) {
      const one = new Training(plan({ settings: { ...settings, beta, free }, watched: { row: 7, code: [0, 0] } }));
      for (let i = 0; i < 30; i++) one.step();
      const { back, x, eps, z, mu, logvar } = one.machine();
      const { viewer } = one;
      const misfit = (code) => viewer.decode(code, 1).reduce((sum, m, i) => sum + (x[i] - m) ** 2, 0) / (2 * 0.2 ** 2);
      z.forEach((_, j) => {
        const [up, down] = [0.01, -0.01].map((by) => misfit(z.map((value, k) => (k === j ? value + by : value))));
        close(back.z[j], (up - down) / 0.02, 2e-3 * Math.max(1, Math.abs(back.z[j])));
        const paid = free ? 0 : beta;
        close(back.mu[j], back.z[j] + paid * mu[j], 1e-4);
        const width = Math.exp(0.5 * logvar[j]);
        close(back.logvar[j], 0.5 * (back.z[j] * eps[j] * width + paid * (width * width - 1)), 1e-4);
      });
      const { encoder, decoder } = back.norms;
      const whole = one.viewer.gradient.reduce((sum, value) => sum + value * value, 0);
      close((encoder ** 2 + decoder ** 2) / whole, 1, 1e-4);
      ok(encoder > 0 && decoder > 0, `${encoder} and ${decoder}`);
    }
  },
  "classes that lie apart are told by their middles, one heap is not": () => {
    const tone = [0, 0, 0.3, 0.3];
    equal(separation(Float32Array.of(-1, 0, -1.2, 0, 1, 0, 1.2, 0), tone, 2), 1);
    equal(separation(Float32Array.of(-1, 2, 1, 2.5), tone, 1), 0.5);
  },
  "codes as wide as the prior are 0 nats from it, and others what the formula of two Gaussians says": () => {
    const corners = Float32Array.of(0.6, 0.6, -0.6, 0.6, 0.6, -0.6, -0.6, -0.6);
    close(distanceToPrior(corners, new Float32Array(8).fill(Math.log(0.64)), 2), 0, 1e-6);
    const [m, s] = [1.5, 0.5];
    const wanted = 0.5 * (s * s + m * m - 1) - Math.log(s);
    close(distanceToPrior(Float32Array.of(m, m), new Float32Array(2).fill(2 * Math.log(s)), 1), wanted, 1e-6);
    const line = Float32Array.of(1, 1, -1, -1);
    const [spread, shared] = [1 + 0.25, 1];
    const apart = 0.5 * (2 * spread - 2 - Math.log(spread ** 2 - shared ** 2));
    close(distanceToPrior(line, new Float32Array(4).fill(Math.log(0.25)), 2), apart, 1e-6);
  },
  "the last rows are held out, however few are trained on": () => {
    const data = { x: Float32Array.from({ length: 400 }, (_, i) => i), tone: new Float32Array(200), dim: 2 };
    for (const [rows, n] of [["all", 72], ["30", 30], ["100", 72]]) {
      const { x, tone, heldout } = split(data, rows);
      equal([x.length, tone.length, heldout.length, heldout[0]], [2 * n, n, 256, 144]);
    }
  },
  "a drawing becomes a scan: as large as it fits, in the middle, ink up to 16, wherever it was drawn": () => {
    equal(toScan(new Float32Array(784)), null);
    const bar = (left, top) => {
      const sheet = new Float32Array(784);
      for (let y = 0; y < 16; y++) for (let x = 0; x < 4; x++) sheet[28 * (top + y) + left + x] = 1;
      return toScan(sheet);
    };
    const scan = bar(3, 5);
    equal(bar(20, 11), scan);
    const column = (j) => Array.from({ length: 8 }, (_, i) => scan[8 * i + j]);
    const middle = (j) => column(j).slice(1, 7);
    for (const [j, ink] of [[1, 0], [2, 1], [3, 15], [4, 15], [5, 1], [6, 0]]) equal(middle(j), Array(6).fill(ink), j);
    ok(column(3)[0] >= 12 && column(4)[7] >= 12, "from edge to edge");
    equal([column(0), column(1), column(6), column(7)].flat(), Array(32).fill(0));
    ok(scan.every((value) => Number.isInteger(value) && value >= 0 && value <= 16), String(scan));
  },
  "digits of the reader stand before all others, with the class of their nearest scan, at every size": () => {
    const scans = { ink: Uint8Array.from({ length: 128 }, (_, i) => (i < 64 ? 0 : 16)), labels: Uint8Array.of(3, 7) };
    equal([nearestClass(Array(64).fill(2), scans), nearestClass(Array(64).fill(15), scans)], [3, 7]);
    for (const side of [8, 14]) {
      const dim = side * side;
      const rows = { x: new Float32Array(2 * dim).fill(0.25), tone: Float32Array.of(0.1, 0.2), dim, heldout: null };
      const { x, tone } = withDrawn(rows, [Array(64).fill(8)], scans);
      equal([x.length, tone.length, x.at(-1)], [3 * dim, 3, 0.25]);
      const scan = new Float32Array(64).fill(0.5);
      equal(Array.from(x.slice(0, dim)), Array.from(side === 8 ? scan : enlarge(scan, side)));
      close(Array.from(tone), [0.3, 0.1, 0.2], 1e-6);
      equal(Array.from(withDrawn(rows, [], scans).x), Array.from(rows.x));
    }
  },
  "held-out rows are judged and never trained on": () => {
    const { x } = makeShape("ring", 400, 0);
    const trained = { data: x.slice(0, 400) };
    const [judged, alone] = [{ heldout: x.slice(400) }, {}].map((more) => new Training(plan({ ...trained, ...more })));
    for (let i = 0; i < 30; i++) [judged, alone].forEach((one) => one.step());
    equal(Array.from(judged.trainer.vae.theta), Array.from(alone.trainer.vae.theta));
    equal([alone.terms().heldout, alone.snapshot().history.heldout[0]], [undefined, undefined]);
    const { heldout, loss } = judged.terms();
    ok(Number.isFinite(heldout) && Math.abs(heldout - loss) < 2 && heldout !== loss, `${heldout} beside ${loss}`);
    equal(judged.snapshot().history.heldout.length, judged.film.entries.length);
  },
  "each challenge is reached when and only when it should be": () => {
    const codes = Float32Array.of(1, 0.8, -1, 0.8, 1, -0.8, -1, -0.8);
    const picture = { mu: codes, logvar: new Float32Array(8).fill(-2), machine: { mu: [0, 0] } };
    const base = {
      step: 600, loss: 30, reconstruction: -22, kl: 2, beta: 1, heldout: 31, picture,
      data: { dim: 64, tone: [0, 0.1, 0.2, 0.3] },
      settings: { beta: 1, sigma: 0.2, data: "digits", likelihood: "gaussian" },
    };
    const of = (past, changes, settings = {}) => {
      const seen = { ...base, ...changes, settings: { ...base.settings, ...settings } };
      return challenges(() => seen, past).filter(({ reached }) => reached()).map(({ id }) => id);
    };
    equal(of({ beta: 0 }, {}), ["between"]);
    equal(of({ beta: 0 }, {}, { sigma: 0.3 }), []);
    equal(of({ beta: 0 }, { step: 499 }), []);
    equal(of({ beta: 0 }, { picture: { ...picture, logvar: new Float32Array(8).fill(3) } }), []);
    equal(of({ beta: 0 }, { data: { dim: 64, tone: [0, 0, 0.1, 0.1] }, kl: 0.04 }, { beta: 0 }), ["between"]);
    const past = { beta: 0 };
    equal(of(past, { kl: 0.04 }, { beta: 4, sigma: 0.5 }), ["collapse"]);
    equal(past.beta, 4);
    equal(of(past, { beta: 3.9 }, { sigma: 0.5 }), []);
    equal(of(past, { beta: 4 }, { sigma: 0.5 }), ["back"]);
    equal(of(past, { beta: 4, kl: 0.9 }, { sigma: 0.5 }), []);
    const bernoulli = { likelihood: "bernoulli", sigma: 0.5 };
    equal(of({ beta: 0 }, {}, bernoulli), ["budget"]);
    equal(of({ beta: 0 }, { kl: 2.5 }, bernoulli), []);
    equal(of({ beta: 0 }, { step: 1001 }, bernoulli), []);
    equal(of({ beta: 0 }, { data: { dim: 196 } }, bernoulli), []);
    equal(of({ beta: 0 }, { heldout: 45.1 }, { sigma: 0.3 }), ["memorize"]);
    equal(of({ beta: 0 }, { heldout: 44.9 }, { sigma: 0.3 }), []);
    equal(challenges(() => ({}), { beta: 1 }).filter(({ reached }) => reached()), []);
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
