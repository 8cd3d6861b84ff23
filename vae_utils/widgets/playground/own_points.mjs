// Points that a reader draws: strokes, a handle for the keyboard, and the buttons that go with them.
import { OWN } from "./datasets.mjs";
import { clamp, normals } from "../parts/maths.mjs";

/** Points keep to a grid of 1 / GRID, so that two bytes hold a number exactly. */
export const GRID = 64;

/** Whether there is nothing to learn: the reader's own points were chosen, and none is drawn yet. */
export const empty = (ui) => ui.get("data") === OWN && ui.get("points").length === 0;

/** Strokes and a handle that put points on the page, and the buttons that go with them. */
export const drawingTools = (ui, panel) => {
  const noise = normals(11);
  const spot = { x: 0.5, y: 0.5 };
  const own = () => ui.get("data") === OWN;
  const add = (x, y, count, spread) => {
    const near = Array.from({ length: count }, () => [x + spread * noise(), y + spread * noise()]);
    const onGrid = (value) => Math.round(GRID * clamp(value, ...ui.limits("points"))) / GRID;
    const inside = near.map((pair) => pair.map(onGrid));
    ui.set("points", [...ui.get("points"), ...inside].slice(-ui.constant("most_points")));
  };
  ui.strokes(panel, ({ x, y }) => own() && add(x, y, 4, 0.05));
  const knob = ui.handle(panel, {
    label: "where to put points",
    color: "data",
    at: () => [spot.x, spot.y],
    move: (x, y) => {
      Object.assign(spot, { x, y });
      ui.redraw();
    },
  });
  const buttons = [
    ui.button("Put points at the handle", () => add(spot.x, spot.y, 40, 0.12)),
    ui.button("Clear the points", () => ui.set("points", [])),
  ];
  const show = () => {
    for (const element of [knob, ...buttons]) element.hidden = !own();
    panel.canvas.style.touchAction = own() ? "none" : "";
    buttons[1].disabled = ui.get("points").length === 0;
  };
  ui.on(["data", "points"], show);
  show();
  return spot;
};
