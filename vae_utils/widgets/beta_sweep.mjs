// beta turned on trained models: codes, reconstructions, samples, and the rate-distortion plane, at any training time.
import { frame } from "./parts/frame.mjs";
import { nearest } from "./parts/maths.mjs";
import { drawSheet, sheet } from "./parts/sheet.mjs";
import { block, every, rows, tensors } from "./parts/tensor.mjs";

const NEAR = 4; // half the width of the usual window on the latent space
const HEAP = 0.5; // codes nearer to 0 than this lie in one heap, where names would hide one another
const FAR_RATE = 8; // nats; a larger rate is drawn at the edge, with its number

/** Codes in latent units: { xs, ys }. */
export const unpackCodes = (codes, reach) => {
  const inUnits = (axis) => every(codes.values, axis, 2).map((value) => (value * reach) / 127);
  return { xs: inUnits(0), ys: inUnits(1) };
};

/** The middle of each class, as [class, x, y]. */
export const classCenters = ({ xs, ys }, labels) => {
  const middle = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
  const of = (values, label) => [...values].filter((_, i) => labels[i] === label);
  return [...new Set(labels)].sort().map((label) => [label, middle(of(xs, label)), middle(of(ys, label))]);
};

const SPACE = ["betas", "steps", "labels", "codes", "reach", "sigma"];
const FIELDS = SPACE.concat(["rate", "distortion", "originals", "reconstructions", "samples"]);

const latentPanel = (ui, data, now) => {
  const window = () => Math.max(NEAR, 1.05 * block(data.reach, ...now()).values[0]);
  ui.panel({
    title: "Codes of test digits; dashed: the prior; \u03c3: size of a posterior",
    label: "scatter of the codes by class",
    square: true,
    most: 310,
    x: () => [-window(), window()],
    y: () => [-window(), window()],
    xLabel: "z\u2081",
    yLabel: "z\u2082",
    draw(plot) {
      const codes = unpackCodes(block(data.codes, ...now()), block(data.reach, ...now()).values[0]);
      const labels = data.labels.values;
      plot.clip(() => {
        const colors = Array.from(labels, (label) => plot.theme.classes[label]);
        plot.points(codes.xs, codes.ys, { radius: 2.5, colors, alpha: 0.75 });
        for (const r of [1, 2]) {
          plot.ellipse(0, 0, r, r, { color: "prior", dash: [5, 4] });
        }
        const [a, b] = block(data.sigma, ...now()).values;
        const corner = [0.96 * window() - Math.max(a, 0.25), Math.max(b, 0.25) - 0.96 * window()];
        plot.ellipse(...corner, a, b, { color: "posterior", width: 2, fill: 0.2 });
        plot.text(...corner, "\u03c3", { color: "posterior", bold: true, size: 13 });
      });
      if (Math.max(...codes.xs.map(Math.abs), ...codes.ys.map(Math.abs)) < HEAP) return;
      const style = { bold: true, size: 14, halo: true };
      for (const [label, x, y] of classCenters(codes, labels)) plot.text(x, y, String(label), style);
    },
  });
};

/** A panel of pictures side by side, gray levels of 0 to 255. */
const imagesPanel = (ui, settings, images, columns) =>
  ui.panel({
    ...settings,
    axes: false,
    draw: (plot) => drawSheet(plot, sheet(images(), columns, { most: 255 }), [0, 0, 1, 1]),
  });

