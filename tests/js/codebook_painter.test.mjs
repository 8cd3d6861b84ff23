import { equal } from "./check.mjs";
import { cellAt, challenges, grid } from "../../vae_utils/widgets/codebook_painter.mjs";

const NOW = {
  slots: 3, changed: () => 0, costs: () => ({ autoregressive: 10 }), usual: () => ({ autoregressive: 10 }), least: 10,
  filled: null,
};
const reached = (now) => challenges({ ...NOW, ...now }).map((one) => one.reached());
const filled = (held, prior = "autoregressive") => reached({ filled: { held, prior } })[2];

export const tests = {
  "cells fill a sheet in full rows where they can, as large as can be": () => {
    equal(grid(6, 350, 167, 1.3), { columns: 3, lines: 2 });
    equal(grid(32, 717, 300, 0.7), { columns: 8, lines: 4 });
    equal(grid(32, 306, 191, 0.7), { columns: 8, lines: 4 });
    equal(grid(1, 300, 100, 1), { columns: 1, lines: 1 });
    equal(grid(7, 700, 100, 1), { columns: 7, lines: 1 });
  },
  "the cell under a finger, rows from the top": () => {
    const layout = { columns: 3, lines: 2 };
    equal([cellAt(0.1, 0.9, 6, layout), cellAt(0.9, 0.9, 6, layout), cellAt(0.1, 0.1, 6, layout)], [0, 2, 3]);
    equal([cellAt(0.9, 0.1, 5, layout), cellAt(1.2, 0.9, 6, layout), cellAt(-0.1, 0.9, 6, layout)], [null, null, null]);
    equal([cellAt(0.5, 1.3, 6, layout), cellAt(0.5, -0.3, 6, layout)], [null, null]);
  },
  "twice the nats by one cell; a cheap code": () => {
    equal(reached({}), [false, false, false]);
    equal(reached({ changed: () => 1, costs: () => ({ autoregressive: 20 }) }), [true, false, false]);
    equal(reached({ changed: () => 2, costs: () => ({ autoregressive: 20 }) }), [false, false, false]);
    equal(reached({ changed: () => 1, costs: () => ({ autoregressive: 19.9 }) }), [false, false, false]);
    equal(reached({ costs: () => ({ autoregressive: 7.5 }) }), [false, true, false]);
    equal(reached({ costs: () => ({ autoregressive: 7.6 }) }), [false, false, false]);
  },
  "the last cell alone was held at the last filling": () => {
    equal([filled([false, false, true]), filled([false, true, true])], [true, false]);
    equal(filled([true, false, false]), false);
    equal([filled([false, false, false]), filled([false, false, true], "independent")], [false, false]);
  },
};
