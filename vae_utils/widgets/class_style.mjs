// Class buttons and a style pad: a conditional decoder, run in the page.
import { frame } from "./parts/frame.mjs";
import { decode, decodedMap, unpack } from "./parts/latent_net.mjs";
import { format, logNormal, mean, tensor } from "./parts/maths.mjs";
import { grey } from "./parts/plot.mjs";

const REACH = 3;
const CELLS = 9;
const CLASSES = 10;

/** What a conditional decoder reads: z beside the one-hot label. */
export const beside = (z, label) => [...z, ...Array.from({ length: CLASSES }, (_, k) => (k === label ? 1 : 0))];

const drawer = (model) => {
  const [weights, scales, biases] = ["weights", "scales", "biases"].map((name) => tensor(model.get(name)).values);
  const [layers] = unpack([model.get("decoder_sizes")], { weights, scales, biases });
  return (z, label) => decode(layers, beside(z, label), model.get("activation"));
};

const padPanel = (ui, draw, z) => {
  const pads = new Map();
  const paint = (label) => decodedMap((at) => draw(at, label), REACH, CELLS);
  const pad = (label) => pads.get(label) ?? pads.set(label, paint(label)).get(label);
  const panel = ui.panel({
    title: "The style pad: drag z",
    label: "the chosen class drawn in many styles, with z on it",
    square: true,
    x: [-REACH, REACH],
    y: [-REACH, REACH],
    xLabel: "z\u2081",
    yLabel: "z\u2082",
    draw(plot) {
      const { picture, width } = pad(Number(ui.get("label")));
      const [left, top] = [plot.px(-REACH), plot.py(REACH)];
      plot.with({ alpha: 0.6 }, (context) => {
        const painted = grey(picture, width, width, plot.theme);
        context.drawImage(painted, left, top, plot.px(REACH) - left, plot.py(-REACH) - top);
      });
      plot.text(...z(), "z", { bold: true, size: 15, dx: 12, dy: -12, halo: true });
    },
  });
  const move = (x, y) => {
    ui.set("z1", x);
    ui.set("z2", y);
  };
  ui.handle(panel, { label: "z", color: "likelihood", axis: "both", step: 0.1, at: z, move });
};

const digitPanel = (ui, draw, z) =>
  ui.panel({
    title: "The mean of p(x|z, y)",
    square: true,
    axes: false,
    equal: true,
    x: [0, 1],
    y: [0, 1],
    draw: (plot) => plot.image(draw(z(), Number(ui.get("label"))), 28, 28, [0, 0, 1, 1], { smooth: true }),
  });

const swapPanel = (ui, draw, z) =>
  ui.panel({
    title: "The same z with every label",
    height: 84,
    axes: false,
    equal: true,
    x: [0, CLASSES],
    y: [-0.06, 1.06],
    draw(plot) {
      for (let k = 0; k < CLASSES; k++) {
        plot.image(draw(z(), k), 28, 28, [k + 0.02, 0, k + 0.98, 1], { smooth: true });
      }
      const k = Number(ui.get("label"));
      const [left, right] = [k + 0.02, k + 0.98];
      plot.line([left, right, right, left, left], [0, 0, 1, 1, 0], { color: "likelihood", width: 3 });
    },
  });

export default {
  render({ model, el }) {
    const ui = frame({ model, el, title: "Choose a class, choose a style" });
    const draw = drawer(model);
    const z = () => [ui.get("z1"), ui.get("z2")];
    padPanel(ui, draw, z);
    digitPanel(ui, draw, z);
    ui.choice({ name: "label", label: "Class y" });
    ui.slider({ name: "z1", label: "style z\u2081", step: 0.05 });
    ui.slider({ name: "z2", label: "style z\u2082", step: 0.05 });
    swapPanel(ui, draw, z);
    const percent = (100 * model.get("rounding")).toFixed(2);
    ui.note(`The decoder is in this page, rounded to 8 bits; that changes a pixel by ${percent} % on average.`);
    ui.readout(() => [
      ["class y", ui.get("label")],
      ["style z", z().map((value) => format(value)).join(", "), "likelihood"],
      ["log p(z), nats", z().reduce((total, value) => total + logNormal(value), 0), "prior"],
      ["ink, mean of the pixels", mean(draw(z(), Number(ui.get("label"))))],
    ]);
    return ui.dispose;
  },
};
