"""Widget: two densities, a critic that tells them apart, and the bound on JS that it makes."""

from typing import ClassVar

from .parts.fields import Choice, Number
from .parts.host import Widget
from .parts.stills import normal_density


class Critic(Widget):
    """Move the model q away from the data p and watch JS, a critic's bound on it, W1 and a generator's slope.

    The critic says D(x) = sigmoid(strength log p(x) / q(x)). It makes the bound of `objectives.js_bound`,
    log 2 + 1/2 E_p log D + 1/2 E_q log(1 - D) <= JS(p || q), in nats: tight at strength 1, and 0 at strength 0.

    mean, width: mean and standard deviation of q.
    target:      what p is: "normal", N(0, 1), or "two bumps", an even mixture of N(-1.8, 0.6^2) and N(1.8, 0.6^2).
    strength:    how much of the best critic's logit the critic has.
    """

    module = "critic"
    sentence = (
        "Data p and a model q on a line, a critic between them, and what it can say of their distance: a bound on JS."
    )
    constants: ClassVar[dict] = {"laws": {"normal": [[0, 1]], "two bumps": [[-1.8, 0.6], [1.8, 0.6]]}}

    mean = Number(1.0, -8, 8)
    width = Number(1.5, 0.3, 3)
    target = Choice("normal", ("normal", "two bumps"))
    strength = Number(1.0, 0, 1)

    def still(self) -> str:
        import numpy as np
        from matplotlib.figure import Figure

        from .. import plots

        x = np.linspace(-8, 8, 321)
        q = normal_density(x, self.mean, self.width)
        p = np.mean([normal_density(x, *part) for part in self.constants["laws"][self.target]], axis=0)
        odds = np.exp(np.clip(self.strength * np.log(p / np.maximum(q, 1e-200)), -50, 50))
        axes = (figure := Figure(figsize=(6, 2.2))).subplots()
        axes.plot(x, p, color=plots.COLORS["data"], label="p, the data", linestyle="--")
        axes.plot(x, q, color=plots.COLORS["posterior"], label="q, the model")
        axes.plot(x, odds / (1 + odds), color=plots.COLORS["kl"], label="D(x), the critic")
        axes.set(xlabel="x", ylabel="density; probability")
        axes.legend()
        return plots.show(figure, alt="The densities p and q, and the critic that the moving figure starts from.").svg
