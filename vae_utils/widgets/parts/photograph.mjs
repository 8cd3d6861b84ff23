// Pictures in true grey levels, whatever the theme: the paper of a photograph does not turn dark.

/** A canvas that holds size x size grey levels in [0, 1], row by row. */
const developed = (values, size) => {
  const canvas = Object.assign(document.createElement("canvas"), { width: size, height: size });
  const context = canvas.getContext("2d");
  const picture = context.createImageData(size, size);
  values.forEach((value, i) => picture.data.fill(255 * value, 4 * i, 4 * i + 3));
  for (let i = 3; i < picture.data.length; i += 4) picture.data[i] = 255;
  context.putImageData(picture, 0, 0);
  return canvas;
};

/** Draw a square photograph into the box [left, top, width, height] of the panel, in pixels; all of it by default. */
export const photograph = (plot, values, size, box = [0, 0, plot.width, plot.height]) => {
  plot.context.imageSmoothingQuality = "high";
  plot.context.drawImage(developed(values, size), ...box);
};
