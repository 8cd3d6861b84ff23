"""All mass on one value: a point among floats, a code among whole numbers."""

import torch

from ..arguments import last_dimension
from .law import Law


class PointMass(Law):
    """All mass on one real vector (..., d): the "posterior" of an autoencoder, the likelihood of a GAN.

    It has no density, so `log_prob` raises NotImplementedError, and no KL to a density: the KL is infinite.
    """

    has_rsample = True

    def __init__(self, value):
        if not torch.is_tensor(value) or not value.is_floating_point():
            got = value.dtype if torch.is_tensor(value) else type(value).__name__
            raise TypeError(f"value: got {got}, expected a float tensor (..., d); for whole numbers there is Code")
        self.value = _vector(value)
        super().__init__(value.shape[:-1], value.shape[-1:])

    @property
    def mean(self):
        return self.value

    def log_prob(self, z):
        raise NotImplementedError("A PointMass has no density: an autoencoder has no importance-weighted bound")

    def rsample(self, sample_shape=(), eps=None, generator=None):
        return self.value.expand(torch.Size(sample_shape) + self.value.shape)


class Code(Law):
    """All probability on one whole number in each slot: `log_prob` is 0 there and -inf elsewhere.

    value: int64 (..., slots). It has `sample` but no `rsample`: rounding to a code has no path for the gradient.
    """

    def __init__(self, value):
        if not torch.is_tensor(value) or value.is_floating_point():
            got = value.dtype if torch.is_tensor(value) else type(value).__name__
            raise TypeError(f"value: got {got}, expected a tensor of whole numbers (..., slots)")
        self.value = _vector(value)
        super().__init__(value.shape[:-1], value.shape[-1:])

    def log_prob(self, z):
        same = last_dimension(z, "value", self.value.shape[-1]) == self.value
        return torch.where(same.all(-1), 0.0, -torch.inf)

    def sample(self, sample_shape=(), eps=None, generator=None):
        return self.value.expand(torch.Size(sample_shape) + self.value.shape)


def _vector(value):
    if value.ndim < 1:
        raise ValueError(f"value: got shape {tuple(value.shape)}, expected (..., d)")
    return value
