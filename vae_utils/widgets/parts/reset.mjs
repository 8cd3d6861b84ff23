// The way back: a button that gives every field the value that the widget was made with.
import { button } from "./controls.mjs";

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

/**
 * { control, show, also }: the button, asleep while there is nothing to take back; `show` looks whether that is so.
 * `also({ moved, back })`: `moved()` says whether something beside the fields has moved, `back()` takes that back too.
 */
export const makeReset = (state, stop) => {
  const start = Object.entries(state.get("start"));
  let more = { moved: () => false, back: () => {} };
  const restore = () => start.forEach(([name, value]) => same(state.get(name), value) || state.set(name, value));
  const control = button("Reset", () => {
    stop();
    restore();
    restore(); // a field may have moved another one
    more.back();
  });
  control.title = "Everything as it was at the start";
  control.classList.add("vae-reset");
  const show = () => {
    const moved = more.moved() || start.some(([name, value]) => !same(state.get(name), value));
    control.disabled = !moved && document.activeElement !== control; // the focus stays where the reader has put it
  };
  control.addEventListener("blur", show);
  show();
  return { control, show, also: (settings) => (more = { ...more, ...settings }) };
};
