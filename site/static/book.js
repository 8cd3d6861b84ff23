"use strict";

// The search shows lines of each page that it fetches, which a browser forbids for files on disk.
if (location.protocol === "file:" && typeof DOCUMENTATION_OPTIONS === "object")
  DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false; // oxlint-disable-line no-undef

// On a phone a wide formula gives up the empty place that its number has on the other side, and is then set smaller.
const SMALLEST = 0.7;

const moveLeft = (formula) => {
  const [table, labels] = ["mjx-mtable > mjx-table", "mjx-labels"].map((name) => formula.querySelector(name));
  const empty = parseFloat(table?.style.marginLeft);
  if (!(empty > 0) || !labels) return;
  table.style.marginLeft = "0";
  for (const part of [formula, table.parentElement]) part.style.minWidth = `${parseFloat(part.style.minWidth) - empty}em`;
  labels.style.width = `${parseFloat(labels.style.width) - empty}em`;
};

const fitDisplay = (formula) => {
  const frame = formula.parentElement;
  formula.dataset.size ??= parseFloat(formula.style.fontSize) || 100;
  formula.style.fontSize = `${formula.dataset.size}%`;
  if (frame.scrollWidth <= frame.clientWidth) return;
  moveLeft(formula);
  const share = Math.min(1, (0.99 * frame.clientWidth) / frame.scrollWidth);
  formula.style.fontSize = `${formula.dataset.size * Math.max(SMALLEST, share)}%`;
};

// A formula in a line of text that is wider than the line may scroll.
const fitInline = (formula) => {
  const frame = formula.closest("p, li, dd, td, summary");
  formula.classList.remove("wide");
  formula.classList.toggle("wide", Boolean(frame) && formula.offsetWidth > frame.clientWidth + 1);
};

const fitFormulas = () => {
  for (const formula of document.querySelectorAll(".bd-article mjx-container"))
    (formula.getAttribute("display") === "true" ? fitDisplay : fitInline)(formula);
};

// What scrolls sideways must be reachable by keyboard; what does not should be no stop on the way.
const scrollers =
  ".bd-article div.math, .bd-article pre, .bd-article .pst-scrollable-table-container, .bd-article mjx-container.wide";

const markScrollers = () => {
  fitFormulas();
  for (const element of document.querySelectorAll(scrollers)) {
    if (element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).overflowX === "auto") element.tabIndex = 0;
    else element.removeAttribute("tabindex");
  }
};

// The theme marks a line of the contents when its heading comes by from below; after a jump it is another one.
const contents = "nav.page-toc a";

const markPlace = () => {
  const { scrollHeight, clientHeight, scrollTop } = document.documentElement;
  const atEnd = scrollTop + clientHeight >= scrollHeight - 2;
  const tops = new Map();
  for (const link of document.querySelectorAll(contents)) {
    const place = document.getElementById(decodeURIComponent(link.hash.slice(1)));
    if (place) tops.set(link, place.getBoundingClientRect().top);
  }
  const seen = [...tops.keys()].filter((link) => tops.get(link) < clientHeight * (atEnd ? 1 : 0.3));
  // The last sections of a page cannot come up to its top: there the one that was asked for counts.
  const asked = seen.find((link) => link.hash === location.hash && tops.get(link) >= 0);
  for (const link of tops.keys()) {
    const here = link === (asked ?? seen.at(-1));
    for (const marked of [link, link.closest(".toc-entry")]) marked?.classList.toggle("active", here);
    if (here) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
};

let marking = 0;
window.addEventListener("scroll", () => {
  marking ||= requestAnimationFrame(() => {
    marking = 0;
    markPlace();
  });
});

// A menu that lies over the text makes way for the place that was chosen in it.
document.addEventListener("click", ({ target }) => {
  if (!target.closest('.bd-sidebar-secondary a[href^="#"]')) return;
  target.closest("dialog")?.close();
  const older = document.getElementById("pst-secondary-sidebar-checkbox");
  if (older) older.checked = false;
});

window.addEventListener("load", async () => {
  await window.MathJax?.startup?.promise;
  markScrollers();
});
window.addEventListener("resize", markScrollers);

// Paper is light, and nothing can be unfolded on it: hints and solutions stand open there.
const folds = ".bd-article :is(.tag_hide-cell:not(.tag_setup) > details, details:not(.hide)):not([open])";

window.addEventListener("beforeprint", () => {
  const root = document.documentElement;
  const { theme } = root.dataset;
  const folded = [...document.querySelectorAll(folds)];
  root.dataset.theme = "light";
  for (const part of folded) part.open = true;
  const putBack = () => {
    root.dataset.theme = theme;
    for (const part of folded) part.open = false;
  };
  window.addEventListener("afterprint", putBack, { once: true });
});
