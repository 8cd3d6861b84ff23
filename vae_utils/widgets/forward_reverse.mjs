// Particles that drown in noise and come back by a score, exact or learned, along an SDE or an ODE.
import { frame } from "./parts/frame.mjs";
import { unpack } from "./parts/latent_net.mjs";
import { clamp, format, linspace, normals, remember } from "./parts/maths.mjs";
import { alike, mixture } from "./parts/mixture.mjs";
import { exactGuesses, learnedGuesses, signalNoise, stepForward, STEPS } from "./parts/noising.mjs";
import { tensors } from "./parts/tensor.mjs";

export const PARTICLES = 300;
const CLEANEST = 8; // log SNR at time 0; at time 1 it is minus that
const TRAILS = 8;
const GRID = 45;

export const logSnrAt = (time) => CLEANEST * (1 - 2 * time);

const copy = (from, draw) => Float64Array.from(from, draw);

/** The data at time 0: scaled as a level of noise is, by alpha. */
const start = ({ centers, spread, draw }) => {
  const alpha = Math.sqrt(signalNoise(CLEANEST)[0]);
  const noise = Math.sqrt(signalNoise(CLEANEST)[1]);
  const normal = normals(draw + 3e6);
  const points = mixture(alike(centers, spread)).sample(PARTICLES, draw).flat();
  return copy(points, (value) => alpha * value + noise * normal());
};

/** Where all particles stand at each of steps + 1 times from 0 to 1, flat arrays of x, y: noise added step by step. */
export const forwardPaths = (values) => {
  const { steps, draw } = values;
  const normal = normals(draw + 1e6);
  const states = [start(values)];
  for (let i = 0; i < steps; i++) {
    const { keep, shake } = stepForward(logSnrAt(i / steps), logSnrAt((i + 1) / steps));
    states.push(copy(states[i], (value) => keep * value + shake * normal()));
  }
  return states;
};

/** The network of the widget, from its packed parameters and the constant that tells its shape. */
export const learned = ({ weights, scales, biases }, { sizes, frequencies }) =>
  learnedGuesses(unpack([sizes], { weights, scales, biases }, "relu")[0], frequencies);

/** The same times, but from N(0, I) at time 1 down to 0 by steps of "SDE" or "ODE", guess by guess. */
export const reversePaths = ({ centers, spread, sampler, steps, draw }, guesses = exactGuesses(centers, spread)) => {
  const normal = normals(draw + 2e6);
  const states = [copy({ length: 2 * PARTICLES }, normal)];
  for (let i = steps; i > 0; i--) {
    const [now, next] = [logSnrAt(i / steps), logSnrAt((i - 1) / steps)];
    const { keep, pull, shake } = STEPS[sampler](now, next);
    const [from, guess] = [states.at(-1), guesses(states.at(-1), now)];
    states.push(copy(from, (value, k) => keep * value + pull * guess[k] + (shake && shake * normal())));
  }
  return states.toReversed();
};

/** sigma times the score that a guess of x means, -eps^: flat as z is. */
export const scoreOf = (z, guess, logSnr) => {
  const [alpha, sigma] = signalNoise(logSnr).map(Math.sqrt);
  return copy(z, (value, k) => (alpha * guess[k] - value) / sigma);
};

/** The mean of |eps^ - eps*|^2 over points z, flat: what one guess misses of another. */
export const missed = (z, logSnr, guesses, best) => {
  const [ours, theirs] = [guesses, best].map((one) => scoreOf(z, one(z, logSnr), logSnr));
  return (2 / z.length) * ours.reduce((total, value, k) => total + (value - theirs[k]) ** 2, 0);
};

/** The paths back by the network, and what it guesses at one level: plain numbers, for one look from outside. */
export const backByTheNetwork = ({ network, packed, logSnr, z, ...values }) => {
  const typed = Object.entries(packed).map(([name, list]) => [name, Float32Array.from(list)]);
  const guesses = learned(Object.fromEntries(typed), network);
  return { guess: [...guesses(z, logSnr)], path: reversePaths(values, guesses).map((state) => [...state]) };
};

