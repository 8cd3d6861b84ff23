// The code of a VQ-VAE, painted cell by cell: decoded in the page, filled and priced by a prior over codes.
import { complete, natsOf, recurrentPrior, tablePrior } from "./parts/code_priors.mjs";
import { frame } from "./parts/frame.mjs";
import { decode, networksOf } from "./parts/latent_net.mjs";
import { clamp, format, remember, sum } from "./parts/maths.mjs";
import { rows, tensors } from "./parts/tensor.mjs";

const FIELDS = ["codebook", "logits", "embedding", "places", "examples", "originals"];
const LABEL = 0.3; // of a palette entry: its bar

const sideOf = (image) => Math.round(Math.sqrt(image.length));

const outline = (plot, [x0, y0, x1, y1], settings) =>
  plot.line([x0, x1, x1, x0, x0], [y0, y0, y1, y1, y0], settings);

const picturePanel = (ui, now) =>
  ui.panel({
    title: "Left: the test digit. Right: what the cells say.",
    label: "the test digit, and the picture that the painted code decodes to",
    span: 3,
    aspect: 2.1,
    most: 190,
    low: 150,
    axes: false,
    equal: true,
    x: [0, 2.1],
    y: [0, 1],
    draw(plot) {
      [now.original(), now.picture()].forEach((image, k) => {
        const box = [1.1 * k, 0, 1.1 * k + 1, 1];
        plot.image(image, sideOf(image), sideOf(image), box);
        outline(plot, box, { color: k ? "likelihood" : "grid", width: 2 });
      });
    },
  });

/** How n cells fill a sheet, their pictures as large as they can be; `shape`: width over height of a cell. */
export const grid = (n, width, height, shape) => {
  const size = (columns) => {
    const lines = Math.ceil(n / columns);
    return Math.min(width / columns, (shape * height) / lines) * (columns * lines === n ? 1 : 0.7);
  };
  const counts = Array.from({ length: n }, (_, k) => k + 1);
  const columns = counts.reduce((best, count) => (size(count) > size(best) + 1e-9 ? count : best));
  return { columns, lines: Math.ceil(n / columns) };
};

/** The place of cell k in a sheet over [0, 1]^2: [x0, y0, x1, y1], rows from the top. */
const boxOf = (k, { columns, lines }) => {
  const [column, line] = [k % columns, Math.floor(k / columns)];
  return [column / columns, 1 - (line + 1) / lines, (column + 1) / columns, 1 - line / lines];
};

/** The cell of a sheet of n under x, y in [0, 1], or null. */
export const cellAt = (x, y, n, { columns, lines }) => {
  const [column, line] = [Math.floor(x * columns), Math.floor((1 - y) * lines)];
  const k = line * columns + column;
  return column >= 0 && column < columns && line >= 0 && k < n ? k : null;
};

/** A panel of n cells that can be touched: `drawCell(plot, k, box)`, `touched(k)`. */
const sheetPanel = (ui, { n, shape, drawCell, touched, ...settings }) => {
  const layout = ({ inner }) => grid(n, inner.width, inner.height, shape);
  const panel = ui.panel({
    ...settings,
    axes: false,
    draw(plot) {
      for (let k = 0; k < n; k++) drawCell(plot, k, boxOf(k, layout(plot)));
    },
  });
  ui.strokes(panel, ({ x, y, first }) => {
    const k = cellAt(x, y, n, layout(panel.plot));
    if (first && k !== null) touched(k);
  });
};

const cellsPanel = (ui, now) =>
  sheetPanel(ui, {
    title: "The code: touch a cell. Red: dear; thick frame: held",
    label: "the cells of the code, each with its number and its nats under the prior",
    span: 3,
    aspect: 2.1,
    most: 190,
    n: now.slots,
    shape: 1.3,
    touched: (k) => ui.set("slot", k + 1),
    drawCell(plot, k, [x0, y0, x1, y1]) {
      const [w, h] = [x1 - x0, y1 - y0];
      const box = [x0 + 0.05 * w, y0 + 0.06 * h, x1 - 0.05 * w, y1 - 0.06 * h];
      const nats = now.nats()[k];
      const alpha = clamp((0.35 * nats) / Math.log(now.codes), 0.02, 0.6);
      plot.bar(box[0], box[2], box[1], box[3], { color: "kl", alpha });
      outline(plot, box, now.held()[k] ? { color: "ink", width: 4 } : { color: "grid", width: 1.5 });
      const around = [x0 + 0.01 * w, y0 + 0.01 * h, x1 - 0.01 * w, y1 - 0.01 * h];
      if (k === now.slot()) outline(plot, around, { color: "evidence", width: 3 });
      const [x, y] = [(x0 + x1) / 2, (y0 + y1) / 2];
      plot.text(x, y, String(now.cells()[k]), { size: 18, bold: true, dy: -8 });
      plot.text(x, y, `${format(nats, 1)} nats`, { size: 12, dy: 13 });
    },
  });

