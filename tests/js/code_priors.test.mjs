import { close, equal, ok } from "./check.mjs";
import { complete, natsOf, recurrentPrior, tablePrior } from "../../vae_utils/widgets/parts/code_priors.mjs";
import { unpack } from "../../vae_utils/widgets/parts/latent_net.mjs";
import { normals } from "../../vae_utils/widgets/parts/maths.mjs";

const [SLOTS, CODES, HIDDEN, WIDTH] = [3, 4, 5, 2];

/** A GRU of random weights, some of them large. */
const makeGru = (seed) => {
  const normal = normals(seed);
  const many = (n, scale = 1) => Float32Array.from({ length: n }, () => scale * normal());
  const nets = [[WIDTH, 3 * HIDDEN], [HIDDEN, 3 * HIDDEN], [HIDDEN, CODES]];
  const outputs = nets.reduce((total, [, n]) => total + n, 0);
  const weights = Int8Array.from(many(nets.reduce((total, [m, n]) => total + m * n, 0), 40));
  const packed = { weights, scales: new Float32Array(outputs).fill(0.03), biases: many(outputs) };
  const [input, memory, out] = unpack(nets, packed, "relu");
  const table = (n) => Array.from({ length: n }, () => many(WIDTH));
  return recurrentPrior({ embedding: table(CODES + 1), places: table(SLOTS), input, memory, out });
};

const everyCode = (slots) =>
  slots ? everyCode(slots - 1).flatMap((start) => Array.from({ length: CODES }, (_, code) => [...start, code])) : [[]];

const probability = (prior, cells) => Math.exp(-natsOf(prior, cells).reduce((a, b) => a + b, 0));

/** How often each code was drawn, by its cells. */
const tally = (draws) => {
  const counts = new Map();
  for (const cells of draws) counts.set(String(cells), (counts.get(String(cells)) ?? 0) + 1 / draws.length);
  return counts;
};

const ALWAYS = -1e9;
/** The second slot repeats the first, which is 0 three times in four; by the same functions that any prior has. */
const copying = {
  conditionals: ([a]) => [[Math.log(0.75), Math.log(0.25)], [a ? ALWAYS : 0, a ? 0 : ALWAYS]],
  given: ([a, b], t) =>
    t ? copying.conditionals([a])[1] : [Math.log(0.75) + (b ? ALWAYS : 0), Math.log(0.25) + (b ? 0 : ALWAYS)],
};

export const tests = {
  "a table gives the softmax of its rows, whatever else stands there": () => {
    const prior = tablePrior([[0, Math.log(3)], [5, 5]]);
    close(natsOf(prior, [1, 0]), [-Math.log(0.75), Math.LN2], 1e-12);
    equal(prior.given([0, 1], 0), prior.given([1, 0], 0));
  },
  "a uniform table asks log(codes) for every cell": () =>
    close(natsOf(tablePrior([[0, 0, 0, 0], [0, 0, 0, 0]]), [3, 1]), [Math.log(4), Math.log(4)], 1e-12),
  "the probabilities of all codes add up to one": () => {
    const prior = makeGru(1);
    close(everyCode(SLOTS).reduce((total, cells) => total + probability(prior, cells), 0), 1, 1e-6);
  },
  "the recurrent prior only looks back": () => {
    const prior = makeGru(2);
    close(natsOf(prior, [1, 2, 0]).slice(0, 2), natsOf(prior, [1, 2, 3]).slice(0, 2), 1e-12);
    ok(Math.abs(natsOf(prior, [0, 2, 3])[1] - natsOf(prior, [1, 2, 3])[1]) > 1e-3, "and it does look back");
  },
  "given all other cells, a cell has the law that Bayes' rule gives": () => {
    const prior = makeGru(3);
    for (let t = 0; t < SLOTS; t++) {
      const scores = prior.given([2, 0, 3], t);
      const exact = Array.from({ length: CODES }, (_, code) => probability(prior, [2, 0, 3].with(t, code)));
      close(Array.from(scores, (score) => score - scores[0]), exact.map((p) => Math.log(p / exact[0])), 1e-4);
    }
  },
  "held cells stay, and the same seed fills the same": () => {
    const prior = makeGru(4);
    const fill = (seed) => complete(prior, [0, 3, 1], [0, 1, 0], seed);
    equal(fill(5), fill(5));
    ok([1, 2, 3, 4, 5, 6].every((seed) => fill(seed)[1] === 3), "the held cell stays");
    ok(new Set([1, 2, 3, 4, 5, 6].map((seed) => String(fill(seed)))).size > 1, "the others do not");
    equal(complete(prior, [0, 3, 1], [1, 1, 1], 0), [0, 3, 1]);
  },
  "all cells free are draws from the prior": () => {
    const prior = makeGru(5);
    const found = tally(Array.from({ length: 3000 }, (_, seed) => complete(prior, [0, 0, 0], [0, 0, 0], seed)));
    for (const cells of everyCode(SLOTS)) close(found.get(String(cells)) ?? 0, probability(prior, cells), 0.035);
  },
  "a prior that copies forces the cell before a held one": () =>
    equal([1, 2, 3, 4].map((seed) => complete(copying, [0, 1], [0, 1], seed)), Array.from({ length: 4 }, () => [1, 1])),
};

export const slow = {
  "cells before a held one are drawn given it": () => {
    const prior = makeGru(6);
    const fill = (seed) => complete(prior, [0, 0, 2], [0, 0, 1], seed);
    const found = tally(Array.from({ length: 1500 }, (_, seed) => fill(seed)));
    const those = everyCode(2).map((start) => [...start, 2]);
    const total = those.reduce((sum, cells) => sum + probability(prior, cells), 0);
    for (const cells of those) close(found.get(String(cells)) ?? 0, probability(prior, cells) / total, 0.05);
  },
};
