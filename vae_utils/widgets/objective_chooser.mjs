// Eight objectives, really trained: reconstructions, samples, a sharpness meter, and sharpness against diversity.
import { greek } from "./parts/controls.mjs";
import { frame } from "./parts/frame.mjs";
import { format, linspace, mean, sum } from "./parts/maths.mjs";
import { drawSheet, sheet } from "./parts/sheet.mjs";
import { block, rows, tensors } from "./parts/tensor.mjs";

const TOP = 1.5; // the end of the meter; data reads 1

/** The gray levels of 0 to 255 of an image as values in [0, 1]. */
export const inUnits = (image) => Float32Array.from(image, (value) => value / 255);

const sideOf = (image) => Math.round(Math.sqrt(image.length));

/** The middle row of an image. */
export const middleRow = (image) => {
  const side = sideOf(image);
  const start = Math.floor(side / 2) * side;
  return image.subarray(start, start + side);
};

/** The variance of the Laplacian over the inner pixels, as in vae_utils.evaluation. */
export const laplacianVariance = (image) => {
  const side = sideOf(image);
  const second = [];
  for (let i = 1; i < side - 1; i++) {
    for (let j = 1; j < side - 1; j++) {
      const at = i * side + j;
      second.push(image[at - side] + image[at + side] + image[at - 1] + image[at + 1] - 4 * image[at]);
    }
  }
  const center = mean(second);
  return mean(second.map((value) => (value - center) ** 2));
};

/** How many classes the counts amount to: exp of their entropy, 0 for none at all. */
export const effectiveClasses = (counts) => {
  const total = sum(counts);
  if (!total) return 0;
  const entropy = sum(counts.map((count) => (count ? -(count / total) * Math.log(count / total) : 0)));
  return Math.exp(entropy);
};

/** What a reading of the meter says. */
export const verdict = (sharpness) => {
  if (sharpness < 0) return "there are none";
  if (sharpness < 0.15) return "a smear";
  if (sharpness < 0.8) return "blurred";
  if (sharpness < 0.9) return "soft";
  return sharpness <= 1.1 ? "like the data" : "too sharp: grain";
};

/** The numbers of every objective as plain objects. */
export const table = (data, names) =>
  names.map((name, k) => ({
    name,
    rebuilt: data.sharpness.values[2 * k],
    drawn: data.sharpness.values[2 * k + 1],
    precision: data.precision.values[k],
    recall: data.recall.values[k],
    counts: Array.from(data.counts.values.subarray(10 * k, 10 * k + 10)),
  }));

/** Pictures in rows of `columns` places, each of size 1; the top of the first row is at y = `top`. */
const drawImages = (plot, images, columns, top) => {
  const height = Math.ceil(images.length / columns);
  drawSheet(plot, sheet(images, columns, { gap: 2, most: 255 }), [0, top - height, columns, top]);
};

const rebuiltPanel = (ui, images, now) => {
  const columns = images.originals.length;
  ui.panel({
    title: "Test digits (top) and their reconstructions; the framed one is cut open below",
    span: 6,
    aspect: columns / 2,
    most: 112,
    axes: false,
    equal: true,
    x: [0, columns],
    y: [-0.02, 2.02],
    draw(plot) {
      drawImages(plot, images.originals, columns, 2);
      if (now().rebuilt >= 0) drawImages(plot, images.reconstructions[now().k], columns, 1);
      else plot.text(columns / 2, 0.5, "no posterior, no reconstructions", { size: 14 });
      const [left, right] = [ui.get("digit"), ui.get("digit") + 1];
      plot.line([left, right, right, left, left], [0, 0, 2, 2, 0], { color: "likelihood", width: 2 });
    },
  });
};

/** The chosen test digit and what became of it; `rebuilt` is null without reconstructions. */
const chosenPair = (ui, images, now) => {
  const digit = ui.get("digit");
  const rebuilt = now().rebuilt < 0 ? null : inUnits(images.reconstructions[now().k][digit]);
  return { original: inUnits(images.originals[digit]), rebuilt };
};

