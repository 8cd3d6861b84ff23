// Sliders of z, the picture drawn there, what each code tells of each factor, and a turn of the latent space.
import { frame } from "./parts/frame.mjs";
import { entropy, informationMatrix, leaders, makeBinner } from "./parts/information.mjs";
import { networksOf } from "./parts/latent_net.mjs";
import { clamp, format, logStandardNormal, remember } from "./parts/maths.mjs";
import { photograph } from "./parts/photograph.mjs";
import { block, every, rowsOf, tensor } from "./parts/tensor.mjs";

const STEPS = [2, 1, 0, -1, -2]; // of one code, downward
const [CIRCLE, EDGE] = [2.7, 3.1]; // of the dial: where its handle goes round, and how far it is drawn
const [LEFT, RIGHT, HEAD, ROW, BETWEEN] = [50, 62, 22, 26, 32]; // of the table, in pixels
const SHOWN = 600; // codes in the plane; all of them are counted
const ALONE = 1.5; // how far one slider is turned, all others at 0

const index = (k) => `z${String.fromCharCode(0x2081 + k)}`;

/** Cosine and sine of whole degrees, exact where they are 0 or 1. */
const direction = (degrees) => {
  const exact = (value) => (Math.abs(value) < 1e-12 ? 0 : value);
  const angle = (degrees * Math.PI) / 180;
  return [exact(Math.cos(angle)), exact(Math.sin(angle))];
};

/** Vectors, as columns of numbers, turned by `degrees` from axis i towards axis j. */
export const turned = (columns, [i, j], degrees) => {
  const [c, s] = direction(degrees);
  const result = [...columns];
  result[i] = columns[i].map((value, k) => c * value - s * columns[j][k]);
  result[j] = columns[i].map((value, k) => s * value + c * columns[j][k]);
  return result;
};

/** What the decoder reads where the turned space has z: R^T z. */
export const turnedBack = (z, plane, degrees) => turned(z.map((value) => [value]), plane, -degrees).map(([v]) => v);

/** The pictures at a list of codes, rows of grey levels: through a decoder, and the linear map that may follow it. */
const drawAt = (decoder, linear, codes) => {
  let said = decoder.forward(Float32Array.from(codes.flat()), codes.length);
  if (linear) said = linear.forward(said, codes.length);
  const { out } = (linear ?? decoder).layers.at(-1);
  const levels = said.slice(0, codes.length * out).map((value) => clamp(value, 0, 1));
  return rowsOf(levels, out);
};

/** The networks, codes and factors that the widget holds, ready to draw and to count. */
const unpacked = (ui, model) => {
  const labels = ui.get("labels");
  const [sizes, pixels] = [ui.get("decoder_sizes"), ui.get("pixel_sizes")];
  const networks = networksOf(model, [...sizes, ...(pixels.length ? [pixels] : [])]);
  const [codes, reach, factors] = ["codes", "reach", "factors"].map((name) => tensor(ui.get(name)));
  const columns = (array, scale) => {
    const width = array.shape[1];
    return Array.from({ length: width }, (_, j) => every(array.values, j, width).map((value) => value * scale));
  };
  return {
    labels,
    names: ui.get("names"),
    elbo: tensor(ui.get("elbo")).values,
    decoders: networks.slice(0, labels.length),
    linear: networks[labels.length] ?? null,
    codes: labels.map((_, m) => columns(block(codes, m), reach.values[m] / 32767)),
    factors: columns(factors, 1).map(makeBinner(ui.constant("bins"))),
  };
};

/** What the panels ask for, computed once per change. */
const derive = (ui, data) => {
  const dimensions = data.codes[0].length;
  const chosen = () => Math.min(ui.get("model"), data.labels.length - 1);
  const plane = () => ui.get("plane").split(", ").map((k) => Math.min(Number(k), dimensions) - 1);
  const z = () => data.codes[0].map((_, k) => ui.get(`z${k + 1}`));
  const classes = makeBinner(ui.constant("bins"));
  const told = (codes) => informationMatrix(data.factors, codes.map(classes));
  const turn = [chosen, () => plane()[0], () => plane()[1], () => ui.get("angle")];
  const codes = remember(() => turn.map((f) => f()), (m, i, j, angle) => turned(data.codes[m], [i, j], angle));
  const pictures = remember(
    () => [...turn.map((f) => f()), ...z()],
    (m, i, j, angle, ...at) => {
      const others = at.flatMap((_, k) => STEPS.map((step) => at.with(k, step)));
      const asked = [at, ...others].map((one) => turnedBack(one, [i, j], angle));
      const [face, ...strips] = drawAt(data.decoders[m], data.linear, asked);
      return { face, strip: (k) => strips.slice(k * STEPS.length, (k + 1) * STEPS.length) };
    },
  );
  return {
    chosen,
    plane,
    z,
    codes,
    pictures,
    angle: () => ui.get("angle"),
    now: remember(() => [codes()], told),
    before: remember(() => [chosen()], (m) => told(data.codes[m])),
    halfway: remember(() => turn.slice(0, 3).map((f) => f()), (m, i, j) => told(turned(data.codes[m], [i, j], 45))),
  };
};

