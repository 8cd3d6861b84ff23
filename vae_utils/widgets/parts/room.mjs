// The room that a widget has: how wide it is, and on a website the column that it may fill on both sides of the text.
import { clamp } from "./maths.mjs";

const COLUMN = ".bd-article-container";
const HEADER = ".bd-header-article";
const WIDEST = 1040;
const BESIDE = 16;
const [NARROW, WIDE] = [460, 700];

/** How far the widget reaches out of the text, in pixels, the same to its left and to its right. */
export const outreach = (text, column) => {
  const wanted = (Math.min(WIDEST, column.right - column.left - 2 * BESIDE) - (text.right - text.left)) / 2;
  const room = Math.min(text.left - column.left, column.right - text.right) - BESIDE;
  return Math.floor(clamp(wanted, 0, Math.max(0, room)));
};

/** The layout for a width: "narrow" (a phone), "medium", or "wide" (controls beside the panels). */
export const layoutFor = (width) => (width < NARROW ? "narrow" : width < WIDE ? "medium" : "wide");

const reachOut = (el, column) => {
  if (!column || !el.parentElement) return;
  const [text, room] = [el.parentElement, column].map((element) => element.getBoundingClientRect());
  const out = outreach(text, room);
  el.style.marginInline = out ? `${-out}px` : "";
};

/**
 * Keep one of the classes `vae-narrow`, `vae-medium`, `vae-wide` as `el` is wide, and `--top`, below which a panel may
 * stay while the page moves. Container queries would say the same, but with them Chromium leaves the height of a long
 * page stale: its footer covers the last lines.
 */
export const watchRoom = (el, cleanups) => {
  const column = el.closest(COLUMN);
  const fit = () => {
    reachOut(el, column);
    const layout = layoutFor(el.clientWidth);
    for (const name of ["narrow", "medium", "wide"]) el.classList.toggle(`vae-${name}`, name === layout);
    el.style.setProperty("--top", `${document.querySelector(HEADER)?.offsetHeight ?? 0}px`);
  };
  const observer = new ResizeObserver(fit);
  for (const element of [el, column]) if (element) observer.observe(element);
  cleanups.push(() => observer.disconnect());
  fit();
};
