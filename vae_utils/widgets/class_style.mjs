// Class buttons and a style pad: a conditional decoder, run in the page.
import { frame } from "./parts/frame.mjs";
import { code, decodedMap, latentMap } from "./parts/latent_map.mjs";
import { decode, networksOf } from "./parts/latent_net.mjs";
import { format, logStandardNormal, mean } from "./parts/maths.mjs";

const CELLS = 9;

/** What a conditional decoder reads: z beside the one-hot label. */
export const beside = (z, label, classes) => {
  const oneHot = Array.from({ length: classes }, (_, k) => (k === label ? 1 : 0));
  return [...z, ...oneHot];
};

const padPanel = (ui, draw, label) => {
  const [, reach] = ui.limits("z1");
  const maps = new Map();
  latentMap(ui, {
    title: "The style pad: drag z",
    label: "the chosen class drawn in many styles, with z on it",
    alpha: 0.6,
    map() {
      const y = label();
      if (!maps.has(y)) maps.set(y, decodedMap((z) => draw(z, y), reach, CELLS));
      return maps.get(y);
    },
    codes: [{ name: "z", text: "z", label: "z", color: "likelihood" }],
  });
};

const digitPanel = (ui, draw, z, label) =>
  ui.panel({
    title: "The mean of p(x|z, y)",
    square: true,
    axes: false,
    equal: true,
    x: [0, 1],
    y: [0, 1],
    draw: (plot) => plot.image(draw(z(), label()), 28, 28, [0, 0, 1, 1], { smooth: true }),
  });

const swapPanel = (ui, draw, z, label) => {
  const classes = ui.limits("label").length;
  ui.panel({
    title: "The same z with every label",
    span: 6,
    aspect: 9,
    axes: false,
    equal: true,
    x: [0, classes],
    y: [-0.06, 1.06],
    draw(plot) {
      for (let k = 0; k < classes; k++) {
        plot.image(draw(z(), k), 28, 28, [k + 0.02, 0, k + 0.98, 1], { smooth: true });
      }
      const [left, right] = [label() + 0.02, label() + 0.98];
      plot.line([left, right, right, left, left], [0, 0, 1, 1, 0], { color: "likelihood", width: 3 });
    },
  });
};

/** What a visit has seen: which labels since z last moved, and the least and the most ink of each label. */
export const makeDiary = () => {
  let [at, labels, inks] = ["", new Set(), new Map()];
  const note = (z, label, ink) => {
    if (String(z) !== at) [at, labels] = [String(z), new Set()];
    labels.add(label);
    const [least, most] = inks.get(label) ?? [ink, ink];
    inks.set(label, [Math.min(least, ink), Math.max(most, ink)]);
    return { z, labels: labels.size, ink: inks.get(label) };
  };
  note.clear = () => ([at, labels, inks] = ["", new Set(), new Map()]);
  return note;
};

/** What to reach, by what the diary says now. */
export const challenges = (now, classes) => [
  {
    id: "every class",
    text: "Hold one style: visit every class without moving z.",
    reached: () => now().labels === classes,
    why: "The label says which digit, z how it is written. One z leans or fattens all ten alike.",
  },
  {
    id: "ink",
    text: "Hold one class: find a style with 1.5 times the ink of another one.",
    reached: () => now().ink[1] > 1.5 * now().ink[0],
    why: "The label is given, so z is free for the rest: how thick, how wide, how slanted.",
  },
  {
    id: "off the pad",
    text: "Find a style that the prior hardly ever asks for: log p(z) below \u22128 nats.",
    reached: () => logStandardNormal(now().z) < -8,
    why: "Training saw next to no codes out there. Some labels stop being digits first.",
  },
];

export default {
  render({ model, el }) {
    const ui = frame({ model, el, title: "Choose a class, choose a style" });
    const [decoder] = networksOf(model, [ui.get("decoder_sizes")]);
    const classes = ui.limits("label");
    const draw = (at, y) => decode(decoder, beside(at, y, classes.length));
    const [z, label] = [() => code(ui, "z"), () => classes.indexOf(ui.get("label"))];
    padPanel(ui, draw, label);
    digitPanel(ui, draw, z, label);
    ui.choice({ name: "label", label: "Class y" });
    ui.slider({ name: "z1", label: "style z\u2081", step: 0.05 });
    ui.slider({ name: "z2", label: "style z\u2082", step: 0.05 });
    swapPanel(ui, draw, z, label);
    const ink = () => mean(draw(z(), label()));
    const percent = (100 * ui.get("rounding")).toFixed(2);
    ui.note(`The decoder is in this page, rounded to 8 bits; that changes a pixel by ${percent} % on average.`);
    ui.readout(() => [
      ["class y", ui.get("label")],
      ["style z", z().map((value) => format(value)).join(", "), "likelihood"],
      ["log p(z), nats", logStandardNormal(z()), "prior"],
      ["ink, mean of the pixels", ink()],
    ]);
    const seen = makeDiary();
    ui.challenges("class_style", challenges(() => seen(z(), ui.get("label"), ink()), classes.length));
    ui.reset({ back: seen.clear });
    return ui.dispose;
  },
};
