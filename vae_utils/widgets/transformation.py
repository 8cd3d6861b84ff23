"""Widget: noise pushed through a map that the reader bends, with both densities."""

from .parts.fields import Choice, Number
from .parts.host import Widget
from .parts.stills import normal_density


class Transformation(Widget):
    """x = g(z), and p(x) = p(z) / |g'(z)| summed over every z with g(z) = x.

    source: the law of the noise z.
    map:    "straight" x = z, "exponential" x = e^z, "fold" x = |z|, "ranks" x = F(z), "two humps" x = F_camel^-1(F(z)),
            or "by hand": a smooth curve through knot_1 .. knot_5, its values at z = -2, -1, 0, 1, 2.
    probe:  the z whose slope and densities are read out.
    """

    module = "transformation"
    sentence = "The density of the noise below the map g, and the density of the data x = g(z) to the left of it."

    source = Choice("normal", ("normal", "uniform", "two bumps"))
    map = Choice("two humps", ("straight", "exponential", "fold", "ranks", "two humps", "by hand"))
    probe = Number(0.8, -3, 3)
    knot_1 = Number(-2.0, -3.5, 3.5)
    knot_2 = Number(-1.0, -3.5, 3.5)
    knot_3 = Number(0.0, -3.5, 3.5)
    knot_4 = Number(1.0, -3.5, 3.5)
    knot_5 = Number(2.0, -3.5, 3.5)

    def still(self) -> str:
        import math

        import numpy as np
        from matplotlib.figure import Figure

        from .. import plots

        z = np.linspace(-3, 3, 601)
        rank = np.array([0.5 * (1 + math.erf(value / math.sqrt(2))) for value in z])
        axes = (figure := Figure(figsize=(5, 2.4))).subplots(1, 2)
        axes[0].plot(z, normal_density(z), color=plots.COLORS["prior"])
        axes[0].set(xlabel="noise z", ylabel="density")
        axes[1].plot(z, rank, color=plots.COLORS["likelihood"])
        axes[1].set(xlabel="z", ylabel="ranks, x = F(z)")
        return plots.show(figure, alt="The density of normal noise, and the map that turns it into its rank.").svg
