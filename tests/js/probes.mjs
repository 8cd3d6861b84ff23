// Functions of the widgets' modules in the form in which Python calls them: one argument, plain numbers back.
import { known, measures } from "../../vae_utils/widgets/critic.mjs";
import { turned } from "../../vae_utils/widgets/factor_sliders.mjs";
import { natsOf, recurrentPrior } from "../../vae_utils/widgets/parts/code_priors.mjs";
import { drawFace, FACTORS } from "../../vae_utils/widgets/parts/face_drawing.mjs";
import { informationMatrix, makeBinner } from "../../vae_utils/widgets/parts/information.mjs";
import { levels } from "../../vae_utils/widgets/ladder.mjs";
import { decode, unpack } from "../../vae_utils/widgets/parts/latent_net.mjs";
import * as maths from "../../vae_utils/widgets/parts/maths.mjs";
import { KERNELS } from "../../vae_utils/widgets/parts/network.mjs";
import { slerp } from "../../vae_utils/widgets/parts/paths.mjs";
import { DIGITS, OWN, SHAPES } from "../../vae_utils/widgets/playground/datasets.mjs";
import { Landscape, randomDirections } from "../../vae_utils/widgets/playground/landscape.mjs";
import { enlarge } from "../../vae_utils/widgets/playground/enlarge.mjs";
import { Adam } from "../../vae_utils/widgets/playground/trainer.mjs";
import { Vae } from "../../vae_utils/widgets/playground/vae.mjs";
import { Gan } from "../../vae_utils/widgets/side_by_side/gan.mjs";
import { judge, LAWS, lawOf, vaeNll } from "../../vae_utils/widgets/side_by_side/laws.mjs";
import { bound, LOSSES } from "../../vae_utils/widgets/side_by_side/losses.mjs";
import { slopeInLogvar } from "../../vae_utils/widgets/side_by_side/pair.mjs";
import { slopesOf } from "../../vae_utils/widgets/side_by_side/slopes.mjs";

/** { model, theta, x, eps, beta, sigma, free, rate } -> loss terms, gradient, and the weights after a step of Adam. */
export const trainOnce = ({ model, theta, x, eps, beta, sigma, free, rate }) => {
  const vae = new Vae(model);
  vae.theta.set(theta);
  const rows = x.length / vae.dim;
  const terms = vae.loss(Float32Array.from(x), Float32Array.from(eps), rows, { beta, sigma, free, learn: true });
  const gradient = Array.from(vae.gradient);
  new Adam(vae.theta.length).step(vae.theta, vae.gradient, rate);
  return { ...terms, gradient, theta: Array.from(vae.theta) };
};

/** { factors, sizes } -> the names of the factors, and the faces of each size. */
export const faces = ({ factors, sizes }) => ({
  names: FACTORS,
  faces: sizes.map((size) => factors.map((z) => Array.from(drawFace(z, size)))),
});

/** { sizes, weights, scales, biases, activation, points } -> the decoded picture of each point. */
export const decoded = ({ sizes, weights, scales, biases, activation, points }) => {
  const packed = { weights: Int8Array.from(weights), scales: Float32Array.from(scales) };
  const [net] = unpack([sizes], { ...packed, biases: Float32Array.from(biases) }, activation);
  return points.map((z) => Array.from(decode(net, z)));
};

/** { sizes, weights, scales, biases, embedding, places, codes, slot } -> nats of each code, slot by slot; `given`. */
export const priced = ({ sizes, weights, scales, biases, embedding, places, codes, slot }) => {
  const packed = { weights: Int8Array.from(weights), scales: Float32Array.from(scales) };
  const [input, memory, out] = unpack(sizes, { ...packed, biases: Float32Array.from(biases) }, "relu");
  const prior = recurrentPrior({ embedding, places, input, memory, out });
  return {
    nats: codes.map((cells) => natsOf(prior, cells)),
    given: codes.map((cells) => Array.from(prior.given(cells, slot))),
  };
};

