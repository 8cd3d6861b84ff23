import { close, ok } from "./check.mjs";
import { CEILING, challenges, curves, known, measures } from "../../vae_utils/widgets/critic.mjs";

const NORMAL = known([[0, 1]]);
const BUMPS = known([[-1.8, 0.6], [1.8, 0.6]]);
const STATE = { mean: 1, width: 1.5, strength: 1 };
const PLACES = [-8, -1.5, 0.4, 3, 8].flatMap((mean) => [0.3, 1, 3].map((width) => ({ mean, width })));
const each = (check) => [NORMAL, BUMPS].forEach((p) => PLACES.forEach((place) => check(p, place)));

export const tests = {
  "the worked example: JS 0.09929, and 0.08104 by half the critic": () => {
    close(measures(NORMAL, STATE).js, 0.09929, 1e-5);
    close(measures(NORMAL, { ...STATE, strength: 0.5 }).bound, 0.08104, 1e-5);
  },
  "the bound is JS for the best critic, 0 for none, and rises between": () =>
    each((p, place) => {
      const runs = [0, 0.1, 0.3, 0.6, 0.9, 1].map((strength) => measures(p, { ...place, strength }));
      close(runs[0].bound, 0, 1e-6);
      close(runs.at(-1).bound, runs[0].js, 1e-12);
      runs.slice(1).forEach(({ bound }, i) => ok(bound > runs[i].bound - 1e-9));
      ok(runs[0].js < CEILING + 1e-9);
    }),
  "one density on itself: no distance, no slope, and a critic that says 1/2": () => {
    const same = { mean: 0, width: 1, strength: 1 };
    Object.values(measures(NORMAL, same)).forEach((value) => close(value, 0, 1e-6));
    curves(NORMAL, same).D.forEach((d) => close(d, 0.5, 1e-9));
  },
  "D is p / (p + q)": () => {
    const { x, p, q, D } = curves(BUMPS, STATE);
    x.forEach((at, i) => Math.abs(at) > 8 || close(D[i], p[i] / (p[i] + q[i]), 1e-12));
  },
  "W1 of shifted normals is the shift, of wider ones sqrt(2 / pi) times the difference": () => {
    [-8, -0.7, 3].forEach((mean) => close(measures(NORMAL, { mean, width: 1, strength: 1 }).w1, Math.abs(mean), 1e-4));
    const wide = measures(NORMAL, { mean: 0, width: 2.5, strength: 1 }).w1;
    close(wide, 1.5 * Math.sqrt(2 / Math.PI), 1e-3);
  },
  "with the best critic the saturating slope is twice that of JS in the mean": () => {
    const at = (mean) => measures(NORMAL, { mean, width: 1, strength: 1 });
    const [h, mean] = [1e-4, 1.3];
    close(at(mean).saturating, (at(mean + h).js - at(mean - h).js) / h, 1e-6);
  },
  "between equal widths the slopes add up to that of the logit": () =>
    [0.2, 1].forEach((strength) => {
      const { saturating, other } = measures(NORMAL, { mean: 3, width: 1, strength });
      close(saturating + other, 3 * strength, 1e-6);
      ok(saturating < other);
    }),
  "far away only the saturating slope vanishes, and a weak critic keeps it": () => {
    const far = (strength) => measures(NORMAL, { mean: 7, width: 1, strength });
    ok(far(1).saturating < 0.01 && far(1).other > 6.9);
    ok(far(0.05).saturating > 10 * far(1).saturating);
  },
  "no critic, no challenge": () => {
    const now = { ...measures(NORMAL, { ...STATE, strength: 0 }), strength: 0 };
    challenges(() => now).forEach(({ reached }) => ok(!reached()));
  },
};
