import { equal, ok } from "./check.mjs";
import { makeMemory, newlyReached } from "../../vae_utils/widgets/parts/challenges.mjs";

const storage = (kept = {}) => ({
  getItem: (name) => kept[name] ?? null,
  setItem: (name, value) => (kept[name] = value),
});
const forbidden = () => {
  throw new Error("SecurityError");
};
const list = (...reached) => reached.map((done, i) => ({ id: `c${i}`, reached: () => done }));
const ids = (found) => found.map(({ id }) => id);

export const tests = {
  "a challenge is newly reached once": () => {
    const memory = makeMemory(() => storage());
    equal(ids(newlyReached(list(true, false), memory, "w:")), ["c0"]);
    equal(ids(newlyReached(list(true, true), memory, "w:")), ["c1"]);
    equal(ids(newlyReached(list(true, true), memory, "w:")), []);
    equal(ids(newlyReached(list(true), memory, "other:")), ["c0"]);
  },
  "the page remembers it for the next visit": () => {
    const kept = {};
    newlyReached(list(true), makeMemory(() => storage(kept)), "w:");
    const later = makeMemory(() => storage(kept));
    ok(later.has("w:c0"));
    ok(!later.has("w:c1"));
  },
  "where storage is forbidden, absent or full, it is remembered while the page lives": () => {
    const full = { getItem: () => null, setItem: forbidden };
    for (const keeper of [forbidden, () => undefined, () => full]) {
      const memory = makeMemory(keeper);
      ok(!memory.has("w:c0"));
      memory.add("w:c0");
      ok(memory.has("w:c0"));
    }
  },
};
