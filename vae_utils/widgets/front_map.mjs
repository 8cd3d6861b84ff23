// The start page's map: a dot wanders over the decoded latent space until it is grabbed; its digit is drawn large.
import { frame } from "./parts/frame.mjs";
import { code, decodedMap, latentMap } from "./parts/latent_map.mjs";
import { decode, networksOf } from "./parts/latent_net.mjs";
import { clamp, logStandardNormal } from "./parts/maths.mjs";
import { every, tensor } from "./parts/tensor.mjs";

const CELLS = 15;
const [WIDTH, PACES] = [1.9, [0.47, 0.47 * ((Math.sqrt(5) - 1) / 2)]]; // two speeds of a golden ratio never meet again
const STRIDE = 3; // seconds of the way at once, where motion is unwelcome
const TRAIL = 90; // frames

/** A way over the map that begins at `start` and never leaves [-WIDTH, WIDTH]^2: where it is after `t` seconds. */
export const wayFrom = (start) => {
  const phases = start.map((value) => Math.asin(clamp(value / WIDTH, -1, 1)));
  return (t) => phases.map((phase, i) => WIDTH * Math.sin(phase + PACES[i] * t));
};

/** The class of the code that lies nearest to z, or "" where there is none. */
export const classNear = ({ xs, ys, labels }, [z1, z2]) => {
  let [least, near] = [Infinity, ""];
  labels.forEach((label, i) => {
    const far = (xs[i] - z1) ** 2 + (ys[i] - z2) ** 2;
    if (far < least) [least, near] = [far, label];
  });
  return near;
};

/** What to reach, by hand alone: z, whether the dot wanders, and the class nearest to it. */
export const challenges = (now) => [
  {
    id: "a four",
    text: "Find a 4: bring the dot to where the codes of fours lie.",
    reached: () => !now().wandering && now().near === 4,
    why: "Nobody has told the model what a 4 is. It has put what looks alike side by side.",
  },
  {
    id: "off the map",
    text: "Take the dot where the prior hardly ever goes: log p(z) below \u22128 nats.",
    reached: () => !now().wandering && logStandardNormal(now().z) < -8,
    why: "Few codes lie out there, so nothing has taught the decoder what to draw. It answers all the same.",
  },
];

const cloudOf = (ui) => {
  const codes = tensor(ui.get("codes")).values;
  const inUnits = (axis) => every(codes, axis, 2).map((value) => (value * ui.limits("z1")[1]) / 127);
  return { xs: inUnits(0), ys: inUnits(1), labels: [...tensor(ui.get("labels")).values] };
};

const mapPanel = (ui, net, cloud, trail) => {
  const decoded = decodedMap(net, ui.limits("z1")[1], CELLS);
  return latentMap(ui, {
    title: "Every point of this plane is a picture. Grab the dot.",
    label: "the decoded latent space with the dot z",
    alpha: 0.6,
    span: 4,
    rows: 2,
    most: 400,
    low: 280,
    map: () => decoded,
    draw(plot) {
      const colors = cloud.labels.map((label) => plot.theme.classes[label]);
      if (ui.get("show_codes")) plot.points(cloud.xs, cloud.ys, { radius: 3, colors });
      plot.line(trail.map(([x]) => x), trail.map(([, y]) => y), { color: "likelihood", width: 2 });
    },
    codes: [{ name: "z", text: "z", label: "z", color: "likelihood" }],
  });
};

const digitPanel = (ui, net) => {
  const panel = ui.panel({
    title: "What the decoder draws there",
    label: "the digit that is drawn at z",
    span: 2,
    rows: 2,
    square: true,
    most: 240,
    axes: false,
    equal: true,
    x: [0, 28],
    y: [-28, 0],
    draw(plot) {
      plot.image(net(code(ui, "z")), 28, 28, [0, -28, 28, 0], { smooth: true });
      plot.line([0, 28, 28, 0, 0], [0, 0, -28, -28, 0], { color: "grid", width: 1 });
    },
  });
  panel.figure.style.order = 1; // on a phone it stands right below the map
};

/** The dot walks from where it is; `rest()` ends that, and so does every hand that is laid on the widget. */
const wanderer = (ui, el, send, trail) => {
  let [way, t] = [null, 0];
  const goOn = (seconds) => {
    t += seconds;
    send(way(t));
    trail.push(code(ui, "z"));
    trail.splice(0, trail.length - TRAIL);
  };
  const walk = ui.loop(goOn, (on) => (button.textContent = on ? "Let it rest" : "Let it wander"));
  const begin = () => {
    [way, t] = [wayFrom(code(ui, "z")), 0];
    if (ui.reducedMotion()) goOn(STRIDE);
    else walk.start();
  };
  const rest = () => {
    walk.stop();
    trail.length = 0;
    ui.redraw();
  };
  const button = ui.button("Let it wander", () => (walk.running ? rest() : begin()));
  const grabbed = ({ target }) => walk.running && target !== button && rest();
  for (const event of ["pointerdown", "keydown", "input"]) {
    el.addEventListener(event, grabbed, true);
    ui.cleanup(() => el.removeEventListener(event, grabbed, true));
  }
  return { begin, wandering: () => walk.running };
};

/** A click on the map sends the dot there, a mouse that is held down takes it along; a finger may scroll the page. */
const followPointer = (ui, { canvas, holder, ...panel }, send) => {
  const there = ({ clientX, clientY }) => {
    const box = holder.getBoundingClientRect();
    const { x, y } = panel.at(clientX - box.left, clientY - box.top);
    send([x, y]);
  };
  canvas.addEventListener("click", there);
  const held = ({ pointerType, buttons }) => pointerType === "mouse" && buttons === 1;
  canvas.addEventListener("pointermove", (event) => held(event) && there(event));
};

export default {
  render({ model, el }) {
    const ui = frame({ model, el, title: "Two numbers draw a digit" });
    const [decoder] = networksOf(model, [ui.get("decoder_sizes")]);
    const net = (z) => decode(decoder, z);
    const cloud = cloudOf(ui);
    const trail = [];
    const z = () => code(ui, "z");
    const send = (values) => values.forEach((value, i) => ui.set(`z${i + 1}`, clamp(value, ...ui.limits("z1"))));
    const panel = mapPanel(ui, net, cloud, trail);
    digitPanel(ui, net);
    const walk = wanderer(ui, el, send, trail);
    followPointer(ui, { canvas: panel.canvas, holder: panel.holder, at: (x, y) => panel.plot.at(x, y) }, send);
    ui.slider({ name: "z1", label: "z\u2081", step: 0.01 });
    ui.slider({ name: "z2", label: "z\u2082", step: 0.01 });
    ui.toggle({ name: "show_codes", label: "show where test digits lie" });
    const percent = (100 * ui.get("rounding")).toFixed(2);
    ui.note(`The decoder is in this page, rounded to 8 bits; that changes a pixel by ${percent} % on average.`);
    const near = () => classNear(cloud, z());
    ui.readout(() => [
      ["log p(z), nats", logStandardNormal(z()), "prior"],
      ["nearest test digit", `a ${near()}`, "data"],
      ["test digits", ui.get("show_codes") ? "shown" : "hidden"],
    ]);
    ui.challenges("front_map", challenges(() => ({ z: z(), near: near(), wandering: walk.wandering() })));
    if (ui.get("wander") && !ui.reducedMotion()) walk.begin();
    return ui.dispose;
  },
};
