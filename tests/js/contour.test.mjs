import { close, equal, ok } from "./check.mjs";
import { contour } from "../../vae_utils/widgets/parts/contour.mjs";

const SIDE = 21;
const cone = Array.from({ length: SIDE * SIDE }, (_, i) => Math.hypot((i % SIDE) - 10, Math.floor(i / SIDE) - 10));

export const tests = {
  "a slope is crossed by one straight line": () => {
    const lines = contour([0, 1, 2, 0, 1, 2], 3, 1.25);
    equal(lines.length, 1);
    close(lines[0].filter((_, i) => i % 2 === 0), [1.25, 1.25], 1e-12);
    close([lines[0][1], lines[0][3]].sort(), [0, 1], 1e-12);
  },
  "rows are crossed too": () => {
    const [[x0, y0, x1, y1]] = contour([0, 0, 4, 4], 2, 1);
    close([y0, y1], [0.25, 0.25], 1e-12);
    close([x0, x1].sort(), [0, 1], 1e-12);
  },
  "the contour of a cone is a circle": () => {
    const lines = contour(cone, SIDE, 6.5);
    const length = lines.reduce((total, [x0, y0, x1, y1]) => total + Math.hypot(x1 - x0, y1 - y0), 0);
    close(length, 2 * Math.PI * 6.5, 0.2);
    for (const [x, y] of lines) close(Math.hypot(x - 10, y - 10), 6.5, 0.05);
  },
  "where nothing crosses there is no line, and a saddle has two": () => {
    equal(contour(cone, SIDE, 99), []);
    equal(contour([1, 0, 0, 1], 2, 0.5).length, 2);
    ok(contour([1, 0, 0, 1], 2, 0.5).flat().every((at) => at >= 0 && at <= 1), "inside the cell");
  },
};