/** Where the particles stand at any time, on straight lines between the steps. */
export const statesAt = (states, time) => {
  const at = time * (states.length - 1);
  const i = Math.min(states.length - 2, Math.floor(at));
  return copy(states[i], (value, k) => value + (at - i) * (states[i + 1][k] - value));
};

/** The data under the noise of a log SNR: a mixture again. */
export const noisedLaw = (centers, spread, logSnr) => {
  const [signal, noise] = signalNoise(logSnr);
  const moved = centers.map((mu) => mu.map((value) => Math.sqrt(signal) * value));
  return mixture(alike(moved, Math.sqrt(signal * spread ** 2 + noise)));
};

/** Of points x, y: the share within three sigma of a center of the law, and the mean of log p. */
export const quality = (points, law) => {
  let [near, total] = [0, 0];
  for (let k = 0; k < points.length; k += 2) {
    const [x, y] = [points[k], points[k + 1]];
    if (law.parts.some(({ mu, sigma }) => Math.hypot(x - mu[0], y - mu[1]) < 3 * sigma[0])) near += 1;
    total += law.logDensity(x, y);
  }
  return { near: (2 * near) / points.length, logDensity: (2 * total) / points.length };
};

/** How sure the particles are of their center: the mean of the largest probability of a component given z. */
export const sureness = (points, { parts, logDensity }) => {
  let total = 0;
  for (let k = 0; k < points.length; k += 2) {
    const [x, y] = [points[k], points[k + 1]];
    const logs = parts.map(({ weight, mu, sigma: [s] }) => {
      return Math.log(weight / (2 * Math.PI * s * s)) - 0.5 * (((x - mu[0]) / s) ** 2 + ((y - mu[1]) / s) ** 2);
    });
    total += Math.exp(Math.max(...logs) - logDensity(x, y));
  }
  return (2 * total) / points.length;
};

/** What to reach, by the fields and `near`, the share of good samples. */
export const challenges = (now) => [
  {
    id: "spoil it",
    text: "Spoil it with 50 steps or more: fewer than half of the samples near a center.",
    reached: () => now().steps >= 50 && now().near < 0.5,
    why: "A network knows the data it was trained on, and no other: its score leads to where those were.",
  },
  {
    id: "few steps",
    text: "5 steps or fewer, and still 95 % near a center.",
    reached: () => now().steps <= 5 && now().near >= 0.95,
    why: "Where the clusters are broad or close, the way back is nearly a Gaussian at every step: long steps do.",
  },
  {
    id: "no noise",
    text: "98 % near a center by the ODE, none of them broader than 0.15.",
    reached: () => now().sampler === "ODE" && now().spread <= 0.15 && now().near >= 0.98,
    why: "Nothing random happens on the way, so nothing mends an error: the ODE wants steps that are short enough.",
  },
];

const trace = (plot, states, from, to, color) => {
  const last = states.length - 1;
  const times = [from, ...states.map((_, i) => i / last).filter((t) => t > from && t < to), to];
  const places = times.map((time) => statesAt(states.map((state) => state.subarray(0, 2 * TRAILS)), time));
  for (let k = 0; k < TRAILS; k++) {
    const [xs, ys] = [0, 1].map((axis) => places.map((place) => place[2 * k + axis]));
    plot.line(xs, ys, { color, width: 1, alpha: 0.45 });
  }
};

const every = (points, axis) => Array.from({ length: points.length / 2 }, (_, k) => points[2 * k + axis]);

const drawParticles = (plot, states, time, color) => {
  const points = statesAt(states, time);
  plot.points(every(points, 0), every(points, 1), { color, radius: 2, alpha: 0.8 });
};

const GRID_OF_ARROWS = linspace(-2.5, 2.5, 8);
const FEET = Float64Array.from([...GRID_OF_ARROWS].flatMap((x) => [...GRID_OF_ARROWS].flatMap((y) => [x, y])));

