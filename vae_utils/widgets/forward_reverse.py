"""Widget: particles that drown in noise and come back, along an SDE or an ODE, by an exact score or a learned one."""

import math
from pathlib import Path
from typing import ClassVar

import numpy as np

from .parts.fields import Array, Choice, Number, Numbers, Whole
from .parts.host import Widget

REACH = 3.0  # the maps show z in [-REACH, REACH]^2
START = [[-1.6, 1.0], [1.7, 1.2], [0.2, -0.2], [-1.2, -1.5], [1.6, -1.3]]
SPREAD = 0.15
TRAINED = Path(__file__).parent / "parts" / "forward_reverse.npz"  # made by tools/train_forward_reverse.py
HIDDEN, WAVES, SPAN = (48, 48, 48), 8, 16.0  # of the `TimedNetwork` in it
NETWORK = {
    "sizes": [2 + 2 * WAVES, *HIDDEN, 2],
    "frequencies": [2 * math.pi / SPAN * 2 ** (5 * i / (WAVES - 1) - 1) for i in range(WAVES)],
}


class ForwardReverse(Widget):
    """Move through the time of a diffusion, forward and back, in a plane where the score is a formula.

    The data are Gaussians of equal weight; their centers can be dragged. Noise rises from log SNR 8 at time 0 to -8 at
    time 1 in equal steps. What leads back from N(0, I) is the best guess E[x | z_t] (`models.MixtureDenoiser`), or
    that of a small network, a `TimedNetwork` that was trained on the mixture of the start and knows no other.

    time:    0 the data, 1 the noise.
    centers: of the Gaussians, (n, 2).   spread: sigma of each.
    score:   "exact", or "learned", by the network in `weights`, `scales` and `biases`.
    sampler: "SDE", each step a draw from p(z_s | z_t), as `Diffusion.prior` does; or "ODE", the steps of DDIM.
    steps:   how many, each way.   draw: the seed of all noise.
    """

    module = "forward_reverse"
    sentence = "Particles drown in noise and come back along the score, by random steps or along an ODE."
    constants: ClassVar[dict] = {"reach": REACH, "network": NETWORK, "taught": {"centers": START, "spread": SPREAD}}

    time = Number(0.35, 0, 1)
    centers = Numbers(START, (None, 2), -REACH, REACH, most=8, least=1)
    spread = Number(SPREAD, 0.05, 0.6)
    score = Choice("exact", ("exact", "learned"))
    sampler = Choice("SDE", ("SDE", "ODE"))
    steps = Whole(20, 2, 100)
    draw = Whole(1, 1, 50)
    weights = Array("int8", (None,))  # layer by layer, row by row
    scales = Array("float32", (None,))  # one for each row
    biases = Array("float32", (None,))

    def __init__(self, **values):
        with np.load(TRAINED) as kept:
            super().__init__(**{**kept, **values})

    def still(self) -> str:
        from matplotlib.figure import Figure

        from .. import plots

        rng = np.random.default_rng(0)
        centers = np.array(self.centers).reshape(-1, 2)
        x = centers[rng.integers(len(centers), size=300)] + self.spread * rng.standard_normal((300, 2))
        axes = (figure := Figure(figsize=(6, 2.2))).subplots(1, 3)
        for ax, log_snr, title in zip(axes, (8.0, 1.0, -8.0), ("data", "half way", "noise"), strict=True):
            signal = 1 / (1 + np.exp(-log_snr))
            z = np.sqrt(signal) * x + np.sqrt(1 - signal) * rng.standard_normal(x.shape)
            ax.scatter(*z.T, s=3, color=plots.COLORS["data"])
            ax.set(xlim=(-REACH, REACH), ylim=(-REACH, REACH), aspect="equal", title=title, xticks=[], yticks=[])
        return plots.show(figure, alt="Clusters of points, blurred half way, and a single cloud of noise.").svg
