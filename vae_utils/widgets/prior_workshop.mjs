// The codes of a VAE under several priors: their density, draws from them decoded, and a mixture made by hand.
import { contour } from "./parts/contour.mjs";
import { frame } from "./parts/frame.mjs";
import { decode, networksOf } from "./parts/latent_net.mjs";
import { clamp, format, linspace, remember } from "./parts/maths.mjs";
import { alike, expectMaximize, gridded, lonely, meanLog, mixture } from "./parts/mixture.mjs";
import { every, rows, tensors } from "./parts/tensor.mjs";

const LEVELS = [0.3, 0.1, 0.03, 0.01, 0.003, 0.001]; // densities: each line about a third of the one inside it
const GRID = 61;
const DRAWS = 18;
const MANY = 400; // draws for the share that falls where no code lives
const NEAR = 0.25;
const [KL, ELBO, NLL] = [0, 1, 2];

const partsOf = ({ values }) =>
  Array.from({ length: values.length / 5 }, (_, k) => {
    const [weight, a, b, s, t] = values.subarray(5 * k, 5 * k + 5);
    return { weight, mu: [a, b], sigma: [s, t] };
  });

/** The fitted priors by name, in the order of `names`; one without a density on its grid is left out. */
export const fittedPriors = (names, { mixture: fitted, vamp, flow }, reach) => {
  const [normal, mixed, vampName, flowName] = names;
  const laws = {
    [normal]: mixture([{ weight: 1, mu: [0, 0], sigma: [1, 1] }]),
    [mixed]: mixture(partsOf(fitted)),
    [vampName]: mixture(partsOf(vamp)),
  };
  if (flow.values.length) laws[flowName] = gridded(flow.values, flow.shape[0], reach);
  return laws;
};

/** The density of a law over [-reach, reach]^2: { shades, lines }, ready to be drawn. */
const landscape = (law, reach) => {
  const [xs, ys] = [linspace(-reach, reach, GRID), linspace(reach, -reach, GRID)];
  const logs = Float64Array.from({ length: GRID * GRID }, (_, i) =>
    law.logDensity(xs[i % GRID], ys[Math.floor(i / GRID)]),
  );
  const low = Math.log(LEVELS.at(-1));
  const shades = logs.map((log) => 0.35 * clamp(1 + (log - Math.log(LEVELS[0])) / (Math.log(LEVELS[0]) - low), 0, 1));
  return { shades, lines: LEVELS.flatMap((level) => contour(logs, GRID, Math.log(level))) };
};

const drawLines = (plot, lines, reach) => {
  const at = (k) => -reach + (2 * reach * k) / (GRID - 1);
  plot.with({ color: "prior", width: 1.4 }, (context) => {
    context.beginPath();
    for (const [x0, y0, x1, y1] of lines) {
      context.moveTo(plot.px(at(x0)), plot.py(-at(y0)));
      context.lineTo(plot.px(at(x1)), plot.py(-at(y1)));
    }
    context.stroke();
  });
};

const mapPanel = (ui, cloud, now) => {
  const reach = ui.constant("reach");
  const painted = remember(() => [now.law()], (law) => landscape(law, reach));
  const panel = ui.panel({
    title: "Codes by class; blue: the prior; crosses: draws",
    label: "the codes by class, lines of equal density of the prior, and draws from it",
    square: true,
    low: 300,
    span: 4,
    x: [-reach, reach],
    y: [-reach, reach],
    xLabel: "z\u2081",
    yLabel: "z\u2082",
    draw(plot) {
      const { shades, lines } = painted();
      const half = reach / (GRID - 1);
      plot.clip(() => {
        const box = [-reach - half, -reach - half, reach + half, reach + half];
        plot.image(shades, GRID, GRID, box, { smooth: true, color: "prior" });
        const colors = Array.from(cloud.labels, (label) => plot.theme.classes[label]);
        plot.points(cloud.xs, cloud.ys, { radius: 2, colors, alpha: 0.75 });
        drawLines(plot, lines, reach);
        const draws = now.draws();
        plot.points(draws.map(([x]) => x), draws.map(([, y]) => y), { shape: "cross", radius: 4, width: 2 });
        const part = now.part();
        const style = { color: "evidence", width: 3, fill: 0.2 };
        if (part) plot.ellipse(...part.mu, ...part.sigma.map((s) => 2 * s), style);
      });
      const beside = { dx: 14, dy: -12, size: 14, bold: true, halo: true };
      if (now.own()) ui.get("centers").forEach((mu, k) => plot.text(...mu, String(k + 1), beside));
    },
  });
  const knobs = ui.get("centers").map((_, k) =>
    ui.handle(panel, {
      label: `component ${k + 1}`,
      color: "prior",
      step: 0.1,
      at: () => ui.get("centers")[k],
      move: (x, y) => ui.set("centers", ui.get("centers").with(k, [x, y])),
    }),
  );
  const hide = () => knobs.forEach((knob) => (knob.hidden = !now.own()));
  ui.on("prior", hide);
  hide();
};

