// Numbers that the worker and the page share.

/** Points in a batch. */
export const BATCH = 128;

/** The critic is asked at SIDE x SIDE points over [-REACH, REACH]^2, row by row from the top. */
export const SIDE = 36;
export const REACH = 1.5;

/** Each model has a square of twice HALF; whether the point in row i of x (n, 2) lies in it. */
export const HALF = 1.65;
export const inside = (x, i) => Math.max(Math.abs(x[2 * i]), Math.abs(x[2 * i + 1])) < HALF;
