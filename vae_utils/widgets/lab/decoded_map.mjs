// What the decoder makes of the latent space: a sheet of digits, or the net that it lays into the plane of the points.
import { drawScans } from "../playground/views.mjs";
import { every, rowsOf } from "../parts/tensor.mjs";

const SIDE = 12;

const drawNet = (plot, map) => {
  const [x, y] = [every(map, 0, 2), every(map, 1, 2)];
  for (let i = 0; i < SIDE; i++) {
    const row = Array.from({ length: SIDE }, (_, j) => SIDE * i + j);
    const column = row.map((_, j) => SIDE * j + i);
    for (const [places, color] of [[row, "likelihood"], [column, "prior"]]) {
      plot.line(places.map((p) => x[p]), places.map((p) => y[p]), { color, width: 1.2, alpha: 0.75 });
    }
  }
};

export const drawMap = (plot, view) => {
  const { map } = view.picture();
  const { x, dim } = view.data;
  if (dim > 2) {
    drawScans(plot, rowsOf(map, dim), SIDE);
    return;
  }
  plot.clip(() => {
    plot.points(every(x, 0, 2), every(x, 1, 2), { color: "data", alpha: 0.28, radius: 1.6 });
    if (view.latent() === 1) plot.line(every(map, 0, 2), every(map, 1, 2), { color: "likelihood", width: 2 });
    else drawNet(plot, map);
  });
};

/** Draws from the prior, decoded. */
export const drawDraws = (plot, view) => {
  const { samples } = view.picture();
  const { x, dim } = view.data;
  if (dim > 2) {
    drawScans(plot, rowsOf(samples, dim), 6);
    return;
  }
  plot.clip(() => {
    plot.points(every(x, 0, 2), every(x, 1, 2), { color: "data", alpha: 0.28, radius: 1.6 });
    plot.points(every(samples, 0, 2), every(samples, 1, 2), { color: "prior", radius: 2, alpha: 0.8 });
  });
};
