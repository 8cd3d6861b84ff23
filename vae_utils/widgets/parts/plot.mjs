// Drawing in data coordinates on a canvas: axes, lines, fills, points, ellipses, bars, images.
import { format, ticks } from "./maths.mjs";
import { rgb } from "./theme.mjs";

const tickText = (value) => String(value).replace("-", "\u2212");
const safeRange = ([low, high]) => (Number.isFinite(low) && Number.isFinite(high) && high > low ? [low, high] : [0, 1]);

/** One picture of a panel. Colors are concept names ("kl", "prior", "ink", ...) or CSS colors. */
export class Plot {
  constructor(context, settings) {
    const { width, height, theme, x, y, equal = false, axes = true } = settings;
    const { xLabel = "", yLabel = "", xTicks, yTicks } = settings;
    Object.assign(this, { context, width, height, theme, xLabel, yLabel, axes, marks: { x: xTicks, y: yTicks } });
    this.margin = axes
      ? { left: yLabel ? 50 : yTicks?.length === 0 ? 8 : 34, right: 10, top: 10, bottom: xLabel ? 38 : 24 }
      : { left: 0, right: 0, top: 0, bottom: 0 };
    this.inner = {
      width: Math.max(1, width - this.margin.left - this.margin.right),
      height: Math.max(1, height - this.margin.top - this.margin.bottom),
    };
    [this.xRange, this.yRange] = [safeRange(x), safeRange(y)];
    if (equal) this.equalize();
  }

  equalize() {
    const [x, y] = [this.xRange, this.yRange];
    const scale = Math.max((x[1] - x[0]) / this.inner.width, (y[1] - y[0]) / this.inner.height);
    const grow = ([low, high], pixels) => [(low + high - scale * pixels) / 2, (low + high + scale * pixels) / 2];
    [this.xRange, this.yRange] = [grow(x, this.inner.width), grow(y, this.inner.height)];
  }

  px(x) {
    return this.margin.left + ((x - this.xRange[0]) / (this.xRange[1] - this.xRange[0])) * this.inner.width;
  }

  py(y) {
    return this.margin.top + ((this.yRange[1] - y) / (this.yRange[1] - this.yRange[0])) * this.inner.height;
  }

  /** Data coordinates under a pixel. */
  at(px, py) {
    const [x, y] = [this.xRange, this.yRange];
    return {
      x: x[0] + ((px - this.margin.left) / this.inner.width) * (x[1] - x[0]),
      y: y[1] - ((py - this.margin.top) / this.inner.height) * (y[1] - y[0]),
    };
  }

  with(settings, draw) {
    const { context } = this;
    context.save();
    context.globalAlpha = settings.alpha ?? 1;
    context.lineWidth = settings.width ?? 2;
    context.setLineDash(settings.dash ?? []);
    context.lineJoin = context.lineCap = "round";
    context.strokeStyle = context.fillStyle = this.theme.color(settings.color ?? "ink");
    draw(context);
    context.restore();
  }

  /** Everything drawn in `draw` is cut at the axes. */
  clip(draw) {
    this.with({}, (context) => {
      context.beginPath();
      context.rect(this.margin.left, this.margin.top, this.inner.width, this.inner.height);
      context.clip();
      draw();
    });
  }

  drawAxes() {
    if (!this.axes) return;
    const { left, top } = this.margin;
    const [right, bottom] = [left + this.inner.width, top + this.inner.height];
    this.with({ color: "grid", width: 1 }, (context) => {
      context.beginPath();
      for (const x of this.xTicks()) this.segment(this.px(x), top, this.px(x), bottom);
      for (const y of this.yTicks()) this.segment(left, this.py(y), right, this.py(y));
      context.stroke();
    });
    this.with({ color: "muted" }, (context) => {
      context.font = `12px ${this.theme.font}`;
      context.textAlign = "center";
      context.textBaseline = "top";
      for (const x of this.xTicks()) context.fillText(tickText(x), this.px(x), bottom + 5);
      context.fillText(this.xLabel, (left + right) / 2, bottom + 21);
      context.textAlign = "right";
      context.textBaseline = "middle";
      for (const y of this.yTicks()) context.fillText(tickText(y), left - 6, this.py(y));
      context.translate(11, (top + bottom) / 2);
      context.rotate(-Math.PI / 2);
      context.textAlign = "center";
      context.fillText(this.yLabel, 0, 0);
    });
  }

  xTicks() {
    return this.marks.x ?? ticks(...this.xRange, Math.max(2, this.inner.width / 70));
  }

  yTicks() {
    return this.marks.y ?? ticks(...this.yRange, Math.max(2, this.inner.height / 45));
  }

  segment(x0, y0, x1, y1) {
    this.context.moveTo(Math.round(x0) + 0.5, Math.round(y0) + 0.5);
    this.context.lineTo(Math.round(x1) + 0.5, Math.round(y1) + 0.5);
  }

  trace(xs, ys) {
    let open = false;
    for (let i = 0; i < xs.length; i++) {
      const [x, y] = [this.px(xs[i]), this.py(ys[i])];
      if (!Number.isFinite(x) || !Number.isFinite(y)) open = false;
      else if (open) this.context.lineTo(x, y);
      else {
        this.context.moveTo(x, y);
        open = true;
      }
    }
  }

  /** settings of all marks: color, alpha, width, dash. */
  line(xs, ys, settings = {}) {
    this.with(settings, (context) => {
      context.beginPath();
      this.trace(xs, ys);
      context.stroke();
    });
  }

