// Noise pushed through a map: where the map is steep the density falls, where it is flat the density rises.
import { frame } from "./parts/frame.mjs";
import { clamp, linspace, normals, remember, uniforms } from "./parts/maths.mjs";
import {
  densityAt, KNOTS, makeMap, preimages, pushforward, reaching, slopeOf, SOURCES,
} from "./parts/transformation_maps.mjs";

const RANGE = [-3.5, 3.5];
const BOXES = 210;
const BARS = 70;
const MOST = 6000;
const Z = linspace(...RANGE, 351);
const CENTERS = linspace(RANGE[0] + 3.5 / BOXES, RANGE[1] - 3.5 / BOXES, BOXES);
const NAMES = KNOTS.map((_, i) => `knot_${i + 1}`);
const SLICE = 0.15;

/** Counts of draws in BARS boxes over RANGE, as heights of a density. */
export const histogram = (values, total) => {
  const counts = new Float64Array(BARS);
  const width = (RANGE[1] - RANGE[0]) / BARS;
  for (const value of values) {
    const box = Math.floor((value - RANGE[0]) / width);
    if (box >= 0 && box < BARS) counts[box] += 1;
  }
  return counts.map((count) => count / Math.max(1, total) / width);
};

/** A stream of draws that starts again from the same seed. */
const makeSamples = () => {
  const samples = { z: [], x: [] };
  samples.clear = () => {
    [samples.z, samples.x] = [[], []];
    [samples.uniform, samples.normal] = [uniforms(11), normals(12)];
  };
  samples.push = (count, source, g) => {
    for (let i = 0; i < count; i++) {
      const z = SOURCES[source].draw(samples.uniform, samples.normal);
      samples.z.push(z);
      samples.x.push(g(z));
    }
  };
  samples.clear();
  return samples;
};

/** Heights of a density beside the map: noise below it, growing up; data to its left, growing to the right. */
const LEDGE = -6.3;
const ROOM = 2.4;
const below = (scale) => ({ at: (along, height) => [along, LEDGE + scale * height], color: "prior" });
const beside = (scale) => ({ at: (along, height) => [LEDGE + scale * height, along], color: "data" });

const outline = (plot, side, xs, heights) => {
  const places = Array.from(xs, (x, i) => side.at(x, heights[i]));
  plot.line(places.map(([x]) => x), places.map(([, y]) => y), { color: side.color });
};

const bars = (plot, side, values) => {
  const width = (RANGE[1] - RANGE[0]) / BARS;
  histogram(values, values.length).forEach((height, i) => {
    if (height === 0) return;
    const left = RANGE[0] + i * width;
    const [[x0, y0], [x1, y1]] = [side.at(left, 0), side.at(left + 0.9 * width, height)];
    plot.bar(x0, x1, y0, y1, { color: side.color, alpha: 0.3 });
  });
};

/** The part of a density from low to high, filled. */
const slice = (plot, side, xs, heights, [low, high]) => {
  const step = xs[1] - xs[0];
  xs.forEach((x, i) => {
    const [from, to] = [Math.max(low, x - step / 2), Math.min(high, x + step / 2)];
    if (to <= from) return;
    const [[x0, y0], [x1, y1]] = [side.at(from, 0), side.at(to, heights[i])];
    plot.bar(x0, x1, y0, y1, { color: side.color, alpha: 0.65 });
  });
};

/** The way of a draw: up from the noise to the map, then left to the data. */
const path = (plot, g, z, settings) => {
  if (Math.abs(z) < -RANGE[0]) plot.line([z, z, LEDGE], [LEDGE, g(z), g(z)], { width: 1, ...settings });
};

const drawBand = (plot, { noise, data }) => {
  const [top, right] = [Math.max(...data), Math.max(...noise.flat())];
  for (const [from, to] of noise) plot.bar(from, to, LEDGE, top, { color: "likelihood", alpha: 0.12 });
  plot.bar(LEDGE, right, data[0], data[1], { color: "likelihood", alpha: 0.12 });
};

/** What to reach, by the map, the heights of the density that it makes, and all z that land where the slice does. */
export const challenges = (now) => [
  {
    id: "gap",
    text: "Normal noise, a map by hand: make p(x) at x = 0 less than a third of its peak.",
    reached() {
      const { source, map, density } = now();
      return source === "normal" && map === "by hand" && density[BOXES >> 1] < Math.max(...density) / 3;
    },
    why: "Steep in the middle spreads the noise thin there. A decoder makes its gaps the same way.",
  },
  {
    id: "uniform",
    text: "Make noise that is not uniform land uniformly between 0 and 1.",
    reached() {
      const { source, density } = now();
      const inside = density.filter((_, i) => CENTERS[i] > 0.1 && CENTERS[i] < 0.9);
      return source !== "uniform" && inside.every((height) => Math.abs(height - 1) < 0.1);
    },
    why: "The map to ranks is as steep as the noise is dense, and the two cancel. Its inverse makes any density.",
  },
  {
    id: "two ways",
    text: "Put the slice on an x that two different z reach.",
    reached: () => now().reached.length > 1,
    why: "p(x) adds p(z) / |g\u2032(z)| over all of them. Which one was it? That is what a posterior answers.",
  },
];

