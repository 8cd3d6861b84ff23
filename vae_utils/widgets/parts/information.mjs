// Mutual information of columns of numbers by histograms, as in vae_utils/evaluation/disentanglement.py.

/**
 * The classes of a column of numbers, counted from 0 without a gap, { at, count }: `bins` of equal count by the ranks.
 * Equal values share the class of their middle rank.
 */
export const binned = (column, bins) => {
  const order = Uint32Array.from(column, (_, i) => i).sort((a, b) => column[a] - column[b]);
  const at = new Uint8Array(column.length);
  let [count, last] = [0, -1];
  for (let below = 0, upTo; below < order.length; below = upTo) {
    upTo = below + 1;
    while (upTo < order.length && column[order[upTo]] === column[order[below]]) upTo++;
    const bin = Math.floor((bins * (below + upTo)) / (2 * order.length));
    if (bin !== last) [last, count] = [bin, count + 1];
    for (let k = below; k < upTo; k++) at[order[k]] = count - 1;
  }
  return { at, count };
};

/** `binned` that knows the columns it has seen: those that stay are not sorted again. */
export const makeBinner = (bins) => {
  const known = new WeakMap();
  return (column) => {
    if (!known.has(column)) known.set(column, binned(column, bins));
    return known.get(column);
  };
};

const entropyOf = (counts, n) => {
  let total = 0;
  for (const count of counts) if (count) total -= (count / n) * Math.log(count / n);
  return total;
};

const countsOf = ({ at, count }) => {
  const counts = new Uint32Array(count);
  for (const k of at) counts[k]++;
  return counts;
};

/** The entropy of classes, in nats. */
export const entropy = (classes) => entropyOf(countsOf(classes), classes.at.length);

/** The mutual information of two columns of classes in nats, less the bias of its histogram (Miller 1955). */
export const information = (one, other) => {
  const n = one.at.length;
  const joint = new Uint32Array(one.count * other.count);
  for (let i = 0; i < n; i++) joint[one.at[i] * other.count + other.at[i]]++;
  const bias = ((one.count - 1) * (other.count - 1)) / (2 * n);
  return entropy(one) + entropy(other) - entropyOf(joint, n) - bias;
};

/** The two largest of some numbers, as positions: [largest, second], the second -1 where there is one number alone. */
export const leaders = (values) => {
  const order = Array.from(values, (_, i) => i).sort((a, b) => values[b] - values[a]);
  return [order[0], order[1] ?? -1];
};

/** What codes tell of factors, both columns of classes: { matrix, gaps, mig }. */
export const informationMatrix = (factors, codes) => {
  const matrix = factors.map((factor) => codes.map((code) => information(factor, code)));
  const gaps = matrix.map((row, k) => {
    const [first, second] = leaders(row);
    return (row[first] - (row[second] ?? 0)) / entropy(factors[k]);
  });
  return { matrix, gaps, mig: gaps.reduce((total, gap) => total + gap, 0) / gaps.length };
};
