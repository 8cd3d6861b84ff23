// What the Lab trains: the rows of its data, and the orders for the worker, from the fields.
import { DIGITS, fromPoints, fromScans, makeShape, OWN } from "../playground/datasets.mjs";
import { empty } from "../playground/own_points.mjs";

export const SETTINGS = ["beta", "sigma", "rate", "warmup", "free"];

/** Fields that make another model or other data: a change of one of them starts anew. */
export const MODEL = ["data", "likelihood", "latent", "hidden", "activation", "seed", "kernel"];
const POINTS = 1000;

/** The rows to learn: { x, tone, dim }; one row in the middle, that nothing may be trained on, where there is none. */
export const dataOf = (ui, scans) => {
  const [name, seed] = [ui.get("data"), ui.get("seed")];
  if (name === DIGITS) return { ...fromScans(scans.ink, scans.labels, seed), dim: 64 };
  if (name !== OWN) return { ...makeShape(name, POINTS, seed), dim: 2 };
  return { ...fromPoints(empty(ui) ? [[0, 0]] : ui.get("points")), dim: 2 };
};

/** The likelihood in force: points have no ink. */
export const likelihoodOf = (ui) => (ui.get("data") === DIGITS ? ui.get("likelihood").toLowerCase() : "gaussian");

export const settings = (ui) => Object.fromEntries(SETTINGS.map((name) => [name, ui.get(name)]));

/** The row that goes through the machine, and the code that the decoder is given. */
export const watched = (ui, data) => ({
  row: Math.min(ui.get("row"), data.x.length / data.dim - 1),
  code: ui.get("code"),
});

export const plan = (ui, data) => ({
  data: data.x,
  dim: data.dim,
  latent: Number(ui.get("latent")),
  hidden: Number(ui.get("hidden")),
  likelihood: likelihoodOf(ui),
  activation: ui.get("activation"),
  seed: ui.get("seed"),
  kernel: ui.get("kernel"),
  settings: settings(ui),
  watched: watched(ui, data),
});
