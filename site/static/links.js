"use strict";

// What a link leads to is shown beside it: the line of a term, a formula by its number. After a jump there is a way back.
{
  const LINKS = ".bd-article :is(a.term, a:has(> .formula-reference))";
  const [APPEAR, DISAPPEAR, OFFERED] = [150, 250, 15000]; // milliseconds
  const FORMULAS = new URL("formulas.js", document.currentScript.src);

  const card = document.createElement("div");
  card.id = "link-card";
  card.setAttribute("role", "tooltip");
  let [owner, timer, loading] = [null, 0, null];

  // A script, for a page from the disk may fetch nothing.
  const formulas = () =>
    (loading ??= new Promise((done) => {
      const script = Object.assign(document.createElement("script"), { src: FORMULAS.href });
      for (const event of ["load", "error"]) script.addEventListener(event, () => done(window.vaeFormulas ?? {}));
      document.head.append(script);
    }));

  const formulaOf = async (link) => {
    const tex = (await formulas())[link.hash.replace("#formula-", "").replace("-", ".")];
    if (!tex) return false;
    const display = Object.assign(document.createElement("div"), { className: "math", textContent: `\\[${tex}\\]` });
    card.replaceChildren(display);
    await window.MathJax?.startup?.promise;
    await window.MathJax?.typesetPromise?.([display]);
    return true;
  };

  const hide = () => {
    clearTimeout(timer);
    if (!owner) return;
    owner.title = owner.dataset.title;
    owner.removeAttribute("aria-describedby");
    owner = null;
    card.remove();
  };

  const place = (link) => {
    const [line] = link.getClientRects();
    const { clientWidth, clientHeight } = document.documentElement;
    const below = line.bottom + card.offsetHeight + 8 <= clientHeight || line.top < card.offsetHeight + 8;
    card.style.left = `${scrollX + Math.max(12, Math.min(line.left, clientWidth - card.offsetWidth - 12))}px`;
    card.style.top = `${scrollY + (below ? line.bottom + 6 : line.top - card.offsetHeight - 6)}px`;
    card.style.visibility = "";
  };

  const show = async (link) => {
    if (owner === link) return clearTimeout(timer);
    hide();
    owner = link;
    link.dataset.title = link.title;
    link.removeAttribute("title"); // or it would be shown as well
    card.style.visibility = "hidden";
    document.body.append(card);
    if (link.matches(".term")) card.textContent = link.dataset.title;
    else if (!(await formulaOf(link)) && owner === link) return hide();
    if (owner !== link) return null;
    link.setAttribute("aria-describedby", card.id);
    return place(link);
  };

  const after = (wait, act) => {
    clearTimeout(timer);
    timer = setTimeout(act, wait);
  };

  document.addEventListener("pointerover", ({ target, pointerType }) => {
    if (pointerType !== "mouse") return;
    const link = target.closest?.(LINKS);
    if (link) after(APPEAR, () => show(link));
    else if (target.closest?.("#link-card")) clearTimeout(timer);
    else after(DISAPPEAR, hide);
  });
  document.addEventListener("focusin", ({ target }) => {
    if (target.matches?.(LINKS) && target.matches(":focus-visible")) show(target);
  });
  document.addEventListener("focusout", ({ target }) => target === owner && hide());

  const back = document.createElement("div");
  back.className = "way-back";
  back.setAttribute("role", "status");
  let start = null;

  const leave = () => {
    clearTimeout(start?.timer);
    start = null;
    back.replaceChildren();
  };

  const offer = (link) => {
    leave();
    const button = document.createElement("button");
    Object.assign(button, { type: "button", textContent: "↩ Back to where you were" });
    start = { top: scrollY, away: false, timer: setTimeout(leave, OFFERED) };
    button.addEventListener("click", () => {
      const { top } = start;
      leave();
      scrollTo({ top, behavior: "instant" });
      link.focus({ preventScroll: true });
    });
    back.append(button);
  };

  document.addEventListener("click", ({ target }) => {
    const link = target.closest?.('.bd-article a[href^="#"]');
    const goal = link && document.getElementById(decodeURIComponent(link.hash.slice(1)));
    if (!goal) return;
    const { top } = goal.getBoundingClientRect();
    if (top < 0 || top > innerHeight) offer(link);
  });
  window.addEventListener("scroll", () => {
    if (!start) return;
    const far = Math.abs(scrollY - start.top) > innerHeight / 2;
    if (start.away && !far) leave(); // by itself, where the reader has gone back by hand
    else start.away ||= far;
  });
  document.addEventListener("keydown", ({ key }) => {
    if (key !== "Escape") return;
    hide();
    leave();
  });
  document.addEventListener("DOMContentLoaded", () => document.body.append(back));
}
