// A walk in a 2-D latent space: the decoded map, z and its digit, a path between two codes, and drawings encoded.
import { prepare, stroke } from "./parts/drawing.mjs";
import { frame } from "./parts/frame.mjs";
import { code, decodedMap, latentMap } from "./parts/latent_map.mjs";
import { decode, encode, networksOf } from "./parts/latent_net.mjs";
import { clamp, format, logStandardNormal, remember } from "./parts/maths.mjs";
import { lerp, slerp } from "./parts/paths.mjs";
import { every, tensor } from "./parts/tensor.mjs";

const CELLS = 17;
const STAGES = 8;

const mapPanel = (ui, net, cloud, state) => {
  const [, reach] = ui.limits("z1");
  const decoded = decodedMap(net.decode, reach, CELLS);
  latentMap(ui, {
    title: "The map: drag z, and the ends A and B of the path",
    label: "the decoded latent space with z, the path and the posterior",
    alpha: 0.55,
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
    title: "The path from A to B",
    height: 90,
    axes: false,
    equal: true,
    x: [0, STAGES],
    y: [0, 1],
    draw(plot) {
      for (let k = 0; k < STAGES; k++) {
        plot.image(net.decode(state.walk(k / (STAGES - 1))), 28, 28, [k, 0, k + 0.96, 1], { smooth: true });
      }
    },
  });

const DRAWING = { title: "Draw a digit here", label: "drawing area", empty: "draw here" };

const drawing = (ui, pixels) => {
  const panel = picturePanel(ui, { ...DRAWING, height: 190 }, pixels);
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
    picturePanel(ui, { title: "The mean of p(x|z) at z", square: true }, () => net.decode(z()));
    ui.choice({ name: "path", label: "Path" });
    ui.slider({ name: "t", label: "t: send z along the path", step: 0.01 });
    ui.toggle({ name: "show_codes", label: "show the codes of test digits" });
    strip(ui, net, state);
    const send = (values) => values.forEach((value, i) => ui.set(`z${i + 1}`, state.onMap(value)));
    const word = (name) => (name === "drawn" ? "my drawing" : `test digit ${name}`);
    const words = Object.fromEntries(ui.limits("picture").map((name) => [name, word(name)]));
    ui.select({ name: "picture", label: "Encode", labels: words });
    drawing(ui, state.pixels);
    const back = { title: "The decoded mean of its posterior", height: 190 };
    picturePanel(ui, back, () => net.decode(state.posterior().mu));
    ui.button("Clear the drawing", () => {
      ui.set("drawn", Array(784).fill(0));
      ui.set("picture", "drawn");
    });
    ui.button("Send z to its posterior mean", () => send(state.posterior().mu));
    ui.on(["t", "path"], () => send(state.walk(ui.get("t"))));
    const percent = (100 * ui.get("rounding")).toFixed(2);
    const cost = `On average that changes a decoded pixel by ${percent} % of the way from black to white.`;
    ui.note(`The weights of both networks are in this page, rounded to 8 bits. ${cost}`);
    ui.readout(() => {
      const { mu, sigma } = state.posterior();
      const pair = (values) => values.map((value) => format(value)).join(", ");
      return [
        ["z", pair(z()), "likelihood"],
        ["norm of z", Math.hypot(...z())],
        ["log p(z), nats", logStandardNormal(z()), "prior"],
        ["path", `${ui.get("path")}, t ${format(ui.get("t"))}`, "evidence"],
        ["from A to B", `${pair(code(ui, "a"))} to ${pair(code(ui, "b"))}`, "evidence"],
        ["codes", ui.get("show_codes") ? "shown" : "hidden"],
        ["posterior of", state.pixels().some(Boolean) ? words[ui.get("picture")] : "an empty sheet"],
        ["mu", pair(mu), "posterior"],
        ["sigma", pair(sigma), "posterior"],
      ];
    });
    return ui.dispose;
  },
};