const palettePanel = (ui, now) =>
  sheetPanel(ui, {
    title: "The picture with each code in the framed cell: touch one. Bar: how likely, against the likeliest",
    label: "the picture with each code in the chosen cell, and the probability of that code",
    span: 6,
    aspect: 1.6,
    most: 300,
    n: now.codes,
    shape: 1 - LABEL,
    touched: (code) => ui.set("code", code),
    drawCell(plot, code, [x0, y0, x1, y1]) {
      const [w, h] = [x1 - x0, y1 - y0];
      const image = now.palette()[code];
      const side = Math.min(0.9 * w * plot.inner.width, 0.9 * (1 - LABEL) * h * plot.inner.height);
      const [sx, sy] = [side / plot.inner.width, side / plot.inner.height];
      const [middle, top] = [(x0 + x1) / 2, y1 - 0.03 * h];
      const box = [middle - sx / 2, top - sy, middle + sx / 2, top];
      plot.image(image, sideOf(image), sideOf(image), box);
      if (code === now.cells()[now.slot()]) outline(plot, box, { color: "evidence", width: 3 });
      const logs = now.conditionals()[now.slot()];
      const share = Math.exp(logs[code] - Math.max(...logs));
      const [left, low] = [middle - sx / 2, top - sy - 0.06 * h];
      plot.bar(left, left + sx, low - 0.09 * h, low, { color: "grid" });
      plot.bar(left, left + sx * share, low - 0.09 * h, low, { color: "prior" });
    },
  });

/** What the panels ask for, each computed once per change. */
const derive = (ui, data, net, priors) => {
  const [slots, codes] = data.logits.shape;
  const [codebook, examples, originals] = [data.codebook, data.examples, data.originals].map(rows);
  const vectors = (cells) => Float32Array.from(cells.flatMap((code) => Array.from(codebook[code])));
  const shown = (cells) => Array.from(decode(net, vectors(cells)));
  const cells = remember(
    () => [ui.get("cells")],
    (given) => Array.from({ length: slots }, (_, t) => clamp(given[t] ?? 0, 0, codes - 1)),
  );
  const slot = () => Math.min(ui.get("slot"), slots) - 1;
  const prior = () => priors[ui.get("prior")];
  const conditionals = remember(() => [cells(), prior()], (at, one) => one.conditionals(at));
  const example = () => Array.from(examples[ui.get("digit")]);
  const withCode = (at, t) => Array.from({ length: codes }, (_, code) => shown(at.with(t, code)));
  const costs = (at) => Object.fromEntries(Object.entries(priors).map(([name, one]) => [name, sum(natsOf(one, at))]));
  return {
    slots,
    codes,
    cells,
    slot,
    prior,
    conditionals,
    example,
    held: () => cells().map((_, t) => Boolean(ui.get("held")[t])),
    nats: remember(() => [cells(), prior()], (at, one) => natsOf(one, at)),
    costs: remember(() => [cells()], costs),
    usual: remember(() => [ui.get("digit")], () => costs(example())),
    least: Math.min(...examples.map((one) => sum(natsOf(priors.autoregressive, Array.from(one))))),
    changed: () => cells().filter((code, t) => code !== example()[t]).length,
    picture: remember(() => [cells()], shown),
    palette: remember(() => [cells(), slot()], withCode),
    original: () => Array.from(originals[ui.get("digit")], (value) => value / 255),
    filled: null,
  };
};

/** What to reach, by what `derive` says now; `filled` is what was held and which prior it was at the last filling. */
export const challenges = (now) => [
  {
    id: "double",
    text: "Change one cell of the digit so that its code costs twice the nats under the autoregressive prior.",
    reached: () => now.changed() === 1 && now.costs().autoregressive >= 2 * now.usual().autoregressive,
    why: "One odd code is dear in its own cell, and it also spoils what the prior expected of the cells after it.",
  },
  {
    id: "cheap",
    text: "Paint a code that costs at most three quarters of the cheapest of the ten digits.",
    reached: () => now.costs().autoregressive <= 0.75 * now.least,
    why: "The longest bars lead there. All ten digits cost more: each is one of very many, and none is the likeliest.",
  },
  {
    id: "backward",
    text: "Hold the last cell alone, and let the autoregressive prior fill the cells before it.",
    reached() {
      const { prior, held = [] } = now.filled ?? {};
      return prior === "autoregressive" && held.every((one, t) => one === (t === now.slots - 1));
    },
    why: "It only looks back. So the cells before are drawn again and again given all others, by Gibbs sampling.",
  },
];

