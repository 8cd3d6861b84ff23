import { equal } from "./check.mjs";
import { beside } from "../../vae_utils/widgets/class_style.mjs";

export const tests = {
  "the label stands one-hot beside z": () =>
    equal(beside([0.5, -1], 3, 10), [0.5, -1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]),
};
