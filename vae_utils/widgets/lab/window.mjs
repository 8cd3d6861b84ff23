// One screen: the views of the Lab are as tall as the window leaves room for, strip, read-out and controls included.
import { clamp } from "../parts/maths.mjs";

const CAPTION = 22;
const GAP = 8;
const [LEAST, MOST] = [112, 360];

/** The height of one view: `top` of the stage, `columns` of `views` views, a strip of `strip` pixels above them. */
export const viewHeight = ({ window, top, columns, views, strip, below }) => {
  const rows = Math.ceil(views / columns);
  const room = window - top - strip - CAPTION - below;
  return Math.floor(clamp(room / rows - CAPTION - GAP, LEAST, MOST));
};

/** Keep `--view`, the height of a view, `--columns` and `--strip`, the height of the machine, as the window changes. */
export const fillWindow = (ui, el, stage, views) => {
  const fit = () => {
    const [columns, strip] = stage.clientWidth < 560 ? [2, 190] : [3, 96];
    const onPage = stage.getBoundingClientRect().top + scrollY;
    const top = onPage < innerHeight / 2 ? onPage : parseFloat(el.style.getPropertyValue("--top") || 0) + 90;
    const height = viewHeight({ window: innerHeight, top, columns, views, strip, below: 22 });
    stage.style.setProperty("--view", `${height}px`);
    stage.style.setProperty("--columns", columns);
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
};