  /** Area between `ys` and `to` (a number or an array). */
  fill(xs, ys, settings = {}) {
    const to = settings.to ?? 0;
    this.with({ alpha: 0.2, ...settings }, (context) => {
      context.beginPath();
      context.moveTo(this.px(xs[0]), this.py(to[0] ?? to));
      for (let i = 0; i < xs.length; i++) context.lineTo(this.px(xs[i]), this.py(ys[i]));
      for (let i = xs.length - 1; i >= 0; i--) context.lineTo(this.px(xs[i]), this.py(to[i] ?? to));
      context.fill();
    });
  }

  /** Dots of `radius` pixels; `colors` one CSS color per point; `shape` "dot", "ring" or "cross". */
  points(xs, ys, settings = {}) {
    const { radius = 2.5, colors, shape = "dot" } = settings;
    this.with({ width: 1.5, ...settings }, (context) => {
      for (let i = 0; i < xs.length; i++) {
        const [x, y] = [this.px(xs[i]), this.py(ys[i])];
        if (!Number.isFinite(x) || !Number.isFinite(y)) continue;
        if (colors) context.fillStyle = context.strokeStyle = colors[i];
        context.beginPath();
        if (shape === "cross") {
          context.moveTo(x - radius, y - radius);
          context.lineTo(x + radius, y + radius);
          context.moveTo(x - radius, y + radius);
          context.lineTo(x + radius, y - radius);
        } else context.arc(x, y, radius, 0, 2 * Math.PI);
        if (shape === "dot") context.fill();
        else context.stroke();
      }
    });
  }

  /** An axis-aligned ellipse with half-axes in data units; `fill` is the opacity of its inside. */
  ellipse(x, y, halfWidth, halfHeight, settings = {}) {
    const scaleX = this.inner.width / (this.xRange[1] - this.xRange[0]);
    const scaleY = this.inner.height / (this.yRange[1] - this.yRange[0]);
    const radii = [Math.abs(halfWidth) * scaleX, Math.abs(halfHeight) * scaleY];
    if (![this.px(x), this.py(y), ...radii].every(Number.isFinite)) return;
    this.with({ width: 1.5, ...settings }, (context) => {
      context.beginPath();
      context.ellipse(this.px(x), this.py(y), ...radii, 0, 0, 2 * Math.PI);
      context.stroke();
      if (!settings.fill) return;
      context.globalAlpha *= settings.fill;
      context.fill();
    });
  }

  /** A box in data units. */
  bar(x0, x1, y0, y1, settings = {}) {
    this.with(settings, (context) => {
      context.fillRect(this.px(x0), this.py(y1), this.px(x1) - this.px(x0), this.py(y0) - this.py(y1));
    });
  }

  vline(x, settings = {}) {
    this.line([x, x], this.yRange, { width: 1.5, ...settings });
  }

  hline(y, settings = {}) {
    this.line(this.xRange, [y, y], { width: 1.5, ...settings });
  }

  arrow(x0, y0, x1, y1, settings = {}) {
    const [fromX, fromY, toX, toY] = [this.px(x0), this.py(y0), this.px(x1), this.py(y1)];
    const angle = Math.atan2(toY - fromY, toX - fromX);
    const head = settings.head ?? 7;
    this.with(settings, (context) => {
      context.beginPath();
      context.moveTo(fromX, fromY);
      context.lineTo(toX, toY);
      for (const side of [-0.5, 0.5]) {
        context.moveTo(toX, toY);
        context.lineTo(toX - head * Math.cos(angle + side), toY - head * Math.sin(angle + side));
      }
      context.stroke();
    });
  }

  /** Text at data coordinates, moved by (dx, dy) pixels; `halo` keeps what lies beneath away from the letters. */
  text(x, y, content, settings = {}) {
    const { dx = 0, dy = 0, align = "center", baseline = "middle", size = 12, bold = false, halo = false } = settings;
    this.with(settings, (context) => {
      context.font = `${bold ? "600 " : ""}${size}px ${this.theme.font}`;
      context.textAlign = align;
      context.textBaseline = baseline;
      const text = typeof content === "number" ? format(content) : content;
      if (halo) {
        [context.strokeStyle, context.lineWidth] = [this.theme.surface, 4];
        context.strokeText(text, this.px(x) + dx, this.py(y) + dy);
      }
      context.fillText(text, this.px(x) + dx, this.py(y) + dy);
    });
  }

  /** A grey image (values in [0, 1], row by row) over the box [x0, y0, x1, y1]; 0 is the surface, 1 the ink. */
  image(values, columns, rows, [x0, y0, x1, y1], { smooth = false, color = "ink" } = {}) {
    const bitmap = grey(values, columns, rows, this.theme, color);
    this.with({}, (context) => {
      context.imageSmoothingEnabled = smooth;
      context.drawImage(bitmap, this.px(x0), this.py(y1), this.px(x1) - this.px(x0), this.py(y0) - this.py(y1));
    });
  }
}

/** A canvas that holds a grey image: 0 drawn in the surface color, 1 in `color`. */
export const grey = (values, columns, rows, theme, color = "ink") => {
  const canvas = Object.assign(document.createElement("canvas"), { width: columns, height: rows });
  const context = canvas.getContext("2d");
  const picture = context.createImageData(columns, rows);
  const shades = (theme.shades ??= {});
  const [paper, ink] = (shades[color] ??= [rgb(theme.surface), rgb(theme.color(color))]);
  for (let i = 0; i < columns * rows; i++) {
    for (let c = 0; c < 3; c++) picture.data[4 * i + c] = paper[c] + (ink[c] - paper[c]) * values[i];
    picture.data[4 * i + 3] = 255;
  }
  context.putImageData(picture, 0, 0);
  return canvas;
};
