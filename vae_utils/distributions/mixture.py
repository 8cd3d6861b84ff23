"""Laws that choose: a mixture of Gaussians, and whole numbers drawn slot by slot."""

import torch

from ..arguments import code_numbers, last_dimension
from .gaussian import DiagonalGaussian
from .law import Law


class GaussianMixture(Law):
    """p(z) = sum_k w_k N(z; mu_k, diag exp(logvar_k)), w = softmax(logits): logits (K,), a DiagonalGaussian (K, d).

    It has `sample` but no `rsample`: the choice of a component has no path for the gradient.
    """

    def __init__(self, logits, components):
        self.logits, self.components = logits, components
        super().__init__(torch.Size(), components.event_shape)

    @property
    def mean(self):
        return self.logits.softmax(-1) @ self.components.mu

    def log_prob(self, z):
        """log sum_k w_k N(z; mu_k, diag exp(logvar_k)): (..., d) -> (...), nats per example."""
        last_dimension(z, "value", self.event_shape.numel())
        return torch.logsumexp(self.logits.log_softmax(-1) + self.components.log_prob(z.unsqueeze(-2)), -1)

    def sample(self, sample_shape=(), generator=None):
        chosen = _chosen(self.logits, torch.Size(sample_shape), generator)
        return DiagonalGaussian(self.components.mu[chosen], self.components.logvar[chosen]).sample((), None, generator)


class IndependentCategorical(Law):
    """p(z) = prod_t p(z_t), each z_t a whole number with its own probabilities. logits: (slots, codes)."""

    def __init__(self, logits):
        self.logits = logits
        super().__init__(torch.Size(), logits.shape[:1])

    def log_prob(self, z):
        """sum_t log p(z_t): int64 (..., slots) -> (...), nats per example."""
        return self.by_place(z).sum(-1)

    def by_place(self, z):
        """log p(z_t) of each slot: int64 (..., slots) -> (..., slots), nats."""
        code_numbers(z, "value", *self.logits.shape)
        log_p = self.logits.log_softmax(-1).expand(*z.shape, -1)
        return log_p.gather(-1, z.unsqueeze(-1)).squeeze(-1)

    def sample(self, sample_shape=(), generator=None):
        each = [_chosen(logits, torch.Size(sample_shape), generator) for logits in self.logits]
        return torch.stack(each, -1)


def _chosen(logits, shape, generator):
    """Whole numbers of this shape, drawn by their logits (K,)."""
    return torch.multinomial(logits.softmax(-1), shape.numel(), replacement=True, generator=generator).reshape(shape)
