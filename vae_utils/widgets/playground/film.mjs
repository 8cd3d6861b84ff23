// What a training run looked like: weights and loss terms at evenly spaced steps, never more than a few hundred.

/** Keeps an entry every `stride` steps; when full, every second entry goes and the stride doubles. */
export class Film {
  constructor(capacity = 240, stride = 5) {
    Object.assign(this, { capacity, stride, entries: [] });
  }

  wants(step) {
    return step % this.stride === 0 && this.entries.at(-1)?.step !== step;
  }

  add(entry) {
    this.entries.push(entry);
    if (this.entries.length < this.capacity) return;
    this.stride *= 2;
    this.entries = this.entries.filter(({ step }) => step % this.stride === 0);
  }

  /** The terms over time as plain columns. */
  columns() {
    const column = (name) => this.entries.map((entry) => entry[name]);
    const names = ["step", "loss", "reconstruction", "kl", "beta", "heldout"];
    return Object.fromEntries(names.map((name) => [name, column(name)]));
  }
}
