// The rate-distortion plane: every run leaves a trail in it, KL against -reconstruction, until the trails are cleared.
import { clamp } from "../parts/maths.mjs";
import { DIGITS, OWN } from "../playground/datasets.mjs";
import { placeAt } from "./ghost.mjs";

const MOST = 40;
const EARLY = 0.1;
const [WIDE_KL, TIMES] = [20, 3];
const STYLES = { A: { color: "ink", width: 2.4 }, B: { color: "posterior", width: 2.4, dash: [7, 4] } };

/** A number that tells drawings apart. */
const markOf = (points) => points.flat().reduce((mark, value) => (31 * mark + Math.round(64 * value)) | 0, 7);

/** Runs that may be compared: same data, of as many pixels, or the same drawing, and the same likelihood. */
const keyOf = (ui, likelihood) => {
  const data = ui.get("data");
  const which = { [DIGITS]: () => ui.get("pixels"), [OWN]: () => markOf(ui.get("points")) }[data]?.() ?? "";
  return `${data} ${which} ${likelihood}`;
};

/** How a run is called: by beta, and by sigma where the likelihood has one. */
const nameOf = (ui, likelihood) => {
  const sigma = likelihood === "gaussian" ? `, \u03c3 ${ui.get("sigma")}` : "";
  return `\u03b2 ${ui.get("beta")}${sigma}`;
};

const middleOf = (values) => values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)];

/** What of a trail the plane should hold: not its first steps, and nothing above where it began, as a run blows up. */
const lateOf = ({ kl, distortion }) => {
  const from = Math.floor(EARLY * kl.length);
  const sound = (_, i) => i >= from && Number.isFinite(kl[i]) && distortion[i] <= distortion[0];
  return [kl.filter(sound), distortion.filter(sound)];
};

/** The trails of the runs so far, and those of the present: A's, and B's where there are two. */
export class Trails {
  constructor() {
    Object.assign(this, { kept: [], now: {} });
  }

  present() {
    return Object.values(this.now);
  }

  /** A present run as a trail, from its film; it is called by the settings of the last step that was trained. */
  follow(run, likelihood, { terms, history }, letter = "A") {
    const past = this.now[letter] ?? { trained: 0 };
    const name = past.trained > 0 && terms.step <= past.trained ? past.name : nameOf(run, likelihood);
    const trained = Math.max(past.trained, terms.step);
    const distortion = history.reconstruction.map((value) => -value);
    const { step, loss, kl } = history;
    this.now[letter] = { key: keyOf(run, likelihood), name, trained, step, loss, kl, distortion };
  }

  /** These present runs end: what they have left stays, if they have moved at all. */
  end(letters = ["B", "A"]) {
    for (const letter of letters) {
      if (this.now[letter]?.kl.length > 1) this.kept = [...this.kept, this.now[letter]].slice(-MOST);
      delete this.now[letter];
    }
  }

  clear() {
    this.kept = [];
  }

  /** Those that stand in the plane beside the present runs. */
  beside() {
    const [one] = this.present();
    return one ? this.kept.filter(({ key }) => key === one.key) : [];
  }

  /** The run before the present one, where the two can be compared. */
  ghost() {
    return this.beside().at(-1) ?? null;
  }

  /** Axes { x, y } that hold all trails, but not first steps, which come from far away, nor codes that fly apart. */
  ranges() {
    const lates = [...this.beside(), ...this.present()].map(lateOf).filter(([kl]) => kl.length);
    if (!lates.length) return { x: [0, 1.15], y: [-1, 1] };
    const tops = lates.map(([kl]) => Math.max(...kl));
    const top = clamp(Math.max(...tops), 1, Math.max(WIDE_KL, TIMES * middleOf(tops)));
    const distortions = lates.flatMap(([, distortion]) => distortion);
    const [low, high] = [Math.min(...distortions), Math.max(...distortions)];
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

/** A trail and its name, which stays at the edge where the trail has left the plane. */
const drawTrail = (plot, { kl, distortion, name }, settings) => {
  plot.line(kl, distortion, settings);
  const [x, y] = [clamp(kl.at(-1), ...plot.xRange), clamp(distortion.at(-1), ...plot.yRange)];
  plot.points([x], [y], { color: settings.color, radius: 3.5 });
  const right = plot.px(x) > plot.margin.left + 0.55 * plot.inner.width;
  const side = right ? { dx: -7, align: "right" } : { dx: 7, align: "left" };
  const dy = plot.py(y) < plot.margin.top + 16 ? 14 : -8;
  const gone = x < kl.at(-1) ? `${name} \u2192` : name;
  plot.text(x, y, gone, { color: settings.color, dy, halo: true, ...side });
};

/** A ring on a trail, where its run was at `step`. */
const drawRing = (plot, trail, step, color) => {
  const at = placeAt(trail.step, step);
  plot.points([trail.kl[at]], [trail.distortion[at]], { color, shape: "ring", radius: 5 });
};

/** The present runs, by letter where there are two, and through the end of `chosen` the line of slope -beta. */
const drawPresent = (plot, now, { beta, step }, chosen) => {
  const [x, y] = [now[chosen].kl.at(-1), now[chosen].distortion.at(-1)];
  const reach = plot.xRange[1];
  plot.line([0, reach], [y + beta * x, y + beta * (x - reach)], { color: "kl", width: 1, dash: [6, 3] });
  const two = Object.keys(now).length > 1;
  for (const [letter, trail] of Object.entries(now)) {
    const name = two ? `${letter}: ${trail.name}` : trail.name;
    drawTrail(plot, { ...trail, name }, STYLES[letter]);
    if (step < trail.step.at(-1)) drawRing(plot, trail, step, STYLES[letter].color);
  }
};

/** Trails, the levels of the ELBO, and the present runs; beside a single one goes the ghost. */
export const drawTrails = (plot, trails, terms, theme, chosen = "A") => {
  const { now } = trails;
  if (!now[chosen]) return;
  plot.clip(() => {
    drawLevels(plot);
    trails.beside().forEach((trail, i) => drawTrail(plot, trail, { color: theme.classes[i % 10], width: 1.5 }));
    drawPresent(plot, now, terms, chosen);
    const [ghost, color] = [trails.ghost(), theme.classes[(trails.beside().length - 1) % 10]];
    if (now.B || !ghost || terms.step > ghost.step.at(-1)) return;
    drawRing(plot, ghost, terms.step, color);
  });
};
