import { close, equal } from "./check.mjs";
import { drawSheet, sheet } from "../../vae_utils/widgets/parts/sheet.mjs";
import { decodedMap } from "../../vae_utils/widgets/parts/latent_map.mjs";
import { Plot } from "../../vae_utils/widgets/parts/plot.mjs";

const IMAGES = [[255, 0, 0, 0], [0, 0, 0, 51], [1, 2, 3, 4]];

export const tests = {
  "images stand side by side, each in a cell with a gap": () => {
    const { picture, width, height } = sheet(IMAGES, 2, { most: 255 });
    equal([width, height], [6, 6]);
    close(picture[0], 1, 1e-6);
    close(picture[1 * 6 + 4], 0.2, 1e-6);
    close([...picture.subarray(18, 20), ...picture.subarray(24, 26)], [1, 2, 3, 4].map((v) => v / 255), 1e-6);
    close(picture.reduce((a, b) => a + b), (255 + 51 + 10) / 255, 1e-6);
  },
  "a gap of two lies around the image, one of none lets them touch": () => {
    const wide = sheet(IMAGES.slice(0, 1), 1, { gap: 2 });
    equal([wide.width, wide.picture[1 * 4 + 1], wide.picture[0]], [4, 255, 0]);
    equal([...sheet(IMAGES.slice(2), 1, { gap: 0 }).picture], [1, 2, 3, 4]);
  },
  "a sheet keeps its pixels square, at the top of its box and in its middle": () => {
    const plot = new Plot({}, { width: 400, height: 100, x: [0, 8], y: [0, 1], axes: false });
    plot.image = (values, columns, rows, box) => (plot.drawn = box);
    drawSheet(plot, { picture: [], width: 20, height: 10 }, [0, 0, 8, 1]);
    close(plot.drawn, [2, 0, 6, 1], 1e-9);
    drawSheet(plot, { picture: [], width: 100, height: 10 }, [0, 0, 8, 1]);
    close(plot.drawn, [0, 0.6, 8, 1], 1e-9);
  },
  "the map rises to the right and upward": () => {
    const { picture, width } = decodedMap(([x, y]) => Float32Array.from({ length: 784 }, () => 10 * x + y), 3, 3);
    equal(width, 84);
    close([picture[0], picture[83], picture[83 * 84]], [-18, 22, -22], 1e-4);
  },
};
