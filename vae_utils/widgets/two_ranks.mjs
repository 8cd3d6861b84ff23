// Two ranks train a linear VAE on shares of the same batches, beside one process; a switch for each mistake.
import { frame } from "./parts/frame.mjs";
import { clamp, format, mean, normals, remember } from "./parts/maths.mjs";

export const MISTAKES = ["sums", "plain_means", "own_noise", "past_the_wrapper", "batch_norm"];
const START = [0.1, 0.3, 0]; // the encoder's weight a, the decoder's weight b, log s
const DATA = 60;
const FLOOR = 1e-17; // what is drawn for no difference at all

const draws = (seed, count) => {
  const normal = normals(seed);
  return Float64Array.from({ length: count }, normal);
};

const data = draws(1, DATA).map((value) => 1.2 * value + 0.3);

/** First row and the row after the last of a rank's share. */
export const share = (rows, rank, size = 2) => [rank, rank + 1].map((edge) => Math.floor((rows * edge) / size));

/** x of mean 0 and variance 1, over the rows at hand. */
export const normalized = (x) => {
  const center = mean(x);
  const width = Math.sqrt(mean(x.map((value) => (value - center) ** 2)) + 1e-5);
  return x.map((value) => (value - center) / width);
};

/** Minus the ELBO of some rows, and its gradient in a, b and log s: means over the rows. */
export const lossOf = ([a, b, logS], x, eps, { sigma, batch_norm: norm = false }) => {
  const [seen, s, variance] = [norm ? normalized(x) : x, Math.exp(logS), sigma ** 2];
  let [loss, ...slopes] = [0, 0, 0, 0];
  x.forEach((value, i) => {
    const middle = a * seen[i];
    const z = middle + s * eps[i];
    const error = b * z - value;
    const back = error / variance;
    loss += error ** 2 / (2 * variance) + 0.5 * Math.log(2 * Math.PI * variance);
    loss += 0.5 * (middle ** 2 + s ** 2 - 1) - logS;
    slopes = [
      slopes[0] + back * b * seen[i] + middle * seen[i],
      slopes[1] + back * z,
      slopes[2] + back * b * s * eps[i] + s ** 2 - 1,
    ];
  });
  return { loss: loss / x.length, slopes: slopes.map((slope) => slope / x.length) };
};

/** A function (weights, slopes) -> weights, one for each rank, as torch's SGD and Adam are. */
export const makeStep = (optimizer, rate) => {
  if (optimizer === "SGD") return (weights, slopes) => weights.map((weight, i) => weight - rate * slopes[i]);
  let [first, second, t] = [START.map(() => 0), START.map(() => 0), 0];
  return (weights, slopes) => {
    t += 1;
    first = first.map((value, i) => 0.9 * value + 0.1 * slopes[i]);
    second = second.map((value, i) => 0.999 * value + 0.001 * slopes[i] ** 2);
    const [one, two] = [1 - 0.9 ** t, 1 - 0.999 ** t];
    return weights.map((weight, i) => weight - (rate * first[i]) / one / (Math.sqrt(second[i] / two) + 1e-8));
  };
};

/** What a rank's mean counts: (rows of the share) 2 / rows where it is right; a sum counts half the batch as much. */
export const factor = (own, rows, { sums, plain_means: plain }) =>
  (sums ? rows / 2 : 1) * (plain ? 1 : (2 * own) / rows);

/** Rows of a step, and noise for each: the data in their order, again and again. */
const batchOf = (step, rows) => ({
  x: Float64Array.from({ length: rows }, (_, i) => data[(step * rows + i) % DATA]),
  eps: draws(1000 + step, rows),
});

const ofRank = (rank, step, weights, { x, eps }, how) => {
  const [start, end] = share(x.length, rank);
  const noise = how.own_noise ? draws(5000 + 2 * step + rank, end - start) : eps.slice(start, end);
  const { loss, slopes } = lossOf(weights, x.slice(start, end), noise, how);
  const times = factor(end - start, x.length, how);
  return { loss: times * loss, slopes: slopes.map((slope) => times * slope) };
};

