"""Widget: the KL of every latent dimension while a VAE is trained, for each remedy against posterior collapse."""

import numpy as np

from .parts.fields import Array, Choice, Number, Whole
from .parts.host import Widget
from .parts.packing import as_array, stacked

REMEDIES = (
    "none", "linear annealing", "cyclical annealing", "beta = 0.5", "free bits, 0.3 each", "dropout 0.8 on the past",
    "context of 4", "aggressive encoder",
)  # fmt: skip


class CollapseFilm(Widget):
    """A film of training: one bar for each latent dimension, and the total KL of every remedy against steps.

    remedy: which film is shown.   percent: how much of the training is over, 0 to 100.
    kl: float32 (remedies, frames, d), nats per example.   steps: how many the training took.
    ceiling: what there is to tell about x, in nats; a line in the picture.
    """

    module = "collapse_film"
    sentence = "Bars of the KL of each latent dimension during training, one film for each remedy against collapse."

    remedy = Choice("none", REMEDIES)
    percent = Whole(100, 0, 100)
    kl = Array("float32", (len(REMEDIES), None, None))
    steps = Whole(100, 1, 10**9)
    ceiling = Number(0.0, 0, 1e6)

    @classmethod
    def of(cls, films, steps, ceiling, **values):
        """films: remedy -> array (frames, d) of nats, one for each of REMEDIES. Frames beyond the shortest are cut.

        Raises ValueError when the names are not those of REMEDIES, or when the films differ in d.
        """
        if set(films) != set(REMEDIES):
            raise ValueError(f"films: got {sorted(films)}, expected {sorted(REMEDIES)}")
        arrays = [as_array(films[name]) for name in REMEDIES]
        frames = min(len(array) for array in arrays)
        return cls(kl=stacked([array[:frames] for array in arrays], "films"), steps=steps, ceiling=ceiling, **values)

    def still(self) -> str:
        from matplotlib.figure import Figure

        from .. import plots

        axes = (figure := Figure(figsize=(6, 2.8))).subplots()
        for name, total, dash in zip(REMEDIES, self.kl.sum(2), "- -- -. : - -- -. :".split(), strict=True):
            axes.plot(np.linspace(0, self.steps, len(total)), total, dash, color=plots.COLORS["kl"], label=name, lw=1.2)
        axes.axhline(self.ceiling, color=plots.COLORS["evidence"], ls="--")
        axes.set(xlabel="step", ylabel="KL, nats")
        figure.legend(*axes.get_legend_handles_labels(), loc="outside right upper", fontsize=8)
        return plots.show(figure, alt="The total KL of each remedy against the steps of training.").svg

    @classmethod
    def example(cls):
        """Made-up films, for tests of the widget."""
        time = np.linspace(0, 1, 12)[:, None]
        early = {"none": 4 * time * (1 - time) + 0.1 * time}
        last = {"free bits, 0.3 each": 0.1}
        shapes = {
            name: (k + 1) / 8 * early.get(name, time) * np.array([1.0, 0.5, last.get(name, 0.0)])
            for k, name in enumerate(REMEDIES)
        }
        return cls.of(shapes, steps=700, ceiling=0.6)