/** Arrows along sigma times the score, on a grid. */
const drawScore = (plot, guesses, logSnr, style) => {
  const score = scoreOf(FEET, guesses(FEET, logSnr), logSnr);
  for (let k = 0; k < FEET.length; k += 2) {
    const [x, y, dx, dy] = [FEET[k], FEET[k + 1], score[k], score[k + 1]];
    const scale = 0.45 / Math.max(1.5, Math.hypot(dx, dy));
    const look = { color: "likelihood", width: 1.3, head: 4, alpha: 0.8, ...style };
    plot.arrow(x, y, x + scale * dx, y + scale * dy, look);
  }
};

/** Where the data of the network would be at this time: circles of three sigma. */
const drawTaught = (plot, { centers, spread }, logSnr) => {
  for (const { mu, sigma } of noisedLaw(centers, spread, logSnr).parts) {
    plot.ellipse(...mu, 3 * sigma[0], 3 * sigma[0], { color: "ink", width: 1, dash: [3, 3], fill: 0 });
  }
};

const drawDensity = (plot, law, reach) => {
  const logs = Float64Array.from({ length: GRID * GRID }, (_, i) =>
    law.logDensity(reach * ((2 * (i % GRID)) / (GRID - 1) - 1), reach * (1 - (2 * Math.floor(i / GRID)) / (GRID - 1))),
  );
  const most = logs.reduce((a, b) => Math.max(a, b), -Infinity);
  const half = reach / (GRID - 1);
  const box = [-reach - half, -reach - half, reach + half, reach + half];
  const shades = logs.map((log) => 0.4 * clamp(1 + (log - most) / 5, 0, 1));
  plot.image(shades, GRID, GRID, box, { smooth: true, color: "evidence" });
};

const pathsPanel = (ui, now) =>
  ui.panel({
    title: "The first coordinate of particles on their way back; the vertical line is now.",
    label: "paths of particles from noise to data, in the first coordinate",
    span: 6,
    height: 160,
    x: [0, 1],
    y: [-3, 3],
    xTicks: [],
    xLabel: "noise \u2192 data",
    yLabel: "z\u2081",
    draw(plot) {
      const states = now.back();
      const across = states.map((_, i) => 1 - i / (states.length - 1));
      plot.clip(() => {
        for (let k = 0; k < 40; k++) {
          const color = k < TRAILS ? "posterior" : "muted";
          plot.line(across, states.map((state) => state[2 * k]), { color, width: 1, alpha: k < TRAILS ? 0.9 : 0.4 });
        }
        plot.vline(1 - ui.get("time"), { color: "ink" });
      });
    },
  });

