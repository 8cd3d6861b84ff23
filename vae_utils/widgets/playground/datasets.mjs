// The playground's data: n points in the plane, seeded, with a tone in [0, 1) that colors a point by where it belongs.
import { enlarge } from "./enlarge.mjs";
import { normals, uniforms } from "../parts/maths.mjs";
import { rowsOf } from "../parts/tensor.mjs";

const TAU = 2 * Math.PI;

/**
 * The shapes of vae_utils/data/points.py, and clusters, each made of `parts` pieces: `at` maps t in [0, 1) and the
 * number of a piece to a point without noise. They are drawn `size` times as large, with noise of deviation `spread`.
 */
export const SHAPES = {
  spirals: {
    parts: 2,
    size: 2,
    spread: 0.04,
    at: (t, part) => {
      const radius = 0.12 + 0.88 * Math.sqrt(t);
      const angle = 3 * Math.PI * radius + Math.PI * part;
      return [radius * Math.cos(angle), radius * Math.sin(angle)];
    },
  },
  moons: {
    parts: 2,
    size: 1.2,
    spread: 0.08,
    at: (t, part) => {
      const angle = Math.PI * (t + part);
      return [Math.cos(angle) + part - 0.5, Math.sin(angle) + 0.5 * part - 0.25];
    },
  },
  ring: { parts: 1, size: 1.6, spread: 0.06, at: (t) => [Math.cos(TAU * t), Math.sin(TAU * t)] },
  clusters: {
    parts: 5,
    size: 1.5,
    spread: 0.14,
    at: (t, part) => [Math.cos((TAU * part) / 5), Math.sin((TAU * part) / 5)],
  },
};

export const DIGITS = "digits";
export const OWN = "your own points";

/** { x (n, 2), tone (n) } of one of SHAPES. */
export const makeShape = (name, n, seed) => {
  const { parts, size, spread, at } = SHAPES[name];
  const [uniform, noise] = [uniforms(seed), normals(seed + 1)];
  const [x, tone] = [new Float32Array(2 * n), new Float32Array(n)];
  for (let i = 0; i < n; i++) {
    const part = i % parts;
    const t = uniform();
    const [first, second] = at(t, part);
    x[2 * i] = size * first + spread * noise();
    x[2 * i + 1] = size * second + spread * noise();
    tone[i] = name === "clusters" ? part / parts : (part + 0.85 * t) / parts;
  }
  return { x, tone };
};

/** Points that a reader drew, [[x, y], ...], toned by their angle. */
export const fromPoints = (points) => {
  const tone = points.map(([x, y]) => (Math.atan2(y, x) / TAU + 1) % 1);
  return { x: Float32Array.from(points.flat()), tone: Float32Array.from(tone) };
};

const pictures = new WeakMap();

/** All scans with ink 0..16 (n, 64) as pictures of `side` x `side`, made once for each side. */
const picturesOf = (ink, side) => {
  if (!pictures.has(ink)) pictures.set(ink, {});
  return (pictures.get(ink)[side] ??= rowsOf(ink, 64).map((scan) => {
    const x = Float32Array.from(scan, (value) => value / 16);
    return side === 8 ? x : enlarge(x, side);
  }));
};

/**
 * Scans with ink 0..16 (n, 64) as pictures of `side` x `side` with numbers in [0, 1], in a fixed shuffled order; the
 * tone is the class.
 */
export const fromScans = (ink, labels, seed, side = 8) => {
  const uniform = uniforms(seed);
  const keys = Float64Array.from(labels, uniform);
  const order = Int32Array.from(labels.keys()).sort((a, b) => keys[a] - keys[b]);
  const x = new Float32Array(order.length * side * side);
  const made = picturesOf(ink, side);
  order.forEach((from, to) => x.set(made[from], side * side * to));
  return { x, tone: Float32Array.from(order, (from) => labels[from] / 10) };
};
