"""Widget: the importance-weighted bound closing in on log p(x) as K grows."""

from .parts.fields import Number, Whole
from .parts.host import Widget


class ImportanceBound(Widget):
    """Turn K and watch log (1/K sum of K weights) rise towards log p(x), in nats, on a model where that is known.

    In a linear-Gaussian model the true posterior is Gaussian. Measured in its own units (whitened), it is N(0, I),
    and q is N(offset in the first dimension, width^2 I): so width 1 and offset 0 is the true posterior itself.

    k:            how many weights are averaged.
    width:        width of q, in units of the true posterior's.
    offset:       how far q's center is off, in the same units.
    latent_dim:   dimensions of z.
    log_evidence: the exact log p(x) in nats, as `LinearVAE.log_evidence` gives it.
    draw:         which draw of noise is shown.
    """

    module = "importance_bound"
    sentence = "The bound with K samples rises towards the exact log p(x); the K weights it averages agree or spread."

    k = Whole(10, 1, 2000)
    width = Number(0.7, 0.4, 1.6)
    offset = Number(0.6, 0, 2)
    latent_dim = Whole(3, 1, 20)
    log_evidence = Number(-20.0, -1e6, 1e6)
    draw = Whole(1, 1, 50)

    def still(self) -> str:
        import math

        import numpy as np
        from matplotlib.figure import Figure

        from .. import plots

        rng = np.random.default_rng(0)
        eps = rng.standard_normal((60, 2000, self.latent_dim))
        u = self.width * eps
        u[..., 0] += self.offset
        log_w = self.latent_dim * math.log(self.width) + 0.5 * (eps**2 - u**2).sum(-1) + self.log_evidence
        counts = np.arange(1, 2001)
        bound = (np.logaddexp.accumulate(log_w, axis=1) - np.log(counts)).mean(0)
        axes = (figure := Figure(figsize=(6, 2.4))).subplots()
        axes.plot(counts, bound, color=plots.COLORS["elbo"], label="bound with K samples")
        axes.axhline(self.log_evidence, color=plots.COLORS["evidence"], linestyle="--", label="log p(x)")
        axes.set(xscale="log", xlabel="K", ylabel="nats")
        axes.legend(loc="lower right")
        return plots.show(figure, alt="The bound rises with K towards the dashed line of log p(x).").svg