const side = (picture) => Math.round(Math.sqrt(picture.length));

const facePanel = (ui, state) =>
  ui.panel({
    title: "What the decoder draws at z",
    label: "the drawn face", // its paper is white in every theme
    span: 2,
    square: true,
    most: 250,
    axes: false,
    draw(plot) {
      const { face } = state.pictures();
      const size = Math.min(plot.width, plot.height);
      photograph(plot, face, side(face), [(plot.width - size) / 2, 0, size, size]);
    },
  });

/** A plot in pixels from its top left corner: text, filled and outlined boxes. */
const inPixels = (plot) => {
  const at = (x, y) => [x / plot.width, 1 - y / plot.height];
  const corners = (x, y, width, height) => [...at(x, y + height), ...at(x + width, y)];
  return {
    text: (x, y, words, settings) => plot.text(...at(x, y), words, settings),
    fill(x, y, width, height, settings) {
      const [x0, y0, x1, y1] = corners(x, y, width, height);
      plot.bar(x0, x1, y0, y1, settings);
    },
    outline(x, y, width, height, settings) {
      const [x0, y0, x1, y1] = corners(x, y, width, height);
      plot.line([x0, x1, x1, x0, x0], [y0, y0, y1, y1, y0], settings);
    },
  };
};

const drawTable = (plot, { names, entropies }, { matrix, gaps, mig }, width) => {
  const pen = inPixels(plot);
  const digits = width > 36 ? 2 : 1;
  matrix[0].forEach((_, j) => pen.text(LEFT + (j + 0.5) * width, HEAD / 2, index(j), { bold: true, size: 13 }));
  const right = plot.width - RIGHT + 8;
  pen.text(plot.width - RIGHT / 2 + 4, HEAD / 2, "gap", { color: "muted" });
  matrix.forEach((row, k) => {
    const y = HEAD + k * ROW;
    pen.text(LEFT - 8, y + ROW / 2, names[k], { align: "right" });
    row.forEach((told, j) => {
      const box = [LEFT + j * width + 1.5, y + 1.5, width - 3, ROW - 3];
      pen.fill(...box, { color: "posterior", alpha: 0.65 * Math.sqrt(clamp(told / entropies[k], 0, 1)) });
      pen.text(LEFT + (j + 0.5) * width, y + ROW / 2, format(told, digits));
      const place = leaders(row).indexOf(j);
      if (place >= 0) pen.outline(...box, { width: 2 - 0.7 * place, dash: place ? [3, 4] : [] });
    });
    pen.fill(right, y + 4, (RIGHT - 8) * clamp(gaps[k], 0, 1), ROW - 8, { color: "kl", alpha: 0.4 });
    pen.text(plot.width - 2, y + ROW / 2, format(gaps[k]), { align: "right" });
  });
  const y = HEAD + matrix.length * ROW + BETWEEN / 2 - 2;
  pen.text(plot.width - 2, y, `MIG ${format(mig)}`, { align: "right", bold: true, size: 13, color: "kl" });
};

const drawStrips = (plot, state, top, width) => {
  const pen = inPixels(plot);
  const size = Math.min(width - 6, (plot.height - top - 2) / STEPS.length - 3);
  const y = (value) => top + (2 - value) * (size + 3) + size / 2;
  STEPS.forEach((step) => pen.text(LEFT - 8, y(step), format(step, 0), { align: "right", color: "muted" }));
  state.z().forEach((value, j) => {
    const left = LEFT + j * width + (width - size) / 2;
    state.pictures().strip(j).forEach((picture, k) => {
      photograph(plot, picture, side(picture), [left, y(STEPS[k]) - size / 2, size, size]);
    });
    pen.fill(left - 3, y(clamp(value, -2.4, 2.4)) - 1.5, size + 6, 3, { color: "likelihood" });
  });
};

const tablePanel = (ui, data, state) => {
  const settings = { names: data.names, entropies: data.factors.map(entropy) };
  ui.panel({
    title: "Nats that each code tells of each factor (solid: most, dashed: second), and what it moves",
    label: "mutual information of factors and codes, and what each code moves",
    span: 4,
    rows: 2,
    aspect: 0.84,
    most: 490,
    axes: false,
    draw(plot) {
      const width = (plot.width - LEFT - RIGHT) / state.z().length;
      drawTable(plot, settings, state.now(), width);
      drawStrips(plot, state, HEAD + data.names.length * ROW + BETWEEN, width);
    },
  });
};

/** The factor of which a code of the unturned space tells most. */
const bestKnown = (matrix, j) => leaders(matrix.map((row) => row[j]))[0];

