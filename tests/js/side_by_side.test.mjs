import { close, equal, ok } from "./check.mjs";
import { challenges, divergences, spread } from "../../vae_utils/widgets/side_by_side.mjs";
import { normals } from "../../vae_utils/widgets/parts/maths.mjs";
import { Gan } from "../../vae_utils/widgets/side_by_side/gan.mjs";
import { judge, LAWS, lawOf } from "../../vae_utils/widgets/side_by_side/laws.mjs";
import { bound, LOSSES } from "../../vae_utils/widgets/side_by_side/losses.mjs";
import { missing } from "../../vae_utils/widgets/side_by_side/views.mjs";
import { Pair } from "../../vae_utils/widgets/side_by_side/pair.mjs";
import { slopeFromOne, slopesOf, squaredSlope } from "../../vae_utils/widgets/side_by_side/slopes.mjs";

const settings = { loss: "non-saturating", strength: 0, momentum: 0, learned: true, budget: 300 };
const pair = (more = {}, data = "ring", seed = 0) => new Pair({ data, seed, settings: { ...settings, ...more } });
const train = (one, steps) => {
  for (let i = 0; i < steps; i++) one.step();
  return one;
};
const weights = ({ gan, vae, logvar }) =>
  [gan.critic.theta, gan.generator.theta, vae.theta, logvar].flatMap((theta) => Array.from(theta));

