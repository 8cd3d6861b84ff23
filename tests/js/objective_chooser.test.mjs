import { close, equal } from "./check.mjs";
import {
  album,
  effectiveClasses,
  laplacianVariance,
  middleRow,
  picture,
  table,
  verdict,
} from "../../vae_utils/widgets/objective_chooser.mjs";

const tensor = (values, shape) => ({ values, shape });

export const tests = {
  "an album is the block of one objective": () => {
    const images = tensor(Uint8Array.from({ length: 24 }, (_, i) => i), [2, 3, 4]);
    const second = album(images, 1);
    equal([second.count, second.side], [3, 2]);
    close(Array.from(picture(second, 2)), [20 / 255, 21 / 255, 22 / 255, 23 / 255], 1e-7);
  },
  "originals have no objective": () => equal(album(tensor(new Uint8Array(18), [2, 9])).side, 3),
  "a checkerboard swings between 4 and -4, a slope does not bend": () => {
    const board = Float32Array.from({ length: 36 }, (_, i) => (Math.floor(i / 6) + (i % 6)) % 2);
    close(laplacianVariance(board, 6), 16);
    close(laplacianVariance(Float32Array.from({ length: 36 }, (_, i) => i % 6), 6), 0);
  },
  "the middle row": () => equal(Array.from(middleRow(Float32Array.from([1, 2, 3, 4, 5, 6, 7, 8, 9]), 3)), [4, 5, 6]),
  "equal counts are ten classes, one class is one": () => {
    close(effectiveClasses(Array.from({ length: 10 }, () => 7)), 10);
    close(effectiveClasses([0, 0, 5, 0]), 1);
    close(effectiveClasses([1, 1, 2]), 2 ** 1.5);
    equal(effectiveClasses([0, 0]), 0);
  },
  "the meter's words": () => {
    equal([-1, 0.05, 0.5, 1, 3].map(verdict), [
      "there are none", "a smear", "blurred", "like the data", "grainier than the data",
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
