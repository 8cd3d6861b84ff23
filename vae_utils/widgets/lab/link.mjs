// Links to a state of the Lab: one is read when the page opens and when the address changes, and made by a button.
import { fromAddress, HELD, toAddress } from "./address.mjs";
import { make } from "../parts/controls.mjs";
import { KNOBS } from "./runs.mjs";

/** Whether the settings were changed after the first step: a link holds them as they are now, for all its steps. */
const changedOnTheWay = (picture) => picture?.marks.some(({ step }) => step > 0);

/** Where the clipboard is closed, the address bar holds the link. */
const hand = async (address) => {
  try {
    await navigator.clipboard.writeText(address);
    return "copied";
  } catch {
    history.replaceState(null, "", address);
    return "in the address bar";
  }
};

/**
 * { button, note, restore }: `note()` says what became of the last link; `train(n)` starts anew and trains n steps.
 * What a link holds that this Lab does not know stands in a line below the head of the widget.
 */
export const makeLinks = (ui, { head, runs, train }) => {
  let note = "";
  const line = make("p", { class: "vae-ignored", role: "status", hidden: true });
  head.after(line);
  const say = (words, ignored = []) => {
    note = words;
    line.hidden = !ignored.length;
    line.textContent = ignored.length ? `The link was read but for ${ignored.join(", ")}.` : "";
    ui.redraw();
  };
  const limits = new Proxy({}, { get: (_, name) => ui.limits(name) });
  const restore = () => {
    const found = fromAddress(location.hash.slice(1), limits, ui.constant("most_points"), KNOBS);
    if (!found) return false;
    runs.close({ keep: true });
    for (const name of HELD) ui.set(name, found.values[name] ?? ui.get("start")[name]);
    if (found.b) runs.open(found.b);
    runs.lookAround(found.plane);
    train(found.n);
    say(found.ignored.length ? "read in part" : "restored", found.ignored);
    return true;
  };
  const copy = async () => {
    const steps = runs.a.picture()?.terms.step ?? 0;
    const more = { knobs: KNOBS, b: runs.b()?.get ?? null, plane: runs.around() };
    const address = `${location.href.split("#")[0]}#${toAddress(runs.a.get, steps, more)}`;
    const where = await hand(address);
    const changed = runs.active().some((run) => changedOnTheWay(run.picture()));
    say(changed ? `${where}, with the settings of now` : where);
  };
  addEventListener("hashchange", restore);
  ui.cleanup(() => removeEventListener("hashchange", restore));
  return { copy, restore, note: () => note, clear: () => say("") };
};
