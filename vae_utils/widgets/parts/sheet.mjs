// Square images side by side, as one picture.

/**
 * One picture { picture, width, height } of images in rows of `columns`, each a flat array of side * side values from 0
 * to `most`. Every image has a cell of side + gap pixels, with the gap around it.
 */
export const sheet = (images, columns, { gap = 1, most = 1 } = {}) => {
  const side = Math.round(Math.sqrt(images[0].length));
  const [cell, inset] = [side + gap, Math.floor(gap / 2)];
  const [width, height] = [columns * cell, Math.ceil(images.length / columns) * cell];
  const picture = new Float32Array(width * height);
  images.forEach((image, k) => {
    const corner = (Math.floor(k / columns) * cell + inset) * width + (k % columns) * cell + inset;
    for (let i = 0; i < side * side; i++) picture[corner + Math.floor(i / side) * width + (i % side)] = image[i] / most;
  });
  return { picture, width, height };
};

/** Draw a sheet as large as it fits into the box [x0, y0, x1, y1], at its top and in its middle. */
export const drawSheet = (plot, { picture, width, height }, [x0, y0, x1, y1]) => {
  const scale = Math.min((plot.px(x1) - plot.px(x0)) / width, (plot.py(y0) - plot.py(y1)) / height);
  const spanX = (scale * width * (plot.xRange[1] - plot.xRange[0])) / plot.inner.width;
  const spanY = (scale * height * (plot.yRange[1] - plot.yRange[0])) / plot.inner.height;
  const left = (x0 + x1 - spanX) / 2;
  plot.image(picture, width, height, [left, y1 - spanY, left + spanX, y1]);
};
