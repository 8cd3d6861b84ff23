// The five-number face, pixel by pixel: the same formulas as vae_utils/data/face.py, in the same order.
import { clamp } from "./maths.mjs";

export const FACTORS = ["width", "nose", "hair", "smile", "age"];

const sigmoid = (t) => 1 / (1 + Math.exp(-t));
const bump = (distance, width) => Math.exp(-((distance / width) ** 2));

/** Signed distance to (x / a)^2 + (y / b)^2 = 1, exact to first order at the outline. */
const ellipse = (x, y, a, b) => {
  const [f, g] = [x / a, y / b];
  return (0.5 * (f * f + g * g - 1)) / Math.sqrt((f / a) ** 2 + (g / b) ** 2 + 1e-6);
};

/** One pixel: its place, and the paper that shapes are painted on. */
class Pixel {
  constructor(edge) {
    this.edge = edge;
  }

  at(u, v) {
    Object.assign(this, { u, v, side: Math.abs(u), paper: 0.93 });
    return this;
  }

  paint(alpha, ink) {
    this.paper += alpha * (ink - this.paper);
  }

  inside(distance) {
    return sigmoid(-distance / this.edge);
  }

  stroke(x, y, reach, thickness) {
    return sigmoid((thickness - Math.abs(y)) / this.edge) * sigmoid((reach - Math.abs(x)) / (2 * this.edge));
  }
}

const body = (p) => {
  p.paint(p.inside(ellipse(p.u, p.v - 1.26, 0.9, 0.4)), 0.58);
  p.paint(p.inside(ellipse(p.u, p.v - 0.74, 0.24, 0.24)), 0.66);
};

const head = (p, half, age, hairInk) => {
  p.paint(p.inside(ellipse(p.u, p.v + 0.16, half + 0.075, 0.75)), hairInk);
  p.paint(p.inside(ellipse(p.side - half - 0.01, p.v - 0.06, 0.085, 0.14)), 0.72);
  p.paint(0.5 * p.inside(ellipse(p.side - half - 0.02, p.v - 0.06, 0.04, 0.085)), 0.58);
  const jaw = 1 - (0.15 - 0.04 * age) * sigmoid((p.v - 0.4) / 0.14);
  const face = ellipse(p.u / jaw, p.v, half, 0.82);
  const skin = 0.82 - 0.14 * (p.u / half) ** 4 - 0.06 * sigmoid((p.v - 0.68) / 0.05);
  p.paint(p.inside(face), clamp(skin, 0.55, 0.9));
  return face;
};

const hair = (p, half, face, age, hairInk) => {
  const across = p.u / half + 0.35;
  const sweep = (0.3 * across * across) / Math.sqrt(0.15 + across * across);
  const line = -0.5 - 0.05 * age + sweep + (0.1 * across ** 4) / 3;
  const lock = 0.05 * bump(p.v + 0.66 - 0.3 * across * across, 0.07);
  p.paint(p.inside(Math.max(face - 0.04, p.v - line)), hairInk + lock);
};

const nose = (p, size) => {
  const wide = 0.125 + 0.042 * size;
  const [x, y] = [p.side, p.v - 0.23 - 0.022 * size];
  p.paint(0.3 * bump(x - 0.03 - 0.2 * wide, 0.035) * bump(y + 0.15, 0.13), 0.55);
  p.paint(0.75 * p.inside(ellipse(x, y, wide, 0.75 * wide)), 0.6);
  p.paint(0.6 * bump(x, 0.45 * wide) * bump(y + 0.25 * wide, 0.35 * wide), 0.92);
  p.paint(0.85 * p.inside(ellipse(x - 0.48 * wide, y - 0.32 * wide, 0.24 * wide, 0.17 * wide)), 0.22);
};

const eyes = (p, age, hairInk) => {
  const [x, y] = [p.side - 0.23, p.v + 0.01];
  p.paint(0.3 * bump(x, 0.17) * bump(y, 0.12), 0.62);
  const white = ellipse(x, y, 0.115, 0.08);
  p.paint(p.inside(white), 0.97);
  p.paint(p.inside(Math.max(ellipse(x, y, 0.066, 0.07), white)), 0.1);
  for (const center of [-0.21, 0.25]) p.paint(0.95 * p.inside(ellipse(p.u - center, y + 0.025, 0.02, 0.02)), 0.97);
  p.paint(0.8 * p.stroke(x, y + 0.08 - 3 * x * x, 0.13, 0.011), 0.25);
  const brow = y + 0.205 - 0.01 * age - 2.2 * (x - 0.01) ** 2 - (0.02 * age * x) / 0.14;
  p.paint(p.stroke(x - 0.01, brow, 0.145, 0.022), 0.12 + 0.6 * hairInk);
};

const mouth = (p, smile) => {
  const [reach, bend] = [0.235 + 0.03 * smile, 0.09 * smile];
  const t = p.u / reach;
  const y = p.v - 0.505 - 0.004 * smile;
  const [arc, lip] = [bend * (0.5 - t * t), 0.1 * bend - 0.55 * bend * t * t];
  p.paint(p.inside(Math.max(y - arc, lip - y, p.side - reach)), 0.96);
  p.paint(0.9 * p.stroke(p.u, (y - arc) / Math.sqrt(1 + ((2 * bend * t) / reach) ** 2), reach, 0.02), 0.2);
  p.paint(0.6 * p.stroke(p.u, y - Math.min(arc, lip), reach, 0.008), 0.25);
  p.paint(0.5 * p.stroke(p.u, y - 0.115 - 0.5 * bend, 0.08, 0.008), 0.6);
  p.paint(0.25 * bump(p.side - reach - 0.12, 0.09) * bump(p.v - 0.32, 0.08), 0.62);
};

const wrinkles = (p, age) => {
  const x = p.side - 0.23;
  const old = sigmoid(1.8 * (age - 0.3));
  for (const height of [-0.345, -0.275]) {
    p.paint(0.5 * old * p.stroke(p.u, p.v - height + 0.25 * p.u * p.u, 0.22, 0.006), 0.45);
  }
  p.paint(0.6 * old * p.stroke(x, p.v - 0.12 + 3 * x * x, 0.11, 0.009), 0.48);
  const drop = p.v - 0.3;
  const fold = p.side - 0.2 - 0.35 * drop + 0.5 * drop * drop;
  p.paint(0.7 * old * bump(fold, 0.018) * bump(p.v - 0.38, 0.1), 0.42);
};

const soften = (factor) => {
  const f = clamp(factor, -99, 99);
  return f / Math.sqrt(1 + (f / 3) ** 2);
};

/** Grey levels in [0, 1], row by row, of a face of size x size pixels; factors in the order of FACTORS. */
export const drawFace = (factors, size) => {
  const [width, noseSize, darkness, smile, age] = factors.map(soften);
  const [half, hairInk] = [0.56 + 0.048 * width, 0.45 - 0.14 * darkness];
  const picture = new Float32Array(size * size);
  const pixel = new Pixel(0.6 / size);
  for (let i = 0; i < size * size; i++) {
    const p = pixel.at((2 * ((i % size) + 0.5)) / size - 1, (2 * (Math.floor(i / size) + 0.5)) / size - 1);
    body(p);
    const face = head(p, half, age, hairInk);
    hair(p, half, face, age, hairInk);
    nose(p, noseSize);
    eyes(p, age, hairInk);
    mouth(p, smile);
    wrinkles(p, age);
    picture[i] = clamp(p.paper, 0, 1);
  }
  return picture;
};