/** { model, theta, x, eps, seed, side, reach, ...weights } -> directions and values of the loss around theta. */
export const surveyed = ({ model, theta, x, eps, seed, side, reach, ...weights }) => {
  const vae = new Vae(model);
  const [rows, noise] = [Float32Array.from(x), Float32Array.from(eps)];
  const lossOf = (place) => {
    vae.theta.set(place);
    return vae.loss(rows, noise, rows.length / vae.dim, weights).loss;
  };
  const middle = Float32Array.from(theta);
  const directions = randomDirections(vae, middle, seed);
  const around = new Landscape({ directions, theta: middle, step: 0, lossOf, side, reach });
  while (!around.complete) around.next();
  return { directions: directions.map((one) => Array.from(one)), values: Array.from(around.values) };
};

/** What the playground can learn, by name. */
export const dataNames = () => [...Object.keys(SHAPES), DIGITS, OWN];

/** { name, t, part } -> the points of a shape without noise, [[x, y], ...]. */
export const shape = ({ name, t, part }) => t.map((value, i) => SHAPES[name].at(value, part[i]));

/** The kernels of a network, by name. */
export const kernelNames = () => KERNELS;

/** { scans, side } -> the pictures of 8x8 scans. */
export const enlarged = ({ scans, side }) => scans.map((scan) => Array.from(enlarge(scan, side)));

/** The limit of every logarithm of a variance. */
export const logvarLimit = () => maths.LOGVAR_LIMIT;

/** { a, b, t } -> the point of each way from a to b at each t. */
export const ways = ({ a, b, t }) => a.map((start, i) => t.map((share) => slerp(start, b[i], share)));

/** { factors, codes, bins, plane, angle } -> the information matrix of turned codes, its gaps and the MIG; columns. */
export const told = ({ factors, codes, bins, plane, angle }) =>
  informationMatrix(factors.map(makeBinner(bins)), turned(codes, plane, angle).map(makeBinner(bins)));

/** { sizes, weights, scales, biases, activation, tops, noises } -> the pictures of a down and a decoder, row by row. */
export const climbed = ({ sizes, weights, scales, biases, activation, tops, noises }) => {
  const packed = { weights: Int8Array.from(weights), scales: Float32Array.from(scales) };
  const [down, decoder] = unpack(sizes, { ...packed, biases: Float32Array.from(biases) }, activation);
  const codes = levels(down, tops, noises, sizes[1][0] > noises[0].length);
  return codes.map((code) => Array.from(decode(decoder, code)));
};

/** [{ law, mean, width, strength }, ...] -> JS, the bound, W1 and the slopes of each. */
export const criticized = (cases) => cases.map(({ law, ...values }) => measures(known(law), values));

/** { model, critic, generator, real, z, u, loss, strength } -> losses, their gradients, slopes at real, the bound. */
export const played = ({ model, critic, generator, real, z, u, ...how }) => {
  const gan = new Gan(model);
  gan.critic.theta.set(critic);
  gan.generator.theta.set(generator);
  const [x, codes, shares] = [real, z, u].map((values) => Float32Array.from(values));
  const n = u.length;
  const slopes = Array.from(slopesOf(gan.critic.net, x, n));
  const fake = gan.draw(codes, n);
  const criticLoss = gan.criticLoss(x, fake, shares, n, how);
  const criticGradient = Array.from(gan.critic.gradient);
  const generatorLoss = gan.generatorLoss(codes, x, n, how);
  const said = [x, fake].map((points) => gan.criticize(points, n));
  const generatorGradient = Array.from(gan.generator.gradient);
  return { slopes, criticLoss, criticGradient, generatorLoss, generatorGradient, bound: bound(how.loss, ...said) };
};

/** The names of the laws and of the losses. */
export const sideBySideNames = () => ({ laws: LAWS, losses: Object.keys(LOSSES) });

/** [{ law, x }, ...] -> the law's centers and width, what `judge` says of x, flat, and the exact NLL of x. */
export const judged = (cases) =>
  cases.map(({ law, x }) => {
    const { centers, width, modes, nll } = lawOf(law);
    return { centers, width, modes, ...judge({ centers, width }, x), nll: nll(x) };
  });

/** { model, theta, x, sigma, k, seed } -> the importance-weighted NLL of a VAE. */
export const weighed = ({ model, theta, x, sigma, k, seed }) => {
  const vae = new Vae(model);
  vae.theta.set(theta);
  return vaeNll(vae, sigma, Float32Array.from(x), x.length / vae.dim, k, maths.normals(seed));
};

/** { reconstruction, sigma } -> the slope of the loss in log sigma^2. */
export const logvarSlope = ({ reconstruction, sigma }) => slopeInLogvar(reconstruction, sigma);
