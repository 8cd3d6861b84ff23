// One screen: the views of the Lab are as tall as the window leaves room for, strip, read-out and controls included.
import { clamp } from "../parts/maths.mjs";

const CAPTION = 22;
const GAP = 8;
const [LEAST, TALL, MOST] = [112, 170, 360]; // four rows of views are no single screen in any case

/** The height of one view: `top` of the stage, `columns` of `views` views, a strip of `strip` pixels above them. */
export const viewHeight = ({ window, top, columns, views, strip, below }) => {
  const least = views / columns > 3 ? TALL : LEAST;
  const rows = Math.ceil(views / columns);
  const room = window - top - strip - CAPTION - below;
  return Math.floor(clamp(room / rows - CAPTION - GAP, least, MOST));
};

const [NARROW, ROOM_FOR_FOUR] = [560, 740];

/** How many views stand side by side; eight are two runs, each a row of four, or a pair in each row of two. */
export const columnsFor = (width, views) => {
  if (views === 8) return width < ROOM_FOR_FOUR ? 2 : 4;
  return width < NARROW ? 2 : 3;
};

/**
 * Keep `--view`, the height of a view, `--columns` and `--strip`, the height of the machine, as the window changes, and
 * `--flow`: four columns are filled one after the other, so that run A stands above B. `views()` counts the views.
 */
export const fillWindow = (ui, el, stage, views) => {
  const fit = () => {
    const columns = columnsFor(stage.clientWidth, views());
    const strip = stage.clientWidth < NARROW ? 190 : 96;
    const onPage = stage.getBoundingClientRect().top + scrollY;
    const top = onPage < innerHeight / 2 ? onPage : parseFloat(el.style.getPropertyValue("--top") || 0) + 90;
    const height = viewHeight({ window: innerHeight, top, columns, views: views(), strip, below: 22 });
    stage.style.setProperty("--view", `${height}px`);
    stage.style.setProperty("--columns", columns);
    stage.style.setProperty("--flow", columns === 4 ? "column" : "row");
    stage.style.setProperty("--strip", `${strip}px`);
  };
  const observer = new ResizeObserver(fit);
  observer.observe(stage);
  observer.observe(document.body);
  addEventListener("resize", fit);
  ui.cleanup(() => {
    observer.disconnect();
    removeEventListener("resize", fit);
  });
  fit();
  return fit;
};
