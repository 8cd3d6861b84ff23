// A walk in a 2-D latent space: the decoded map, z and its digit, a path between two codes, and drawings encoded.
import { prepare, stroke } from "./parts/drawing.mjs";
import { frame } from "./parts/frame.mjs";
import { code, decodedMap, latentMap } from "./parts/latent_map.mjs";
import { decode, encode, networksOf } from "./parts/latent_net.mjs";
import { clamp, format, logStandardNormal, remember } from "./parts/maths.mjs";
import { lerp, slerp } from "./parts/paths.mjs";
import { every, tensor } from "./parts/tensor.mjs";

const CELLS = 17;
const STAGES = 8; // in two lines

const mapPanel = (ui, net, cloud, state) => {
  const [, reach] = ui.limits("z1");
  const decoded = decodedMap(net.decode, reach, CELLS);
  latentMap(ui, {
    title: "The map: drag z, and the ends A and B of the path",
    label: "the decoded latent space with z, the path and the posterior",
    alpha: 0.55,
    span: 4,
    rows: 4,
    map: () => decoded,
    draw(plot) {
      if (ui.get("show_codes")) {
        const colors = Array.from(cloud.labels, (label) => plot.theme.classes[label]);
        plot.points(cloud.xs, cloud.ys, { radius: 2.5, colors });
      }
      const way = Array.from({ length: 41 }, (_, i) => state.walk(i / 40));
      plot.line(way.map(([x]) => x), way.map(([, y]) => y), { color: "evidence", width: 3 });
      const { mu, sigma } = state.posterior();
      const at = mu.map(state.onMap);
      plot.ellipse(...at, ...sigma, { color: "posterior", width: 3, fill: 0.25 });
      plot.ellipse(...at, 2 * sigma[0], 2 * sigma[1], { color: "posterior", dash: [4, 3] });
    },
    codes: [
      { name: "a", text: "A", label: "start A of the path", color: "evidence" },
      { name: "b", text: "B", label: "end B of the path", color: "evidence" },
      { name: "z", text: "z", label: "z", color: "likelihood" },
    ],
  });
};

/** A panel that is one picture of 28 x 28, in pixel coordinates with the origin at the top left. */
const picturePanel = (ui, { empty, ...settings }, picture) =>
  ui.panel({
    span: 2,
    rows: 2,
    square: true,
    most: 180,
    ...settings,
    axes: false,
    equal: true,
    x: [0, 28],
    y: [-28, 0],
    draw(plot) {
      const values = picture();
      plot.image(values, 28, 28, [0, -28, 28, 0], { smooth: true });
      if (empty && !values.some(Boolean)) plot.text(14, -14, empty, { color: "muted", size: 14 });
      const frameX = [0, 28, 28, 0, 0];
      plot.line(frameX, [0, 0, -28, -28, 0], { color: "grid", width: 1 });
    },
  });

const strip = (ui, net, state) =>
  ui.panel({
    title: "The path from A to B, line by line",
    span: 4,
    rows: 2,
    aspect: 2,
    most: 180,
    axes: false,
    equal: true,
    x: [0, STAGES / 2],
    y: [0, 2],
    draw(plot) {
      for (let k = 0; k < STAGES; k++) {
        const [left, bottom] = [k % (STAGES / 2), k < STAGES / 2 ? 1 : 0];
        const box = [left, bottom, left + 0.97, bottom + 0.97];
        plot.image(net.decode(state.walk(k / (STAGES - 1))), 28, 28, box, { smooth: true });
      }
    },
  });

const DRAWING = { title: "Draw a digit here", label: "drawing area", empty: "draw here" };

const drawing = (ui, pixels) => {
  const panel = picturePanel(ui, DRAWING, pixels);
  let [before, ink] = [null, null];
  ui.strokes(panel, ({ x, y, first, last }) => {
    const at = [x, -y];
    if (first) ink = ui.get("picture") === "drawn" ? pixels() : new Float32Array(784);
    if (!ink) return;
    stroke(ink, first ? at : before, at);
    before = at;
    ui.set("drawn", Array.from(ink, (v) => Math.round(255 * v)));
    ui.set("picture", "drawn");
    if (last) ink = null;
  });
  ui.on("drawn", ui.redraw);
};

/** What the panels ask for: points of the path, and the picture and its posterior, computed once per change. */
const derive = (ui, net, examples) => {
  const drawn = () => ui.get("picture") === "drawn";
  const gray = () => (drawn() ? ui.get("drawn") : examples.subarray(784 * ui.get("picture")));
  const pixels = () => Float32Array.from({ length: 784 }, (_, i) => gray()[i] / 255);
  const posterior = remember(
    () => [ui.get("picture"), drawn() && ui.get("drawn")],
    () => net.encode(drawn() ? prepare(pixels()) : pixels()),
  );
  const walk = (t) => (ui.get("path") === "slerp" ? slerp : lerp)(code(ui, "a"), code(ui, "b"), t);
  return { pixels, posterior, walk, onMap: (value) => clamp(value, ...ui.limits("z1")) };
};

