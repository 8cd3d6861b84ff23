// Lines of equal height over a grid of values, by marching squares.

/** Where one cell's edges cross `level`; its corners clockwise from the top left. */
const crossings = (corners, level, column, row) => {
  const places = [[0, 0], [1, 0], [1, 1], [0, 1]].map(([x, y]) => [column + x, row + y]);
  return corners.flatMap((value, i) => {
    const next = (i + 1) % 4;
    if (value < level === corners[next] < level) return [];
    const t = (level - value) / (corners[next] - value);
    return [places[i].map((at, axis) => at + t * (places[next][axis] - at))];
  });
};

/** Short lines [x0, y0, x1, y1] where values, row by row, cross `level`; x counts columns, y rows. */
export const contour = (values, columns, level) => {
  const lines = [];
  for (let row = 0; row + 1 < values.length / columns; row++) {
    for (let column = 0; column + 1 < columns; column++) {
      const at = row * columns + column;
      const corners = [values[at], values[at + 1], values[at + columns + 1], values[at + columns]];
      const found = crossings(corners, level, column, row);
      for (let i = 0; i + 1 < found.length; i += 2) lines.push([...found[i], ...found[i + 1]]);
    }
  }
  return lines;
};
