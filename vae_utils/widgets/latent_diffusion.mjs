// The codes of a VAE, and draws that are meant to look like them: from N(0, I), and from diffusion models of the codes.
import { frame } from "./parts/frame.mjs";
import { decode, networksOf } from "./parts/latent_net.mjs";
import { format, linspace, mean, normals, remember } from "./parts/maths.mjs";
import { lonely } from "./parts/mixture.mjs";
import { drawSheet, sheet } from "./parts/sheet.mjs";
import { block, every, rowsOf, tensors } from "./parts/tensor.mjs";

const PICTURES = 16;
const NEAR = 0.15; // of the spread of the codes: as far as their neighbors are
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

/** What to reach, by source, time and the share alone of what is shown and of N(0, I). `sources`: prior and scales. */
export const challenges = (now, [prior, , , large]) => [
  {
    id: "back to the codes",
    text: "By a diffusion: fewer than half as many draws far from all codes as N(0, I) has.",
    reached: () => now().source !== prior && now().alone < 0.5 * now().priorAlone,
    why: "The diffusion was trained on the codes themselves, and knows where there are none.",
  },
  {
    id: "the middle",
    text: "Show the draws that never leave the middle of the codes.",
    reached: () => now().source === prior,
    why: "A small \u03b2 lets codes spread beyond N(0, I): the prior of the VAE asks for few of them, and for gaps.",
  },
  {
    id: "too small a noise",
    text: "Find a diffusion whose noise covers only the middle of the codes.",
    reached: () => now().source === large && now().time === 1,
    why: "Codes \u00d7 5 are large beside N(0, I). At \u00d7 0.2 the same noise reaches far beyond them, off this map.",
  },
];

export default {
  render({ model, el }) {
    const ui = frame({ model, el, title: "A diffusion as the prior of a VAE" });
    const sources = ui.constant("sources");
    const { codes, labels, chains } = tensors(model, ["codes", "labels", "chains"]);
    const [decoder] = networksOf(model, [model.get("decoder_sizes")]);
    const cloud = { xs: every(codes.values, 0, 2), ys: every(codes.values, 1, 2) };
    const radius = NEAR * spreadOf(cloud);
    const reach = 1.12 * codes.values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const count = chains.shape[2];
    const fixed = priorDraws(count);
    const alone = (points) => lonely(rowsOf(points, 2), cloud, radius);
    const ownAlone = lonely(rowsOf(codes.values, 2), cloud, radius, true);
    const priorAlone = alone(fixed);
    const steps = linspace(0, 1, chains.shape[1]);
    const courses = [0, 1, 2].map((k) => Array.from(steps, (time) => alone(drawsAt(block(chains, k), time))));
    const which = () => sources.indexOf(ui.get("source"));
    const shown = remember(() => [which(), ui.get("time")], (k, time) => {
      const points = k ? drawsAt(block(chains, k - 1), time) : fixed;
      return { points, alone: alone(points), spread: spreadOf({ xs: every(points, 0, 2), ys: every(points, 1, 2) }) };
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
      title: "Share of draws with no code near, on the way from noise to codes; dashed: of the codes themselves.",
      label: "the share of draws with no code near over the time of each diffusion",
      span: 6,
      height: 150,
      x: [0, 1],
      y: [0, 1.05],
      xTicks: [],
      yTicks: [0, 0.5, 1],
      xLabel: "noise \u2192 codes",
      draw(plot) {
        plot.clip(() => {
          plot.hline(ownAlone, { color: "data", dash: [5, 4] });
          plot.hline(priorAlone, { color: COLORS[0], width: which() ? 1.5 : 3 });
          courses.forEach((course, k) => {
            plot.line(steps.map((t) => 1 - t), course, { color: COLORS[k + 1], width: which() === k + 1 ? 3 : 1.5 });
          });
          plot.vline(1 - ui.get("time"), { color: "muted", width: 1 });
          plot.points([1 - ui.get("time")], [shown().alone], { color: color(), radius: 5 });
        });
        sources.forEach((name, k) => {
          const style = { color: COLORS[k], bold: k === which(), align: "left", halo: true, dx: 6 };
          plot.text(0, 0.07 + 0.17 * (3 - k), name, style);
        });
      },
    });
    ui.choice({ name: "source", label: "Draws from" });
    ui.slider({ name: "time", label: "time: 1 noise, 0 codes" });
    ui.player({ label: "Play it back", name: "time", values: linspace(1, 0, 101), pace: 0.04 });
    ui.button("Decode others", () => ui.set("first", ((ui.get("first") - 1 + PICTURES) % count) + 1));
    ui.on("first", ui.redraw);
    const percent = (share) => `${format(100 * share, 0)} %`;
    ui.readout(() => [
      ["draws with no code near", percent(shown().alone), color()],
      ["of N(0, I)", percent(priorAlone), "prior"],
      ["of the codes themselves", percent(ownAlone), "data"],
      ["\u03c3 of draws, of codes", `${format(shown().spread)}, ${format(spreadOf(cloud))}`],
      ["of the way back", percent(1 - ui.get("time"))],
      ["decoded, from draw", `${ui.get("first")} of ${count}`],
    ]);
    const look = () => ({ source: ui.get("source"), time: ui.get("time"), alone: shown().alone, priorAlone });
    ui.challenges("latent_diffusion", challenges(look, sources));
    return ui.dispose;
  },
};