const ratePanel = (ui, data, now) => {
  const at = (b, t) => [Math.min(FAR_RATE, block(data.rate, b, t).values[0]), block(data.distortion, b, t).values[0]];
  const ends = data.distortion.shape[1] - 1;
  const lows = Array.from(data.betas.values, (_, b) => at(b, ends)[1]);
  const [low, high] = [Math.min(...lows), Math.max(...lows)];
  const margin = Math.max(1, high - low);
  const top = high + 0.6 * margin;
  ui.panel({
    title: "Rate and distortion, nats per digit. The line follows this \u03b2 in time.",
    label: "rate against distortion for every \u03b2 at this time",
    square: true,
    most: 310,
    x: [-0.5, FAR_RATE + 1],
    y: [low - 0.2 * margin, top],
    xLabel: "rate",
    yLabel: "distortion",
    draw(plot) {
      const [chosen, t] = now();
      const inside = ([x, y]) => [x, Math.min(top, y)];
      const trail = Array.from({ length: t + 1 }, (_, i) => at(chosen, i)).filter(([, y]) => y <= top);
      plot.line(trail.map(([x]) => x), trail.map(([, y]) => y), { color: "posterior", width: 1.5, dash: [2, 4] });
      data.betas.values.forEach((beta, b) => {
        const [x, y] = inside(at(b, t));
        const [bold, above] = [b === chosen, at(b, t)[1] > top];
        plot.points([x], [y], bold ? { radius: 7, color: "posterior" } : { radius: 4, color: "elbo" });
        const { values: [rate] } = block(data.rate, b, t);
        const far = rate > FAR_RATE ? `, rate ${rate.toFixed(1)} \u2192` : "";
        const name = `${Number(beta.toPrecision(3))}${far}`;
        const side = x < FAR_RATE / 2 ? { align: "left", dx: 12 } : { align: "right", dx: -12 };
        const beside = far ? { align: "right", dx: -10, dy: 14 } : { align: "left", dx: 10, dy: -9 };
        if (!above) plot.text(x, y, name, { bold, ...beside });
        else if (bold) plot.text(x, y, `${name}, above this frame`, { ...side, bold, dy: 13 });
      });
    },
  });
};

/** What to reach, by the trained models and which of them is shown, [beta, time] as positions. */
export const challenges = ({ rate, distortion, steps }, now) => {
  const last = steps.values.length - 1;
  const ended = () => now()[1] === last;
  const at = (array) => array.values[now()[0] * (last + 1) + now()[1]];
  const least = (array) => Math.min(...every(array.values, last, last + 1));
  return [
    {
      id: "sharpest",
      text: "After all training, find the model that loses least: the lowest distortion.",
      reached: () => ended() && at(distortion) === least(distortion),
      why: "Where rate is cheap, the code says all it can. Now look at the samples: the prior does not know it.",
    },
    {
      id: "silent",
      text: "After all training, find the model that says least: the lowest rate.",
      reached: () => ended() && at(rate) === least(rate),
      why: "Where a nat of rate costs more than it saves, few are sent, and each sample is nearly the mean picture.",
    },
    {
      id: "takes back",
      text: "Find a moment at which a model says a third less than at the one before.",
      reached() {
        const [beta, t] = now();
        const [before, after] = [t - 1, t].map((moment) => rate.values[beta * (last + 1) + moment]);
        return t > 0 && after < before * (2 / 3);
      },
      why: "The first codes are loud. Then the price is felt, and only slowly the model learns what is worth sending.",
    },
  ];
};

export default {
  render({ model, el }) {
    const ui = frame({ model, el, title: "Turn \u03b2: the same VAE, really trained at each setting" });
    const data = tensors(model, FIELDS);
    const betas = Array.from(data.betas.values, (beta) => Number(beta.toPrecision(6)));
    const steps = Array.from(data.steps.values);
    const now = () => [nearest(betas, ui.get("beta")), nearest(steps, ui.get("step"))];
    const pair = (name) => block(data[name], ...now());

    ui.stops({ name: "beta", label: "\u03b2, the weight of the KL", values: betas });
    ui.stops({ name: "step", label: "training step", values: steps });
    latentPanel(ui, data, now);
    ratePanel(ui, data, now);
    const originals = rows(data.originals);
    const both = () => [...originals, ...rows(pair("reconstructions"))];
    const again = { title: "Test digits (top) and their reconstructions", aspect: originals.length / 2, span: 6 };
    imagesPanel(ui, { ...again, most: 124 }, both, originals.length);
    const drawn = { title: "Samples: decoded draws from the prior", aspect: 4, most: 140, span: 6 };
    imagesPanel(ui, drawn, () => rows(pair("samples")), 8);

    ui.player({ label: "Play the training", name: "step", values: steps, pace: 0.7, primary: true });
    ui.readout(() => {
      const [rate, distortion] = [pair("rate").values[0], pair("distortion").values[0]];
      const [a, b] = pair("sigma").values;
      return [
        ["\u03b2", String(betas[now()[0]])],
        ["step", String(steps[now()[1]])],
        ["rate R = KL, nats", rate, "kl"],
        ["distortion D, nats", distortion, "likelihood"],
        ["\u2212elbo = D + R, nats", rate + distortion, "elbo"],
        ["mean \u03c3", (a + b) / 2, "posterior"],
      ];
    });
    ui.challenges("beta_sweep", challenges(data, now));
    return ui.dispose;
  },
};
