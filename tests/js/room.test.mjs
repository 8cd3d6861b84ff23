import { equal } from "./check.mjs";
import { layoutFor, outreach } from "../../vae_utils/widgets/parts/room.mjs";

const box = (left, right) => ({ left, right });

export const tests = {
  "a widget fills the column but for a margin": () => equal(outreach(box(368, 1088), box(288, 1168)), 64),
  "it grows no wider than 1040": () => equal(2 * outreach(box(400, 1120), box(100, 1420)) + 720, 1040),
  "text as wide as the column leaves no room": () => {
    equal(outreach(box(16, 344), box(0, 360)), 0);
    equal(outreach(box(0, 360), box(0, 360)), 0);
  },
  "text at one side of the column keeps the widget inside": () => equal(outreach(box(40, 540), box(0, 1200)), 24),
  "controls stand beside the panels from 700 pixels on": () =>
    equal([328, 459, 460, 699, 700, 1040].map(layoutFor), ["narrow", "narrow", "medium", "medium", "wide", "wide"]),
};
