// The state of the Lab in the address of its page: a link restores the settings and trains as many steps as they were.
import { parseNumber } from "../parts/controls.mjs";
import { DIGITS, OWN } from "../playground/datasets.mjs";
import { GRID } from "../playground/own_points.mjs";

const WORDS = ["data", "likelihood", "pixels", "rows", "latent", "hidden", "activation"];
const NUMBERS = ["beta", "sigma", "rate", "warmup", "free", "seed", "row"];
const WHOLE = ["warmup", "seed", "row"];
/** The fields that a link holds. */
export const HELD = [...WORDS, ...NUMBERS, "code", "points", "drawn"];
const BESIDE = "b.";
/** The planes of the landscape. */
export const PLANES = ["random", "way"];
const ALWAYS = ["data", "beta", "seed"];
const MOST_STEPS = 20_000;
const MOST_DRAWN = 12;

const packBytes = (bytes) => btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_");

const packPoints = (points) => {
  const grid = Int16Array.from(points.flat(), (value) => Math.round(GRID * value));
  return packBytes(new Uint8Array(grid.buffer));
};

const unpackBytes = (text) => {
  const letters = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(letters, (letter) => letter.charCodeAt(0));
};

/** Points from text, or null where it is no text of points. */
const unpackPoints = (text, [low, high], most) => {
  try {
    const flat = Array.from(new Int16Array(unpackBytes(text).buffer), (value) => value / GRID);
    const points = Array.from({ length: flat.length / 2 }, (_, i) => flat.slice(2 * i, 2 * i + 2));
    const fits = flat.length % 2 === 0 && flat.every((value) => value >= low && value <= high);
    return fits && points.length <= most ? points : null;
  } catch {
    return null;
  }
};

/** Drawn digits from text, or null where it is no text of digits. */
const unpackDrawn = (text) => {
  try {
    const flat = Array.from(unpackBytes(text));
    const drawn = Array.from({ length: flat.length / 64 }, (_, i) => flat.slice(64 * i, 64 * i + 64));
    return flat.length % 64 === 0 && drawn.length <= MOST_DRAWN && Math.max(0, ...flat) <= 16 ? drawn : null;
  } catch {
    return null;
  }
};

/** The knobs of run B that are not as A's, as "b.beta=4", and its beta in any case. */
const packBeside = (knobs, get, b) =>
  knobs.filter((name) => name === "beta" || b(name) !== get(name)).map((name) => [BESIDE + name, String(b(name))]);

/**
 * The part of the address behind "#": what differs from the start, the points if they are learned, what run B has for
 * itself, if `b` is not null, the `plane` of the landscape, if one is shown, and `n` steps.
 */
export const toAddress = (get, n, { knobs = [], b = null, plane = false } = {}) => {
  const start = get("start");
  const names = [...WORDS, ...NUMBERS].filter((name) => ALWAYS.includes(name) || get(name) !== start[name]);
  const parts = new URLSearchParams(names.map((name) => [name, String(get(name))]));
  if (String(get("code")) !== String(start.code)) parts.set("code", get("code").join());
  if (get("data") === OWN && get("points").length) parts.set("points", packPoints(get("points")));
  if (get("data") === DIGITS && get("drawn").length) parts.set("drawn", packBytes(get("drawn").flat()));
  for (const [name, value] of b ? packBeside(knobs, get, b) : []) parts.set(name, value);
  if (plane) parts.set("plane", plane);
  parts.set("n", String(n));
  return parts.toString();
};

const numberIn = (text, [low, high], whole) => {
  const value = parseNumber(text);
  return value !== null && value >= low && value <= high && (!whole || Number.isInteger(value)) ? value : null;
};

/** One value of a link as its field holds it, or null where the field cannot. */
const read = (name, text, limits, most) => {
  if (WORDS.includes(name)) return limits[name].includes(text) ? text : null;
  if (NUMBERS.includes(name)) return numberIn(text, limits[name], WHOLE.includes(name));
  if (name === "plane") return PLANES.includes(text) ? text : null;
  if (name === "n") return numberIn(text, [0, MOST_STEPS], true);
  if (name === "points") return unpackPoints(text, limits.points, most);
  if (name === "drawn") return unpackDrawn(text);
  const pair = text.split(",").map((part) => numberIn(part, limits.code, false));
  return pair.length === 2 && !pair.includes(null) ? pair : null;
};

/**
 * { values by field, b: those of run B or null, plane of the landscape or false, n steps, ignored: what says nothing to
 * this Lab }, or null for what is no link to a state. `knobs` are the fields that B has for itself.
 */
export const fromAddress = (text, limits, most, knobs = []) => {
  if (!text.includes("=")) return null;
  const known = [...HELD, "plane", "n", ...knobs.map((name) => BESIDE + name)];
  const [values, b, ignored] = [{}, {}, []];
  for (const [name, value] of new URLSearchParams(text)) {
    const beside = name.startsWith(BESIDE);
    const field = beside ? name.slice(BESIDE.length) : name;
    const found = known.includes(name) ? read(field, value, limits, most) : null;
    if (found === null) ignored.push(`${name}=${value}`.slice(0, 40));
    else (beside ? b : values)[field] = found;
  }
  const { n = 0, plane = false, ...fields } = values;
  return { values: fields, b: Object.keys(b).length ? b : null, plane, n, ignored };
};
