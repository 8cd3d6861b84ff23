"""What every distribution of the package promises."""

from typing import ClassVar

import torch
from torch import distributions as td


class Law(td.Distribution):
    """A distribution over vectors: the last dimension is one value, `event_shape` (d,), the others are the batch.

    log_prob(value): (..., d) -> (...), summed over the vector, in nats per example.
    sample(sample_shape, generator): (*sample_shape, ..., d), without a gradient.
    rsample(sample_shape, eps, generator): the same draw with a path for the gradient to the parameters, and only
    where there is one: `has_rsample` says so, and is true for nothing else.
    mean: (..., d), where it has a closed form; else it raises NotImplementedError.
    Bad input raises TypeError or ValueError that names the argument.
    """

    arg_constraints: ClassVar[dict] = {}

    def sample(self, sample_shape=(), eps=None, generator=None):
        with torch.no_grad():
            return self.rsample(sample_shape, eps, generator).detach()  # a view of a parameter is still one of its own
