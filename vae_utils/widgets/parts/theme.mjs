// The colors of the page, read from CSS variables, and a watch on the switch between light and dark.

export const CONCEPTS = ["data", "prior", "posterior", "likelihood", "kl", "elbo", "evidence"];

/** Colors and font in force at `el`: one per concept, ink, muted, grid, surface, and ten class colors. */
export const readTheme = (el) => {
  const style = getComputedStyle(el);
  const value = (name) => style.getPropertyValue(`--w-${name}`).trim();
  const theme = { classes: Array.from({ length: 10 }, (_, i) => value(`class-${i}`)), font: style.fontFamily };
  for (const name of [...CONCEPTS, "ink", "muted", "surface"]) theme[name] = value(name);
  theme.grid = `rgba(${rgb(theme.ink).join(", ")}, 0.12)`;
  theme.color = (name) => theme[name] ?? name ?? theme.ink;
  return theme;
};

/** Call `changed` whenever the page turns light or dark; returns a function that stops watching. */
export const watchTheme = (changed) => {
  const observer = new MutationObserver(changed);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme", "theme", "class"] });
  observer.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light", "class"] });
  const system = matchMedia("(prefers-color-scheme: dark)");
  system.addEventListener("change", changed);
  return () => {
    observer.disconnect();
    system.removeEventListener("change", changed);
  };
};

export const reducedMotion = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** A CSS color as [r, g, b], by way of a canvas pixel. */
export const rgb = (color) => {
  const context = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d");
  context.fillStyle = color;
  context.fillRect(0, 0, 1, 1);
  return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3);
};