const dialPanel = (ui, data, state) => {
  const panel = ui.panel({
    title: "The plane that turns",
    label: "codes in the plane that turns",
    span: 2,
    square: true,
    most: 250,
    axes: false,
    equal: true,
    x: [-EDGE, EDGE],
    y: [-EDGE, EDGE],
    draw(plot) {
      const [i, j] = state.plane();
      const factor = bestKnown(state.before().matrix, i);
      const { at, count } = data.factors[factor];
      panel.caption(`Turn the codes; orange: much ${data.names[factor]}`);
      plot.hline(0, { color: "grid", width: 1 });
      plot.vline(0, { color: "grid", width: 1 });
      const colors = Array.from(at.subarray(0, SHOWN), (k) => plot.theme[k < count / 2 ? "prior" : "posterior"]);
      const [xs, ys] = [i, j].map((k) => state.codes()[k].subarray(0, SHOWN));
      const [c, s] = direction(state.angle()).map((value) => CIRCLE * value);
      plot.clip(() => plot.points(xs, ys, { radius: 1.6, colors, alpha: 0.6 }));
      plot.ellipse(0, 0, CIRCLE, CIRCLE, { color: "muted", width: 1 });
      plot.line([0, c], [0, s], { width: 2 });
      plot.points([state.z()[i]], [state.z()[j]], { radius: 6, color: "likelihood" });
      const name = { bold: true, size: 13, halo: true, align: "left" };
      plot.text(-0.95 * CIRCLE, 0, index(i), { ...name, dy: -9 });
      plot.text(0, 0.9 * CIRCLE, index(j), { ...name, dx: 5 });
    },
  });
  ui.handle(panel, {
    label: "angle of the turn",
    step: 0.1,
    at: () => direction(state.angle()).map((value) => CIRCLE * value),
    move: (x, y) => Math.hypot(x, y) > 1e-9 && ui.set("angle", Math.round((Math.atan2(y, x) * 180) / Math.PI)),
    text: () => `${state.angle()} degrees`,
  });
};

/** What to reach, by z, the angle, and { matrix, mig } now, before the turn and halfway to a quarter turn. */
export const challenges = (look) => [
  {
    id: "one alone",
    text: "Find a slider that moves one thing alone: take it to 1.5 or beyond, all others at 0.",
    reached() {
      const { z, now } = look();
      const far = z.findIndex((value) => Math.abs(value) >= ALONE);
      if (far < 0 || z.some((value, k) => k !== far && value !== 0)) return false;
      const [most, next] = now.matrix.map((row) => row[far]).sort((a, b) => b - a);
      return most > 0.3 && next < most / 5;
    },
    why: "Its column of the matrix has one dark cell: it tells of one factor, and next to nothing of the others.",
  },
  {
    id: "for nothing",
    text: "Turn a plane until a third of the MIG is gone. What does it cost in nats?",
    reached: () => look().now.mig < (2 / 3) * look().before.mig,
    why: "Nothing at all. N(0, I) is round, so prior, samples and ELBO are what they were. Nats do not see the axes.",
  },
  {
    id: "places",
    text: "Find a turn beyond 45\u00b0 that costs the MIG dearly on the way and gives it all back.",
    reached() {
      const { angle, now, before, halfway } = look();
      const back = Math.abs(now.mig - before.mig) < 0.005;
      return Math.abs(angle) > 45 && back && halfway.mig < 0.95 * before.mig;
    },
    why: "After a quarter turn two codes have changed places, one with its sign: other names for the same axes.",
  },
];

export default {
  render({ model, el }) {
    const ui = frame({ model, el, title: "Slide z, read the matrix, turn the axes" });
    const data = unpacked(ui, model);
    const state = derive(ui, data);
    const dimensions = state.z().length;
    facePanel(ui, state);
    tablePanel(ui, data, state);
    dialPanel(ui, data, state);
    if (data.labels.length > 1) {
      ui.choice({ name: "model", label: "Model", options: data.labels.map((_, m) => m), labels: data.labels });
    }
    for (let k = 0; k < dimensions; k++) ui.slider({ name: `z${k + 1}`, label: index(k), step: 0.05 });
    const planes = ui.limits("plane").filter((pair) => Number(pair.split(", ")[1]) <= dimensions);
    const words = (pair) => pair.split(", ").map((k) => index(k - 1)).join(" and ");
    const named = Object.fromEntries(planes.map((pair) => [pair, words(pair)]));
    ui.select({ name: "plane", label: "The plane that turns", options: planes, labels: named });
    ui.slider({ name: "angle", label: "angle, degrees", step: 1 });
    ui.readout(() => [
      ["MIG", state.now().mig, "kl"],
      ["ELBO, nats", data.elbo[state.chosen()], "elbo"],
      ["posterior", state.angle() % 90 ? "full covariance" : "diagonal", "posterior"],
      ["turn", `${format(state.angle(), 0)}\u00b0 in ${named[ui.get("plane")] ?? ui.get("plane")}`],
      ["log p(z), nats", logStandardNormal(state.z()), "prior"],
    ]);
    const percent = (100 * ui.get("rounding")).toFixed(2);
    ui.note(`Weights of 8 bits: a pixel is off by ${percent} %.`);
    const look = () => ({
      z: state.z(), angle: state.angle(), now: state.now(), before: state.before(), halfway: state.halfway(),
    });
    ui.challenges("factor_sliders", challenges(look));
    return ui.dispose;
  },
};