/** Paths (steps + 1 weights each) and losses of one process and of two ranks. */
export const train = (how) => {
  const made = () => ({ path: [START], step: makeStep(how.optimizer, how.rates[how.optimizer]) });
  const [one, ranks, losses] = [made(), [made(), made()], { one: [], two: [] }];
  const last = ({ path }) => path[path.length - 1];
  const go = (who, slopes) => who.path.push(who.step(last(who), slopes));
  for (let step = 0; step < how.steps; step++) {
    const batch = batchOf(step, how.rows);
    const whole = lossOf(last(one), batch.x, batch.eps, how);
    const found = ranks.map((rank, r) => ofRank(r, step, last(rank), batch, how));
    const averaged = START.map((_, i) => mean(found.map(({ slopes }) => slopes[i])));
    losses.one.push(whole.loss);
    losses.two.push(mean(found.map(({ loss }) => loss)));
    go(one, whole.slopes);
    ranks.forEach((rank, r) => go(rank, how.past_the_wrapper ? found[r].slopes : averaged));
  }
  return { one: one.path, ranks: ranks.map(({ path }) => path), losses };
};

/** The largest difference of a weight, at each step. */
export const apart = (first, second) =>
  first.map((weights, t) => Math.max(...weights.map((weight, i) => Math.abs(weight - second[t][i]))));

const atEnd = (values) => values[values.length - 1];

/** What to reach, by the fields, how far the ranks are off at the end and from each other. */
export const challenges = (now) => [
  {
    id: "copies apart",
    text: "Let the two copies of the model part from each other.",
    reached: () => now().copies > 1e-3,
    why: "Past the wrapper nobody averages: each rank trains on its own half, and what is saved is one of the two.",
  },
  {
    id: "harmless",
    text: "Find a mistake that does no harm when the rows of a batch can be halved.",
    reached: () => now().on.join() === "plain_means" && now().rows % 2 === 0 && now().off < 1e-12,
    why: "With equal shares each weight is 1. It is the last, uneven batch that brings the mistake to light.",
  },
  {
    id: "hidden sum",
    text: "Hide a sum: after 40 steps or more be less than 0.001 off, with the sum switched on.",
    reached: () => now().on.join() === "sums" && now().steps >= 40 && now().off < 1e-3,
    why: "Adam divides a gradient by its own size, so a factor is lost. The loss is too large all the same.",
  },
];

const small = (value) => {
  if (value < 1e-12) return value ? "rounding" : "0";
  return value < 1e-3 ? value.toExponential(0) : value.toFixed(3);
};

const COLORS = ["posterior", "likelihood"];
const range = (values, least) => {
  const [low, high] = [Math.min(...values, least[0]), Math.max(...values, least[1])];
  return [low - 0.05 * (high - low), high + 0.05 * (high - low)];
};

