// The rate-distortion plane: every run leaves a trail in it, KL against -reconstruction, until the trails are cleared.
import { DIGITS } from "../playground/datasets.mjs";
import { placeAt } from "./ghost.mjs";

const MOST = 40;
const EARLY = 0.1;

/** Runs that may be compared: same data, of as many pixels, same likelihood. */
const keyOf = (ui, likelihood) => {
  const data = ui.get("data");
  return `${data} ${data === DIGITS ? ui.get("pixels") : ""} ${likelihood}`;
};

/** How a run is called: by beta, and by sigma where the likelihood has one. */
const nameOf = (ui, likelihood) => {
  const sigma = likelihood === "gaussian" ? `, \u03c3 ${ui.get("sigma")}` : "";
  return `\u03b2 ${ui.get("beta")}${sigma}`;
};

/** The trails of the runs so far, and the present one. */
export class Trails {
  constructor() {
    Object.assign(this, { kept: [], now: null });
  }

  /** The present run as a trail, from its film; it is called by the settings of the last step that was trained. */
  follow(ui, likelihood, { terms, history }) {
    const past = this.now ?? { trained: 0 };
    const name = past.trained > 0 && terms.step <= past.trained ? past.name : nameOf(ui, likelihood);
    const trained = Math.max(past.trained, terms.step);
    const distortion = history.reconstruction.map((value) => -value);
    const { step, loss, kl } = history;
    this.now = { key: keyOf(ui, likelihood), name, trained, step, loss, kl, distortion };
  }

  /** The present run ends: what it has left stays, if it has moved at all. */
  end() {
    if (this.now?.kl.length > 1) this.kept = [...this.kept, this.now].slice(-MOST);
    this.now = null;
  }

  clear() {
    this.kept = [];
  }

  /** Those that stand in the plane beside the present run. */
  beside() {
    return this.now ? this.kept.filter(({ key }) => key === this.now.key) : [];
  }

  /** The run before the present one, where the two can be compared. */
  ghost() {
    return this.beside().at(-1) ?? null;
  }

  /** Axes that hold all trails but their first steps, which come from far away: { x, y }. */
  ranges() {
    const all = [...this.beside(), this.now].filter(Boolean);
    const late = ({ kl, distortion }) => {
      const from = Math.floor(EARLY * kl.length);
      return [kl.slice(from), distortion.slice(from)];
    };
    const [kls, distortions] = [0, 1].map((axis) => all.flatMap((trail) => late(trail)[axis]).filter(Number.isFinite));
    const top = Math.max(1, ...kls);
    const [low, high] = [Math.min(...distortions, Infinity), Math.max(...distortions, -Infinity)];
    if (!(high > low)) return { x: [0, 1.15 * top], y: [low - 1, low + 1] };
    return { x: [0, 1.15 * top], y: [low - 0.1 * (high - low), high + 0.06 * (high - low)] };
  }
}

/** Dashed lines on which -ELBO = -reconstruction + KL is the same: the lower left is better. */
const drawLevels = (plot) => {
  const [[left, right], [low, high]] = [plot.xRange, plot.yRange];
  for (let i = 1; i <= 4; i++) {
    const level = low + left + (i / 5) * (high - low + right - left);
    plot.line([left, right], [level - left, level - right], { color: "muted", width: 1, dash: [2, 4], alpha: 0.6 });
  }
};

const drawTrail = (plot, { kl, distortion, name }, settings) => {
  plot.line(kl, distortion, settings);
  const [x, y] = [kl.at(-1), distortion.at(-1)];
  plot.points([x], [y], { color: settings.color, radius: 3.5 });
  const right = plot.px(x) > plot.margin.left + 0.55 * plot.inner.width;
  const side = right ? { dx: -7, align: "right" } : { dx: 7, align: "left" };
  const dy = plot.py(y) < plot.margin.top + 16 ? 14 : -8;
  plot.text(x, y, name, { color: settings.color, dy, halo: true, ...side });
};

/** A ring on a trail, where its run was at `step`. */
const drawRing = (plot, trail, step, color) => {
  const at = placeAt(trail.step, step);
  plot.points([trail.kl[at]], [trail.distortion[at]], { color, shape: "ring", radius: 5 });
};

/** Trails, the levels of the ELBO, and through the present point the line of slope -beta, of one and the same loss. */
export const drawTrails = (plot, trails, { beta, step }, theme) => {
  const { now } = trails;
  if (!now) return;
  plot.clip(() => {
    drawLevels(plot);
    trails.beside().forEach((trail, i) => drawTrail(plot, trail, { color: theme.classes[i % 10], width: 1.5 }));
    const [x, y] = [now.kl.at(-1), now.distortion.at(-1)];
    const reach = plot.xRange[1];
    plot.line([0, reach], [y + beta * x, y + beta * (x - reach)], { color: "kl", width: 1, dash: [6, 3] });
    drawTrail(plot, now, { color: "ink", width: 2.4 });
    const [ghost, others] = [trails.ghost(), trails.beside().length - 1];
    if (ghost && step <= ghost.step.at(-1)) drawRing(plot, ghost, step, theme.classes[others % 10]);
    if (step < now.step.at(-1)) drawRing(plot, now, step, "ink");
  });
};
