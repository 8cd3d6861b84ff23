// The codes of a VAE, and draws that are meant to look like them: from N(0, I), and from diffusion models of the codes.
import { frame } from "./parts/frame.mjs";
import { decode, networksOf } from "./parts/latent_net.mjs";
import { format, linspace, mean, normals, remember } from "./parts/maths.mjs";
import { drawSheet, sheet } from "./parts/sheet.mjs";
import { block, every, rowsOf, tensors } from "./parts/tensor.mjs";

const PICTURES = 16;
const MEASURED = 300; // codes that draws are compared with
const COLORS = ["prior", "kl", "likelihood", "elbo"];

/** `count` draws from N(0, I) in the plane, flat. */
export const priorDraws = (count, seed = 7) => Float64Array.from({ length: 2 * count }, normals(seed));

/** Where the draws of one chain (times, m, 2) stand at a time, flat, on straight lines between the times kept. */
export const drawsAt = (chain, time) => {
  const at = time * (chain.shape[0] - 1);
  const i = Math.min(chain.shape[0] - 2, Math.floor(at));
  const [from, to] = [i, i + 1].map((k) => block(chain, k).values);
  return Float64Array.from(from, (value, k) => value + (at - i) * (to[k] - value));
};

/** The spread of flat points, one number: the root of the mean variance of a coordinate. */
export const spreadOf = ({ xs, ys }) => {
  const variance = (values) => {
    const center = mean(values);
    return mean(values.map((value) => (value - center) ** 2));
  };
  return Math.sqrt((variance(xs) + variance(ys)) / 2);
};

/** `count` rows of flat points from the first one on, round and round. */
export const someOf = (points, first, count) => {
  const all = rowsOf(points, 2);
  return Array.from({ length: count }, (_, k) => all[(first + k) % all.length]);
};

/** Half the side of a map that holds nearly all flat points: a few strays may lie beyond its edge. */
export const reachOf = (points) => {
  const sizes = Array.from(points, Math.abs).toSorted((a, b) => a - b);
  return 1.2 * sizes[Math.floor(0.99 * (sizes.length - 1))];
};

const apart = (a, b) => {
  let total = 0;
  for (let i = 0; i < a.length; i += 2) {
    for (let j = 0; j < b.length; j += 2) total += Math.sqrt((a[i] - b[j]) ** 2 + (a[i + 1] - b[j + 1]) ** 2);
  }
  return (4 * total) / (a.length * b.length);
};

/** 2 E|a - b| - E|a - a'| - E|b - b'| for flat points, as a function of a: 0 where both have one law, never below. */
export const energyDistance = (b) => {
  const own = apart(b, b);
  return (a) => Math.max(0, 2 * apart(a, b) - apart(a, a) - own);
};

/** What to reach, by source, the distance shown, that of N(0, I), and how broad draws and codes are. */
export const challenges = (now, [prior, , , large]) => [
  {
    id: "the codes themselves",
    text: "Bring the draws to less than a fifth of the distance that N(0, I) has.",
    reached: () => now().source !== prior && now().distance < 0.2 * now().priorDistance,
    why: "The diffusion was trained on the codes as they are, with their arms and their gaps: the decoder knows them.",
  },
  {
    id: "too much noise",
    text: "Find noise three times as broad as the codes.",
    reached: () => now().spread > 3 * now().codeSpread,
    why: "Codes \u00d7 0.2 are small beside N(0, I): most levels see noise alone, and few are left for the codes.",
  },
  {
    id: "too little noise",
    text: "Find a diffusion whose noise covers only the middle of the codes.",
    reached: () => now().source === large && now().spread < 0.4 * now().codeSpread,
    why: "Codes \u00d7 5 are large beside N(0, I): most levels hardly blur them, and a few must do it all.",
  },
];

