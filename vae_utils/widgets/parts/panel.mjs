// One picture of a widget: a canvas that redraws itself, points to drag on it, and strokes drawn over it.
import { make } from "./controls.mjs";
import { clamp, format } from "./maths.mjs";
import { Plot } from "./plot.mjs";

/**
 * One canvas in a figure. `draw(plot)` is called with axes already drawn; x, y, xLabel, yLabel may be functions.
 * `span` of the six columns of a wide stage and `rows` of its rows are the panel's place there. `height` is in pixels,
 * and no more than `low` where the panel leads on a phone; `aspect` is width over height instead, up to `most` pixels,
 * and `square` an aspect of 1.
 * `panel.draw()` says whether there was room to draw.
 */
export const makePanel = (settings, theme, redraw) => {
  const { title, label = title, height = 240, span = 3, rows = 1, low = 240, most = 999, ...rest } = settings;
  const { square, draw, ...axes } = rest;
  const aspect = settings.aspect ?? (square ? 1 : 0);
  const canvas = make("canvas", { role: "img", "aria-label": label });
  const shape = aspect ? `aspect-ratio: ${aspect}; max-height: ${most}px` : `height: ${height}px`;
  const holder = make("div", { class: "vae-canvas", style: shape }, canvas);
  const caption = title ? [make("figcaption", { text: title })] : [];
  const place = `--span: ${span}; --rows: ${2 * rows}; --low: ${low}px; --aspect: ${aspect || "auto"}`;
  const figure = make("figure", { class: "vae-panel", style: place }, ...caption, holder);
  figure.classList.toggle("vae-tall", rows > 1);
  const panel = { canvas, holder, figure, handles: [], plot: null };
  panel.caption = (text) => caption.forEach((element) => (element.textContent = text));
  panel.draw = () => {
    const { clientWidth: width, clientHeight: height } = holder;
    if (width < 24 || height < 24) return false;
    const ratio = Math.min(3, globalThis.devicePixelRatio || 1);
    const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (canvas.width !== w || canvas.height !== h) Object.assign(canvas, { width: w, height: h });
    const context = canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    const now = Object.fromEntries(Object.entries(axes).map(([k, v]) => [k, typeof v === "function" ? v() : v]));
    panel.plot = new Plot(context, { x: [0, 1], y: [0, 1], ...now, width, height, theme: theme() });
    panel.plot.drawAxes();
    draw(panel.plot);
    for (const handle of panel.handles) handle.place(panel.plot);
    return true;
  };
  const observer = new ResizeObserver(redraw);
  observer.observe(holder);
  panel.stop = () => observer.disconnect();
  return panel;
};

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowDown: [0, -1], ArrowUp: [0, 1] };

/** A point dragged by pointer or moved by arrow keys (Shift: ten steps), inside the axes; `step` may ask for +-1. */
export const makeHandle = (panel, { label, at, move, axis = "both", step = 0.05, color = "ink", text }) => {
  const knob = make("button", {
    type: "button",
    role: "slider",
    class: "vae-handle",
    "data-axis": axis,
    "aria-label": label,
    style: `--concept: var(--w-${color})`,
  });
  const go = (x, y) => {
    const [xs, ys] = [panel.plot.xRange, panel.plot.yRange];
    if (Number.isFinite(x) && Number.isFinite(y)) move(clamp(x, ...xs), clamp(y, ...ys));
  };
  knob.addEventListener("keydown", (event) => {
    const arrow = ARROWS[event.key];
    if (!arrow || !panel.plot) return;
    event.preventDefault();
    const [x, y] = at();
    const size = (typeof step === "function" ? step(arrow[0] + arrow[1]) : step) * (event.shiftKey ? 10 : 1);
    const along = axis === "x" ? [arrow[0] + arrow[1], 0] : axis === "y" ? [0, arrow[0] + arrow[1]] : arrow;
    go(x + size * along[0], y + size * along[1]);
  });
  knob.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    knob.focus({ preventScroll: true });
    knob.setPointerCapture(event.pointerId);
  });
  knob.addEventListener("pointermove", (event) => {
    if (!knob.hasPointerCapture(event.pointerId) || !panel.plot) return;
    const box = panel.holder.getBoundingClientRect();
    const { x, y } = panel.plot.at(event.clientX - box.left, event.clientY - box.top);
    go(x, y);
  });
  const place = (plot) => {
    const [x, y] = at();
    const range = axis === "y" ? plot.yRange : plot.xRange;
    const spoken = { x: format(x), y: format(y), both: `${format(x)}, ${format(y)}` };
    knob.style.left = `${clamp(plot.px(x), 0, plot.width)}px`;
    knob.style.top = `${clamp(plot.py(y), 0, plot.height)}px`;
    knob.setAttribute("aria-valuemin", format(range[0]).replace("\u2212", "-"));
    knob.setAttribute("aria-valuemax", format(range[1]).replace("\u2212", "-"));
    knob.setAttribute("aria-valuenow", (axis === "y" ? y : x).toFixed(3));
    knob.setAttribute("aria-valuetext", text?.() ?? spoken[axis]);
  };
  panel.holder.append(knob);
  panel.handles.push({ knob, place });
  return knob;
};

/** Pointer strokes over a panel in data coordinates: `stroke({ x, y, first, last })`. */
export const watchStrokes = (panel, stroke) => {
  const { canvas, holder } = panel;
  canvas.style.touchAction = "none";
  const report = (event, extra) => {
    if (!panel.plot) return;
    const box = holder.getBoundingClientRect();
    const at = panel.plot.at(event.clientX - box.left, event.clientY - box.top);
    stroke({ ...at, first: false, last: false, ...extra });
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    report(event, { first: true });
  });
  canvas.addEventListener("pointermove", (event) => canvas.hasPointerCapture(event.pointerId) && report(event));
  canvas.addEventListener("pointerup", (event) => report(event, { last: true }));
};
