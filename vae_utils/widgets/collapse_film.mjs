// A film of training: bars of the KL per dimension, and the total KL of every remedy.
import { greek } from "./parts/controls.mjs";
import { frame } from "./parts/frame.mjs";
import { format, linspace, sum } from "./parts/maths.mjs";
import { block, rows, tensor } from "./parts/tensor.mjs";

/** The films as nested arrays, kl[remedy][frame][dimension], in nats. */
export const films = (kl) =>
  Array.from({ length: kl.shape[0] }, (_, remedy) => rows(block(kl, remedy)).map((bars) => Array.from(bars)));

/** The frame nearest to a percentage of the training. */
export const frameAt = (percent, frames) => Math.round((percent / 100) * (frames - 1));

/** How many dimensions say something: more than a hundredth of a nat. */
export const speaking = (bars) => bars.filter((kl) => kl > 0.01).length;

const barsPanel = (ui, now, top) =>
  ui.panel({
    title: "KL of each latent dimension, now",
    span: 6,
    height: 240,
    x: () => [0.4, now().length + 0.6],
    y: [0, top],
    xTicks: Array.from({ length: now().length }, (_, j) => j + 1),
    xLabel: "latent dimension",
    yLabel: "nats",
    draw(plot) {
      now().forEach((kl, j) => {
        plot.bar(j + 0.65, j + 1.35, 0, Math.min(kl, top), { color: "kl" });
        plot.text(j + 1, Math.min(kl, 0.94 * top), format(kl), { align: "center", dy: -6, size: 13 });
      });
    },
  });

const curvesPanel = (ui, totals, chosen, top) =>
  ui.panel({
    title: "Total KL against steps: the chosen remedy thick, the others thin",
    span: 6,
    height: 240,
    x: [0, ui.get("steps")],
    y: [0, top],
    xLabel: "step",
    yLabel: "nats",
    draw(plot) {
      const steps = linspace(0, ui.get("steps"), totals[0].length);
      plot.clip(() => {
        totals.forEach((total) => plot.line(steps, total, { color: "muted", width: 1, alpha: 0.6 }));
        plot.line(steps, totals[chosen()], { color: "kl", width: 3.5 });
      });
      plot.hline(ui.get("ceiling"), { color: "evidence", dash: [6, 4] });
      plot.vline((ui.get("percent") / 100) * ui.get("steps"), { color: "ink", width: 1.5 });
      const style = { align: "right", dx: -6, dy: -11, color: "evidence", halo: true };
      plot.text(ui.get("steps"), ui.get("ceiling"), "all there is to tell", style);
    },
  });

/** What to reach, by what is shown now; `highest`: the largest total KL without a remedy, in nats. */
export const challenges = (now, highest) => [
  {
    id: "falls silent",
    text: "Without a remedy, find the moment at which the model says most.",
    reached: () => now().remedy === "none" && sum(now().bars) > 0.95 * highest,
    why: "The encoder begins to speak before anybody listens. The decoder learns to do without, and the KL is gone.",
  },
  {
    id: "all speak",
    text: "Find a remedy with which every dimension still speaks when the training is over.",
    reached: () => now().percent === 100 && speaking(now().bars) === now().bars.length,
    why: "Free bits ask nothing for the first nats of each dimension. So each keeps its allowance, needed or not.",
  },
  {
    id: "too much",
    text: "Find a moment at which a model says 1.2 times as much as there is to tell.",
    reached: () => sum(now().bars) > 1.2 * now().ceiling,
    why: "While the KL weighs less than 1, nats are cheap, and some of them tell nothing about x.",
  },
];

export default {
  render({ model, el }) {
    const ui = frame({ model, el, title: "Who speaks while the model learns" });
    const film = films(tensor(ui.get("kl")));
    const names = ui.limits("remedy");
    const chosen = () => names.indexOf(ui.get("remedy"));
    const now = () => film[chosen()][frameAt(ui.get("percent"), film[0].length)];
    const totals = film.map((frames) => frames.map(sum));
    const late = totals.flatMap((total) => total.slice(Math.floor(total.length / 4)));
    const top = Math.max(0.5, 1.15 * Math.max(ui.get("ceiling"), ...late));

    barsPanel(ui, now, top);
    curvesPanel(ui, totals, chosen, top);
    ui.select({ name: "remedy", label: "Remedy" });
    ui.slider({ name: "percent", label: "percent of the training", step: 1 });
    ui.player({ label: "Play", name: "percent", values: linspace(0, 100, 101), pace: 0.05 });
    ui.readout(() => [
      ["remedy", greek(ui.get("remedy"))],
      ["step", String(Math.round((ui.get("percent") / 100) * ui.get("steps")))],
      ["total KL, nats", sum(now()), "kl"],
      ["dimensions over 0.01 nats", `${speaking(now())} of ${now().length}`],
      ["all there is to tell, nats", ui.get("ceiling"), "evidence"],
    ]);
    const unaided = totals[names.indexOf("none")];
    const fields = () => Object.fromEntries(["remedy", "percent", "ceiling"].map((name) => [name, ui.get(name)]));
    const look = () => ({ ...fields(), bars: now() });
    ui.challenges("collapse_film", challenges(look, Math.max(...unaided)));
    return ui.dispose;
  },
};
