"""The ELBO of a swing: drag q, and two bars keep adding up to log p(x)."""

from typing import ClassVar

from .parts.fields import Number
from .parts.host import Widget
from .parts.stills import normal_density

NOISE = 0.3  # sigma of p(x | z)


class ELBO(Widget):
    """A swing at displacement z ~ N(0, 1) is seen at height x ~ N(z^2, 0.3^2); q(z | x) = N(mu, sigma^2) guesses z.

    Shows q beside the exact posterior, the ELBO and KL(q || p(z|x)) as bars that add up to log p(x), and the ELBO as a
    landscape over mu and sigma that gradient ascent climbs. All in nats.
    """

    module = "elbo"
    sentence = "Drag the guess q and watch the ELBO and the gap add up to log p(x), which never moves."
    constants: ClassVar[dict] = {"noise": NOISE}

    x = Number(1.0, 0, 3)
    mu = Number(0.5, -2.5, 2.5)
    sigma = Number(0.35, 0.05, 2)

    def still(self) -> str:
        import numpy as np
        from matplotlib.figure import Figure

        from .. import plots

        z = np.linspace(-3, 3, 1201)
        joint = normal_density(self.x, z**2, NOISE) * normal_density(z)
        q = normal_density(z, self.mu, self.sigma)
        axes = (figure := Figure(figsize=(6, 2.2))).subplots()
        posterior = joint / (joint.sum() * (z[1] - z[0]))
        axes.plot(z, posterior, color=plots.COLORS["evidence"], label="p(z|x)", linestyle="--")
        axes.plot(z, q, color=plots.COLORS["posterior"], label="q(z|x)")
        axes.set(xlabel="displacement z", ylabel="density")
        axes.legend()
        return plots.show(figure, alt="The true posterior with two humps, and the guess q to start from.").svg