export default {
  render({ model, el }) {
    const ui = frame({ model, el, title: "A diffusion as the prior of a VAE" });
    const sources = ui.constant("sources");
    const { codes, labels, chains } = tensors(model, ["codes", "labels", "chains"]);
    const [decoder] = networksOf(model, [model.get("decoder_sizes")]);
    const cloud = { xs: every(codes.values, 0, 2), ys: every(codes.values, 1, 2) };
    const reach = reachOf(codes.values);
    const count = chains.shape[2];
    const fixed = priorDraws(count);
    const distance = energyDistance(codes.values.subarray(0, 2 * MEASURED));
    const priorDistance = distance(fixed);
    const steps = linspace(0, 1, chains.shape[1]);
    const courses = [0, 1, 2].map((k) => Array.from(steps, (time) => distance(drawsAt(block(chains, k), time))));
    const which = () => sources.indexOf(ui.get("source"));
    const broad = (points) => spreadOf({ xs: every(points, 0, 2), ys: every(points, 1, 2) });
    const codeSpread = spreadOf(cloud);
    const shown = remember(() => [which(), ui.get("time")], (k, time) => {
      const points = k ? drawsAt(block(chains, k - 1), time) : fixed;
      return { points, distance: distance(points), spread: broad(points) };
    });
    const chosen = () => someOf(shown().points, ui.get("first") - 1, PICTURES);
    const color = () => COLORS[which()];

    ui.panel({
      title: "Codes by class; crosses: draws.",
      label: "the codes by class, and draws that are meant to look like them",
      square: true,
      low: 290,
      x: [-reach, reach],
      y: [-reach, reach],
      xLabel: "z\u2081",
      yLabel: "z\u2082",
      draw(plot) {
        plot.clip(() => {
          const colors = Array.from(labels.values, (label) => plot.theme.classes[label]);
          plot.points(cloud.xs, cloud.ys, { radius: 2, colors, alpha: 0.6 });
          const { points } = shown();
          plot.points(every(points, 0, 2), every(points, 1, 2), { shape: "cross", radius: 3, color: color() });
          const some = chosen();
          const ring = { shape: "ring", radius: 6, color: "ink" };
          plot.points(some.map(([x]) => x), some.map(([, y]) => y), ring);
        });
      },
    });
    ui.panel({
      title: "What sixteen draws (rings) decode to.",
      label: "pictures of sixteen draws",
      square: true,
      axes: false,
      draw(plot) {
        drawSheet(plot, sheet(chosen().map((z) => decode(decoder, z)), 4), [0, 0, 1, 1]);
      },
    });
    ui.panel({
      title: "How far the draws are from the codes (energy distance), from noise to codes.",
      label: "the distance of the draws from the codes over the time of each diffusion",
      span: 6,
      height: 160,
      x: [0, 1],
      y: [-2.4, 0.9],
      xTicks: [],
      yTicks: [-2, -1, 0],
      xLabel: "noise \u2192 codes",
      yLabel: "log10",
      draw(plot) {
        const height = (value) => Math.log10(Math.max(value, 1e-4));
        plot.clip(() => {
          plot.hline(height(priorDistance), { color: COLORS[0], width: which() ? 1.5 : 3 });
          courses.forEach((course, k) => {
            const style = { color: COLORS[k + 1], width: which() === k + 1 ? 3 : 1.5 };
            plot.line(steps.map((t) => 1 - t), course.map(height), style);
          });
          plot.vline(1 - ui.get("time"), { color: "muted", width: 1 });
          plot.points([1 - ui.get("time")], [height(shown().distance)], { color: color(), radius: 5 });
        });
        sources.forEach((name, k) => {
          const style = { color: COLORS[k], bold: k === which(), align: "left", halo: true };
          plot.text([0.01, 0.17, 0.46, 0.72][k], -2.2, name, style);
        });
      },
    });
    ui.choice({ name: "source", label: "Draws from" });
    ui.slider({ name: "time", label: "time: 1 noise, 0 codes" });
    ui.player({ label: "Play it back", name: "time", values: linspace(1, 0, 101), pace: 0.04 });
    ui.button("Decode others", () => ui.set("first", ((ui.get("first") - 1 + PICTURES) % count) + 1));
    ui.on("first", ui.redraw);
    ui.readout(() => [
      ["distance from the codes", shown().distance, color()],
      ["of N(0, I)", priorDistance, "prior"],
      ["\u03c3 of draws, of codes", `${format(shown().spread)}, ${format(codeSpread)}`],
      ["of the way back", `${format(100 * (1 - ui.get("time")), 0)} %`],
      ["decoded, from draw", `${ui.get("first")} of ${count}`],
    ]);
    const look = () => ({ source: ui.get("source"), ...shown(), priorDistance, codeSpread });
    ui.challenges("latent_diffusion", challenges(look, sources));
    return ui.dispose;
  },
};
