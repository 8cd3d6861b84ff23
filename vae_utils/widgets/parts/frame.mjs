// The frame of a widget: panels that redraw themselves, controls tied to the model, a read-out, handles to drag.
import { button, choice, make, select, slider, stops, toggle } from "./controls.mjs";
import { makeLoop, makePlayer, watchSight } from "./motion.mjs";
import { makeHandle, makePanel, watchStrokes } from "./panel.mjs";
import { makeReadout } from "./readout.mjs";
import { readTheme, reducedMotion, watchTheme } from "./theme.mjs";

const SAVE_AFTER = 20; // a timer, not an animation frame: a hidden tab has none, and Python must hear all the same

/** Fields of the model by name, their limits, constants, and one save for all changes of a frame. */
const tie = (model, cleanups) => {
  let saving = 0;
  return {
    get: (name) => model.get(name),
    limits: (name) => model.get("limits")[name],
    constant: (name) => model.get("constants")[name],
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

/** Lay out a widget in `el` and return what it is built from; every part is placed in the order of the calls. */
export const frame = ({ model, el, title, panelWidth = 250 }) => {
  const cleanups = [];
  const panels = [];
  const state = tie(model, cleanups);
  let [theme, request, summary, tryAgain] = [null, 0, null, false];
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
    const hidden = panels.filter((panel) => !panel.draw());
    if (summary) readout.say(summary());
    // A page may hide itself for the one frame in which its theme changes, and no size changes when it comes back.
    tryAgain = hidden.length > 0 && !tryAgain;
    if (tryAgain) redraw();
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
  // A page turns light for paper, and a printer waits for no frame.
  const drawForPaper = () => {
    theme = null;
    draw();
  };
  window.addEventListener("beforeprint", drawForPaper);
  cleanups.push(
    watchTheme(() => {
      theme = null;
      redraw();
    }),
    () => window.removeEventListener("beforeprint", drawForPaper),
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
