// What the codes of the shown rows are like: do the classes lie apart, and do all of them together look like the prior?
import { sum } from "../parts/maths.mjs";
import { rowsOf } from "../parts/tensor.mjs";

/** The share of rows whose class has the nearest of the classes' middles; `tone` is a tenth of the class. */
export const separation = (mu, tone, latent) => {
  const codes = rowsOf(mu, latent);
  const classes = codes.map((_, i) => Math.round(10 * tone[i]));
  const middles = new Map();
  for (const name of new Set(classes)) {
    const members = codes.filter((_, i) => classes[i] === name);
    middles.set(name, Array.from({ length: latent }, (_, j) => sum(members.map((code) => code[j])) / members.length));
  }
  const far = (code, middle) => sum(middle.map((value, j) => (value - code[j]) ** 2));
  const closer = (code) => (best, one) => (far(code, one[1]) < far(code, best[1]) ? one : best);
  const nearest = (code) => [...middles].reduce(closer(code))[0];
  return codes.filter((code, i) => nearest(code) === classes[i]).length / codes.length;
};

/** KL from N(0, I) of the Gaussian with the mean and covariance of all posteriors together, in nats. */
export const distanceToPrior = (mu, logvar, latent) => {
  const [codes, widths] = [rowsOf(mu, latent), rowsOf(logvar, latent)];
  const average = (value) => sum(codes.map((_, i) => value(i))) / codes.length;
  const middle = Array.from({ length: latent }, (_, j) => average((i) => codes[i][j]));
  const spread = middle.map((m, j) => average((i) => (codes[i][j] - m) ** 2 + Math.exp(widths[i][j])));
  const shared = latent === 2 ? average((i) => (codes[i][0] - middle[0]) * (codes[i][1] - middle[1])) : 0;
  const determinant = latent === 2 ? spread[0] * spread[1] - shared ** 2 : spread[0];
  return 0.5 * (sum(spread) + sum(middle.map((m) => m * m)) - latent - Math.log(determinant));
};
