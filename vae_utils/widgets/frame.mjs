// The frame of a widget: panels that redraw themselves, controls tied to the model, a read-out, handles to drag.
import { button, choice, make, select, slider, stops, toggle } from "./controls.mjs";
import { clamp, format, nearest } from "./maths.mjs";
import { Plot } from "./plot.mjs";
import { readTheme, reducedMotion, watchTheme } from "./theme.mjs";

const QUIET = 500;
const SAVE_AFTER = 20; // a timer, not an animation frame: a hidden tab has none, and Python must hear all the same

/** Fields of the model by name, with limits, and one save for all changes of a frame. */
const tie = (model, cleanups) => {
  let saving = 0;
  return {
    get: (name) => model.get(name),
    limits: (name) => model.get("limits")[name],
    set(name, value) {
      model.set(name, value);
      saving ||= setTimeout(() => {
        saving = 0;
        model.save_changes();
      }, SAVE_AFTER);
    },
    on(names, handler) {
      for (const name of [names].flat()) {
        model.on(`change:${name}`, handler);
        cleanups.push(() => model.off(`change:${name}`, handler));
      }
    },
  };
};

const shown = (value) => (typeof value === "number" ? format(value, 3) : value);

const readoutItem = ([label, value, concept]) =>
  make(
    "div",
    concept ? { style: `--concept: var(--w-${concept})` } : {},
    make("dt", { text: label }),
    make("dd", { text: shown(value) }),
  );

/** Two elements: what is seen changes at once, what is spoken waits until the numbers rest. */
const makeReadout = (cleanups) => {
  const seen = make("dl", { class: "vae-readout" });
  const spoken = make("div", { class: "vae-spoken", role: "status", "aria-live": "polite" });
  let [last, timer] = ["", 0];
  cleanups.push(() => clearTimeout(timer));
  const say = (items) => {
    const text = items.map(([label, value]) => `${label} ${shown(value)}`).join("; ");
    if (!text || text === last) return; // nothing to say yet: what stood there stays, and the page does not jump
    last = text;
    seen.replaceChildren(...items.map(readoutItem));
    clearTimeout(timer);
    timer = setTimeout(() => (spoken.textContent = text), QUIET);
  };
  return { seen, spoken, say };
};

/** One canvas in a figure. `draw(plot)` is called with axes already drawn; x, y, xLabel, yLabel may be functions. */
const makePanel = (settings, theme, redraw) => {
  const { title, label = title, height = 240, draw, ...axes } = settings;
  const canvas = make("canvas", { role: "img", "aria-label": label });
  const holder = make("div", { class: "vae-canvas", style: `height: ${height}px` }, canvas);
  if (settings.square) holder.style.cssText = "aspect-ratio: 1";
  const caption = title ? [make("figcaption", { text: title })] : [];
  const figure = make("figure", { class: "vae-panel" }, ...caption, holder);
  const panel = { canvas, holder, figure, handles: [], plot: null };
  panel.caption = (text) => caption.forEach((element) => (element.textContent = text));
  panel.draw = () => {
    const { clientWidth: width, clientHeight: height } = holder;
    if (width < 24 || height < 24) return;
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
  };
  const observer = new ResizeObserver(redraw);
  observer.observe(holder);
  panel.stop = () => observer.disconnect();
  return panel;
};

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowDown: [0, -1], ArrowUp: [0, 1] };