export default {
  render({ model, el }) {
    const ui = frame({ model, el, title: "Into the noise and back" });
    const reach = ui.constant("reach");
    const taught = ui.constant("taught");
    const packed = Object.entries(tensors(model, ["weights", "scales", "biases"]));
    const network = learned(
      Object.fromEntries(packed.map(([name, { values }]) => [name, values])),
      ui.constant("network"),
    );
    const get = (...names) => Object.fromEntries(names.map((name) => [name, ui.get(name)]));
    const byNetwork = () => ui.get("score") === "learned";
    const moved = () => ["centers", "spread"].some((name) => String(ui.get(name)) !== String(taught[name]));
    const data = () => get("centers", "spread", "steps", "draw");
    const now = {
      forward: remember(() => Object.values(data()), () => forwardPaths(data())),
      exact: () => exactGuesses(ui.get("centers"), ui.get("spread")),
      guesses: () => (byNetwork() ? network : now.exact()),
      back: remember(
        () => {
          const way = Object.values(get("score", "sampler", "steps", "draw"));
          return byNetwork() ? way : [...way, ui.get("centers"), ui.get("spread")]; // a network never looks at the data
        },
        () => reversePaths({ ...data(), ...get("sampler") }, now.guesses()),
      ),
      missed: remember(
        () => [now.forward(), ui.get("time"), ui.get("score")],
        (states, time) => missed(statesAt(states, time), logSnrAt(time), now.guesses(), now.exact()),
      ),
      law: () => noisedLaw(ui.get("centers"), ui.get("spread"), logSnrAt(ui.get("time"))),
    };
    const atEnd = (points) => quality(points, noisedLaw(ui.get("centers"), ui.get("spread"), CLEANEST));
    const end = remember(() => [now.back(), ui.get("centers"), ui.get("spread")], (states) => atEnd(states[0]));
    const given = remember(() => [now.forward()], (states) => atEnd(states[0]));
    const square = { square: true, x: [-reach, reach], y: [-reach, reach], xLabel: "z\u2081", yLabel: "z\u2082" };
    const title = () => {
      if (!byNetwork()) return "Back along the score (arrows). Drag the centers.";
      if (!moved()) return "Back along the learned score; thin arrows: the exact one. Drag the centers.";
      return "The network knows only the data it was trained on (circles), and leads back there.";
    };
    const map = ui.panel({
      ...square,
      title: title(),
      label: "particles on their way back from noise, the density at this time, and its score",
      low: 280,
      draw(plot) {
        plot.clip(() => {
          drawDensity(plot, now.law(), reach);
          if (byNetwork()) {
            drawScore(plot, now.exact(), logSnrAt(ui.get("time")), { color: "ink", width: 1, alpha: 0.45 });
            if (moved()) drawTaught(plot, taught, logSnrAt(ui.get("time")));
          }
          drawScore(plot, now.guesses(), logSnrAt(ui.get("time")));
          trace(plot, now.back(), ui.get("time"), 1, "posterior");
          drawParticles(plot, now.back(), ui.get("time"), "posterior");
        });
      },
    });
    ui.panel({
      ...square,
      title: "Forward: the data, and noise added step by step.",
      label: "particles of the data under noise, and their density",
      draw(plot) {
        plot.clip(() => {
          drawDensity(plot, now.law(), reach);
          trace(plot, now.forward(), 0, ui.get("time"), "data");
          drawParticles(plot, now.forward(), ui.get("time"), "data");
        });
      },
    });
    pathsPanel(ui, now);
    ui.get("centers").forEach((_, k) =>
      ui.handle(map, {
        label: `center ${k + 1}`,
        color: "evidence",
        step: 0.1,
        at: () => ui.get("centers")[k],
        move: (x, y) => ui.set("centers", ui.get("centers").with(k, [x, y])),
      }),
    );
    ui.on(["centers", "draw"], ui.redraw);
    ui.on(["centers", "spread", "score"], () => map.caption(title()));
    ui.slider({ name: "time", label: "time: 0 data, 1 noise" });
    ui.player({ label: "Play it back", name: "time", values: linspace(1, 0, 101), pace: 0.04 });
    ui.choice({ name: "score", label: "The score" });
    ui.choice({ name: "sampler", label: "The way back", labels: { SDE: "SDE, ancestral", ODE: "ODE, DDIM" } });
    ui.slider({ name: "steps", label: "steps on the way", step: 1, scale: "log" });
    ui.slider({ name: "spread", label: "\u03c3 of each cluster" });
    ui.button("Draw again", () => ui.set("draw", (ui.get("draw") % 50) + 1));
    const percent = (share) => `${format(100 * share, 1)} %`;
    ui.readout(() => {
      const states = now.back();
      return [
        ["log SNR now", format(logSnrAt(ui.get("time")), 1)],
        byNetwork()
          ? ["squared error in \u03b5", format(now.missed(), 3), "likelihood"]
          : ["one step, in log SNR", format((2 * CLEANEST) / ui.get("steps"))],
        ["sure of its center now", percent(sureness(statesAt(states, ui.get("time")), now.law())), "posterior"],
        ["near a center at the end", percent(end().near), "posterior"],
        ["mean log p of samples", end().logDensity, "posterior"],
        ["of the data", given().logDensity, "data"],
      ];
    });
    ui.challenges("forward_reverse", challenges(() => ({ ...get("sampler", "steps", "spread"), near: end().near })));
    return ui.dispose;
  },
};