export const tests = {
  "a law is seeded, and its own samples are good, all over it": () => {
    for (const name of LAWS) {
      const law = lawOf(name);
      const x = law.draw(2500, 1);
      equal(Array.from(law.draw(2500, 1)), Array.from(x));
      const { good, found, reverseKl } = judge(law, x);
      ok(good > 0.97, `${name}: ${good} good`);
      ok(!law.modes || (found === law.centers.length && reverseKl < 0.01), `${name}: ${found} found`);
    }
  },
  "one mode alone has a reverse KL of log 8, and the entropy of the ring is known": () => {
    const law = lawOf("ring");
    const one = judge(law, Float32Array.from({ length: 200 }, (_, i) => 1 - (i % 2)));
    equal([one.found, one.good], [1, 1]);
    close(one.reverseKl, Math.log(8), 1e-9);
    const entropy = Math.log(8) + 1 + Math.log(2 * Math.PI * 0.05 ** 2);
    close(law.nll(law.draw(20000, 2)), entropy, 0.03);
  },
  "samples that are not drawn are counted, and told of under the picture": () => {
    const x = Float32Array.of(1, 0, 0, -1, 1.7, 0, 0.5, -90, NaN, 0, 0, 1, 1, 0, 1.6, 1.6);
    const { outside } = judge(lawOf("ring"), x);
    equal(outside, 3 / 8);
    equal(missing({ outside }), "38 % outside");
    equal(missing({ outside: 0.004 }), "");
  },
  "how samples that are not good divide among the modes is not told": () => {
    const law = lawOf("ring");
    const far = judge(law, Float32Array.from({ length: 1600 }, normals(1)).map((v) => 60 * v));
    ok(far.reverseKl < 0.05 && far.good < 0.01, `reverse KL ${far.reverseKl} of ${far.good} good`);
    equal(divergences(far, { good: 0.1, reverseKl: 0.25 }), "few good / 0.25");
    equal(divergences({ good: 0.1, reverseKl: 0.25 }, { good: 0.099, reverseKl: 0 }), "0.25 / few good");
    equal(divergences(far, far), "few good");
  },
  "a run remembers that a penalty was on in between, and starts anew without": () => {
    const one = train(pair(), 3);
    equal(one.snapshot(null, true).charged, false);
    one.change({ ...settings, strength: 0.5 });
    equal(one.snapshot(null, true).charged, false, "not by a setting alone");
    train(one, 1).change(settings);
    equal(train(one, 2).snapshot(null, true).charged, true);
    equal(pair().snapshot(null, true).charged, false);
  },
  "a linear critic is charged for its slope, wherever it is asked": () => {
    const gan = new Gan({ generator: [2, 2], critic: [2, 1] });
    gan.critic.theta.set([1.2, -0.5, 3]);
    const x = Float32Array.from({ length: 10 }, normals(1));
    const g = slopesOf(gan.critic.net, x, 5);
    close(squaredSlope(g, 5, 1).value, 0.5 * 1.3 ** 2, 1e-6);
    close(slopeFromOne(g, 5, 10).value, 10 * 0.3 ** 2, 1e-6);
    close(slopeFromOne(new Float32Array(10), 5, 10).v.reduce((a, b) => a + Math.abs(b), 0), 0, 0, "no slope, no way");
  },
  "a critic that tells nothing bounds JS by 0, one that is sure by log 2": () => {
    const same = new Float32Array(4);
    const [high, low] = [same.map(() => 60), same.map(() => -60)];
    for (const loss of Object.keys(LOSSES)) {
      close(bound(loss, same, same), 0, 1e-9, loss);
      close(bound(loss, high, low), loss === "Wasserstein" ? 120 : Math.log(2), 1e-9, loss);
    }
  },
  "the same seed gives the same run, another seed another, and looking changes nothing": () => {
    const [first, second] = [train(pair(), 60), pair()];
    for (let i = 0; i < 60; i++) {
      second.step();
      if (i % 7 === 0) second.snapshot(null, i % 2 === 0);
    }
    equal(weights(first), weights(second));
    ok(weights(train(pair({}, "ring", 1), 60))[0] !== weights(first)[0], "seeds differ");
  },
  "it stops when the budget is spent, and goes on under a larger one": () => {
    const one = pair({ budget: 100 });
    for (let i = 1; i < 100; i++) ok(one.step(), `step ${i}`);
    ok(!one.step() && !one.step(), "spent");
    equal([one.steps, one.snapshot(null, true).spent], [100, true]);
    one.change({ ...settings, budget: 200 });
    ok(one.step(), "goes on");
  },
  "a fixed sigma is the width of the data, a learned one leaves its start": () => {
    const fixed = train(pair({ learned: false }, "spirals"), 20);
    equal(fixed.sigma, lawOf("spirals").width);
    const learned = train(pair(), 20);
    ok(Math.abs(learned.sigma - 0.05) > 0.001, `sigma ${learned.sigma}`);
  },
  "a flat field has no spread, and a steep one nearly 1": () => {
    close(spread(new Float32Array(9).fill(2), "saturating"), 0, 1e-9);
    close(spread(Float32Array.of(-30, 0, 30), "non-saturating"), 1, 1e-9);
  },
  "a field that only differences count in is as flat as it is drawn, wherever it lies": () => {
    const field = Float32Array.of(-1, 0, 1);
    const far = field.map((f) => f + 20);
    close([field, far].map((f) => spread(f, "relativistic")), Array(2).fill(Math.tanh(0.5)), 1e-6);
    ok(spread(far, "saturating") < 1e-6);
  },
  "each challenge is reached by what it says, and by nothing less": () => {
    const told = { data: "ring", loss: "saturating", charged: false, spent: true, step: 1000, spread: 0.9 };
    const look = (now) => challenges(() => ({ ...told, ...now })).map(({ reached }) => reached());
    const [lost, found] = [4, 8].map((modes) => ({ gan: { found: modes }, vae: { found: 8 } }));
    equal(look(lost), [true, false, false]);
    equal(look({ ...lost, vae: { found: 7 } }), [false, false, false]);
    equal(look(found), [false, true, false]);
    for (const less of [{ charged: true }, { spent: false }, { step: 950 }, { step: 1050 }, { data: "grid" }]) {
      equal(look({ ...found, ...less })[1], false);
    }
    const flat = { ...found, spent: false, spread: 0.1 };
    equal(look({ ...flat, step: 300 }), [false, false, true]);
    equal(look({ ...flat, step: 299 })[2], false);
    equal(look({ ...flat, loss: "Wasserstein" })[2], false);
  },
  "nothing is reached before there is a picture": () => {
    challenges(() => ({ step: 0, data: "ring" })).forEach(({ reached }) => ok(!reached()));
  },
};

export const slow = {
  "every loss trains, with a penalty and without; wild ones leave the picture whole": () => {
    for (const loss of Object.keys(LOSSES)) {
      for (const strength of [0, 10]) {
        const { card, field, samples } = train(pair({ loss, strength }, "grid"), 30).snapshot(null, true);
        equal(card.step, 30);
        const numbers = [card.nll, card.bound, card.gan.good, ...field, ...samples.gan, ...samples.vae];
        ok(numbers.every(Number.isFinite), loss);
      }
    }
  },
  "the VAE learns: it finds the modes, and its NLL stays above the exact one": () => {
    const { card, exact } = train(pair(), 300).snapshot(null, true);
    equal(card.vae.found, 8);
    ok(card.nll > exact && card.nll < exact + 4, `NLL ${card.nll}, exact ${exact}`);
  },
};