/** A point that is dragged by pointer or moved by arrow keys (Shift: ten steps), inside the panel's axes. */
const makeHandle = (panel, { label, at, move, axis = "both", step = 0.05, color = "ink", text }) => {
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
    const size = step * (event.shiftKey ? 10 : 1);
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
const watchStrokes = (panel, stroke) => {
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

/**
 * Keep the classes `vae-narrow` (up to 420 px) and `vae-medium` (520 to 800 px) as `el` is wide. Container queries
 * would say the same, but with them Chromium leaves the height of a long page stale: its footer covers the last lines.
 */
const watchWidth = (el, cleanups) => {
  const observer = new ResizeObserver((entries) => {
    const { width } = entries.at(-1).contentRect;
    el.classList.toggle("vae-narrow", width <= 420);
    el.classList.toggle("vae-medium", width >= 520 && width <= 800);
  });
  observer.observe(el);
  cleanups.push(() => observer.disconnect());
};

/** Call `changed(visible)` when the widget comes into sight or leaves it. */
const watchSight = (el, cleanups, changed) => {
  const watcher = new IntersectionObserver((entries) => changed(entries.at(-1).isIntersecting));
  watcher.observe(el);
  cleanups.push(() => watcher.disconnect());
};

/** A loop over animation frames that rests while the widget is out of sight: `start`, `stop`, `running`. */
const makeLoop = (el, cleanups, frame) => {
  const loop = { running: false, visible: true };
  let [request, before] = [0, 0];
  const tick = (now) => {
    request = 0;
    if (!loop.running || !loop.visible) return;
    frame(clamp((now - before) / 1000, 0, 0.1)); // the first frame may have begun before the call
    before = now;
    request ||= requestAnimationFrame(tick);
  };
  const wake = () => {
    before = performance.now();
    request ||= requestAnimationFrame(tick);
  };
  watchSight(el, cleanups, (visible) => {
    loop.visible = visible;
    if (loop.running && visible) wake();
  });
  loop.start = () => {
    loop.running = true;
    wake();
  };
  loop.stop = () => (loop.running = false);
  cleanups.push(loop.stop);
  return loop;
};

/**
 * A button that plays the control `name` through `values`, one every `pace` seconds, from where it stands or from the
 * start. Pressed again it pauses; the controls stay free meanwhile. With reduced motion it jumps to the end, and back.
 */
const makePlayer = (state, newLoop, { label, name, values, pace, ...settings }) => {
  const last = values.length - 1;
  const at = () => nearest(values, state.get(name));
  let waited = 0;
  const run = (on) => {
    if (on) loop.start();
    else loop.stop();
    player.textContent = on ? "Pause" : label;
  };
  const loop = newLoop((seconds) => {
    waited += seconds;
    const passed = Math.floor(waited / pace);
    waited -= passed * pace;
    if (passed) state.set(name, values[Math.min(last, at() + passed)]);
    if (at() === last) run(false);
  });
  const player = button(label, () => {
    const ended = at() === last;
    if (reducedMotion()) return state.set(name, values[ended ? 0 : last]);
    waited = 0;
    if (ended) state.set(name, values[0]);
    return run(!loop.running);
  }, settings);
  return player;
};

/** Lay out a widget in `el` and return what it is built from; every part is placed in the order of the calls. */
export const frame = ({ model, el, title, panelWidth = 250 }) => {
  const cleanups = [];
  const panels = [];
  const state = tie(model, cleanups);
  let [theme, request, summary] = [null, 0, null];
  el.classList.add("vae-widget");
  const heading = make("p", { class: "vae-title", text: title });
  const style = `--panel: ${panelWidth}px`;
  const body = make("section", { class: "vae-body", "aria-label": title, style }, heading);
  el.replaceChildren(body);
  watchWidth(el, cleanups);
  const readout = makeReadout(cleanups);

  const draw = () => {
    request = 0;
    if (!el.isConnected) return;
    theme ??= readTheme(el);
    for (const panel of panels) panel.draw();
    if (summary) readout.say(summary());
  };
  const redraw = () => {
    request ||= requestAnimationFrame(draw);
  };
  const place = (classes, element) => {
    if (!body.lastElementChild.classList.contains(classes)) body.append(make("div", { class: classes }));
    body.lastElementChild.append(element);
    return element;
  };
  const control = (kind) => (settings) => {
    state.on(settings.name, redraw);
    return place("vae-controls", kind(state, settings));
  };
  cleanups.push(
    watchTheme(() => {
      theme = null;
      redraw();
    }),
    () => cancelAnimationFrame(request),
  );

  return {
    ...state,
    body,
    redraw,
    reducedMotion,
    theme: () => (theme ??= readTheme(el)),
    panel(settings) {
      const panel = makePanel(settings, () => theme, redraw);
      panels.push(panel);
      cleanups.push(panel.stop);
      place("vae-panels", panel.figure);
      redraw();
      return panel;
    },
    slider: control(slider),
    stops: control(stops),
    select: control(select),
    choice: control(choice),
    toggle: control(toggle),
    button: (label, pressed, settings) => place("vae-buttons", button(label, pressed, settings)),
    player: (settings) => place("vae-buttons", makePlayer(state, (step) => makeLoop(el, cleanups, step), settings)),
    note: (text) => place("vae-notes", make("p", { text })),
    handle: makeHandle,
    strokes: watchStrokes,
    sight: (changed) => watchSight(el, cleanups, changed),
    loop: (step) => makeLoop(el, cleanups, step),
    /** `items()` returns [label, value, concept] triples; numbers are shown with three digits. */
    readout(items) {
      summary = items;
      body.append(readout.seen, readout.spoken);
      redraw();
    },
    cleanup: (action) => cleanups.push(action),
    dispose: () => cleanups.forEach((action) => action()),
  };
};
