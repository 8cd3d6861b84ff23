"""Widget: noise pushed through a map that the reader bends, with both densities."""

from .fields import Choice, Number
from .host import Widget

KNOTS = (-2.0, -1.0, 0.0, 1.0, 2.0)


class Transformation(Widget):
    """x = g(z), and p(x) = p(z) / |g'(z)| summed over every z with g(z) = x.

    source: the law of the noise z.
    map:    "straight" x = z, "exponential" x = e^z, "fold" x = |z|, "ranks" x = F(z), "two humps" x = F_camel^-1(F(z)),
            or "by hand": a smooth curve through knot_1 .. knot_5, its values at z = -2, -1, 0, 1, 2.
    probe:  the z whose slope and densities are read out.
    """

    module = "transformation"
    sentence = "Three pictures side by side: the density of the noise, the map g, and the density of the data x = g(z)."

    source = Choice("normal", ("normal", "uniform", "two bumps"))
    map = Choice("two humps", ("straight", "exponential", "fold", "ranks", "two humps", "by hand"))
    probe = Number(0.8, -3, 3)
    knot_1 = Number(-2.0, -3.5, 3.5)
    knot_2 = Number(-1.0, -3.5, 3.5)
    knot_3 = Number(0.0, -3.5, 3.5)
    knot_4 = Number(1.0, -3.5, 3.5)
    knot_5 = Number(2.0, -3.5, 3.5)
