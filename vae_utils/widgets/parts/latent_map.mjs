// The decoded map of a two-dimensional latent space, with codes on it that can be dragged.
import { remember } from "./maths.mjs";
import { grey } from "./plot.mjs";
import { sheet } from "./sheet.mjs";

/** `cells` x `cells` pictures over [-reach, reach]^2 as one sheet, z rising to the right and upward. */
export const decodedMap = (decodeAt, reach, cells) => {
  const place = (k) => -reach + ((k + 0.5) * 2 * reach) / cells;
  const images = Array.from({ length: cells * cells }, (_, i) =>
    decodeAt([place(i % cells), place(cells - 1 - Math.floor(i / cells))]),
  );
  return sheet(images, cells, { gap: 0 });
};

/** The code that the fields `name`1 and `name`2 hold. */
export const code = (ui, name) => [ui.get(`${name}1`), ui.get(`${name}2`)];

/**
 * A panel over the limits of z1: the sheet that `map()` gives, what `draw(plot)` adds, and on it every code of `codes`,
 * { name, text, label, color }, to be dragged or moved by keys. `place`: of the panel on its stage. Returns the panel.
 */
export const latentMap = (ui, { title, label, alpha, map, codes, draw = () => {}, ...place }) => {
  const [low, high] = ui.limits("z1");
  const painted = remember(
    () => [map(), ui.theme()],
    ({ picture, width, height }, theme) => grey(picture, width, height, theme),
  );
  const panel = ui.panel({
    title,
    label,
    ...place,
    square: true,
    x: [low, high],
    y: [low, high],
    xLabel: "z\u2081",
    yLabel: "z\u2082",
    draw(plot) {
      const [left, top, right, bottom] = [plot.px(low), plot.py(high), plot.px(high), plot.py(low)];
      plot.with({ alpha }, (context) => context.drawImage(painted(), left, top, right - left, bottom - top));
      plot.clip(() => draw(plot));
      const style = { bold: true, size: 15, dx: 12, dy: -12, halo: true };
      for (const { name, text } of codes) plot.text(...code(ui, name), text, style);
    },
  });
  for (const { name, label: words, color } of codes) {
    const move = (x, y) => {
      ui.set(`${name}1`, x);
      ui.set(`${name}2`, y);
    };
    ui.handle(panel, { label: words, color, step: 0.1, at: () => code(ui, name), move });
    ui.on([`${name}1`, `${name}2`], ui.redraw);
  }
  return panel;
};
