import { equal } from "./check.mjs";
import { films, frameAt, speaking } from "../../vae_utils/widgets/collapse_film.mjs";

export const tests = {
  "an array becomes remedies of frames of dimensions": () =>
    equal(films({ values: Float32Array.from([1, 2, 3, 4, 5, 6, 7, 8]), shape: [2, 2, 2] }), [
      [[1, 2], [3, 4]],
      [[5, 6], [7, 8]],
    ]),
  "the film begins at 0 percent and ends at 100": () =>
    equal([0, 49, 51, 100].map((percent) => frameAt(percent, 3)), [0, 1, 1, 2]),
  "a dimension speaks above a hundredth of a nat": () => equal(speaking([0, 0.01, 0.011, 2]), 2),
};
