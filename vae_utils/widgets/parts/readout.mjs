// The read-out of a widget: the numbers that its pictures show, seen at once and spoken when they rest.
import { make } from "./controls.mjs";
import { format } from "./maths.mjs";

const QUIET = 500;

const shown = (value) => (typeof value === "number" ? format(value, 3) : value);

const readoutItem = ([label, value, concept]) =>
  make(
    "div",
    concept ? { style: `--concept: var(--w-${concept})` } : {},
    make("dt", { text: label }),
    make("dd", { text: shown(value) }),
  );

/** Two elements: what is seen changes at once, what is spoken waits until the numbers rest; `news` is spoken first. */
export const makeReadout = (cleanups) => {
  const seen = make("dl", { class: "vae-readout" });
  const spoken = make("div", { class: "vae-spoken", role: "status", "aria-live": "polite" });
  let [last, timer, first] = ["", 0, ""];
  cleanups.push(() => clearTimeout(timer));
  const speak = () => {
    spoken.textContent = `${first}${last}`;
    first = "";
  };
  const say = (items, news = "") => {
    if (news) first = `${first}${news} `;
    const text = items.map(([label, value]) => `${label} ${shown(value)}`).join("; ");
    if (!text || (text === last && !news)) return; // what stood there stays, and the page does not jump
    last = text;
    seen.replaceChildren(...items.map(readoutItem));
    clearTimeout(timer);
    timer = setTimeout(speak, QUIET);
  };
  return { seen, spoken, say };
};
