"""Widget: the KL divergence between two densities, its signed integrand and its terms."""

from .parts.fields import Choice, Number
from .parts.host import Widget
from .parts.stills import normal_density


class KL(Widget):
    """Drag q and watch KL = integral of q(z) log(q(z) / p(z)) dz, in nats.

    mu, sigma:             mean and standard deviation of q.
    prior_mu, prior_sigma: those of p when `target` is "normal".
    target:                "normal", or "two bumps" (an even mixture of N(-1.8, 0.6^2) and N(1.8, 0.6^2)).
    direction:             "q||p" averages under q, "p||q" averages under p.
    """

    module = "kl"
    sentence = "Two densities, q and p, the signed area between their logarithms, and the KL divergence it adds up to."

    mu = Number(1.2, -4, 4)
    sigma = Number(0.6, 0.1, 3)
    prior_mu = Number(0.0, -3, 3)
    prior_sigma = Number(1.0, 0.3, 3)
    target = Choice("normal", ("normal", "two bumps"))
    direction = Choice("q||p", ("q||p", "p||q"))

    def still(self) -> str:
        import numpy as np
        from matplotlib.figure import Figure

        from .. import plots

        z = np.linspace(-5, 5, 201)
        q = normal_density(z, self.mu, self.sigma)
        p = normal_density(z, self.prior_mu, self.prior_sigma)
        axes = (figure := Figure(figsize=(6, 2.2))).subplots()
        axes.plot(z, q, color=plots.COLORS["posterior"], label="q")
        axes.plot(z, p, color=plots.COLORS["prior"], label="p", linestyle="--")
        axes.set(xlabel="z", ylabel="density")
        axes.legend()
        return plots.show(figure, alt="The densities q and p that the moving figure starts from.").svg
