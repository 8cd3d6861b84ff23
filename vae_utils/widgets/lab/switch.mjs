// Which run the knobs act on: a switch between A and B, there only while both are.
import { make } from "../parts/controls.mjs";

/** { element, show }; `changed()` hears that the other run was chosen. */
export const makeSwitch = (runs, changed) => {
  const group = `vae-run-${Math.random().toString(36).slice(2)}`;
  const choose = (letter) => () => {
    runs.choose(letter);
    changed();
  };
  const inputs = ["A", "B"].map((letter) =>
    make("input", { type: "radio", name: group, value: letter, onchange: choose(letter) }),
  );
  const pill = (input) => make("label", {}, input, make("span", { text: input.value }));
  const legend = make("legend", { text: "Knobs of run" });
  const element = make("fieldset", { class: "vae-choice vae-which", hidden: true }, legend);
  element.append(make("div", {}, ...inputs.map(pill)));
  const show = () => {
    element.hidden = !runs.two();
    for (const input of inputs) input.checked = input.value === runs.chosen().letter;
  };
  return { element, show };
};