/** What to reach: by z, whether the picture is the reader's own, its posterior, and the ends of the path. */
export const challenges = (now) => [
  {
    id: "round trip",
    text: "Draw a digit of your own, then bring z within 0.1 of the mean of its posterior.",
    reached: () => now().drawn && Math.hypot(...now().z.map((value, i) => value - now().mu[i])) < 0.1,
    why: "Encode, then decode: what comes back is what two numbers keep of your hand, read as the nearest known digit.",
  },
  {
    id: "off the map",
    text: "Take z where the prior hardly ever goes: log p(z) below \u22128 nats.",
    reached: () => logStandardNormal(now().z) < -8,
    why: "Few codes lie out there, so nobody has told the decoder what to draw. It answers all the same.",
  },
  {
    id: "two roads",
    text: "Lay A and B so that lerp and slerp are more than 1 apart halfway.",
    reached() {
      const [halfway, around] = [lerp, slerp].map((way) => way(...now().ends, 0.5));
      return Math.hypot(...halfway.map((value, i) => value - around[i])) > 1;
    },
    why: "The straight road cuts through the middle, slerp keeps its distance from 0: far ends, two roads.",
  },
];

export default {
  render({ model, el }) {
    const ui = frame({ model, el, title: "Explore the latent space: everything is decoded and encoded on this page" });
    const [encoder, decoder] = networksOf(model, [ui.get("encoder_sizes"), ui.get("decoder_sizes")]);
    const net = { decode: (at) => decode(decoder, at), encode: (x) => encode(encoder, x) };
    const codes = tensor(ui.get("codes")).values;
    const inUnits = (axis) => every(codes, axis, 2).map((value) => (value * ui.limits("z1")[1]) / 127);
    const cloud = { xs: inUnits(0), ys: inUnits(1), labels: tensor(ui.get("labels")).values };
    const state = derive(ui, net, tensor(ui.get("examples")).values);
    const z = () => code(ui, "z");

    mapPanel(ui, net, cloud, state);
    picturePanel(ui, { title: "The mean of p(x|z) at z" }, () => net.decode(z()));
    drawing(ui, state.pixels);
    picturePanel(ui, { title: "The decoded mean of its posterior" }, () => net.decode(state.posterior().mu));
    strip(ui, net, state);
    ui.slider({ name: "t", label: "t: send z along the path", step: 0.01 });
    ui.choice({ name: "path", label: "Path" });
    ui.toggle({ name: "show_codes", label: "show the codes of test digits" });
    const send = (values) => values.forEach((value, i) => ui.set(`z${i + 1}`, state.onMap(value)));
    const word = (name) => (name === "drawn" ? "my drawing" : `test digit ${name}`);
    const words = Object.fromEntries(ui.limits("picture").map((name) => [name, word(name)]));
    ui.select({ name: "picture", label: "Encode", labels: words });
    ui.button("Clear the drawing", () => {
      ui.set("drawn", Array(784).fill(0));
      ui.set("picture", "drawn");
    });
    ui.button("Send z to its posterior mean", () => send(state.posterior().mu));
    ui.on(["t", "path"], () => send(state.walk(ui.get("t"))));
    const percent = (100 * ui.get("rounding")).toFixed(2);
    ui.note(`Both networks are in this page, rounded to 8 bits; that changes a pixel by ${percent} % on average.`);
    ui.readout(() => {
      const { mu, sigma } = state.posterior();
      const pair = (values) => values.map((value) => format(value)).join(", ");
      return [
        ["z", pair(z()), "likelihood"],
        ["log p(z), nats", logStandardNormal(z()), "prior"],
        ["path", `${ui.get("path")}, t ${format(ui.get("t"))}`, "evidence"],
        ["from A to B", `${pair(code(ui, "a"))} to ${pair(code(ui, "b"))}`, "evidence"],
        ["codes", ui.get("show_codes") ? "shown" : "hidden"],
        ["posterior of", state.pixels().some(Boolean) ? words[ui.get("picture")] : "an empty sheet"],
        ["\u03bc", pair(mu), "posterior"],
        ["\u03c3", pair(sigma), "posterior"],
      ];
    });
    const drawn = () => ui.get("picture") === "drawn" && ui.get("drawn").some(Boolean);
    const ends = () => [code(ui, "a"), code(ui, "b")];
    const look = () => ({ z: z(), drawn: drawn(), ends: ends(), ...state.posterior() });
    ui.challenges("latent_explorer", challenges(look));
    return ui.dispose;
  },
};
