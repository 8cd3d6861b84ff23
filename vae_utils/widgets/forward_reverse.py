"""Widget: particles that drown in noise and come back, along an SDE or an ODE, by the exact score of a mixture."""

from typing import ClassVar

from .parts.fields import Choice, Number, Numbers, Whole
from .parts.host import Widget

REACH = 3.0  # the maps show z in [-REACH, REACH]^2
START = [[-1.6, 1.0], [1.7, 1.2], [0.2, -0.2], [-1.2, -1.5], [1.6, -1.3]]


class ForwardReverse(Widget):
    """Move through the time of a diffusion, forward and back, in a plane where the score is a formula.

    The data are Gaussians of equal weight; their centers can be dragged. Noise rises from log SNR 8 at time 0 to -8 at
    time 1 in equal steps, and the best guess E[x | z_t] (`models.MixtureDenoiser`) leads back from N(0, I).

    time:    0 the data, 1 the noise.
    centers: of the Gaussians, (n, 2).   spread: sigma of each.
    sampler: "SDE", each step a draw from p(z_s | z_t), as `Diffusion.prior` does; or "ODE", the steps of DDIM.
    steps:   how many, each way.   draw: the seed of all noise.
    """

    module = "forward_reverse"
    sentence = "Particles drown in noise and come back along the score, by random steps or along an ODE."
    constants: ClassVar[dict] = {"reach": REACH}

    time = Number(0.35, 0, 1)
    centers = Numbers(START, (None, 2), -REACH, REACH, most=8)
    spread = Number(0.15, 0.05, 0.6)
    sampler = Choice("SDE", ("SDE", "ODE"))
    steps = Whole(20, 2, 100)
    draw = Whole(1, 1, 50)

    def still(self) -> str:
        import numpy as np
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
