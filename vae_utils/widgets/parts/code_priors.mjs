// Priors over codes, a whole number in each slot: tables and a GRU, their nats, and the rest of a code filled in.
import { sigmoid, uniforms } from "./maths.mjs";
import { logSumExp } from "./mixture.mjs";

const logSoftmax = (logits) => {
  const all = logSumExp(logits);
  return Float64Array.from(logits, (logit) => logit - all);
};

/**
 * p(z) = prod_t p(z_t), from logits (one row for each slot). Every prior has `conditionals(cells)`, the rows of
 * log p(z_t | z_<t), and `given(cells, t)`, log p(z_t | all others) up to a constant; nats.
 */
export const tablePrior = (logits) => {
  const table = logits.map(logSoftmax);
  return { conditionals: () => table, given: (cells, t) => table[t] };
};

/**
 * p(z) = prod_t p(z_t | z_<t) by a GRU, as PyTorch's: `embedding` rows for "nothing yet" and for each code, `places`
 * one row for each slot, and linear layers `input`, `memory` (to 3 * hidden: reset, update, new) and `out`.
 */
export const recurrentPrior = ({ embedding, places, input, memory, out }) => {
  const [hidden, codes, slots] = [memory.layers[0].inputs, out.layers[0].out, places.length];

  /** The memories (n, hidden) after slot t has seen what stood before it, `before` (n), a code + 1 or 0. */
  const step = (memories, before, t) => {
    const n = before.length;
    const seen = new Float32Array(n * places[t].length);
    before.forEach((number, row) => {
      places[t].forEach((place, i) => (seen[row * places[t].length + i] = place + embedding[number][i]));
    });
    const [fresh, old] = [input.forward(seen, n), memory.forward(memories, n)];
    return memories.map((value, at) => {
      const [row, i] = [Math.floor(at / hidden) * 3 * hidden, at % hidden];
      const gate = (k) => sigmoid(fresh[row + k * hidden + i] + old[row + k * hidden + i]);
      const proposed = Math.tanh(fresh[row + 2 * hidden + i] + gate(0) * old[row + 2 * hidden + i]);
      return proposed + gate(1) * (value - proposed);
    });
  };
  const predict = (memories, n) => {
    const logits = out.forward(memories, n);
    return Array.from({ length: n }, (_, row) => logSoftmax(logits.subarray(row * codes, (row + 1) * codes)));
  };

  /** The rows of log p(z_t | z_<t) up to slot `last`, and the memory there. */
  const walk = (cells, last) => {
    let memories = new Float32Array(hidden);
    const logs = [];
    for (let t = 0; t <= last; t++) {
      memories = step(memories, [t ? cells[t - 1] + 1 : 0], t);
      logs.push(predict(memories, 1)[0]);
    }
    return { logs, memories };
  };

  const given = (cells, t) => {
    const { logs, memories } = walk(cells, t);
    let many = new Float32Array(codes * hidden);
    for (let code = 0; code < codes; code++) many.set(memories, code * hidden);
    const scores = Float64Array.from(logs[t]);
    for (let s = t + 1; s < slots; s++) {
      many = step(many, Array.from({ length: codes }, (_, code) => (s === t + 1 ? code : cells[s - 1]) + 1), s);
      predict(many, codes).forEach((row, code) => (scores[code] += row[cells[s]]));
    }
    return scores;
  };
  return { conditionals: (cells) => walk(cells, slots - 1).logs, given };
};

/** -log p(z_t | z_<t) of each slot, nats; their sum is the KL of this code. */
export const natsOf = (prior, cells) => prior.conditionals(cells).map((row, t) => -row[cells[t]]);

const draw = (logs, u) => {
  const all = logSumExp(logs);
  let left = u;
  for (let code = 0; code < logs.length - 1; code++) {
    left -= Math.exp(logs[code] - all);
    if (left < 0) return code;
  }
  return logs.length - 1;
};

/**
 * The cells that are not `held`, drawn from the prior given those that are: first from left to right, each given those
 * before it, which is exact where no held cell comes after a free one; else `sweeps` rounds of Gibbs sampling follow.
 */
export const complete = (prior, cells, held, seed, sweeps = 10) => {
  const [filled, uniform] = [[...cells], uniforms(seed)];
  const free = filled.map((_, t) => t).filter((t) => !held[t]);
  for (const t of free) filled[t] = draw(prior.conditionals(filled)[t], uniform());
  const rounds = free.some((t) => held.slice(t).some(Boolean)) ? sweeps : 0;
  for (let round = 0; round < rounds; round++) {
    for (const t of free) filled[t] = draw(prior.given(filled, t), uniform());
  }
  return filled;
};
