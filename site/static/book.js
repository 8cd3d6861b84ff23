"use strict";

// The search shows lines of each page that it fetches, which a browser forbids for files on disk.
if (location.protocol === "file:" && typeof DOCUMENTATION_OPTIONS === "object") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;

// What scrolls sideways must be reachable by keyboard; what does not should be no stop on the way.
const scrollers = ".bd-article div.math, .bd-article pre, .bd-article .pst-scrollable-table-container";

const markScrollers = () => {
  for (const element of document.querySelectorAll(scrollers)) {
    if (element.scrollWidth > element.clientWidth + 1) element.tabIndex = 0;
    else element.removeAttribute("tabindex");
  }
};

window.addEventListener("load", async () => {
  await window.MathJax?.startup?.promise;
  markScrollers();
});
window.addEventListener("resize", markScrollers);
