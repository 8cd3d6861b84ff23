// A VAE of two levels: pictures in rows of one top and columns of one bottom noise, each level drawn anew at will.
import { frame } from "./parts/frame.mjs";
import { networksOf } from "./parts/latent_net.mjs";
import { clamp, format, LOGVAR_LIMIT, normals, remember, sigmoid } from "./parts/maths.mjs";
import { leaders } from "./parts/information.mjs";
import { rows, rowsOf, tensor } from "./parts/tensor.mjs";

const DRAWS = 10_000;
const MODEL = 44; // pixels of its bars

/** `count` rows of `size` standard normal numbers, the same for the same seed and `level`. */
export const noise = (seed, level, count, size) => {
  const next = normals(seed * 7919 + level);
  return Array.from({ length: count }, () => Float64Array.from({ length: size }, next));
};

/** z2 (rows) and eps (columns) -> what the decoder reads at each place, row by row: z1, followed by z2 where `both`. */
export const levels = (down, tops, noises, both) => {
  const size = noises[0].length;
  const said = rowsOf(down.forward(Float32Array.from(tops.flatMap((z2) => [...z2])), tops.length).slice(), 2 * size);
  return tops.flatMap((z2, row) =>
    noises.map((eps) => {
      const width = (k) => Math.exp(0.5 * clamp(said[row][size + k], -LOGVAR_LIMIT, LOGVAR_LIMIT));
      const z1 = Array.from(eps, (value, k) => said[row][k] + width(k) * value);
      return both ? [...z1, ...z2] : z1;
    }),
  );
};

/** The share of pairs of one group that agree: `classes` row by row, grouped by row and by column. */
export const agreement = (classes, columns) => {
  const share = (groupOf) => {
    let [same, pairs] = [0, 0];
    classes.forEach((one, i) => {
      for (let j = 0; j < i; j++) {
        if (groupOf(i) !== groupOf(j)) continue;
        pairs += 1;
        same += one === classes[j] ? 1 : 0;
      }
    });
    return pairs ? same / pairs : 1;
  };
  return { rows: share((i) => Math.floor(i / columns)), columns: share((i) => i % columns) };
};

/** The networks and numbers that the widget holds. */
const unpacked = (ui, model) => {
  const [labels, downs, decoders] = ["labels", "down_sizes", "decoder_sizes"].map((name) => ui.get(name));
  const judge = ui.get("judge_sizes");
  const networks = networksOf(model, [...downs, ...decoders, ...(judge.length ? [judge] : [])]);
  const [kl, kept] = ["kl", "kept"].map((name) => rows(tensor(ui.get(name))));
  return {
    labels,
    judge: networks[2 * labels.length] ?? null,
    models: labels.map((label, m) => ({
      label,
      down: networks[m],
      decoder: networks[labels.length + m],
      sizes: [downs[m].at(-1) / 2, downs[m][0]],
      both: decoders[m][0] > downs[m].at(-1) / 2,
      kl: kl[m],
      kept: kept[m],
    })),
  };
};

/** The sheet of pictures and their classes, computed once per change. */
const derive = (ui, { models, judge }) => {
  const chosen = () => Math.min(ui.get("model"), models.length - 1);
  const [tops, bottoms] = [ui.constant("tops"), ui.constant("bottoms")];
  const scaled = (list, spread) => list.map((row) => row.map((value) => spread * value));
  const fields = ["top", "bottom", "top_spread", "bottom_spread"];
  const sheet = remember(
    () => [chosen(), ...fields.map((name) => ui.get(name))],
    (m, top, bottom, topSpread, bottomSpread) => {
      const { down, decoder, sizes, both } = models[m];
      const z2 = scaled(noise(top, 2, tops, sizes[1]), topSpread);
      const eps = scaled(noise(bottom, 1, bottoms, sizes[0]), bottomSpread);
      const codes = levels(down, z2, eps, both);
      const { out } = decoder.layers.at(-1);
      const pixels = decoder.forward(Float32Array.from(codes.flat()), codes.length).slice(0, codes.length * out);
      const pictures = rowsOf(pixels.map(sigmoid), out);
      const classes = judge && pictures.map((picture) => leaders(judge.forward(picture, 1))[0]);
      return { pictures, classes, agree: classes && agreement(classes, bottoms) };
    },
  );
  return { chosen, sheet, tops, bottoms, model: () => models[chosen()] };
};

const sheetPanel = (ui, { labels, judge }, state) => {
  const [rowsOfSheet, columns] = [state.tops, state.bottoms];
  const framed = judge ? "; framed by class, as a judge reads it" : "";
  ui.panel({
    title: `Each row one top z\u2082, each column one bottom noise${framed}`,
    label: "samples, in rows of one top and columns of one bottom noise",
    span: 6,
    aspect: columns / rowsOfSheet,
    most: 450 - MODEL * Math.max(0, labels.length - 2),
    axes: false,
    equal: true,
    x: [0, columns],
    y: [0, rowsOfSheet],
    draw(plot) {
      const { pictures, classes } = state.sheet();
      const side = Math.round(Math.sqrt(pictures[0].length));
      pictures.forEach((picture, i) => {
        const [left, bottom] = [i % columns, rowsOfSheet - 1 - Math.floor(i / columns)];
        const box = [left + 0.05, bottom + 0.05, left + 0.95, bottom + 0.95];
        plot.image(picture, side, side, box, { smooth: true });
        const color = classes ? plot.theme.classes[classes[i]] : "grid";
        const [x0, y0, x1, y1] = box;
        plot.line([x0, x1, x1, x0, x0], [y0, y0, y1, y1, y0], { color, width: classes ? 2.5 : 1 });
        if (classes) plot.text(x0, y1, String(classes[i]), { dx: 8, dy: 9, size: 12, bold: true, halo: true });
      });
    },
  });
};