export default {
  render({ model, el }) {
    const ui = frame({ model, el, title: "Two ranks and one process" });
    const [sigma, rates] = ["sigma", "rates"].map(ui.constant);
    const names = [...MISTAKES, "rows", "steps", "optimizer"];
    const now = remember(
      () => names.map((name) => ui.get(name)),
      (...values) => {
        const how = Object.fromEntries(names.map((name, i) => [name, values[i]]));
        const found = train({ ...how, sigma, rates });
        const off = found.ranks.map((path) => apart(path, found.one));
        return { ...how, ...found, off, copies: apart(...found.ranks) };
      },
    );
    const across = () => [0, ui.get("steps")];
    const count = (values) => values.map((_, t) => t);

    ui.panel({
      title: "How far each rank is from one process: the largest difference of a weight.",
      label: "the logarithm of the difference between each rank and one process, over the steps",
      span: 6,
      height: 220,
      x: across,
      y: [-18, 1.5],
      yTicks: [-16, -12, -8, -4, 0],
      xLabel: "step",
      yLabel: "log10 of the difference",
      draw(plot) {
        plot.hline(-12, { color: "muted", dash: [4, 4] });
        plot.text(plot.xRange[1], -12, "below: rounding", { color: "muted", align: "right", dx: -4, dy: 12 });
        plot.clip(() => {
          now().off.forEach((values, r) => {
            const shown = values.map((value) => Math.log10(Math.max(value, FLOOR)));
            plot.line(count(shown), shown, { color: COLORS[r], width: 4 - 2 * r, dash: r ? [7, 5] : [] });
          });
        });
        ["rank 0", "rank 1, dashed"].forEach((label, r) => {
          const style = { color: COLORS[r], bold: true, align: "right", dx: -4, dy: 16 * r, halo: true };
          plot.text(plot.xRange[1], -6, label, style);
        });
      },
    });
    ui.panel({
      title: "The way of the weights; gray: one process.",
      label: "the paths of encoder's and decoder's weight, of one process and of both ranks",
      height: 210,
      x: () => range([now().one, ...now().ranks].flat().map(([a]) => a), [0, 0.8]),
      y: () => range([now().one, ...now().ranks].flat().map(([, b]) => b), [0.2, 1.2]),
      xLabel: "encoder's weight a",
      yLabel: "decoder's weight b",
      draw(plot) {
        const way = (path, settings) => plot.line(path.map(([a]) => a), path.map(([, b]) => b), settings);
        plot.clip(() => {
          way(now().one, { color: "muted", width: 7, alpha: 0.5 });
          now().ranks.forEach((path, r) => way(path, { color: COLORS[r], width: 2, dash: r ? [6, 5] : [] }));
          now().ranks.forEach((path, r) => {
            const [a, b] = atEnd(path);
            plot.points([a], [b], { color: COLORS[r], radius: 5 - r });
          });
        });
      },
    });
    ui.panel({
      title: "The loss; gray: one process.",
      label: "the loss over the steps, of one process and of the two ranks",
      height: 210,
      x: across,
      y: () => range([...now().losses.one, ...now().losses.two], [1, 2.5]),
      xLabel: "step",
      yLabel: "nats",
      draw(plot) {
        const { one, two } = now().losses;
        plot.clip(() => {
          plot.line(count(one), one, { color: "muted", width: 6, alpha: 0.5 });
          plot.line(count(two), two, { color: "elbo", width: 1.5 });
        });
      },
    });
    ui.toggle({ name: "sums", label: "sum in place of the mean" });
    ui.toggle({ name: "plain_means", label: "no weight for uneven shares" });
    ui.toggle({ name: "own_noise", label: "each rank its own noise" });
    ui.toggle({ name: "past_the_wrapper", label: "past the wrapper: no average" });
    ui.toggle({ name: "batch_norm", label: "batch normalization" });
    ui.choice({ name: "optimizer", label: "Optimizer" });
    ui.slider({ name: "rows", label: "rows of a batch", step: 1 });
    ui.slider({ name: "steps", label: "steps", step: 1 });
    ui.readout(() => {
      const sizes = [0, 1].map((rank) => share(ui.get("rows"), rank)).map(([start, end]) => end - start);
      return [
        ["shares", `${sizes[0]} and ${sizes[1]} rows`],
        ["each mean counts", sizes.map((own) => format(factor(own, ui.get("rows"), now()), 2)).join(" and ")],
        ["rank 0 is off by", small(atEnd(now().off[0])), COLORS[0]],
        ["rank 1 is off by", small(atEnd(now().off[1])), COLORS[1]],
        ["the two apart", small(atEnd(now().copies))],
        ["loss, one / two", `${atEnd(now().losses.one).toFixed(2)} / ${atEnd(now().losses.two).toFixed(2)}`, "elbo"],
      ];
    });
    const look = () => ({
      on: MISTAKES.filter((name) => ui.get(name)),
      rows: ui.get("rows"),
      steps: ui.get("steps"),
      off: clamp(Math.max(...now().off.map(atEnd)), 0, 1e6),
      copies: atEnd(now().copies),
    });
    ui.challenges("two_ranks", challenges(look));
    return ui.dispose;
  },
};