export default {
  render({ model, el }) {
    const ui = frame({ model, el, title: "Push noise through a map" });
    const samples = makeSamples();
    const chosen = () => ({ map: ui.get("map"), source: ui.get("source"), knots: NAMES.map((name) => ui.get(name)) });
    const current = remember(() => Object.values(chosen()).flat(), () => {
      const g = makeMap(chosen());
      return { g, density: pushforward(g, ui.get("source"), RANGE, BOXES) };
    });
    const around = () => {
      const [a, b] = [ui.get("probe") - SLICE, ui.get("probe") + SLICE];
      const images = linspace(a, b, 9).map(current().g);
      const data = [Math.min(...images), Math.max(...images)];
      const elsewhere = reaching(current().g, data).filter(([from, to]) => to < a || from > b);
      return { noise: [[a, b], ...elsewhere], data };
    };
    const others = () => {
      const z = preimages(current().g, current().g(ui.get("probe"))).map((found) => found.z);
      return z.filter((value) => Math.abs(value - ui.get("probe")) > SLICE);
    };

    const panel = ui.panel({
      title: "Noise comes in from below, meets the map, and leaves to the left as data.",
      label: "the map g, the density of the noise below it and the density of the data to its left",
      height: 500,
      span: 6,
      low: 300,
      x: [LEDGE, RANGE[1]],
      y: [LEDGE, RANGE[1]],
      xTicks: [-2, 0, 2],
      yTicks: [-2, 0, 2],
      xLabel: "z",
      yLabel: "x = g(z)",
      draw(plot) {
        const { g, density } = current();
        const noise = Z.map(SOURCES[ui.get("source")].density);
        const [low, left] = [below(ROOM / 0.62), beside(ROOM / clamp(Math.max(...density), 0.62, 1.6))];
        plot.clip(() => {
          drawBand(plot, around());
          samples.z.slice(-12).forEach((z) => path(plot, g, z, { color: "muted", alpha: 0.4 }));
          bars(plot, low, samples.z);
          bars(plot, left, samples.x);
          for (const stretch of around().noise) slice(plot, low, Z, noise, stretch);
          slice(plot, left, CENTERS, density, around().data);
          outline(plot, low, Z, noise);
          outline(plot, left, CENTERS, density);
          plot.line(Z, Z.map(g), { color: "likelihood", width: 2.5 });
          for (const z of [ui.get("probe"), ...others()]) path(plot, g, z, { dash: [5, 4], width: 1.5 });
        });
        plot.text(RANGE[0], LEDGE, "noise p(z)", { color: "prior", align: "right", bold: true, dx: -6, dy: -12 });
        plot.text(LEDGE, RANGE[1], "data p(x)", { color: "data", align: "left", bold: true, dx: 6, dy: 10 });
        const end = clamp(g(RANGE[1]), RANGE[0] + 0.6, RANGE[1] - 0.2);
        const style = { color: "likelihood", align: "right", bold: true, dx: -4, dy: 14, halo: true };
        plot.text(RANGE[1], end, "map g", style);
      },
    });

    const bend = (i, x) => {
      const values = KNOTS.map((z) => clamp(current().g(z), ...ui.limits(NAMES[0])));
      if (ui.get("map") !== "by hand") values.forEach((value, k) => ui.set(NAMES[k], value));
      ui.set(NAMES[i], clamp(x, ...ui.limits(NAMES[i])));
      ui.set("map", "by hand");
    };
    KNOTS.forEach((z, i) =>
      ui.handle(panel, {
        label: `map at z = ${z}`,
        axis: "y",
        color: "likelihood",
        step: 0.1,
        at: () => [z, clamp(current().g(z), ...RANGE)],
        move: (_, x) => bend(i, x),
      }),
    );
    ui.handle(panel, {
      label: "slice",
      axis: "x",
      color: "prior",
      at: () => [ui.get("probe"), LEDGE],
      move: (z) => ui.set("probe", clamp(z, ...ui.limits("probe"))),
    });
    ui.select({ name: "source", label: "Noise" });
    const labels = { ranks: "ranks u = F(z)", "two humps": "two humps, by (1.3)", fold: "fold |z|" };
    ui.select({ name: "map", label: "Map", labels });
    ui.slider({ name: "probe", label: "slice at z", step: 0.05 });
    for (const name of NAMES) ui.on(name, ui.redraw);

    const loop = ui.loop(() => {
      const count = Math.max(4, Math.round(samples.z.length / 25));
      samples.push(Math.min(count, MOST - samples.z.length), ui.get("source"), current().g);
      if (samples.z.length >= MOST) loop.stop();
      ui.redraw();
    });
    const restart = () => {
      samples.clear();
      ui.redraw();
    };
    ui.on(["source", "map", ...NAMES], restart);
    const push = () => {
      restart();
      if (!ui.reducedMotion()) return loop.start();
      samples.push(MOST, ui.get("source"), current().g);
    };
    ui.button("Push samples through", push, { primary: true });
    ui.button("Straighten the map", () => {
      ui.stop();
      ui.set("map", "straight");
      restart();
    });
    ui.readout(() => {
      const [z, { g }] = [ui.get("probe"), current()];
      const slope = Math.abs(slopeOf(g, z));
      const p = SOURCES[ui.get("source")].density(z);
      const all = densityAt(g, ui.get("source"), g(z));
      const bounded = (value) => (value < 1e6 ? value : "no bound");
      return [
        ["x = g(z)", g(z), "data"],
        ["slope g\u2032(z)", slopeOf(g, z), "likelihood"],
        ["p(z)", p, "prior"],
        ["p(z) / |g\u2032(z)|", bounded(p / slope), "data"],
        ["p(x), from every such z", bounded(all), "data"],
        ["samples", String(samples.z.length)],
      ];
    });
    ui.reset({ moved: () => samples.z.length > 0, back: restart });
    const look = () => ({ ...chosen(), ...current(), reached: [ui.get("probe"), ...others()] });
    ui.challenges("transformation", challenges(look));
    return ui.dispose;
  },
};
