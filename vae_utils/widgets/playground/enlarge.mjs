// 8x8 scans as pictures of 28x28 or 14x14, as vae_utils/data/digits.py makes them, but without its turns and slants.

const [SCAN, WIDE, LARGE] = [8, 40, 28];
const MARGIN = 1;
const ZOOM = 4;
const SIZE = 1.12;

/** What each of `length` numbers takes of a line of others: [[index, weight], ...]. */
const mixes = (length, mix) => Array.from({ length }, (_, i) => mix(i));

/** The cubic convolution kernel (Keys 1981) with slope -3/4 at 1. */
const cubic = (distance) => {
  const [x, slope] = [Math.abs(distance), -0.75];
  if (x <= 1) return ((slope + 2) * x - (slope + 3)) * x * x + 1;
  return x < 2 ? slope * (((x - 5) * x + 8) * x - 4) : 0;
};

/** A line of 8 with a margin of zeros, drawn ZOOM times as large: 40 numbers. */
const ZOOMED = mixes(WIDE, (i) => {
  const at = (i + 0.5) / ZOOM - 0.5;
  const taps = [-1, 0, 1, 2].map((step) => Math.floor(at) + step);
  const inside = (tap) => Math.min(SCAN + 2 * MARGIN - 1, Math.max(0, tap)) - MARGIN;
  return taps.map((tap) => [inside(tap), cubic(at - tap)]).filter(([tap]) => tap >= 0 && tap < SCAN);
});

/** A line of 40, shrunk to 28 around `center`: linear between two neighbours, zero outside. */
const shrunk = (center) =>
  mixes(LARGE, (i) => {
    const place = SIZE * ((2 * i + 1) / LARGE - 1) + center;
    const at = ((place + 1) * WIDE - 1) / 2;
    const low = Math.floor(at);
    const taps = [[low, low + 1 - at], [low + 1, at - low]];
    return taps.filter(([tap]) => tap >= 0 && tap < WIDE);
  });

/** A picture (side, side) -> (down.length, across.length): mixed along its columns, then along its rows. */
const resample = (picture, side, down, across) => {
  const rows = new Float32Array(down.length * side);
  down.forEach((taps, i) => {
    for (const [tap, weight] of taps) {
      for (let j = 0; j < side; j++) rows[i * side + j] += weight * picture[tap * side + j];
    }
  });
  const out = new Float32Array(down.length * across.length);
  across.forEach((taps, j) => {
    for (const [tap, weight] of taps) {
      for (let i = 0; i < down.length; i++) out[i * across.length + j] += weight * rows[i * side + tap];
    }
  });
  return out;
};

/** Where the ink lies, from -1 to 1: [across, down]. */
const centerOf = (picture) => {
  const sums = [0, 0, 0];
  picture.forEach((ink, at) => {
    sums[0] += ink;
    sums[1] += ink * (((at % WIDE) + 0.5) / (WIDE / 2) - 1);
    sums[2] += ink * ((Math.floor(at / WIDE) + 0.5) / (WIDE / 2) - 1);
  });
  return [sums[1] / sums[0], sums[2] / sums[0]];
};

const HALVES = mixes(LARGE / 2, (i) => [[2 * i, 0.5], [2 * i + 1, 0.5]]);

/** A scan of 8x8 with ink from 0 to 1 -> a sharp picture (28, 28) with the ink in its middle; (14, 14) is its means. */
export const enlarge = (scan, side) => {
  const smooth = resample(scan, SCAN, ZOOMED, ZOOMED);
  const sharp = smooth.map((ink) => Math.max(0, 1 / (1 + Math.exp(-10 * (ink - 0.5))) - 0.02) / 0.98);
  const [across, down] = centerOf(sharp);
  const large = resample(sharp, WIDE, shrunk(down), shrunk(across));
  return side === LARGE ? large : resample(large, LARGE, HALVES, HALVES);
};