const cutPanels = (ui, pair) => {
  ui.panel({
    title: "Data, reconstruction, and the cut",
    aspect: 2.1,
    most: 118,
    axes: false,
    equal: true,
    x: [0, 2.1],
    y: [0, 1],
    draw(plot) {
      const { original, rebuilt } = pair();
      const side = sideOf(original);
      plot.image(original, side, side, [0, 0, 1, 1]);
      if (rebuilt) plot.image(rebuilt, side, side, [1.1, 0, 2.1, 1]);
      else plot.text(1.6, 0.5, "none", { size: 14 });
      const y = 1 - (Math.floor(side / 2) + 0.5) / side;
      plot.line([0, 1], [y, y], { color: "data", width: 1.5, dash: [4, 3] });
      if (rebuilt) plot.line([1.1, 2.1], [y, y], { color: "likelihood", width: 1.5 });
    },
  });
  ui.panel({
    title: "Gray along the cut (data dashed)",
    height: 118,
    x: [0, 1],
    y: [-0.05, 1.1],
    xTicks: [],
    yTicks: [0, 0.5, 1],
    draw(plot) {
      const { original, rebuilt } = pair();
      const cut = middleRow(original);
      const places = linspace(0.5 / cut.length, 1 - 0.5 / cut.length, cut.length);
      plot.line(places, cut, { color: "data", dash: [5, 4] });
      if (rebuilt) plot.line(places, middleRow(rebuilt), { color: "likelihood", width: 3 });
    },
  });
};

const samplesPanel = (ui, images, now) =>
  ui.panel({
    title: "Samples from the prior",
    span: 4,
    aspect: 2.5,
    most: 140,
    axes: false,
    equal: true,
    x: [0, 10],
    y: [0, Math.ceil(images.samples[0].length / 10)],
    draw: (plot) => drawImages(plot, images.samples[now().k], 10, Math.ceil(images.samples[0].length / 10)),
  });

const needle = (plot, y, value, label) => {
  const at = Math.min(TOP, Math.max(0, value));
  plot.text(0, y + 0.28, label, { align: "left", baseline: "bottom", size: 12 });
  plot.bar(0, TOP, y - 0.24, y + 0.24, { color: "grid" });
  if (value < 0) return plot.text(0.02, y, "none", { align: "left", size: 12 });
  plot.bar(0, at, y - 0.24, y + 0.24, { color: "likelihood" });
  return plot.text(at, y, format(value), { align: at > 0.25 ? "right" : "left", dx: at > 0.25 ? -5 : 5, bold: true,
    color: at > 0.25 ? "surface" : "ink" });
};

const meterPanel = (ui, now) =>
  ui.panel({
    title: "Sharpness (data = 1)",
    span: 2,
    height: 140,
    x: [0, TOP],
    y: [0, 2.6],
    yTicks: [],
    xTicks: [0, 0.5, 1, 1.5],
    draw(plot) {
      needle(plot, 1.6, now().rebuilt, "reconstructions");
      needle(plot, 0.4, now().drawn, "samples");
      plot.vline(1, { color: "data", dash: [5, 4] });
    },
  });

const scatterPanel = (ui, numbers, now) =>
  ui.panel({
    title: "Sharpness against diversity",
    height: 138,
    x: [-0.05, 1.05],
    y: [0, TOP],
    xLabel: "recall",
    yLabel: "sharpness",
    draw(plot) {
      plot.hline(1, { color: "data", dash: [5, 4] });
      for (const { recall, drawn } of numbers) {
        plot.points([recall], [Math.min(TOP, drawn)], { radius: 4, color: "muted" });
      }
      const { name, recall, drawn } = now();
      const [y, right] = [Math.min(TOP, drawn), recall > 0.5];
      plot.points([recall], [y], { radius: 7, color: "likelihood" });
      const place = { align: right ? "right" : "left", dx: right ? -12 : 12, bold: true, size: 13, halo: true };
      plot.text(recall, y, greek(name), { ...place, dy: y > 1.3 ? 12 : -10 });
    },
  });

