import { close, equal } from "./check.mjs";
import {
  effectiveClasses,
  laplacianVariance,
  middleRow,
  table,
  verdict,
} from "../../vae_utils/widgets/objective_chooser.mjs";

const tensor = (values, shape) => ({ values, shape });

export const tests = {
  "a checkerboard swings between 4 and -4, a slope does not bend": () => {
    const board = Float32Array.from({ length: 36 }, (_, i) => (Math.floor(i / 6) + (i % 6)) % 2);
    close(laplacianVariance(board), 16);
    close(laplacianVariance(Float32Array.from({ length: 36 }, (_, i) => i % 6)), 0);
  },
  "the middle row": () => equal(Array.from(middleRow(Float32Array.from([1, 2, 3, 4, 5, 6, 7, 8, 9]))), [4, 5, 6]),
  "equal counts are ten classes, one class is one": () => {
    close(effectiveClasses(Array.from({ length: 10 }, () => 7)), 10);
    close(effectiveClasses([0, 0, 5, 0]), 1);
    close(effectiveClasses([1, 1, 2]), 2 ** 1.5);
    equal(effectiveClasses([0, 0]), 0);
  },
  "the meter's words": () => {
    equal([-1, 0.05, 0.5, 0.85, 1, 1.25].map(verdict), [
      "there are none", "a smear", "blurred", "soft", "like the data", "too sharp: grain",
    ]);
  },
  "the table keeps each objective's numbers together": () => {
    const data = {
      sharpness: tensor([0.1, 0.2, -1, 0.4], [2, 2]),
      precision: tensor([0.5, 0.6], [2]),
      recall: tensor([0.7, 0.8], [2]),
      counts: tensor(Int32Array.from({ length: 20 }, (_, i) => i), [2, 10]),
    };
    const [, second] = table(data, ["a", "b"]);
    equal([second.name, second.rebuilt, second.drawn, second.precision, second.recall], ["b", -1, 0.4, 0.6, 0.8]);
    equal(second.counts[0], 10);
  },
};
