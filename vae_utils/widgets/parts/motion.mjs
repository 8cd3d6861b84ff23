// What moves by itself: loops over animation frames that rest out of sight, and the button that plays a control.
import { button } from "./controls.mjs";
import { clamp, nearest } from "./maths.mjs";
import { reducedMotion } from "./theme.mjs";

/** Call `changed(visible)` when the widget comes into sight or leaves it. */
export const watchSight = (el, cleanups, changed) => {
  const watcher = new IntersectionObserver((entries) => changed(entries.at(-1).isIntersecting));
  watcher.observe(el);
  cleanups.push(() => watcher.disconnect());
};

/**
 * A loop over animation frames that rests while the widget is out of sight: `start`, `stop`, `running`; `changed` hears
 * whether it runs.
 */
export const makeLoop = (el, cleanups, frame, changed = () => {}) => {
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
    changed(true);
    wake();
  };
  loop.stop = () => {
    loop.running = false;
    changed(false);
  };
  cleanups.push(loop.stop);
  return loop;
};

/**
 * A button that plays the control `name` through `values`, one every `pace` seconds, from where it stands or from the
 * start. Pressed again it pauses; the controls stay free meanwhile. With reduced motion it jumps to the end, and back.
 */
export const makePlayer = (state, newLoop, { label, name, values, pace, ...settings }) => {
  const last = values.length - 1;
  const at = () => nearest(values, state.get(name));
  let waited = 0;
  const step = (seconds) => {
    waited += seconds;
    const passed = Math.floor(waited / pace);
    waited -= passed * pace;
    if (passed) state.set(name, values[Math.min(last, at() + passed)]);
    if (at() === last) loop.stop();
  };
  const loop = newLoop(step, (on) => (player.textContent = on ? "Pause" : label));
  const player = button(label, () => {
    const ended = at() === last;
    if (reducedMotion()) return state.set(name, values[ended ? 0 : last]);
    if (loop.running) return loop.stop();
    waited = 0;
    if (ended) state.set(name, values[0]);
    return loop.start();
  }, settings);
  return player;
};

/**
 * A button that goes on step by step until `step()` says that all is done, or until it is pressed again. With reduced
 * motion it takes up to `most` steps at once.
 */
export const makeSeeker = (newLoop, { label, step, most }) => {
  const loop = newLoop(() => step() || loop.stop(), (on) => (seeker.textContent = on ? "Stop" : label));
  const seeker = button(label, () => {
    if (loop.running) return loop.stop();
    if (!reducedMotion()) return loop.start();
    for (let i = 0; i < most && step(); i++);
    return null;
  }, { primary: true });
  return seeker;
};
