// What the Lab trains: the rows of its data, and the orders for the worker, from the fields.
import { DIGITS, fromPoints, fromScans, makeShape, OWN } from "../playground/datasets.mjs";
import { withDrawn } from "./own_digits.mjs";
import { empty } from "../playground/own_points.mjs";

export const SETTINGS = ["beta", "sigma", "rate", "warmup", "free"];

/** Fields that make another model or other data: a change of one of them starts anew. */
export const MODEL = ["data", "pixels", "rows", "likelihood", "latent", "hidden", "activation", "seed", "kernel"];
const POINTS = 1000;
const HELD_OUT = 128;

const everything = (ui, scans) => {
  const [name, seed, side] = [ui.get("data"), ui.get("seed"), Number(ui.get("pixels"))];
  if (name === DIGITS) return { ...fromScans(scans.ink, scans.labels, seed, side), dim: side * side };
  return { ...makeShape(name, POINTS, seed), dim: 2 };
};

/** The first `rows` rows to learn, or all of them but the last ones, which are held out: { x, tone, dim, heldout }. */
export const split = ({ x, tone, dim }, rows) => {
  const most = tone.length - HELD_OUT;
  const n = rows === "all" ? most : Math.min(most, Number(rows));
  return { x: x.slice(0, n * dim), tone: tone.slice(0, n), dim, heldout: x.slice(most * dim) };
};

/** The rows to learn: { x, tone, dim, heldout }; where there is none, one that nothing may be trained on. */
export const dataOf = (ui, scans) => {
  const mine = () => (ui.get("data") === DIGITS ? ui.get("drawn") : []);
  if (ui.get("data") !== OWN) return withDrawn(split(everything(ui, scans), ui.get("rows")), mine(), scans);
  const drawn = empty(ui) ? [[0, 0]] : ui.get("points");
  const n = ui.get("rows") === "all" ? drawn.length : Number(ui.get("rows"));
  return { ...fromPoints(drawn.slice(0, n)), dim: 2, heldout: null };
};

/** The likelihood in force: points have no ink. */
export const likelihoodOf = (ui) => (ui.get("data") === DIGITS ? ui.get("likelihood").toLowerCase() : "gaussian");

export const settings = (ui) => Object.fromEntries(SETTINGS.map((name) => [name, ui.get(name)]));

/** The row that goes through the machine, and the code that the decoder is given. */
export const watched = (ui, data) => ({
  row: Math.min(ui.get("row"), data.x.length / data.dim - 1),
  code: ui.get("code"),
});

/** `ui` may be one run: what is asked of it is `get`. `around`: the plane of the landscape that is wanted. */
export const plan = (ui, data, around = false) => ({
  around,
  data: data.x,
  heldout: data.heldout,
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
