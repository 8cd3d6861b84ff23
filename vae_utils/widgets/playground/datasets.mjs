// The playground's data: n points in the plane, seeded, with a tone in [0, 1) that colors a point by where it belongs.
import { normals, uniforms } from "../parts/maths.mjs";

const TAU = 2 * Math.PI;

/** Each shape maps (t in [0, 1), part 0 or 1) to a point; `spread` is the noise, `parts` how many pieces there are. */
const SHAPES = {
  spirals: {
    parts: 2,
    spread: 0.04,
    at: (t, part) => {
      const radius = 0.25 + 1.75 * t;
      const angle = 3.2 * Math.PI * Math.sqrt(t) + Math.PI * part;
      return [radius * Math.cos(angle), radius * Math.sin(angle)];
    },
  },
  moons: {
    parts: 2,
    spread: 0.08,
    at: (t, part) => {
      const [x, y] = [1.2 * Math.cos(Math.PI * t), 1.2 * Math.sin(Math.PI * t)];
      return part ? [0.6 - x, 0.3 - y] : [x - 0.6, y - 0.3];
    },
  },
  ring: { parts: 1, spread: 0.06, at: (t) => [1.6 * Math.cos(TAU * t), 1.6 * Math.sin(TAU * t)] },
  clusters: {
    parts: 5,
    spread: 0.14,
    at: (t, part) => [1.5 * Math.cos((TAU * part) / 5 + 0.3), 1.5 * Math.sin((TAU * part) / 5 + 0.3)],
  },
};

export const SHAPE_NAMES = Object.keys(SHAPES);

/** { x (n, 2), tone (n) } of one of SHAPE_NAMES. */
export const makeShape = (name, n, seed) => {
  const { parts, spread, at } = SHAPES[name];
  const [uniform, noise] = [uniforms(seed), normals(seed + 1)];
  const [x, tone] = [new Float32Array(2 * n), new Float32Array(n)];
  for (let i = 0; i < n; i++) {
    const part = i % parts;
    const t = uniform();
    const [first, second] = at(t, part);
    x[2 * i] = first + spread * noise();
    x[2 * i + 1] = second + spread * noise();
    tone[i] = name === "clusters" ? part / parts : (part + 0.85 * t) / parts;
  }
  return { x, tone };
};

/** Points that a reader drew, [[x, y], ...], toned by their angle. */
export const fromPoints = (points) => {
  const tone = points.map(([x, y]) => (Math.atan2(y, x) / TAU + 1) % 1);
  return { x: Float32Array.from(points.flat()), tone: Float32Array.from(tone) };
};

/** Scans with ink 0..16 (n, 64) as numbers in [0, 1], in a fixed shuffled order; the tone is the class. */
export const fromScans = (ink, labels, seed) => {
  const uniform = uniforms(seed);
  const keys = Float64Array.from(labels, uniform);
  const order = Int32Array.from(labels.keys()).sort((a, b) => keys[a] - keys[b]);
  const x = new Float32Array(ink.length);
  order.forEach((from, to) => {
    for (let j = 0; j < 64; j++) x[64 * to + j] = ink[64 * from + j] / 16;
  });
  return { x, tone: Float32Array.from(order, (from) => labels[from] / 10) };
};