/** How n square pictures fill a box: { columns, side }, as large as they fit, up to 0.8 of its height, in few lines. */
export const fit = (n, width, height) => {
  let best = { columns: 1, side: 0 };
  for (let columns = 1; columns <= n; columns++) {
    const side = Math.min(width / columns, height / Math.max(1.25, Math.ceil(n / columns)));
    if (side > best.side - 1e-9) best = { columns, side };
  }
  return best;
};

/** Which of n pictures that `fit` a plot lies at x, y in [0, 1]; null where none does. */
export const touchedOf = (n, { width, height }, x, y) => {
  const { columns, side } = fit(n, width, height);
  const [column, row] = [(x * width) / side, ((1 - y) * height) / side].map(Math.floor);
  const inside = column >= 0 && column < columns && row >= 0 && row * columns + column < n;
  return inside ? row * columns + column : null;
};

/** Square pictures from the top left; the one at `chosen` is framed, and with `numbers` each has its number. */
const drawPictures = (plot, images, { chosen, numbers }) => {
  const { columns, side } = fit(images.length, plot.inner.width, plot.inner.height);
  const [w, h] = [side / plot.inner.width, side / plot.inner.height];
  const size = Math.round(Math.sqrt(images[0].length));
  images.forEach((image, k) => {
    const [left, top] = [(k % columns) * w, 1 - Math.floor(k / columns) * h];
    const [x0, y0, x1, y1] = [left + 0.04 * w, top - 0.96 * h, left + 0.96 * w, top - 0.04 * h];
    plot.image(image, size, size, [x0, y0, x1, y1]);
    if (numbers) plot.text(x0, y1, String(k + 1), { dx: 8, dy: 9, size: 13, bold: true, color: "prior", halo: true });
    if (k === chosen) plot.line([x0, x1, x1, x0, x0], [y0, y0, y1, y1, y0], { color: "evidence", width: 3 });
  });
};

/** A panel of pictures that may be touched: `touched(k)`. */
const galleryPanel = (ui, { pictures, look = () => ({}), touched = () => {}, ...settings }) => {
  const panel = ui.panel({
    ...settings,
    axes: false,
    draw(plot) {
      const images = pictures();
      if (images.length) return drawPictures(plot, images, look());
      return plot.text(0.5, 0.5, "it has no components", { size: 14, color: "muted" });
    },
  });
  ui.strokes(panel, ({ x, y, first }) => {
    const k = touchedOf(pictures().length, panel.plot.inner, x, y);
    if (first && k !== null) touched(k);
  });
  return panel;
};

/** What the panels ask for, each computed once per change. */
const derive = (ui, data, cloud, net) => {
  const names = ui.constant("priors");
  const laws = fittedPriors(names, data, ui.constant("reach"));
  const own = remember(() => [ui.get("centers"), ui.get("width")], (centers, width) => mixture(alike(centers, width)));
  const isOwn = () => ui.get("prior") === names.at(-1);
  const law = () => (isOwn() ? own() : (laws[ui.get("prior")] ?? laws[names[0]]));
  const scores = rows(data.scores);
  const normal = meanLog(laws[names[0]], cloud);
  const means = new Map(Object.values(laws).map((one) => [one, meanLog(one, cloud)]));
  const mean = remember(() => [law()], (one) => means.get(one) ?? meanLog(one, cloud));
  const position = () => Math.min(ui.get("component"), law().parts.length) - 1;
  const vamp = () => ui.get("prior") === names[2];
  const decoded = remember(() => [law()], (one) => one.parts.map(({ mu }) => decode(net, mu)));
  const inputs = rows(data.inputs).map((values) => Array.from(values, (value) => value / 255));
  return {
    names,
    laws,
    law,
    own: isOwn,
    vamp,
    mean,
    gain: () => mean() - normal,
    best: means.get(laws[names[1]]) - normal,
    measured: () => (isOwn() ? null : scores[Math.max(0, names.indexOf(ui.get("prior")))]),
    normal: scores[0],
    position,
    part: () => (law().parts.length > 1 && !isOwn() ? law().parts[position()] : null),
    draws: remember(() => [law(), ui.get("draw")], (one, seed) => one.sample(DRAWS, seed)),
    empty: remember(() => [law(), ui.get("draw")], (one, seed) => lonely(one.sample(MANY, seed), cloud, NEAR)),
    pictures: () => (vamp() ? inputs : decoded()),
    decoded,
  };
};

