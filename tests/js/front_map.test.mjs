import { close, equal, ok } from "./check.mjs";
import { challenges, classNear, wayFrom } from "../../vae_utils/widgets/front_map.mjs";

const CLOUD = { xs: [0, 1, -2], ys: [0, 0, 1], labels: [4, 7, 0] };
const HERE = { z: [0, 0], near: 0, wandering: false };
const reached = (now) => challenges(() => ({ ...HERE, ...now })).map((one) => one.reached());

export const tests = {
  "the way begins where the dot is and goes all over the middle of the map": () => {
    for (const start of [[0, 0], [-1.2, 0.7], [1.9, -1.9]]) close(wayFrom(start)(0), start, 1e-12);
    const way = wayFrom([0.3, -1]);
    const visited = new Set();
    for (let t = 0; t < 300; t += 0.1) {
      const [x, y] = way(t);
      ok(Math.abs(x) <= 1.9 && Math.abs(y) <= 1.9, [x, y]);
      visited.add(`${Math.floor(x / 0.95)}, ${Math.floor(y / 0.95)}`);
    }
    equal(visited.size, 16);
  },
  "from beyond the way it goes on at its rim, and no step is a leap": () => {
    close(wayFrom([3, -3])(0), [1.9, -1.9], 1e-12);
    const way = wayFrom([0, 0]);
    const step = (t) => Math.hypot(...way(t).map((value, i) => value - way(t + 1 / 60)[i]));
    for (let t = 0; t < 60; t += 1 / 60) ok(step(t) < 0.025, step(t));
  },
  "the class of the nearest code": () => {
    equal(classNear(CLOUD, [0.4, 0.1]), 4);
    equal(classNear(CLOUD, [0.6, 0.1]), 7);
    equal(classNear(CLOUD, [-2, -1]), 0);
    equal(classNear({ xs: [], ys: [], labels: [] }, [0, 0]), "");
  },
  "a hand solves a challenge, the wandering dot does not": () => {
    equal(reached({}), [false, false]);
    equal(reached({ near: 4 }), [true, false]);
    equal(reached({ z: [2.6, -2.6] }), [false, true]);
    equal(reached({ z: [2.4, -2.4] }), [false, false]);
    equal(reached({ near: 4, z: [3, 3], wandering: true }), [false, false]);
  },
};