/** Two bars for each model, `pairs` of numbers from 0 to `most` named by `names`; the chosen model stands out. */
const barsPanel = (ui, state, { title, labels, pairs, names, most, show, color }) =>
  ui.panel({
    title,
    label: title,
    height: 12 + MODEL * labels.length,
    axes: false,
    x: [0, 1],
    y: [0, labels.length],
    draw(plot) {
      const scale = (value) => 0.6 * clamp(value / most, 0, 1);
      labels.forEach((label, m) => {
        const [bold, base] = [m === state.chosen(), labels.length - m];
        plot.text(0, base, label, { align: "left", dy: 8, bold, size: 13 });
        pairs[m].forEach((value, k) => {
          const y = base - 0.47 - 0.27 * k;
          plot.bar(0, Math.max(0.004, scale(value)), y - 0.11, y + 0.11, { color, alpha: bold ? 0.85 : 0.35 });
          plot.text(scale(value), y, `${names[k]} ${show(value)}`, { align: "left", dx: 6 });
        });
      });
    },
  });

const percent = (share) => `${Math.round(100 * share)}\u00a0%`;

const barsPanels = (ui, data, state) => {
  const [kl, kept] = ["kl", "kept"].map((name) => data.models.map((model) => model[name]));
  barsPanel(ui, state, {
    title: "KL of each level, nats",
    labels: data.labels,
    pairs: kl.map(([bottom, top]) => [top, bottom]),
    names: ["top", "bottom"],
    most: Math.max(...kl.flatMap((pair) => [...pair])),
    show: (value) => format(value, 1),
    color: "kl",
  });
  barsPanel(ui, state, {
    title: "Digits whose class stays",
    labels: data.labels,
    pairs: kept,
    names: ["top held", "bottom held"],
    most: 1,
    show: percent,
    color: "likelihood",
  });
};

/** How many draws of the bottom have been seen since anything else has changed. */
export const makeDiary = () => {
  let [held, seen] = ["", new Set()];
  const note = (others, bottom) => {
    if (others !== held) [held, seen] = [others, new Set()];
    return seen.add(bottom).size;
  };
  note.clear = () => ([held, seen] = ["", new Set()]);
  return note;
};

/** What to reach, by the models and what is shown now: which model, draws of the bottom under one top, spreads. */
export const challenges = (models, now) => {
  const lead = ({ kept }) => kept[0] - kept[1];
  return [
    {
      id: "hold the top",
      text: "Hold the tops and draw new bottoms three times. What stays in a row?",
      reached: () => now().draws > 3,
      why: "What stays is what the top decides. What changes was left to the bottom.",
    },
    {
      id: "who decides",
      text: "Find the model whose top decides the class: it stays along a row and changes down a column.",
      reached: () => lead(now().model) === Math.max(...models.map(lead)),
      why: "Its top holds the nats that name the digit. The order in which the weights rise settles who gets them.",
    },
    {
      id: "silent bottom",
      text: "Take all noise away from the bottom. What does the top draw alone?",
      reached: () => now().bottomSpread === 0,
      why: "Every row is one picture: z\u2081 is the mean of p(z\u2081|z\u2082). What differed was the bottom's.",
    },
  ];
};

export default {
  render({ model, el }) {
    const ui = frame({ model, el, title: "Hold one level, draw the other" });
    const data = unpacked(ui, model);
    const state = derive(ui, data);
    sheetPanel(ui, data, state);
    barsPanels(ui, data, state);
    if (data.labels.length > 1) {
      ui.choice({ name: "model", label: "Model", options: data.labels.map((_, m) => m), labels: data.labels });
    }
    const next = (name) => () => ui.set(name, (ui.get(name) % DRAWS) + 1);
    ui.button("New tops", next("top"));
    ui.button("New bottoms", next("bottom"));
    ui.on(["top", "bottom"], ui.redraw);
    ui.slider({ name: "top_spread", label: "spread of the tops", step: 0.05 });
    ui.slider({ name: "bottom_spread", label: "spread of the bottoms", step: 0.05 });
    const share = (100 * ui.get("rounding")).toFixed(2);
    ui.note(`Weights of 8 bits: a pixel is off by ${share} %.`);
    ui.readout(() => {
      const { kl, kept } = state.model();
      const { agree } = state.sheet();
      const pairs = agree ? [["same class, in rows", percent(agree.rows)]] : [];
      if (agree) pairs.push(["same class, in columns", percent(agree.columns)]);
      return [
        ["tops", `draw ${ui.get("top")}, \u00d7 ${format(ui.get("top_spread"))}`],
        ["bottoms", `draw ${ui.get("bottom")}, \u00d7 ${format(ui.get("bottom_spread"))}`],
        ["KL of the top, nats", kl[1], "kl"],
        ["KL of the bottom, nats", kl[0], "kl"],
        ["class stays, top held", percent(kept[0]), "likelihood"],
        ["class stays, bottom held", percent(kept[1]), "likelihood"],
        ...pairs,
      ];
    });
    const seen = makeDiary();
    const others = () => ["model", "top", "top_spread", "bottom_spread"].map((name) => ui.get(name)).join();
    const look = () => ({
      model: state.model(), draws: seen(others(), ui.get("bottom")), bottomSpread: ui.get("bottom_spread"),
    });
    ui.challenges("ladder", challenges(data.models, look));
    ui.reset({ back: seen.clear });
    return ui.dispose;
  },
};
