"""Widget: the same noise reused while mu and sigma move, and the two gradient estimators that it feeds."""

from .parts.fields import Choice, Number, Whole
from .parts.host import Widget


class Reparameterization(Widget):
    """Push noise through z = mu + sigma * eps and compare the pathwise and score-function estimates of a gradient.

    mu, sigma:  where the noise lands.
    noise:      "replayed" (the same eps wherever mu and sigma go) or "fresh" (drawn anew at every move).
    cost:       f, summed over `dimensions` coordinates: "parabola" (z - 2)^2, "wave" sin(5 z), "step" (z > 0).
    parameter:  the gradient of E[f] is taken with respect to "mu" or "sigma" of the first coordinate.
    seed:       of the noise.
    """

    module = "reparameterization"
    sentence = "Noise lands where μ and σ send it; two estimators of the same gradient, one calm and one wild."

    mu = Number(0.5, -3, 3)
    sigma = Number(0.8, 0.1, 2)
    dimensions = Whole(2, 1, 50)
    noise = Choice("replayed", ("replayed", "fresh"))
    cost = Choice("parabola", ("parabola", "wave", "step"))
    parameter = Choice("mu", ("mu", "sigma"))
    seed = Whole(0, 0, 9999)

    def still(self) -> str:
        import numpy as np
        from matplotlib.figure import Figure

        from .. import plots

        eps = np.random.default_rng(self.seed).standard_normal(20)
        axes = (figure := Figure(figsize=(6, 2.2))).subplots()
        for noise in eps:
            axes.plot([noise, self.mu + self.sigma * noise], [1, 0], color=plots.COLORS["posterior"], linewidth=0.8)
        axes.set(yticks=[0, 1], yticklabels=["z", "ε"], xlabel="z = μ + σ ε")
        return plots.show(figure, alt="Lines from each noise ε to the point z where μ and σ send it.").svg
