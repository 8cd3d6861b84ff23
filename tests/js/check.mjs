// Assertions for the unit tests of the widgets' modules; they run under Node and in a browser alike.

const fail = (message) => {
  throw new Error(message);
};

export const ok = (condition, what) => condition || fail(`${what} is false`);

export const equal = (got, wanted, what = "value") => {
  const [a, b] = [JSON.stringify(got), JSON.stringify(wanted)];
  if (a !== b) fail(`${what}: got ${a}, wanted ${b}`);
};

/** Numbers, or arrays of numbers, that agree within `tolerance`. */
export const close = (got, wanted, tolerance = 1e-9, what = "value") => {
  if (typeof wanted === "number") {
    if (!(Math.abs(got - wanted) <= tolerance)) fail(`${what}: got ${got}, wanted ${wanted} within ${tolerance}`);
    return;
  }
  equal(got.length, wanted.length, `length of ${what}`);
  wanted.forEach((value, i) => close(got[i], value, tolerance, `${what}[${i}]`));
};

/** Run { name: test } and return [{ name, error }] with error null where it passed. */
export const runAll = async (tests) => {
  const results = [];
  for (const [name, test] of Object.entries(tests)) {
    try {
      await test();
      results.push({ name, error: null });
    } catch (error) {
      results.push({ name, error: String(error.stack ?? error) });
    }
  }
  return results;
};
