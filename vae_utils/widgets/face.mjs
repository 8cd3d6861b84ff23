// Five numbers, one face: a decoder written by hand, and which pixels each number moves.
import { drawFace, FACTORS } from "./parts/face_drawing.mjs";
import { frame } from "./parts/frame.mjs";
import { clamp, logStandardNormal, normals, remember, sum } from "./parts/maths.mjs";
import { photograph } from "./parts/photograph.mjs";

const SIZE = 96;
const AVERAGE = drawFace([0, 0, 0, 0, 0], SIZE);
const [FAR, UNLIKELY] = [2, -12];
const LABELS = { width: "face width", nose: "nose size", hair: "hair darkness", smile: "smile", age: "age" };

/** Mean change of a pixel against the average face, in grey levels of 0 to 255. */
export const meanChange = (picture, from) => (255 * sum(picture.map((p, i) => Math.abs(p - from[i])))) / picture.length;

/** How far each pixel moved, for drawing: 0 not at all, 1 a lot. */
const moved = (picture) => picture.map((p, i) => Math.min(1, 2.5 * Math.abs(p - AVERAGE[i])));

/** What to reach, by the five numbers in the order of FACTORS. */
export const challenges = (z) => [
  {
    id: "old and sad",
    text: "Draw somebody old and sad: age above 1.5, smile below \u22121.5.",
    reached: () => z()[FACTORS.indexOf("age")] > 1.5 && z()[FACTORS.indexOf("smile")] < -1.5,
    why: "You knew which number to turn, for a person named them. A VAE has to find its numbers by itself.",
  },
  {
    id: "least change",
    text: "Four numbers at 0, one at 2 or beyond: which of them changes a pixel least?",
    reached() {
      const far = z().findIndex((value) => Math.abs(value) >= FAR);
      const alone = z().every((value, i) => i === far || value === 0);
      return alone && FACTORS[far] === "nose" && meanChange(drawFace(z(), SIZE), AVERAGE) > 0;
    },
    why: "The nose covers few pixels. A loss that adds up pixels hears of it least, though you see it at once.",
  },
  {
    id: "unlikely",
    text: `Draw a face that the prior hardly ever asks for: log p(z) below ${UNLIKELY} nats.`.replace("-", "\u2212"),
    reached: () => logStandardNormal(z()) < UNLIKELY,
    why: "The decoder draws whatever it is handed. Only the prior says which z are to be expected.",
  },
];

export default {
  render({ model, el }) {
    const ui = frame({ model, el, title: "A face from five numbers" });
    const z = () => FACTORS.map((name) => ui.get(name));
    const face = remember(z, (...factors) => drawFace(factors, SIZE));
    const become = (values) => FACTORS.forEach((name, i) => ui.set(name, clamp(values[i], ...ui.limits(name))));

    ui.panel({
      title: `X-space: a picture of ${SIZE} \u00d7 ${SIZE} pixels`,
      label: "the drawn face",
      square: true,
      axes: false,
      draw: (plot) => photograph(plot, face(), SIZE),
    });
    ui.panel({
      title: "Where it differs from the average face",
      square: true,
      axes: false,
      draw(plot) {
        plot.image(moved(face()), SIZE, SIZE, [0, 0, 1, 1], { smooth: true, color: "likelihood" });
        if (z().every((value) => value === 0)) plot.text(0.5, 0.5, "nowhere: this is the average face", { size: 13 });
      },
    });
    ui.note("Z-space: five numbers, each drawn from N(0, 1).");
    for (const name of FACTORS) ui.slider({ name, label: LABELS[name], step: 0.05 });
    const draw = normals(20);
    ui.button("Draw z from N(0, I)", () => become(FACTORS.map(() => Number(draw().toFixed(2)))), { primary: true });
    ui.button("Average face", () => become([0, 0, 0, 0, 0]));
    ui.readout(() => [
      ["mean change of a pixel", `${meanChange(face(), AVERAGE).toFixed(2)} of 255`, "likelihood"],
      ["distance of z from 0", Math.hypot(...z()), "prior"],
      ["log p(z)", `${logStandardNormal(z()).toFixed(3).replace("-", "\u2212")} nats`, "prior"],
    ]);
    ui.challenges("face", challenges(z));
    return ui.dispose;
  },
};
