"""Widget: a GAN and a VAE that are trained side by side in the reader's browser."""

from .parts.fields import Choice, Flag, Number, Whole
from .parts.host import Widget

DATA = ("ring", "grid", "moons", "spirals")
LOSSES = ("non-saturating", "saturating", "Wasserstein", "relativistic")


class SideBySide(Widget):
    """Train a GAN and a VAE on the same batches, for the same steps, and compare what they have learned.

    Both have two hidden layers of 32 and two latent numbers; their rates fall in a straight line to zero.

    data:     equal bells on a ring (8) or a grid (9), two moons, or two spirals; of each the density is known.
    loss:     of critic and generator, as in `objectives`.
    penalty:  strength of R1 on the critic, or for "Wasserstein" of the gradient penalty; 0 is none.
    momentum: of the Adam that trains critic and generator.
    learned:  whether the sigma of the VAE is learned with it, from 0.05 on; else it is the width of the data.
    budget:   steps of 128 points each. seed: of points, weights and noise.
    running:  whether it trains now; may be set from Python in a live kernel.
    """

    module = "side_by_side"
    worker = "side_by_side/worker"
    sentence = "A GAN and a VAE are trained here, side by side in your browser, on the same points."

    data = Choice("ring", DATA)
    loss = Choice("non-saturating", LOSSES)
    penalty = Number(0.0, 0, 10)
    momentum = Choice("0.9", ("0", "0.5", "0.9"))
    learned = Flag(True)
    budget = Whole(1000, 100, 4000)
    seed = Whole(0, 0, 9999)
    running = Flag(False)

    def still(self) -> str:
        import numpy as np
        from matplotlib.figure import Figure

        from .. import plots

        noise = np.random.default_rng(0)
        turns = np.arange(400) * np.pi / 4
        x = np.stack([np.cos(turns), np.sin(turns)]) + 0.05 * noise.standard_normal((2, 400))
        axes = (figure := Figure(figsize=(2.4, 2.4))).subplots()
        axes.plot(*x, ".", color=plots.COLORS["data"], markersize=2)
        axes.set(xticks=[], yticks=[], aspect="equal")
        return plots.show(figure, alt="Eight clusters of points on a circle: what both models learn.").svg
