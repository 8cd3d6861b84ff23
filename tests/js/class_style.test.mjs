import { close, equal } from "./check.mjs";
import { beside, stylePad } from "../../vae_utils/widgets/class_style.mjs";

export const tests = {
  "the label stands one-hot beside z": () =>
    equal(beside([0.5, -1], 3), [0.5, -1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]),
  "the pad rises to the right and upward": () => {
    const { picture, width } = stylePad(([a, b], label) => new Float32Array(784).fill(100 * label + 10 * a + b), 2, 3);
    equal(width, 84);
    close(picture[0], 200 - 20 + 2, 1e-4);
    close(picture[83], 200 + 20 + 2, 1e-4);
    close(picture[84 * 83], 200 - 20 - 2, 1e-4);
  },
};
