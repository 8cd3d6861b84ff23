// Noise pushed through a map: where the map is steep the density falls, where it is flat the density rises.
import { frame } from "./frame.mjs";
import { clamp, linspace, normals, uniforms } from "./maths.mjs";
import { KNOTS, makeMap, pushforward, slopeOf, SOURCES } from "./transformation_maps.mjs";

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

const bars = (plot, values, color) => {
  const width = (RANGE[1] - RANGE[0]) / BARS;
  histogram(values, values.length).forEach((height, i) => {
    const left = RANGE[0] + i * width;
    if (height > 0) plot.bar(left, left + 0.9 * width, 0, height, { color, alpha: 0.3 });
  });
};

/** The slice of noise around the probe, or its image: filled, from low to high. */
const slice = (plot, xs, ys, [low, high], color) => {
  const inside = Array.from(xs, (x, i) => [x, ys[i]]).filter(([x]) => x >= low && x <= high);
  if (inside.length < 2) return;
  plot.fill(inside.map(([x]) => x), inside.map(([, y]) => y), { color, alpha: 0.55 });
};

const drawMap = (plot, g, probe, recent) => {
  plot.clip(() => {
    recent.forEach(([z, x]) => {
      plot.line([z, z, plot.xRange[0]], [plot.yRange[0], x, x], { color: "muted", width: 1, alpha: 0.35 });
    });
    plot.line(Z, Z.map(g), { color: "likelihood", width: 2.5 });
    plot.line([probe, probe, plot.xRange[0]], [plot.yRange[0], g(probe), g(probe)], { dash: [5, 4], width: 1.5 });
    plot.points([probe], [g(probe)], { radius: 4 });
  });
};

export default {
  render({ model, el }) {
    const ui = frame({ model, el, title: "Push noise through a map" });
    const samples = makeSamples();
    const chosen = () => ({ map: ui.get("map"), source: ui.get("source"), knots: NAMES.map((name) => ui.get(name)) });
    const now = { key: "", g: (z) => z, density: new Float64Array(BOXES) };
    const current = () => {
      const key = JSON.stringify(chosen());
      if (key === now.key) return now;
      const g = makeMap(chosen());
      return Object.assign(now, { key, g, density: pushforward(g, ui.get("source"), RANGE, BOXES) });
    };
    const around = () => {
      const [a, b] = [ui.get("probe") - SLICE, ui.get("probe") + SLICE];
      const images = linspace(a, b, 9).map(current().g);
      return { noise: [a, b], data: [Math.min(...images), Math.max(...images)] };
    };

    ui.panel({
      title: "Noise. The dark slice holds some probability.",
      height: 230,
      x: RANGE,
      y: [0, 0.62],
      xLabel: "z",
      xTicks: [-2, 0, 2],
      yTicks: [],
      draw(plot) {
        const density = Z.map(SOURCES[ui.get("source")].density);
        bars(plot, samples.z, "prior");
        slice(plot, Z, density, around().noise, "prior");
        plot.line(Z, density, { color: "prior" });
        plot.text(RANGE[0], 0.58, "p(z)", { color: "prior", align: "left", bold: true, dx: 6 });
      },
    });
    const panel = ui.panel({
      title: "The map. Drag its five handles.",
      height: 230,
      x: RANGE,
      y: RANGE,
      xLabel: "z",
      yLabel: "x = g(z)",
      xTicks: [-2, 0, 2],
      draw: (plot) => drawMap(plot, current().g, ui.get("probe"), samples.z.slice(-12).map((z) => [z, current().g(z)])),
    });
    ui.panel({
      title: "Data. The slice arrives here, as likely as before.",
      height: 230,
      x: RANGE,
      y: () => [0, clamp(1.12 * Math.max(...current().density), 0.62, 1.6)],
      xLabel: "x",
      xTicks: [-2, 0, 2],
      yTicks: [],
      draw(plot) {
        const { density } = current();
        plot.clip(() => {
          bars(plot, samples.x, "data");
          slice(plot, CENTERS, density, around().data, "data");
          plot.line(CENTERS, density, { color: "data" });
        });
        plot.text(RANGE[0], 0.94 * plot.yRange[1], "p(x)", { color: "data", align: "left", bold: true, dx: 6 });
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
    ui.select({ name: "source", label: "Noise" });
    ui.select({ name: "map", label: "Map", labels: { ranks: "ranks u = F(z)", "two humps": "two humps, by (1.3)", fold: "fold |z|" } });
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
      loop.stop();
      ui.set("map", "straight");
      restart();
    });
    ui.readout(() => {
      const [z, { g }] = [ui.get("probe"), current()];
      const slope = Math.abs(slopeOf(g, z));
      const p = SOURCES[ui.get("source")].density(z);
      const box = Math.floor(((g(z) - RANGE[0]) / (RANGE[1] - RANGE[0])) * BOXES);
      return [
        ["x = g(z)", g(z), "data"],
        ["slope g\u2032(z)", slopeOf(g, z), "likelihood"],
        ["p(z)", p, "prior"],
        ["p(z) / |g\u2032(z)|", slope > 1e-6 ? p / slope : "no bound", "data"],
        ["p(x), all of it", current().density[box] ?? "off the picture", "data"],
        ["samples", String(samples.z.length)],
      ];
    });
    return ui.dispose;
  },
};