const readout = (ui, now) => () => {
  const k = now.slot();
  const costs = now.costs();
  const changes = ["as encoded", "one cell changed"][now.changed()] ?? `${now.changed()} cells changed`;
  return [
    [`test digit ${ui.get("digit")}`, changes],
    [`cell ${k + 1}: code`, `${now.cells()[k]}${now.held()[k] ? ", held" : ""}`, "evidence"],
    [`its nats, ${ui.get("prior")}`, now.nats()[k], "kl"],
    ["held cells", `${now.held().filter(Boolean).length} of ${now.slots}`],
    ["KL of the code, uniform", costs.uniform, "kl"],
    ["KL, independent", costs.independent, "kl"],
    ["KL, autoregressive", costs.autoregressive, "kl"],
  ];
};

/** Fields that follow others: the code of the chosen cell, a painted cell, another digit, cells filled by a seed. */
const follow = (ui, now) => {
  const code = () => Math.min(ui.get("code"), now.codes - 1);
  ui.on(["cells", "slot"], () => now.cells()[now.slot()] === code() || ui.set("code", now.cells()[now.slot()]));
  ui.on("code", () => {
    const k = now.slot();
    if (now.cells()[k] === code()) return;
    ui.set("held", now.held().map((held, t) => Number(held || t === k)));
    ui.set("cells", now.cells().with(k, code()));
  });
  ui.on("digit", () => {
    now.filled = null;
    ui.set("held", Array(now.slots).fill(0));
    ui.set("cells", now.example());
  });
  ui.on("fills", () => {
    now.filled = { prior: ui.get("prior"), held: now.held() };
    ui.set("cells", complete(now.prior(), now.cells(), now.held(), ui.get("fills")));
  });
  ui.on(["cells", "held"], ui.redraw);
};

const controls = (ui, now) => {
  const counted = (n, from) => Array.from({ length: n }, (_, k) => k + from);
  ui.select({ name: "digit", label: "Start from the code of test digit" });
  ui.choice({ name: "prior", label: "Prior that fills and counts" });
  ui.stops({ name: "slot", label: "cell", values: counted(now.slots, 1) });
  ui.stops({ name: "code", label: "its code: turn to paint", values: counted(now.codes, 0) });
  const next = () => ui.set("fills", (ui.get("fills") % 1e6) + 1);
  const fill = ui.button("Let the prior fill the rest", next, { primary: true });
  const hold = ui.button("", () => ui.set("held", now.held().map((held, t) => Number(held !== (t === now.slot())))));
  const show = () => {
    fill.disabled = now.held().every(Boolean);
    hold.textContent = `${now.held()[now.slot()] ? "Let go of" : "Hold"} cell ${now.slot() + 1}`;
  };
  ui.on(["held", "slot", "cells"], show);
  show();
};

export default {
  render({ model, el }) {
    const ui = frame({ model, el, title: "Paint with codes: each cell holds the number of a vector" });
    const data = tensors(model, FIELDS);
    const [slots, codes] = data.logits.shape;
    const [width, hidden] = [data.places.shape[1], ui.get("hidden")];
    const nets = [ui.get("decoder_sizes"), [width, 3 * hidden], [hidden, 3 * hidden], [hidden, codes]];
    const [net, input, memory, out] = networksOf(model, nets);
    const [embedding, places] = [rows(data.embedding), rows(data.places)];
    const priors = {
      uniform: tablePrior(Array.from({ length: slots }, () => new Float64Array(codes))),
      independent: tablePrior(rows(data.logits)),
      autoregressive: recurrentPrior({ embedding, places, input, memory, out }),
    };
    const now = derive(ui, data, net, priors);
    picturePanel(ui, now);
    cellsPanel(ui, now);
    palettePanel(ui, now);
    follow(ui, now);
    controls(ui, now);
    const percent = (100 * ui.get("rounding")).toFixed(1);
    const nats = ui.get("rounding_nats").toFixed(2);
    ui.note(`Decoder and prior are in this page in 8 bits: a pixel is off by ${percent} %, a code by ${nats} nats.`);
    ui.readout(readout(ui, now));
    ui.challenges("codebook_painter", challenges(now));
    ui.reset({ back: () => (now.filled = null) });
    return ui.dispose;
  },
};
