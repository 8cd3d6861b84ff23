// The loss around the present weights: its values on a plane through them.
import { normals } from "../parts/maths.mjs";

const [SMALL, FEW_WEIGHTS] = [15, 40_000];
const [MOST, MARGIN] = [32, 1.2];

/** The nets of a model as [inputs, outputs] of each layer, in the order of its weights. */
const layersOf = (vae) => [...vae.encoder.layers, ...vae.decoder.layers];

/**
 * A random direction in the space of all weights, every row of every weight matrix as long as that row of the weights
 * (Li et al. 2018); biases stay where they are.
 */
export const randomDirection = (vae, theta, noise) => {
  const direction = new Float32Array(theta.length);
  let at = 0;
  for (const { inputs, out } of layersOf(vae)) {
    for (let row = 0; row < out; row++, at += inputs) {
      let [drawn, wanted] = [0, 0];
      for (let i = at; i < at + inputs; i++) {
        direction[i] = noise();
        drawn += direction[i] ** 2;
        wanted += theta[i] ** 2;
      }
      const scale = Math.sqrt(wanted / drawn);
      for (let i = at; i < at + inputs; i++) direction[i] *= scale;
    }
    at += out;
  }
  return direction;
};

/** Two of them, the same for the same seed. */
export const randomDirections = (vae, theta, seed) => {
  const noise = normals(seed + 5);
  return [0, 1].map(() => randomDirection(vae, theta, noise));
};

const dot = (a, b) => {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += a[i] * b[i];
  return total;
};

/** The direction in which these ways, whose products are `gram`, go farthest: a weight for each, by power iteration. */
const farthest = (gram) => {
  let weights = gram.map((_, i) => 1 / (1 + i));
  for (let turn = 0; turn < 100; turn++) {
    const next = gram.map((row) => dot(row, weights));
    const length = Math.sqrt(dot(next, next));
    if (!(length > 0)) return null;
    weights = next.map((value) => value / length);
  }
  return weights;
};

/** gram without what the ways have along the direction of `weights`. */
const deflated = (gram, weights) => {
  const along = gram.map((row) => dot(row, weights));
  const square = dot(along, weights);
  return gram.map((row, i) => row.map((value, j) => value - (along[i] * along[j]) / square));
};

/** The sum of these ways by weight, turned so that the first comes from its negative side, as long as they reach. */
const mixed = (ways, weights) => {
  const direction = new Float32Array(ways[0].length);
  ways.forEach((way, k) => {
    for (let i = 0; i < direction.length; i++) direction[i] += weights[k] * way[i];
  });
  const places = ways.map((way) => dot(way, direction) / dot(direction, direction));
  const reach = MARGIN * Math.max(...places.map(Math.abs));
  const sign = places[0] > 0 ? -1 : 1;
  return direction.map((value) => sign * reach * value);
};

/**
 * The two directions from `theta` in which the weights that training has been at lie farthest (their first principal
 * components, as Li et al. 2018 draw a path), as long as the path needs; null where it has not gone anywhere yet.
 */
export const wayDirections = (theta, path) => {
  const ways = path.map((place) => place.map((value, i) => value - theta[i])).filter((way) => dot(way, way) > 0);
  if (ways.length < 3) return null;
  const gram = ways.map((a) => ways.map((b) => dot(a, b)));
  const first = farthest(gram);
  const second = farthest(deflated(gram, first));
  return second && [mixed(ways, first), mixed(ways, second)];
};

/** At most MOST of the entries, evenly spaced, the first among them. */
export const spaced = (entries) => {
  const stride = Math.ceil(entries.length / MOST);
  return entries.filter((_, i) => i % stride === 0);
};

/** How many values stand along each side: an odd number, so that one lies in the middle. */
export const sideFor = (weights) => (weights < FEW_WEIGHTS ? 21 : SMALL);

/**
 * side x side values of `lossOf(weights)`, computed one by one by `next()`, from -reach to reach along both directions:
 * the rows go up along the second, the columns along the first. `middle` are the weights in its middle.
 */
export class Landscape {
  constructor({ directions, theta, step, lossOf, side = sideFor(theta.length), reach = 1 }) {
    this.directions = directions;
    Object.assign(this, { middle: theta.slice(), step, side, reach, lossOf, done: 0 });
    this.values = new Float32Array(side * side);
    this.theta = new Float32Array(theta.length);
    this.places = new Map();
    const [a, b] = this.directions;
    this.products = [dot(a, a), dot(a, b), dot(b, b)];
  }

  get complete() {
    return this.done === this.values.length;
  }

  /** From -reach to reach. */
  along(i) {
    return this.reach * ((2 * i) / (this.side - 1) - 1);
  }

  /** One value more. */
  next() {
    const { middle, theta, side, done, directions } = this;
    const [x, y] = [this.along(done % side), this.along(Math.floor(done / side))];
    const [a, b] = directions;
    for (let i = 0; i < theta.length; i++) theta[i] = middle[i] + x * a[i] + y * b[i];
    this.values[done] = this.lossOf(theta);
    this.done += 1;
  }

  /** The point of the plane nearest to these weights, and how much of the way to them lies in it: [x, y, share]. */
  place(theta) {
    const [a, b] = this.directions;
    const way = theta.map((value, i) => value - this.middle[i]);
    const [wayA, wayB, far] = [dot(way, a), dot(way, b), dot(way, way)];
    const [aa, ab, bb] = this.products;
    const determinant = aa * bb - ab * ab;
    const [x, y] = [(bb * wayA - ab * wayB) / determinant, (aa * wayB - ab * wayA) / determinant];
    return [x, y, far > 0 ? Math.sqrt(Math.max(0, x * wayA + y * wayB) / far) : 0];
  }

  /** The weights in `entries`, some of them, and `theta` at the end, as the plane sees them: [[x, y, share], ...]. */
  trail(entries, theta) {
    const known = this.places;
    this.places = new Map(spaced(entries).map((entry) => [entry, known.get(entry) ?? this.place(entry.theta)]));
    return [...this.places.values(), this.place(theta)];
  }

  /** What a page draws. */
  picture(entries, theta) {
    const { values, side, reach, step } = this;
    return { values, side, reach, step, trail: this.trail(entries, theta) };
  }
}
