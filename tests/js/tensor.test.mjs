import { equal } from "./check.mjs";
import { block, every, rows, tensor } from "../../vae_utils/widgets/parts/tensor.mjs";

const counted = (shape) => {
  const size = shape.reduce((product, n) => product * n, 1);
  return { values: Float32Array.from({ length: size }, (_, i) => i), shape };
};

export const tests = {
  "arrays arrive the same as base64 and as bytes": () => {
    const numbers = Float32Array.from([1.5, -2, 3]);
    const bytes = new Uint8Array(numbers.buffer);
    const text = btoa(String.fromCharCode(...bytes));
    for (const data of [text, new DataView(numbers.buffer), bytes.buffer]) {
      equal([...tensor({ dtype: "float32", shape: [3], data }).values], [1.5, -2, 3]);
    }
  },
  "a block keeps row-major order": () => {
    const part = block(counted([2, 3, 4, 2]), 1, 2);
    equal(part.shape.join(), "4,2");
    equal([...part.values].join(), "40,41,42,43,44,45,46,47");
    equal([...block(counted([2, 3]), 1, 2).values].join(), "5");
  },
  "the rows of a block, and one coordinate of its rows": () => {
    equal(rows(block(counted([2, 2, 3]), 1)).map((row) => [...row]), [[6, 7, 8], [9, 10, 11]]);
    equal([...every(counted([3, 2]).values, 1, 2)], [1, 3, 5]);
  },
};
