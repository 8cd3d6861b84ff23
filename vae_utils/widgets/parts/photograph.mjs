// Pictures in true grey levels, whatever the theme: the paper of a photograph does not turn dark.

/** One sheet for each size, used again for every picture. */
const sheets = new Map();

const sheetOf = (size) => {
  if (!sheets.has(size)) {
    const canvas = Object.assign(document.createElement("canvas"), { width: size, height: size });
    const context = canvas.getContext("2d");
    const picture = context.createImageData(size, size);
    picture.data.fill(255);
    sheets.set(size, { canvas, context, picture });
  }
  return sheets.get(size);
};

/** Draw size x size grey levels in [0, 1] into the box [left, top, width, height] of a panel, by default all of it. */
export const photograph = (plot, values, size, box = [0, 0, plot.width, plot.height]) => {
  const { canvas, context, picture } = sheetOf(size);
  for (let i = 0; i < size * size; i++) {
    for (let c = 0; c < 3; c++) picture.data[4 * i + c] = 255 * values[i];
  }
  context.putImageData(picture, 0, 0);
  plot.context.imageSmoothingQuality = "high";
  plot.context.drawImage(canvas, ...box);
};
