import { close, equal } from "./check.mjs";
import { classCenters, unpackCodes } from "../../vae_utils/widgets/beta_sweep.mjs";
import { nearest } from "../../vae_utils/widgets/parts/maths.mjs";

export const tests = {
  "the nearest value is found, the first of two equals": () => {
    equal(nearest([0, 0.1, 1, 16], 0.4), 1);
    equal(nearest([0, 0.1, 1, 16], 900), 3);
    equal(nearest([0, 2], 1), 0);
  },
  "codes come back in latent units": () => {
    const { xs, ys } = unpackCodes({ values: Int8Array.from([127, -127, 0, 64]), shape: [2, 2] }, 3);
    close(xs[0], 3, 1e-6);
    close(ys[0], -3, 1e-6);
    close(ys[1], (64 / 127) * 3, 1e-6);
  },
  "a class is named at its median": () => {
    const codes = { xs: Float32Array.from([5, 1, 9, 2]), ys: Float32Array.from([0, 1, 2, 7]) };
    const [[label, x, y], [other]] = classCenters(codes, Uint8Array.from([3, 3, 3, 8]));
    equal([label, x, y, other].join(), "3,5,1,8");
  },
};
