import { close, equal, ok } from "./check.mjs";
import * as told from "../../vae_utils/widgets/parts/information.mjs";
import { turned, turnedBack } from "../../vae_utils/widgets/factor_sliders.mjs";
import { normals } from "../../vae_utils/widgets/parts/maths.mjs";

const { binned, entropy, information, informationMatrix, leaders, makeBinner } = told;
const draw = normals(3);
const column = (n = 2000) => Float64Array.from({ length: n }, draw);

export const tests = {
  "four numbers in two classes, by rank": () => equal([...binned([5, -1, 9, 2], 2).at], [1, 0, 1, 0]),
  "equal values share a class, and classes have no gap": () => {
    const { at, count } = binned([7, 7, 7, 8], 4);
    equal([...at, count], [0, 0, 0, 1, 2]);
    equal(binned([4, 4, 4], 5).count, 1);
  },
  "a column that is known is not sorted again": () => {
    const [classes, one] = [makeBinner(4), column(8)];
    ok(classes(one) === classes(one) && classes(one) !== classes(one.slice()), "the same classes for the same column");
  },
  "20 classes of equal count have the entropy log 20": () => close(entropy(binned(column(), 20)), Math.log(20), 1e-12),
  "a column tells all of itself, less the bias, and of its mirror": () => {
    const one = column();
    const [a, b] = [binned(one, 20), binned(one.map((v) => -(v ** 3)), 20)];
    for (const other of [a, b]) close(information(a, other), Math.log(20) - 19 ** 2 / 4000, 1e-12);
  },
  "noise tells nothing": () => {
    const each = Array.from({ length: 20 }, () => information(binned(column(), 20), binned(column(), 20)));
    close(each.reduce((a, b) => a + b) / 20, 0, 0.01); // with its bias it would be 0.09
  },
  "a constant tells nothing at all": () =>
    close(information(binned([1, 2, 3, 4], 4), binned([5, 5, 5, 5], 4)), 0, 1e-12),
  "the largest and the second": () => {
    equal(leaders([3, 9, 5]), [1, 2]);
    equal(leaders([3]), [0, -1]);
  },
  "codes that are the factors leave a gap of nearly 1; mixed evenly, none": () => {
    const codes = [column(), column()];
    const factors = codes.map((code) => binned(code, 20));
    const after = (degrees) => informationMatrix(factors, turned(codes, [0, 1], degrees).map(makeBinner(20)));
    const straight = informationMatrix(factors, codes.map(makeBinner(20)));
    const noise = straight.matrix[0][1];
    close(straight.gaps[0], (Math.log(20) - 361 / 4000 - noise) / Math.log(20), 1e-9);
    close(straight.mig, (straight.gaps[0] + straight.gaps[1]) / 2, 1e-12);
    ok(after(45).mig < 0.05, "no gap at 45 degrees");
    close(after(90).mig, straight.mig, 1e-12, "MIG after a quarter");
  },
  "one code alone has no rival": () => {
    const code = binned(column(), 20);
    close(informationMatrix([code], [code]).mig, 1 - 361 / 4000 / Math.log(20), 1e-12);
  },
  "a turn leads from the first axis to the second, and leaves the third": () => {
    close(turned([[1], [0], [5]], [0, 1], 30).flat(), [Math.sqrt(3) / 2, 0.5, 5], 1e-12);
    equal(turned([[1, 2], [3, 4], [5, 6]], [0, 2], 90), [[-5, -6], [3, 4], [1, 2]]);
  },
  "the decoder reads what was turned": () => {
    const z = [0.3, -1, 2];
    const moved = turned(z.map((v) => [v]), [2, 0], 73).flat();
    close(turnedBack(moved, [2, 0], 73), z, 1e-12);
  },
};
