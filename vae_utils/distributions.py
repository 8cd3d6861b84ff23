"""The distributions a VAE is made of, with one interface: `log_prob`, `rsample`, `mean`.

Each treats the last dimension as one vector, so `log_prob` sums over it: values are nats per example.
"""

import math

import torch
import torch.nn.functional as F
from torch import distributions as td


def standard_noise(shape, like, eps=None, generator=None, uniform=False):
    """Noise of `shape` on the device of `like`: `eps` itself where given, else fresh N(0, 1) (or U(0, 1)) draws.

    Raises ValueError if `eps` has another shape.
    """
    if eps is not None:
        if tuple(eps.shape) != tuple(shape):
            raise ValueError(f"eps: got shape {tuple(eps.shape)}, expected {tuple(shape)}")
        return eps
    draw = torch.rand if uniform else torch.randn
    return draw(shape, device=like.device, dtype=like.dtype, generator=generator)


class DiagonalGaussian(td.Independent):
    """N(mu, diag(exp(logvar))) over the last dimension, parameterized by the log of the variance.

    mu, logvar: broadcastable, (..., d). `log_prob(z)`: (...), nats per example.
    """

    def __init__(self, mu, logvar):
        self.mu, self.logvar = torch.broadcast_tensors(mu, logvar)
        base = td.Normal(self.mu, torch.exp(0.5 * self.logvar), validate_args=False)
        super().__init__(base, 1, validate_args=False)

    @property
    def sigma(self):
        return torch.exp(0.5 * self.logvar)

    def log_prob(self, z):
        """-1/2 sum_j [log 2 pi + logvar_j + (z_j - mu_j)^2 / exp(logvar_j)], shape (...)."""
        quadratic = (z - self.mu).square() * torch.exp(-self.logvar)
        return -0.5 * (math.log(2 * math.pi) + self.logvar + quadratic).sum(-1)

    def rsample(self, sample_shape=(), eps=None, generator=None):
        """z = mu + sigma * eps with eps ~ N(0, I): (*sample_shape, ..., d), differentiable in mu and logvar."""
        shape = torch.Size(sample_shape) + self.mu.shape
        return self.mu + self.sigma * standard_noise(shape, self.mu, eps, generator)

    def sample(self, sample_shape=(), eps=None, generator=None):
        with torch.no_grad():
            return self.rsample(sample_shape, eps, generator)


class UniformBox(td.Independent):
    """U(low, high) in each of the last d dimensions. `log_prob` is -inf outside the box. low < high: (..., d)."""

    def __init__(self, low, high):
        self.low, self.high = torch.broadcast_tensors(low, high)
        super().__init__(td.Uniform(self.low, self.high, validate_args=False), 1, validate_args=False)

    def log_prob(self, z):
        inside = ((z >= self.low) & (z <= self.high)).all(-1)
        volume = torch.log(self.high - self.low).sum(-1)
        return torch.where(inside, -volume, torch.full_like(volume, -math.inf))

    def rsample(self, sample_shape=(), eps=None, generator=None):
        """z = low + (high - low) * eps with eps ~ U(0, 1): (*sample_shape, ..., d)."""
        shape = torch.Size(sample_shape) + self.low.shape
        return self.low + (self.high - self.low) * standard_noise(shape, self.low, eps, generator, uniform=True)

    def sample(self, sample_shape=(), eps=None, generator=None):
        with torch.no_grad():
            return self.rsample(sample_shape, eps, generator)


class PointMass(td.Distribution):
    """All mass on one value: the "posterior" of a plain autoencoder. value: (..., d).

    Its density is not a function, so it has no `log_prob` and no KL: the autoencoder's objective leaves the KL out.
    """

    arg_constraints = {}  # noqa: RUF012
    has_rsample = True

    def __init__(self, value):
        self.value = value
        super().__init__(value.shape[:-1], value.shape[-1:], validate_args=False)

    @property
    def mean(self):
        return self.value

    def rsample(self, sample_shape=(), eps=None, generator=None):
        return self.value.expand(torch.Size(sample_shape) + self.value.shape)

    sample = rsample


class Bernoulli(td.Independent):
    """Independent Bernoulli pixels from logits (..., D).

    `log_prob(x)` = sum_i x_i log p_i + (1 - x_i) log(1 - p_i), nats per example. It also accepts grey x in [0, 1];
    it is then the negative cross-entropy, not a normalized density over [0, 1] (ContinuousBernoulli is).
    """

    def __init__(self, logits):
        self.logits = logits
        super().__init__(td.Bernoulli(logits=logits, validate_args=False), 1, validate_args=False)

    def log_prob(self, x):
        logits, x = torch.broadcast_tensors(self.logits, x)
        return -F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(-1)


class ContinuousBernoulli(td.Independent):
    """Bernoulli's formula made a normalized density over grey pixels in [0, 1] (Loaiza-Ganem & Cunningham 2019)."""

    def __init__(self, logits):
        base = td.ContinuousBernoulli(logits=logits, validate_args=False)
        super().__init__(base, 1, validate_args=False)
