import { close, equal, ok } from "./check.mjs";
import { agreement, levels, makeDiary, noise } from "../../vae_utils/widgets/ladder.mjs";
import { unpack } from "../../vae_utils/widgets/parts/latent_net.mjs";

// z2 (1) -> mu = 2 z2 + 1 and logvar = 2 log 3 of one z1
const NET = {
  weights: Int8Array.from([1, 0]),
  scales: Float32Array.from([2, 1]),
  biases: Float32Array.from([1, 2 * Math.log(3)]),
};
const [down] = unpack([[1, 2]], NET, "relu");

export const tests = {
  "each row has one top, each column one noise": () => {
    close(levels(down, [[0], [1]], [[0], [-1]], false).flat(), [1, -2, 3, 0], 1e-6);
  },
  "a decoder of both levels reads the top behind the bottom": () => {
    close(levels(down, [[0], [1]], [[0], [-1]], true).flat(), [1, 0, -2, 0, 3, 1, 0, 1], 1e-6);
  },
  "the same draw is the same noise, another level or draw another": () => {
    const [one, again, other, level] = [noise(1, 2, 3, 2), noise(1, 2, 3, 2), noise(2, 2, 3, 2), noise(1, 1, 3, 2)];
    equal(one.map((row) => [...row]), again.map((row) => [...row]));
    equal([one.length, one[0].length], [3, 2]);
    ok(one[0][0] !== other[0][0] && one[0][0] !== level[0][0] && one[0][0] !== one[1][0], "other noise");
  },
  "pairs that agree, along rows and down columns": () => {
    equal(agreement([7, 7, 7, 1, 1, 1], 3), { rows: 1, columns: 0 });
    equal(agreement([7, 1, 2, 7, 1, 3], 3), { rows: 0, columns: 2 / 3 });
    equal(agreement([7, 7, 1, 7, 1, 1], 3), { rows: 1 / 3, columns: 2 / 3 });
  },
  "draws are counted while everything else rests": () => {
    const seen = makeDiary();
    equal([seen("a", 1), seen("a", 2), seen("a", 2), seen("b", 2), seen("a", 2)], [1, 2, 2, 1, 1]);
    seen("a", 3);
    seen.clear();
    equal(seen("a", 3), 1);
  },
};
