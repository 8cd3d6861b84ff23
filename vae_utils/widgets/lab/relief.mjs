// The landscape of the loss: shades and lines of equal height on a plane of weights, and the way that training came.
import { format } from "../parts/maths.mjs";
import { contour } from "../parts/contour.mjs";
import { rowsOf } from "../parts/tensor.mjs";

const STEPS = [1, 3];
const [MOST_LINES, DARKEST] = [5, 0.75];

/** Heights in nats above the lowest point at which lines are drawn: 1, 3, 10, 30, ..., a few below the highest. */
export const linesFor = (range) => {
  const heights = [-3, -2, -1, 0, 1, 2, 3, 4, 5, 6].flatMap((power) => STEPS.map((step) => Number(`${step}e${power}`)));
  return heights.filter((height) => height < 0.9 * range).slice(-MOST_LINES);
};

/** Heights as shades from 0 to 1: their logarithm, so that the ground of a valley is seen beside its walls. */
export const shadesOf = (heights, range, least) =>
  Float32Array.from(heights, (height) => Math.log1p(height / least) / Math.max(1e-9, Math.log1p(range / least)));

const inPlane = ({ side, reach }) => (at) => reach * ((2 * at) / (side - 1) - 1);

const drawLine = (plot, landscape, heights, level) => {
  const to = inPlane(landscape);
  const pieces = contour(heights, landscape.side, level);
  const [xs, ys] = [0, 1].map((axis) => pieces.flatMap((piece) => [to(piece[axis]), to(piece[axis + 2]), NaN]));
  plot.line(xs, ys, { color: "ink", width: 1, alpha: 0.45 });
  const low = pieces.filter((piece) => to(piece[1]) < 0.9 * landscape.reach);
  if (!low.length) return;
  const top = low.reduce((best, piece) => (piece[1] > best[1] ? piece : best));
  plot.text(to(top[0]), to(top[1]), `+${level}`, { color: "muted", size: 11, halo: true });
};

/** The landscape of a run, the way here, and where the weights are now. */
export const drawLandscape = (plot, run) => {
  const { landscape } = run.picture();
  if (!landscape) {
    plot.text(0, 0, "surveying \u2026", { color: "muted" });
    return;
  }
  const { values, side, reach, trail } = landscape;
  const finite = values.filter(Number.isFinite);
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  const heights = Float32Array.from(values, (value) => (Number.isFinite(value) ? value : high) - low);
  const lines = linesFor(high - low);
  const fromTop = rowsOf(heights, side).toReversed().flatMap((row) => [...row]);
  const shades = shadesOf(fromTop, high - low, lines[0] ?? 1).map((shade) => DARKEST * shade);
  const edge = (reach * side) / (side - 1); // a value stands in the middle of its pixel
  plot.clip(() => {
    plot.image(shades, side, side, [-edge, -edge, edge, edge], { smooth: true, color: "elbo" });
    for (const level of lines) drawLine(plot, landscape, heights, level);
    plot.line(trail.map(([x]) => x), trail.map(([, y]) => y), { color: "ink", width: 1.6 });
    plot.points([trail.at(-1)[0]], [trail.at(-1)[1]], { color: "ink", radius: 4 });
  });
};

/** What stands above it: of which step it is, and how much of the way here lies in the plane. */
export const reliefCaption = (landscape) => {
  if (!landscape) return "Loss around the weights";
  const share = landscape.trail[0][2];
  const way = share > 0 ? `; holds ${format(100 * share, 0)} % of the way` : "";
  return `Loss around step ${landscape.step}${way}`;
};
