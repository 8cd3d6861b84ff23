"""A law made from a simple one by invertible layers."""

from ..arguments import last_dimension
from .law import Law


class Flow(Law):
    """z = f_L(... f_1(eps)) with eps ~ base: log p(z) = log base(eps) - sum_l log |det f_l'| (Dinh et al. 2017).

    base: a law over (d,).   layers: each is called on values (..., d) and returns what becomes of them, (..., d), and
    log |det| of its Jacobian, (...); `inverse` goes the other way, with the log |det| of that way.
    There is no closed form for the mean.
    """

    has_rsample = True

    def __init__(self, base, layers):
        self.base, self.layers = base, tuple(layers)
        super().__init__(base.batch_shape, base.event_shape)

    def log_prob(self, z):
        """log p(z) by the way back: (..., d) -> (...), nats per example."""
        values, total = last_dimension(z, "value", self.event_shape.numel()), 0.0
        for layer in reversed(self.layers):
            values, log_det = layer.inverse(values)
            total = total + log_det
        return self.base.log_prob(values) + total

    def rsample(self, sample_shape=(), eps=None, generator=None):
        """eps ~ base, sent through all layers: (*sample_shape, ..., d), differentiable in their parameters."""
        values = self.base.rsample(sample_shape, eps, generator)
        for layer in self.layers:
            values, _ = layer(values)
        return values
