// A walk in a 2-D latent space: the decoded map, z and its digit, a path between two codes, and drawings encoded.
import { frame } from "./parts/frame.mjs";
import { decode, decodedMap, encode, lerp, prepare, slerp, stroke, unpack } from "./parts/latent_net.mjs";
import { clamp, format, logNormal, tensor } from "./parts/maths.mjs";
import { grey } from "./parts/plot.mjs";

const REACH = 3;
const CELLS = 17;
const STAGES = 8;

/** The posterior mean within the map. */
const onMap = (value) => clamp(value, -REACH, REACH);

const brain = (model) => {
  const [weights, scales, biases] = ["weights", "scales", "biases"].map((name) => tensor(model.get(name)).values);
  const nets = [model.get("encoder_sizes"), model.get("decoder_sizes")];
  const [encoder, decoder] = unpack(nets, { weights, scales, biases });
  const activation = model.get("activation");
  return { decode: (z) => decode(decoder, z, activation), encode: (x) => encode(encoder, x, activation) };
};

const mapPanel = (ui, net, cloud, state) => {
  const { picture, width } = decodedMap(net.decode, REACH, CELLS);
  const painted = new WeakMap();
  const panel = ui.panel({
    title: "The map: drag z, and the ends A and B of the path",
    label: "the decoded latent space with z, the path and the posterior",
    square: true,
    x: [-REACH, REACH],
    y: [-REACH, REACH],
    xLabel: "z\u2081",
    yLabel: "z\u2082",
    draw(plot) {
      if (!painted.has(plot.theme)) painted.set(plot.theme, grey(picture, width, width, plot.theme));
      const [left, top] = [plot.px(-REACH), plot.py(REACH)];
      plot.with({ alpha: 0.55 }, (context) => {
        context.drawImage(painted.get(plot.theme), left, top, plot.px(REACH) - left, plot.py(-REACH) - top);
      });
      plot.clip(() => {
        if (ui.get("show_codes")) {
          const colors = Array.from(cloud.labels, (label) => plot.theme.classes[label]);
          plot.points(cloud.xs, cloud.ys, { radius: 2.5, colors });
        }
        const way = Array.from({ length: 41 }, (_, i) => state.walk(i / 40));
        plot.line(way.map(([x]) => x), way.map(([, y]) => y), { color: "evidence", width: 3 });
        const { mu, sigma } = state.posterior();
        plot.ellipse(onMap(mu[0]), onMap(mu[1]), ...sigma, { color: "posterior", width: 3, fill: 0.25 });
        plot.ellipse(onMap(mu[0]), onMap(mu[1]), 2 * sigma[0], 2 * sigma[1], { color: "posterior", dash: [4, 3] });
      });
      const named = [["A", state.end("a")], ["B", state.end("b")], ["z", [ui.get("z1"), ui.get("z2")]]];
      for (const [text, at] of named) plot.text(...at, text, { bold: true, size: 15, dx: 12, dy: -12, halo: true });
    },
  });
  const handles = [
    ["a", "start A of the path", "evidence"],
    ["b", "end B of the path", "evidence"],
    ["z", "z", "likelihood"],
  ];
  for (const [name, label, color] of handles) {
    const move = (x, y) => {
      ui.set(`${name}1`, x);
      ui.set(`${name}2`, y);
    };
    ui.handle(panel, { label, color, step: 0.1, at: () => [ui.get(`${name}1`), ui.get(`${name}2`)], move });
    ui.on([`${name}1`, `${name}2`], ui.redraw);
  }
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

/** What the panels ask for, computed once per change: ends and points of the path, the picture and its posterior. */
const derive = (ui, net, examples) => {
  const end = (name) => [ui.get(`${name}1`), ui.get(`${name}2`)];
  let [known, answer] = [null, null];
  const pixels = () => {
    const chosen = ui.get("picture");
    if (chosen === "drawn") return Float32Array.from(ui.get("drawn"), (v) => v / 255);
    return Float32Array.from(examples.subarray(784 * chosen, 784 * (Number(chosen) + 1)), (v) => v / 255);
  };
  const posterior = () => {
    const key = ui.get("picture") === "drawn" ? ui.get("drawn") : ui.get("picture");
    if (key !== known) {
      const picture = ui.get("picture") === "drawn" ? prepare(pixels()) : pixels();
      [known, answer] = [key, net.encode(picture)];
    }
    return answer;
  };
  return { end, pixels, posterior, walk: (t) => (ui.get("path") === "slerp" ? slerp : lerp)(end("a"), end("b"), t) };
};

export default {
  render({ model, el }) {
    const ui = frame({ model, el, title: "Explore the latent space: everything is decoded and encoded on this page" });
    const net = brain(model);
    const codes = tensor(model.get("codes"));
    const part = (axis) => codes.values.filter((_, i) => i % 2 === axis);
    const inUnits = (axis) => Float32Array.from(part(axis), (value) => (value * REACH) / 127);
    const cloud = { xs: inUnits(0), ys: inUnits(1), labels: tensor(model.get("labels")).values };
    const state = derive(ui, net, tensor(model.get("examples")).values);
    const z = () => [ui.get("z1"), ui.get("z2")];

    mapPanel(ui, net, cloud, state);
    picturePanel(ui, { title: "The mean of p(x|z) at z", square: true }, () => net.decode(z()));
    ui.choice({ name: "path", label: "Path" });
    ui.slider({ name: "t", label: "t: send z along the path", step: 0.01 });
    ui.toggle({ name: "show_codes", label: "show the codes of test digits" });
    strip(ui, net, state);
    const send = (code) => code.forEach((value, i) => ui.set(`z${i + 1}`, onMap(value)));
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
    const percent = (100 * model.get("rounding")).toFixed(2);
    const cost = `On average that changes a decoded pixel by ${percent} % of the way from black to white.`;
    ui.note(`The weights of both networks are in this page, rounded to 8 bits. ${cost}`);
    ui.readout(() => {
      const { mu, sigma } = state.posterior();
      const pair = (values) => values.map((value) => format(value)).join(", ");
      const density = z().reduce((total, value) => total + logNormal(value), 0);
      return [
        ["z", pair(z()), "likelihood"],
        ["norm of z", Math.hypot(...z())],
        ["log p(z), nats", density, "prior"],
        ["path", `${ui.get("path")}, t ${format(ui.get("t"))}`, "evidence"],
        ["from A to B", `${pair(state.end("a"))} to ${pair(state.end("b"))}`, "evidence"],
        ["codes", ui.get("show_codes") ? "shown" : "hidden"],
        ["posterior of", state.pixels().some(Boolean) ? words[ui.get("picture")] : "an empty sheet"],
        ["mu", pair(mu), "posterior"],
        ["sigma", pair(sigma), "posterior"],
      ];
    });
    return ui.dispose;
  },
};