const countsPanel = (ui, numbers, now) => {
  const top = 1.15 * Math.max(...numbers.flatMap(({ counts }) => counts));
  ui.panel({
    title: "Samples by class (height: root of the count)",
    height: 138,
    x: [-0.6, 9.6],
    y: [0, Math.sqrt(top)],
    xTicks: Array.from({ length: 10 }, (_, k) => k),
    yTicks: [],
    draw(plot) {
      now().counts.forEach((count, k) => {
        plot.bar(k - 0.35, k + 0.35, 0, Math.sqrt(count), { color: plot.theme.classes[k] });
        plot.text(k, Math.sqrt(count), String(count), { dy: -8, size: 12 });
      });
    },
  });
};

/** What to reach, by the numbers of all objectives and of the one that is shown. */
export const challenges = (numbers, now) => {
  const most = (name) => Math.max(...numbers.map((row) => row[name]));
  return [
    {
      id: "sharpest",
      text: "Find the sharpest samples of all. Then look at their precision.",
      reached: () => now().drawn === most("drawn"),
      why: "Sharpness looks at edges alone. It cannot tell a crisp digit from a crisp scribble.",
    },
    {
      id: "right and few",
      text: "Find samples that are nearly all right and yet few of a kind: precision above 0.9, recall below 0.2.",
      reached: () => now().precision > 0.9 && now().recall < 0.2,
      why: "Who draws one good digit over and over is never wrong. Precision alone rewards that.",
    },
    {
      id: "most kinds",
      text: "Find the samples that cover most of the data: the highest recall.",
      reached: () => now().recall === most("recall"),
      why: "Recall asks how many of the real digits have a sample near them. Read it next to precision, never alone.",
    },
  ];
};

const FIELDS = ["originals", "reconstructions", "samples", "sharpness", "precision", "recall", "counts"];

export default {
  render({ model, el }) {
    const ui = frame({ model, el, title: "Choose the objective" });
    const data = tensors(model, FIELDS);
    const names = ui.limits("objective");
    const numbers = table(data, names).map((row, k) => ({ ...row, k }));
    const now = () => numbers[names.indexOf(ui.get("objective"))];
    const ofEach = (field) => names.map((_, k) => rows(block(field, k)));
    const images = {
      originals: rows(data.originals),
      reconstructions: ofEach(data.reconstructions),
      samples: ofEach(data.samples),
    };
    const pair = () => chosenPair(ui, images, now);
    ui.choice({ name: "objective", label: "Objective" });
    rebuiltPanel(ui, images, now);
    ui.slider({ name: "digit", label: "which of the ten is cut open, from 0", step: 1 });
    cutPanels(ui, pair);
    samplesPanel(ui, images, now);
    meterPanel(ui, now);
    scatterPanel(ui, numbers, now);
    countsPanel(ui, numbers, now);
    const alone = () => {
      const { original, rebuilt } = pair();
      return rebuilt ? laplacianVariance(rebuilt) / laplacianVariance(original) : "none";
    };
    const read = (value) => (value < 0 ? verdict(value) : `${format(value)}, ${verdict(value)}`);
    ui.readout(() => {
      const { name, rebuilt, drawn, precision, recall, counts } = now();
      return [
        ["objective", greek(name)],
        [`sharpness, framed picture ${ui.get("digit")}`, alone(), "likelihood"],
        ["sharpness, reconstructions", read(rebuilt), "likelihood"],
        ["sharpness, samples", read(drawn), "likelihood"],
        ["precision", precision],
        ["recall", recall],
        ["effective classes", `${format(effectiveClasses(counts), 1)} of 10`],
      ];
    });
    ui.challenges("objective_chooser", challenges(numbers, now));
    return ui.dispose;
  },
};
