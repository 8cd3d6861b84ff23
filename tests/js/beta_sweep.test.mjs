import { close, equal } from "./check.mjs";
import { block, classCenters, mosaic, unpackCodes } from "../../vae_utils/widgets/beta_sweep.mjs";
import { nearest } from "../../vae_utils/widgets/parts/maths.mjs";

const counted = (shape) => {
  const size = shape.reduce((product, n) => product * n, 1);
  return { values: Float32Array.from({ length: size }, (_, i) => i), shape };
};

export const tests = {
  "the nearest value is found, the first of two equals": () => {
    equal(nearest([0, 0.1, 1, 16], 0.4), 1);
    equal(nearest([0, 0.1, 1, 16], 900), 3);
    equal(nearest([0, 2], 1), 0);
  },
  "a block keeps row-major order": () => {
    const part = block(counted([2, 3, 4, 2]), 1, 2);
    equal(part.shape.join(), "4,2");
    equal([...part.values].join(), "40,41,42,43,44,45,46,47");
    equal([...block(counted([2, 3]), 1, 2).values].join(), "5");
  },
  "codes come back in latent units": () => {
    const { xs, ys } = unpackCodes({ values: Int8Array.from([127, -127, 0, 64]), shape: [2, 2] }, 3);
    close(xs[0], 3, 1e-6);
    close(ys[0], -3, 1e-6);
    close(ys[1], (64 / 127) * 3, 1e-6);
  },
  "images stand side by side with a gap of one": () => {
    const images = { values: Uint8Array.from([255, 0, 0, 0, 0, 0, 0, 51]), shape: [2, 4] };
    const { picture, width, height } = mosaic(images, 2);
    equal([width, height].join(), "5,2");
    close(picture[0], 1, 1e-6);
    close(picture[9], 0.2, 1e-6);
    equal(picture[2] + picture[7], 0);
  },
  "a class is named at its median": () => {
    const codes = { xs: Float32Array.from([5, 1, 9, 2]), ys: Float32Array.from([0, 1, 2, 7]) };
    const [[label, x, y], [other]] = classCenters(codes, Uint8Array.from([3, 3, 3, 8]));
    equal([label, x, y, other].join(), "3,5,1,8");
  },
};
