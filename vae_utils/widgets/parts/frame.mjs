// The frame of a widget: panels that redraw themselves, controls tied to the model, a read-out, handles to drag.
import { makeChallenges } from "./challenges.mjs";
import { button, choice, make, select, slider, stops, toggle } from "./controls.mjs";
import { makeLoop, makePlayer, makeSeeker, watchSight } from "./motion.mjs";
import { makeHandle, makePanel, watchStrokes } from "./panel.mjs";
import { makeReadout } from "./readout.mjs";
import { makeReset } from "./reset.mjs";
import { watchRoom } from "./room.mjs";
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
 * Lay out a widget in `el` and return what it is built from: a stage with the panels and a rail with the controls, each
 * in the order of the calls. `tall`: the height that a panel keeps on a phone, where the leading one stays in sight.
 */
export const frame = ({ model, el, title }) => {
  const cleanups = [];
  const [panels, loops] = [[], []];
  const state = tie(model, cleanups);
  let [theme, request, summary, challenges, tryAgain] = [null, 0, null, null, false];
  el.classList.add("vae-widget");
  const readout = makeReadout(cleanups);
  const reset = makeReset(state, () => loops.forEach((loop) => loop.stop()));
  const heading = make("div", { class: "vae-head" }, make("p", { class: "vae-title", text: title }), reset.control);
  const [stage, rail] = ["vae-stage", "vae-rail"].map((name) => make("div", { class: name }));
  const body = make("div", { class: "vae-body", role: "group", "aria-label": title }, heading, stage, rail);
  el.replaceChildren(body);
  watchRoom(el, cleanups);

  const draw = () => {
    request = 0;
    if (!el.isConnected) return;
    theme ??= readTheme(el);
    const hidden = panels.filter((panel) => !panel.figure.hidden && !panel.draw());
    const news = hidden.length ? "" : challenges?.look();
    if (summary) readout.say(summary(), news);
    reset.show();
    // A page may hide itself for the one frame in which its theme changes, and no size changes when it comes back.
    tryAgain = hidden.length > 0 && !tryAgain;
    if (tryAgain) redraw();
  };
  const redraw = () => {
    request ||= requestAnimationFrame(draw);
  };
  const place = (classes, element) => {
    if (!rail.lastElementChild?.classList.contains(classes)) rail.append(make("div", { class: classes }));
    rail.lastElementChild.append(element);
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

  const loop = (...how) => {
    const made = makeLoop(el, cleanups, ...how);
    loops.push(made);
    return made;
  };

  return {
    ...state,
    redraw,
    reducedMotion,
    theme: () => (theme ??= readTheme(el)),
    panel(settings) {
      const panel = makePanel(settings, () => theme, redraw);
      panels.push(panel);
      cleanups.push(panel.stop);
      stage.append(panel.figure);
      redraw();
      return panel;
    },
    slider: control(slider),
    stops: control(stops),
    select: control(select),
    choice: control(choice),
    toggle: control(toggle),
    button: (label, pressed, settings) => place("vae-buttons", button(label, pressed, settings)),
    player: (settings) => place("vae-buttons", makePlayer(state, loop, settings)),
    seeker: (settings) => place("vae-buttons", makeSeeker(loop, settings)),
    note: (text) => place("vae-notes", make("p", { text })),
    handle: makeHandle,
    strokes: watchStrokes,
    sight: (changed) => watchSight(el, cleanups, changed),
    loop,
    stop: () => loops.forEach((one) => one.stop()),
    reset: reset.also,
    /** `items()` returns [label, value, concept] triples; numbers are shown with three digits. */
    readout(items) {
      summary = items;
      rail.append(readout.seen, readout.spoken);
      redraw();
    },
    /** See challenges.mjs; `widget` is the name under which they are remembered. */
    challenges(widget, list) {
      challenges = makeChallenges(widget, list);
      body.append(challenges.element);
    },
    cleanup: (action) => cleanups.push(action),
    dispose: () => cleanups.forEach((action) => action()),
  };
};
