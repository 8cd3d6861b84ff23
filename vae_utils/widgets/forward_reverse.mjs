// Particles that drown in noise and come back by the exact score of a mixture, along an SDE or an ODE.
import { frame } from "./parts/frame.mjs";
import { clamp, format, linspace, normals, remember } from "./parts/maths.mjs";
import { alike, mixture } from "./parts/mixture.mjs";
import { bestGuess, signalNoise, stepForward, STEPS } from "./parts/noising.mjs";

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

/** The same times, but from N(0, I) at time 1 down to 0 by steps of "SDE" or "ODE". */
export const reversePaths = ({ centers, spread, sampler, steps, draw }) => {
  const normal = normals(draw + 2e6);
  const states = [copy({ length: 2 * PARTICLES }, normal)];
  const guess = new Float64Array(2);
  for (let i = steps; i > 0; i--) {
    const [now, next] = [logSnrAt(i / steps), logSnrAt((i - 1) / steps)];
    const { keep, pull, shake } = STEPS[sampler](now, next);
    const best = bestGuess(centers, spread, now);
    const from = states.at(-1);
    const to = new Float64Array(from.length);
    for (let k = 0; k < from.length; k += 2) {
      best(from[k], from[k + 1], guess);
      for (const axis of [0, 1]) {
        to[k + axis] = keep * from[k + axis] + pull * guess[axis] + (shake && shake * normal());
      }
    }
    states.push(to);
  }
  return states.toReversed();
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
    text: "Spoil it: fewer than 50 % of the samples near a center.",
    reached: () => now().near < 0.5,
    why: "A long step aims at the mean of all centers that are still possible, and that mean is no center.",
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

/** Arrows along sigma times the score, on a grid. */
const drawScore = (plot, { centers, spread }, logSnr) => {
  const best = bestGuess(centers, spread, logSnr);
  const [alpha, sigma] = signalNoise(logSnr).map(Math.sqrt);
  for (const x of linspace(-2.5, 2.5, 8)) {
    for (const y of linspace(-2.5, 2.5, 8)) {
      const [dx, dy] = best(x, y).map((value, axis) => (alpha * value - [x, y][axis]) / sigma);
      const scale = 0.45 / Math.max(1.5, Math.hypot(dx, dy));
      plot.arrow(x, y, x + scale * dx, y + scale * dy, { color: "likelihood", width: 1.3, head: 4, alpha: 0.8 });
    }
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
    const get = (...names) => Object.fromEntries(names.map((name) => [name, ui.get(name)]));
    const data = () => get("centers", "spread", "steps", "draw");
    const now = {
      forward: remember(() => Object.values(data()), () => forwardPaths(data())),
      back: remember(
        () => [...Object.values(data()), ui.get("sampler")],
        () => reversePaths({ ...data(), ...get("sampler") }),
      ),
      law: () => noisedLaw(ui.get("centers"), ui.get("spread"), logSnrAt(ui.get("time"))),
    };
    const atEnd = (points) => quality(points, noisedLaw(ui.get("centers"), ui.get("spread"), CLEANEST));
    const end = remember(() => [now.back()], (states) => atEnd(states[0]));
    const given = remember(() => [now.forward()], (states) => atEnd(states[0]));
    const square = { square: true, x: [-reach, reach], y: [-reach, reach], xLabel: "z\u2081", yLabel: "z\u2082" };
    const map = ui.panel({
      ...square,
      title: "Back along the score (arrows). Drag the centers.",
      label: "particles on their way back from noise, the density at this time, and its score",
      low: 280,
      draw(plot) {
        plot.clip(() => {
          drawDensity(plot, now.law(), reach);
          drawScore(plot, data(), logSnrAt(ui.get("time")));
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
    ui.slider({ name: "time", label: "time: 0 data, 1 noise" });
    ui.player({ label: "Play it back", name: "time", values: linspace(1, 0, 101), pace: 0.04 });
    ui.choice({ name: "sampler", label: "The way back", labels: { SDE: "SDE, ancestral", ODE: "ODE, DDIM" } });
    ui.slider({ name: "steps", label: "steps on the way", step: 1, scale: "log" });
    ui.slider({ name: "spread", label: "\u03c3 of each cluster" });
    ui.button("Draw again", () => ui.set("draw", (ui.get("draw") % 50) + 1));
    const percent = (share) => `${format(100 * share, 1)} %`;
    ui.readout(() => {
      const states = now.back();
      return [
        ["log SNR now", format(logSnrAt(ui.get("time")), 1)],
        ["one step, in log SNR", format((2 * CLEANEST) / ui.get("steps"))],
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
