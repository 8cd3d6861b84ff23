// Arrays that come from Python: flat typed values with a shape, their blocks and their rows.

const TYPES = {
  uint8: Uint8Array,
  int8: Int8Array,
  uint16: Uint16Array,
  int16: Int16Array,
  int32: Int32Array,
  float32: Float32Array,
  float64: Float64Array,
};

const bytesOf = (data) => {
  if (typeof data === "string") return Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
  return new Uint8Array(data).slice();
};

/** The typed array behind an Array field, with its shape: { values, shape }. Same in a kernel and on a page. */
export const tensor = (field) => {
  const Type = TYPES[field.dtype];
  if (!Type) throw new TypeError(`no typed array for dtype ${field.dtype}`);
  return { values: new Type(bytesOf(field.data).buffer), shape: field.shape };
};

/** The tensors of several Array fields, by name. */
export const tensors = (model, names) => Object.fromEntries(names.map((name) => [name, tensor(model.get(name))]));

/** The block of a tensor under its first indices, as a flat array, with the shape that is left. */
export const block = ({ values, shape }, ...index) => {
  const rest = shape.slice(index.length);
  const size = rest.reduce((product, n) => product * n, 1);
  const at = index.reduce((position, i, axis) => position * shape[axis] + i, 0);
  return { values: values.subarray(at * size, (at + 1) * size), shape: rest };
};

/** The rows of `width` numbers of a flat array. */
export const rowsOf = (values, width) =>
  Array.from({ length: values.length / width }, (_, i) => values.subarray(i * width, (i + 1) * width));

/** The rows of a tensor (n, D). */
export const rows = ({ values, shape }) => rowsOf(values, shape.at(-1));

/** Every `stride`-th number of a flat array from `offset` on: one coordinate of its rows. */
export const every = (values, offset, stride) =>
  Float64Array.from({ length: values.length / stride }, (_, i) => values[i * stride + offset]);
