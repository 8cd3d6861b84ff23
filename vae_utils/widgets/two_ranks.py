"""Widget: two processes that train one model, and what each usual mistake does to it."""

from typing import ClassVar

from .parts.fields import Choice, Flag, Whole
from .parts.host import Widget

SIGMA, RATE = 0.7, {"SGD": 0.01, "Adam": 0.05}  # of the likelihood; the learning rates


class TwoRanks(Widget):
    """Two ranks train a linear VAE of one number on shares of the same batches, beside one process that has it all.

    q(z | x) = N(a x, s^2) and p(x | z) = N(b z, 0.7^2); the gradients of the ranks are averaged at each step. Without a
    mistake the three are one, to rounding. Each flag is a mistake:

    sums:             a rank's loss is the sum over its rows, not their mean.
    plain_means:      means of shares that differ in size are averaged without weights.
    own_noise:        each rank draws noise of its own, in place of its share of the common one.
    past_the_wrapper: the gradients are not averaged at all.
    batch_norm:       x is normalized by mean and s.d. of the rows at hand: of the share, or of the batch.
    rows:             rows of a batch.      steps: how many.      optimizer: "SGD" or "Adam".
    """

    module = "two_ranks"
    sentence = "Two ranks and one process train the same model; a mistake parts them, and the difference says which."
    constants: ClassVar[dict] = {"sigma": SIGMA, "rates": RATE}

    sums = Flag()
    plain_means = Flag()
    own_noise = Flag()
    past_the_wrapper = Flag()
    batch_norm = Flag()
    rows = Whole(9, 4, 20)
    steps = Whole(60, 1, 120)
    optimizer = Choice("Adam", tuple(RATE))

    def still(self) -> str:
        from matplotlib.figure import Figure

        from .. import plots

        one, two = _path(shares=1), _path(shares=2)
        axes = (figure := Figure(figsize=(6, 2.4))).subplots()
        axes.plot(*one.T, color=plots.COLORS["evidence"], linewidth=4, alpha=0.4, label="one process")
        axes.plot(*two.T, color=plots.COLORS["posterior"], linestyle="--", label="two ranks")
        axes.set(xlabel="encoder's weight a", ylabel="decoder's weight b")
        axes.legend(loc="lower right")
        return plots.show(figure, alt="The path of the two ranks lies on the path of one process.").svg


def _path(shares, steps=120, rows=9, rate=0.02, seed=0):
    """(a, b) before each step and after the last, (steps + 1, 2), by the weighted mean of the shares' gradients."""
    import numpy as np

    rng = np.random.default_rng(seed)
    a, b, log_s, path = 0.1, 0.3, 0.0, [(0.1, 0.3)]
    for _ in range(steps):
        x, eps = 1.2 * rng.standard_normal(rows), rng.standard_normal(rows)
        z = a * x + np.exp(log_s) * eps
        error = (b * z - x) / SIGMA**2
        each = [error * b * x + a * x**2, error * z, error * b * np.exp(log_s) * eps + np.exp(2 * log_s) - 1]
        parts = [np.array_split(one, shares) for one in each]
        slopes = [sum(len(part) / rows * part.mean() for part in of_one) for of_one in parts]
        a, b, log_s = (value - rate * slope for value, slope in zip((a, b, log_s), slopes, strict=True))
        path.append((a, b))
    return np.array(path)
