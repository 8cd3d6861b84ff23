"use strict";

// Read, or read with code. The choice is remembered; without this script all code is seen.
const KEY = "vae-code";
const root = document.documentElement;

const remember = (mode) => {
  try {
    if (mode) localStorage.setItem(KEY, mode);
    return localStorage.getItem(KEY);
  } catch {
    return null; // a browser may forbid it
  }
};

root.dataset.code = remember() === "shown" ? "shown" : "folded";

const codeFolds = () => document.querySelectorAll(".bd-article .code-fold");

const foldCode = (mode) => {
  root.dataset.code = mode;
  for (const fold of codeFolds()) fold.open = mode === "shown";
  root.dataset.folds = "set";
};

// What the reader looks at stays where it is while the code above it comes or goes.
const keepPlace = (change) => {
  const parts = [...document.querySelectorAll(".bd-article :is(h2, h3, p, li, figure, .vae-widget)")];
  const mark = parts.find((part) => part.checkVisibility() && part.getBoundingClientRect().bottom > 80);
  const before = mark?.getBoundingClientRect().top;
  const top = scrollY;
  change();
  if (mark && top > 0) scrollBy({ top: mark.getBoundingClientRect().top - before, behavior: "instant" });
};

const addSwitch = () => {
  const place = document.querySelector(".article-header-buttons");
  if (!place || !codeFolds().length) return;
  const button = document.createElement("button");
  Object.assign(button, { type: "button", className: "btn btn-sm code-switch" });
  button.innerHTML = '<span class="wide-only">Read with code</span><span class="narrow-only">Code</span><i></i>';
  button.setAttribute("role", "switch");
  button.setAttribute("aria-label", "Read with code");
  const show = () => button.setAttribute("aria-checked", String(root.dataset.code === "shown"));
  button.addEventListener("click", () => {
    const mode = root.dataset.code === "shown" ? "folded" : "shown";
    remember(mode);
    keepPlace(() => foldCode(mode));
    show();
  });
  show();
  place.prepend(button);
};

document.addEventListener("DOMContentLoaded", () => {
  foldCode(root.dataset.code);
  addSwitch();
});

// A figure can be seen as large as the window. It is moved there, not copied: its ids stay unique.
const enlarge = (figure, number) => {
  const picture = figure.querySelector("svg");
  const home = picture.parentElement;
  const { width, height } = picture.viewBox.baseVal;
  const dialog = document.createElement("dialog");
  dialog.className = "enlarged";
  dialog.setAttribute("aria-label", number);
  dialog.innerHTML = '<button type="button" aria-label="Close">×</button><div tabindex="0"></div>';
  home.style.minHeight = `${home.offsetHeight}px`;
  picture.style.setProperty("--natural", `${width}pt`);
  picture.style.setProperty("--shape", String(width / height));
  dialog.lastChild.append(picture);
  document.body.append(dialog);
  dialog.addEventListener("click", ({ target }) => {
    if (!target.closest("svg")) dialog.close();
  });
  dialog.addEventListener("close", () => {
    home.append(picture);
    home.style.minHeight = "";
    dialog.remove();
  });
  dialog.showModal();
};

const offerToEnlarge = (figure) => {
  const number = figure.querySelector(".figure-number")?.textContent.replace(/\.$/, "") ?? "the figure";
  const button = document.createElement("button");
  Object.assign(button, { type: "button", className: "enlarge", innerHTML: '<i class="fas fa-expand"></i>' });
  button.setAttribute("aria-label", `Enlarge ${number}`);
  button.addEventListener("click", () => enlarge(figure, number));
  figure.querySelector("svg").addEventListener("click", () => {
    if (figure.querySelector("svg")) enlarge(figure, number);
  });
  (figure.querySelector("figcaption") ?? figure).prepend(button);
};

document.addEventListener("DOMContentLoaded", () => {
  for (const figure of document.querySelectorAll(".bd-article figure.vae-figure:has(svg)")) offerToEnlarge(figure);
});

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

// Each step below first writes to all formulas and then measures all: measuring after each would lay out the page anew.
const fitDisplays = (formulas) => {
  for (const formula of formulas) {
    formula.dataset.size ??= parseFloat(formula.style.fontSize) || 100;
    formula.style.fontSize = `${formula.dataset.size}%`;
  }
  const wide = formulas.filter(({ parentElement: frame }) => frame.scrollWidth > frame.clientWidth);
  wide.forEach(moveLeft);
  const shares = wide.map(({ parentElement: frame }) => Math.min(1, (0.99 * frame.clientWidth) / frame.scrollWidth));
  for (const [i, formula] of wide.entries())
    formula.style.fontSize = `${formula.dataset.size * Math.max(SMALLEST, shares[i])}%`;
};

// A formula in a line of text that is wider than the line may scroll.
const fitInlines = (formulas) => {
  for (const formula of formulas) formula.classList.remove("wide");
  const wide = formulas.filter((formula) => {
    const frame = formula.closest("p, li, dd, td, summary");
    return frame && formula.offsetWidth > frame.clientWidth + 1;
  });
  for (const formula of wide) formula.classList.add("wide");
};

const fitFormulas = () => {
  const formulas = [...document.querySelectorAll(".bd-article mjx-container")];
  const isDisplay = (formula) => formula.getAttribute("display") === "true";
  fitDisplays(formulas.filter(isDisplay));
  fitInlines(formulas.filter((formula) => !isDisplay(formula)));
};

// What scrolls sideways must be reachable by keyboard; what does not should be no stop on the way.
const scrollers =
  ".bd-article div.math, .bd-article pre, .bd-article .pst-scrollable-table-container, .bd-article mjx-container.wide";

const markScrollers = () => {
  fitFormulas();
  const elements = [...document.querySelectorAll(scrollers)];
  const scroll = elements.map(
    (element) => element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).overflowX === "auto",
  );
  for (const [i, element] of elements.entries()) {
    if (scroll[i]) element.tabIndex = 0;
    else element.removeAttribute("tabindex");
  }
};

let measuring = 0;
const markScrollersSoon = () => {
  measuring ||= requestAnimationFrame(() => {
    measuring = 0;
    markScrollers();
  });
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

// The Lab wants the whole window: the menu is folded away, and its button brings it back.
root.classList.toggle("embedded", new URLSearchParams(location.search).has("embed"));
document.addEventListener("DOMContentLoaded", () => {
  const menu = document.getElementById("pst-primary-sidebar");
  menu?.classList.toggle("pst-sidebar-hidden", Boolean(document.getElementById("the-lab")));
});

window.addEventListener("load", async () => {
  await window.MathJax?.startup?.promise;
  markScrollers();
});
window.addEventListener("resize", markScrollersSoon);
document.addEventListener("toggle", markScrollersSoon, true);

// Paper is light, and nothing can be unfolded on it: code, hints and solutions stand open there.
const folds =
  ".bd-article :is(.code-fold, .tag_hide-cell:not(.tag_setup) > details, details:not(.hide)):not([open])";

window.addEventListener("beforeprint", () => {
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
