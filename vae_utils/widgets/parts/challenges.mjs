// Challenges: things to reach by one's own hand, ticked off when they are, and remembered where the page may remember.
import { make } from "./controls.mjs";

const SOLVED = "1";

/** What the page remembers by name; where storage is forbidden, as in a sandbox, only as long as it lives. */
export const makeMemory = (storage = () => globalThis.localStorage) => {
  const here = new Set();
  const guarded = (use) => {
    try {
      return use(storage());
    } catch {
      return null;
    }
  };
  return {
    has: (name) => here.has(name) || guarded((kept) => kept.getItem(name)) === SOLVED,
    add(name) {
      here.add(name);
      guarded((kept) => kept.setItem(name, SOLVED));
    },
  };
};

/** Which challenges of a list { id, reached } are newly reached: those that `memory` does not hold and now does. */
export const newlyReached = (list, memory, prefix) =>
  list.filter(({ id, reached }) => {
    if (memory.has(`${prefix}${id}`) || !reached()) return false;
    memory.add(`${prefix}${id}`);
    return true;
  });

/** A link to the page of a chapter beside this one, where this is a page of the website; its number elsewhere. */
const chapterLink = (chapter) => {
  const words = `Chapter ${Number(chapter.slice(0, 2))}`;
  const onSite = document.querySelector(".bd-article");
  return onSite ? make("a", { href: `${chapter}.html`, text: words }) : make("span", { text: words });
};

const item = ({ text, why, chapter }) => {
  const tick = make("span", { class: "vae-tick", "aria-hidden": "true" });
  const state = make("span", { class: "vae-said" });
  const reason = make("p", { class: "vae-why", text: why, hidden: true });
  if (chapter) reason.append(" ", chapterLink(chapter), ".");
  const element = make("li", {}, tick, make("p", {}, state, text), reason);
  const show = (solved) => {
    element.classList.toggle("vae-solved", solved);
    state.textContent = solved ? "Done: " : "Open: ";
    reason.hidden = !solved;
  };
  return { element, show };
};

/**
 * A list of { id, text, reached, why, chapter }: `reached()` looks at the fields of the widget, `why` is shown once it
 * is true, with the name of the `chapter` that says more, if there is one.
 * { element, look }: `look()` is called after each drawing and returns what to say of what was reached just now.
 */
export const makeChallenges = (widget, list, memory = makeMemory()) => {
  const prefix = `vae-challenge:${widget}:`;
  const items = list.map(item);
  const count = make("p", { class: "vae-challenges-title" });
  let shown = "";
  const show = () => {
    const solved = list.map(({ id }) => memory.has(`${prefix}${id}`));
    if (String(solved) === shown) return;
    shown = String(solved);
    items.forEach((one, i) => one.show(solved[i]));
    count.textContent = `Challenges: ${solved.filter(Boolean).length} of ${list.length} done`;
  };
  const look = () => {
    const found = newlyReached(list, memory, prefix);
    show(); // also what another copy on this page has reached
    return found.map(({ text, why }) => `Challenge done: ${text} ${why}`).join(" ");
  };
  show();
  const element = make("div", { class: "vae-challenges" }, count, make("ol", {}, ...items.map((one) => one.element)));
  return { element, look };
};
