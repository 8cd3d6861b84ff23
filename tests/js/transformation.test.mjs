import { close, equal, ok } from "./check.mjs";
import { linspace, mean, normalDensity, normals, uniforms } from "../../vae_utils/widgets/parts/maths.mjs";
import { histogram } from "../../vae_utils/widgets/transformation.mjs";
import * as maps from "../../vae_utils/widgets/parts/transformation_maps.mjs";

const { CAMEL, KNOTS, SOURCES } = maps;
const total = (heights, [low, high]) => (heights.reduce((a, b) => a + b, 0) * (high - low)) / heights.length;
const names = Object.keys(SOURCES);

export const tests = {
  "ranks are the area under the density": () => {
    for (const law of [...Object.values(SOURCES), CAMEL]) {
      const zs = linspace(-6, 1.1, 20001);
      const area = zs.reduce((sum, z) => sum + law.density(z), 0) * (zs[1] - zs[0]);
      close(law.rank(1.1), area, 2e-4);
    }
  },
  "draws follow their ranks": () => {
    for (const name of names) {
      const [uniform, normal] = [uniforms(1), normals(2)];
      const ranks = Array.from({ length: 20000 }, () => SOURCES[name].rank(SOURCES[name].draw(uniform, normal)));
      close(mean(ranks), 0.5, 0.01);
      close(mean(ranks.map((u) => u * u)), 1 / 3, 0.01);
    }
  },
  "the density at x adds what every z brings": () => {
    const fold = maps.makeMap({ map: "fold", source: "normal" });
    for (const x of [0, 0.3, 1.7]) close(maps.densityAt(fold, "normal", x), 2 * normalDensity(x), 1e-4, `fold at ${x}`);
    const humps = maps.makeMap({ map: "two humps", source: "normal" });
    for (const x of [-1.5, 0.2, 1]) close(maps.densityAt(humps, "normal", x), CAMEL.density(x), 3e-3, `camel at ${x}`);
    close(maps.densityAt(Math.exp, "normal", 2), normalDensity(Math.log(2)) / 2, 1e-5);
    ok(maps.densityAt(() => 0.5, "uniform", 0.5) === Infinity);
    close(maps.densityAt((z) => z, "uniform", 2.5), 0, 0);
  },
  "no probability is lost on the way": () => {
    for (const source of names)
      for (const map of ["straight", "fold", "ranks", "two humps", "by hand"]) {
        const g = maps.makeMap({ map, source, knots: [1, -1, 0.5, 0.5, 2] });
        close(total(maps.pushforward(g, source, [-12, 12]), [-12, 12]), 1, 1e-3, `${map} of ${source}`);
      }
  },
  "the density is p(z) / g'(z)": () => {
    const range = [0, 4];
    const heights = maps.pushforward(Math.exp, "normal", range, 400);
    [0.5, 1, 2.5].forEach((x) =>
      close(heights[Math.floor(x * 100)], normalDensity(Math.log(x + 0.005)) / (x + 0.005), 2e-3),
    );
  },
  "a fold adds both branches": () => {
    const heights = maps.pushforward(Math.abs, "normal", [-4, 4], 400);
    close(heights[250], 2 * normalDensity(1.01), 1e-3);
    close(heights[150], 0, 1e-12);
  },
  "ranks are uniform and two humps are the camel, whatever the noise": () => {
    for (const source of names) {
      const flat = maps.pushforward(maps.makeMap({ map: "ranks", source }), source, [0, 1], 50);
      flat.slice(1, -1).forEach((height) => close(height, 1, 0.02));
      const camel = maps.pushforward(maps.makeMap({ map: "two humps", source }), source, [-4, 4], 80);
      camel.forEach((height, i) => close(height, CAMEL.density(-4 + 0.1 * (i + 0.5)), 0.01));
    }
  },
  "the curve by hand passes through its handles and turns nowhere else": () => {
    const ys = [-3, -1, -0.5, 2, 2.5];
    const g = maps.bent(ys);
    KNOTS.forEach((z, i) => close(g(z), ys[i], 1e-12));
    const along = linspace(-4, 4, 801).map(g);
    ok(along.every((x, i) => i === 0 || x >= along[i - 1]), "increasing handles give an increasing map");
  },
  "every z that lands on x is found, on both sides of a fold": () => {
    const found = (x) => maps.preimages(Math.abs, x).map(({ z }) => z);
    close(found(1.3), [-1.3, 1.3], 1e-5);
    equal(found(-1), []);
    close(maps.preimages(Math.exp, 2).map(({ z }) => z), [Math.log(2)], 1e-5);
  },
  "the stretches of noise that reach a slice": () => {
    const [left, right] = maps.reaching(Math.abs, [1, 1.5]);
    close([...left, ...right], [-1.5, -1, 1, 1.5], 3e-3);
    equal(maps.reaching(Math.exp, [-2, -1]), []);
  },
  "the slope is that of the map": () => {
    close(maps.slopeOf(Math.exp, 0.7), Math.exp(0.7), 1e-6);
    close(maps.slopeOf(maps.bent([-4, -2, 0, 2, 4]), 2.7), 2, 1e-9);
  },
  "the bars are a density": () => {
    const heights = histogram([0.01, 0.02, -3.49, 99], 4);
    close(total(heights, [-3.5, 3.5]), 0.75, 1e-12);
  },
};
