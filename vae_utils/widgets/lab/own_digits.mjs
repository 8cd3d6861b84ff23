// Digits that a reader draws and adds to the training set: a pad in place of the data, and the way from ink to scans.
import { clamp } from "../parts/maths.mjs";
import { sample, stroke } from "../parts/drawing.mjs";
import { DIGITS } from "../playground/datasets.mjs";
import { enlarge } from "../playground/enlarge.mjs";

const [PEN, PEN_STEP, LIFTED] = [1.7, 0.04, 0.2];

/** A drawing of 28 x 28 as the scans are: 8 x 8 blocks with ink 0..16, as large as they fit; null for a blank sheet. */
export const toScan = (pixels) => {
  const inked = [...pixels.keys()].filter((i) => pixels[i] > 0.3);
  if (!inked.length) return null;
  const axes = [inked.map((i) => i % 28), inked.map((i) => Math.floor(i / 28))];
  const [across, down] = axes.map((places) => [Math.min(...places), Math.max(...places)]);
  const size = Math.max(across[1] - across[0], down[1] - down[0]) + 1;
  const place = ([low, high], k) => (low + high) / 2 + ((k + 0.5) / 32 - 0.5) * size;
  return Array.from({ length: 64 }, (_, block) => {
    let ink = 0;
    for (let k = 0; k < 16; k++) {
      const [column, row] = [4 * (block % 8) + (k % 4), 4 * Math.floor(block / 8) + Math.floor(k / 4)];
      ink += sample(pixels, place(across, column), place(down, row));
    }
    return clamp(Math.round(ink), 0, 16);
  });
};

/** The class of the scan that is nearest to this one. */
export const nearestClass = (scan, { ink, labels }) => {
  let [best, least] = [0, Infinity];
  for (let i = 0; i < labels.length; i++) {
    let far = 0;
    for (let j = 0; j < 64; j++) far += (ink[64 * i + j] - scan[j]) ** 2;
    if (far < least) [best, least] = [labels[i], far];
  }
  return best;
};

const joined = (first, second) => {
  const both = new Float32Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
};

/** The rows to learn with the reader's digits before all others; each takes the class of its nearest scan. */
export const withDrawn = (data, drawn, scans) => {
  const side = Math.sqrt(data.dim);
  if (!drawn.length) return data;
  const pictures = drawn.flatMap((scan) => {
    const x = Float32Array.from(scan, (value) => value / 16);
    return Array.from(side === 8 ? x : enlarge(x, side));
  });
  const tone = drawn.map((scan) => nearestClass(scan, scans) / 10);
  return { ...data, x: joined(pictures, data.x), tone: joined(tone, data.tone) };
};

/**
 * The sheet on which a reader draws: { on, draw }, a pen for the keyboard, and its buttons, which `place` puts in;
 * `changed` hears when the sheet comes and goes.
 */
export const drawingPad = (ui, panel, place, changed) => {
  const pad = { wanted: false, ink: new Float32Array(784), pen: [0.35, 0.8] };
  const most = ui.constant("most_drawn");
  pad.on = () => pad.wanted && ui.get("data") === DIGITS;
  const onSheet = ([x, y]) => [28 * x, 28 * (1 - y)];
  const mark = (to, lifted) => {
    stroke(pad.ink, onSheet(lifted ? to : pad.pen), onSheet(to), PEN);
    pad.pen = to;
    show();
  };
  ui.strokes(panel, ({ x, y, first }) => pad.on() && mark([x, y], first));
  const knob = ui.handle(panel, {
    label: "pen",
    color: "data",
    step: PEN_STEP,
    at: () => pad.pen,
    move: (x, y) => mark([clamp(x, 0, 1), clamp(y, 0, 1)], Math.hypot(x - pad.pen[0], y - pad.pen[1]) > LIFTED),
  });
  const wipe = () => {
    pad.ink.fill(0);
    show();
  };
  const open = (wanted) => {
    pad.wanted = wanted;
    wipe();
    changed(pad);
  };
  const add = () => {
    ui.set("drawn", [toScan(pad.ink), ...ui.get("drawn")].slice(0, most));
    open(false);
  };
  const buttons = {
    pad: place("Draw a digit", () => open(!pad.wanted)),
    add: place("Add it", add),
    wipe: place("Wipe", wipe),
    remove: place("Remove mine", () => ui.set("drawn", [])),
  };
  const show = () => {
    const digits = ui.get("data") === DIGITS;
    buttons.pad.hidden = !digits;
    buttons.pad.textContent = pad.wanted ? "Stop drawing" : "Draw a digit";
    for (const element of [knob, buttons.add, buttons.wipe]) element.hidden = !pad.on();
    buttons.remove.hidden = !digits || pad.on() || !ui.get("drawn").length;
    buttons.add.disabled = buttons.wipe.disabled = !toScan(pad.ink);
    if (digits) panel.canvas.style.touchAction = pad.on() ? "none" : "";
    ui.redraw();
  };
  pad.draw = (plot) => {
    plot.image(pad.ink, 28, 28, [0, 0, 1, 1]);
    plot.line([0, 1, 1, 0, 0], [0, 0, 1, 1, 0], { color: "muted", width: 1 });
    if (!toScan(pad.ink)) plot.text(0.5, 0.5, "Draw a digit here", { color: "muted", size: 14 });
  };
  ui.on(["data", "drawn"], show);
  show();
  return pad;
};