/** What to reach, by what `derive` says now. */
export const challenges = (now) => [
  {
    id: "half of it",
    text: "With your own mixture, win half of what the fitted mixture gains over N(0, I).",
    reached: () => now.own() && now.gain() > 0.5 * now.best,
    why: "The networks were not touched: whatever the prior says better about the codes, the ELBO gains, nat for nat.",
  },
  {
    id: "a nat worse",
    text: "Build a mixture of your own that is a whole nat worse than N(0, I).",
    reached: () => now.own() && now.gain() < -1,
    why: "Where codes lie and the prior is next to nothing, each costs many nats. Missing some is worse than wasting.",
  },
  {
    id: "heaviest",
    text: "Pick out the pseudo-input that carries the most weight in the VampPrior.",
    reached: () => now.vamp() && now.part().weight === Math.max(...now.law().parts.map(({ weight }) => weight)),
    why: "It was trained to have a useful posterior. Nobody asked that it look like a digit.",
  },
];

const readout = (ui, now, usual) => () => {
  const measured = now.measured();
  const guess = (value) => `about ${format(value)}`;
  const [kl, elbo] = measured ?? [now.normal[KL] - now.gain(), now.normal[ELBO] + now.gain()].map(guess);
  const share = (value) => `${format(100 * value, 1)} %`;
  const part = now.part();
  return [
    ["prior", `${ui.get("prior")}, seed ${ui.get("draw")}`, "prior"],
    ["mean log p(z) of the codes", now.mean(), "prior"],
    ["gain over N(0, I), nats", now.gain(), "elbo"],
    ["KL, nats", kl, "kl"],
    ["ELBO, nats", elbo, "elbo"],
    ["\u2212log p(x), nats", measured ? measured[NLL] : "not measured", "evidence"],
    [`draws with no code within ${NEAR}`, `${share(now.empty())}, codes ${share(usual)}`],
    ...(part ? [[`weight of component ${now.position() + 1}`, part.weight, "evidence"]] : []),
  ];
};

const FIELDS = ["codes", "labels", "mixture", "vamp", "inputs", "flow", "scores"];

/** Who turns the own mixture sees it, and who picks a component sees a prior that has some. */
const follow = (ui, now) => {
  ui.on(["centers", "width"], () => ui.set("prior", now.names.at(-1)));
  ui.on("component", () => now.part() || ui.set("prior", now.names[1]));
  ui.on(["centers", "draw"], ui.redraw);
};

const controls = (ui, now, cloud) => {
  ui.choice({ name: "prior", label: "Prior", options: [...Object.keys(now.laws), now.names.at(-1)] });
  const most = Math.max(...Object.values(now.laws).map(({ parts }) => parts.length));
  const values = Array.from({ length: most }, (_, k) => k + 1);
  ui.select({ name: "component", label: "component, of mixture or VampPrior", options: values });
  ui.slider({ name: "width", label: "width, of your own", step: 0.02 });
  ui.button("Draw again", () => ui.set("draw", (ui.get("draw") % 1e6) + 1), { primary: true });
  ui.button("EM step on your own", () => {
    const better = expectMaximize(ui.get("centers"), ui.get("width"), cloud);
    const limit = ui.limits("centers");
    ui.set("centers", better.centers.map((mu) => mu.map((value) => clamp(value, ...limit))));
    ui.set("width", clamp(better.width, ...ui.limits("width")));
  });
};

export default {
  render({ model, el }) {
    const ui = frame({ model, el, title: "The prior workshop: which p(z) fits the codes?" });
    const [net] = networksOf(model, [ui.get("decoder_sizes")]);
    const data = tensors(model, FIELDS);
    const [xs, ys] = [0, 1].map((axis) => every(data.codes.values, axis, 2));
    const cloud = { xs, ys, labels: data.labels.values };
    const now = derive(ui, data, cloud, net);
    const usual = lonely(Array.from(xs, (x, i) => [x, ys[i]]), cloud, NEAR, true);

    mapPanel(ui, cloud, now);
    galleryPanel(ui, {
      title: "Draws from this prior, decoded",
      span: 2,
      aspect: 0.55,
      most: 400,
      pictures: () => now.draws().map((z) => decode(net, z)),
    });
    const gallery = galleryPanel(ui, {
      title: "Its components, decoded at their centers",
      span: 6,
      aspect: 2.5,
      most: 104,
      pictures: now.pictures,
      look: () => ({ chosen: now.part() ? now.position() : null, numbers: now.own() }),
      touched: (k) => now.part() && ui.set("component", k + 1),
    });
    const words = { true: "Its pseudo-inputs: touch one", false: "Its components, decoded at their centers" };
    const title = () => gallery.caption(words[now.vamp()]);
    ui.on("prior", title);
    title();
    follow(ui, now);
    controls(ui, now, cloud);
    const percent = (100 * ui.get("rounding")).toFixed(2);
    ui.note(`The decoder is in this page in 8 bits; that changes a pixel by ${percent} % on average.`);
    ui.readout(readout(ui, now, usual));
    ui.challenges("prior_workshop", challenges(now));
    return ui.dispose;
  },
};
