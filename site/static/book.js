"use strict";

// The search shows lines of each page that it fetches, which a browser forbids for files on disk.
if (location.protocol === "file:" && typeof DOCUMENTATION_OPTIONS === "object") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;

// A formula that is a little too wide for a phone is set smaller; one in a line of text that is wider still may scroll.
const SMALLEST = 0.72;

const fitFormulas = () => {
  for (const formula of document.querySelectorAll(".bd-article mjx-container")) {
    const display = formula.getAttribute("display") === "true";
    const frame = display ? formula.parentElement : formula.closest("p, li, dd, td, summary");
    formula.dataset.size ??= formula.style.fontSize;
    formula.style.fontSize = formula.dataset.size;
    formula.classList.remove("wide");
    if (!frame) continue;
    if (display) {
      const share = frame.clientWidth / frame.scrollWidth;
      if (share < 1) formula.style.fontSize = `${parseFloat(formula.dataset.size || "100") * Math.max(SMALLEST, share * 0.99)}%`;
    } else formula.classList.toggle("wide", formula.offsetWidth > frame.clientWidth + 1);
  }
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

window.addEventListener("load", async () => {
  await window.MathJax?.startup?.promise;
  markScrollers();
});
window.addEventListener("resize", markScrollers);
