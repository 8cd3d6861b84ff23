"""What a training saw, one row of numbers a step."""

import numpy as np


class History:
    """`history["kl"]` is an array with one number a step. The terms are those that the first step recorded.

    `fit` records loss (what was minimized), elbo (reconstruction - kl, whatever beta), reconstruction, kl and beta, in
    nats per example; for a hierarchy also kl_1, kl_2, ... of its levels, and beta_1, beta_2, ... where beta is a tuple.
    """

    def __init__(self, steps_per_epoch):
        self.steps_per_epoch = steps_per_epoch
        self.seconds = 0.0
        self.interrupted = False
        self.terms, self.rows = (), []

    def record(self, numbers):
        """Keep a row, {term: number}. Raises ValueError unless its terms are those of the first row."""
        self.terms = self.terms or tuple(numbers)
        if tuple(numbers) != self.terms:
            raise ValueError(f"record: got the terms {tuple(numbers)}, expected those of the first step, {self.terms}")
        self.rows.append(tuple(numbers.values()))

    def __len__(self):
        return len(self.rows)

    def __repr__(self):
        shown = [term for term in ("elbo", "kl") if term in self.terms] or self.terms[:2]
        last = ", ".join(f"{term} {self.per_epoch(term)[-1]:.1f}" for term in shown)
        return f"History({len(self)} steps, {last or 'empty'})"

    def __getitem__(self, term):
        if term not in self.terms:
            raise KeyError(f"term: got {term!r}, expected one of {self.terms}")
        return np.array([row[self.terms.index(term)] for row in self.rows])

    def per_epoch(self, term):
        """The mean of a term over each epoch; the last, incomplete epoch counts too."""
        values = self[term]
        starts = range(0, len(values), self.steps_per_epoch)
        return np.array([values[start : start + self.steps_per_epoch].mean() for start in starts])
