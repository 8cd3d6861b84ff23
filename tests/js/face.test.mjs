import { close, equal, ok } from "./check.mjs";
import { meanChange } from "../../vae_utils/widgets/face.mjs";
import { drawFace, FACTORS } from "../../vae_utils/widgets/parts/face_drawing.mjs";

const centerOfChange = (name) => {
  const z = FACTORS.map((factor) => (factor === name ? 2 : 0));
  const [picture, average] = [drawFace(z, 48), drawFace([0, 0, 0, 0, 0], 48)];
  const change = picture.map((p, i) => Math.abs(p - average[i]));
  const total = change.reduce((a, b) => a + b, 0);
  return change.reduce((a, b, i) => a + b * Math.floor(i / 48), 0) / total;
};

export const tests = {
  "a picture has size x size grey levels": () => {
    const picture = drawFace([0.5, -1, 2, 1, 0], 20);
    equal(picture.length, 400);
    ok(picture.every((p) => p >= 0 && p <= 1), "grey levels in [0, 1]");
  },
  "wild factors still draw a face": () =>
    [1e30, -1e30].forEach((f) => ok(drawFace([f, f, f, f, f], 16).every(Number.isFinite), `factors of ${f}`)),
  "hair is above the nose and the nose above the smile": () => {
    const [hair, nose, smile] = ["hair", "nose", "smile"].map(centerOfChange);
    ok(hair < nose && nose < smile, `${hair} < ${nose} < ${smile}`);
  },
  "the mean change of a picture against itself is 0": () => {
    const picture = drawFace([0, 0, 0, 0, 0], 12);
    equal(meanChange(picture, picture), 0);
    close(meanChange(picture.map((p) => p - 0.1), picture), 25.5, 1e-4);
  },
};
