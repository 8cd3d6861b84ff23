"""The distributions a VAE is made of, with one interface: `log_prob`, `rsample`, `mean`.

Each treats the last dimension as one vector, so `log_prob` sums over it: values are nats per example. Bad input
raises TypeError or ValueError that names the argument.
"""

import math

import torch
import torch.nn.functional as F
from torch import distributions as td

from .arguments import broadcast, float_tensor, last_dimension
from .randomness import standard_noise


class DiagonalGaussian(td.Independent):
    """N(mu, diag(exp(logvar))) over the last dimension, parameterized by the log of the variance.

    mu, logvar: broadcastable, (..., d). `log_prob(z)`: (...), nats per example.
    """

    def __init__(self, mu, logvar):
        self.mu, self.logvar = broadcast(mu, logvar, ("mu", "logvar"))
        base = td.Normal(self.mu, torch.exp(0.5 * self.logvar), validate_args=False)
        super().__init__(base, 1, validate_args=False)

    @property
    def sigma(self):
        return self.base_dist.scale

    def log_prob(self, z):
        """-1/2 sum_j [log 2 pi + logvar_j + (z_j - mu_j)^2 / exp(logvar_j)], shape (...)."""
        last_dimension(z, "value", self.mu.shape[-1])
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
        self.low, self.high = broadcast(low, high, ("low", "high"))
        if not (self.low < self.high).all():
            raise ValueError("low: got a value that is not below high, expected low < high everywhere")
        super().__init__(td.Uniform(self.low, self.high, validate_args=False), 1, validate_args=False)

    def log_prob(self, z):
        last_dimension(z, "value", self.low.shape[-1])
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
    """All mass on one value (..., d): the "posterior" of an autoencoder (floats) or of a VQ-VAE (whole numbers).

    Among floats it has no density, so `log_prob` raises, and no KL: the autoencoder's objective leaves the KL out.
    Among whole numbers it is a proper distribution: `log_prob` is 0 at the value and -inf elsewhere.
    """

    arg_constraints = {}  # noqa: RUF012
    has_rsample = True

    def __init__(self, value):
        if not torch.is_tensor(value) or value.ndim < 1:
            got = f"shape {tuple(value.shape)}" if torch.is_tensor(value) else type(value).__name__
            raise (ValueError if torch.is_tensor(value) else TypeError)(f"value: got {got}, expected a tensor (..., d)")
        self.value = value
        super().__init__(value.shape[:-1], value.shape[-1:], validate_args=False)

    @property
    def mean(self):
        return self.value

    def log_prob(self, z):
        if self.value.is_floating_point():
            raise NotImplementedError("A PointMass has no density: an autoencoder has no importance-weighted bound")
        return (last_dimension(z, "value", self.value.shape[-1]) == self.value).all(-1).float().log()

    def rsample(self, sample_shape=(), eps=None, generator=None):
        return self.value.expand(torch.Size(sample_shape) + self.value.shape)

    def sample(self, sample_shape=(), eps=None, generator=None):
        return self.rsample(sample_shape).detach()


class Bernoulli(td.Independent):
    """Independent Bernoulli pixels from logits (..., D).

    `log_prob(x)` = sum_i x_i log p_i + (1 - x_i) log(1 - p_i), nats per example. It also accepts grey x in [0, 1];
    it is then the negative cross-entropy, not a normalized density over [0, 1] (ContinuousBernoulli is).
    """

    def __init__(self, logits):
        self.logits = float_tensor(logits, "logits", "(..., D)", least_dims=1)
        super().__init__(td.Bernoulli(logits=logits, validate_args=False), 1, validate_args=False)

    def log_prob(self, x):
        last_dimension(x, "value", self.logits.shape[-1])
        logits, x = torch.broadcast_tensors(self.logits, x)
        return -F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(-1)

    @torch.no_grad()
    def sample(self, sample_shape=(), generator=None):
        shape = torch.Size(sample_shape) + self.logits.shape
        return torch.bernoulli(self.mean.expand(shape), generator=generator)


class ContinuousBernoulli(td.Distribution):
    """Bernoulli's formula made a normalized density over grey pixels in [0, 1] (Loaiza-Ganem & Cunningham 2019).

    p(x) = C e^(l x) / (1 + e^l) with the logit l (..., D) and C = l / tanh(l / 2). Written with the logit, the constant
    is accurate for every l; written with the probability, as in torch.distributions, it is not beyond |l| = 16.
    """

    arg_constraints = {}  # noqa: RUF012
    has_rsample = True

    def __init__(self, logits):
        self.logits = float_tensor(logits, "logits", "(..., D)", least_dims=1)
        super().__init__(logits.shape[:-1], logits.shape[-1:], validate_args=False)

    def _away_from_zero(self, limit=0.1):
        """Where |l| < limit a series is used, and the closed form gets a harmless 1 (its gradient too)."""
        near = self.logits.abs() < limit
        return near, torch.where(near, 1.0, self.logits)

    @property
    def mean(self):
        near, logits = self._away_from_zero()
        series = 0.5 + self.logits / 12 - self.logits**3 / 720
        return torch.where(near, series, 0.5 + 0.5 / torch.tanh(logits / 2) - 1 / logits)

    def log_prob(self, x):
        last_dimension(x, "value", self.logits.shape[-1])
        near, logits = self._away_from_zero()
        series = math.log(2) + self.logits**2 / 12 - 7 * self.logits**4 / 1440
        log_constant = torch.where(near, series, torch.log(logits / torch.tanh(logits / 2)))
        return (log_constant + x * self.logits - F.softplus(self.logits)).sum(-1)

    def rsample(self, sample_shape=(), eps=None, generator=None):
        """x from uniform noise through the inverse of the distribution function: (*sample_shape, ..., D)."""
        shape = torch.Size(sample_shape) + self.logits.shape
        u = standard_noise(shape, self.logits, eps, generator, uniform=True)
        near, logits = self._away_from_zero(1e-3)
        size = logits.abs()
        toward_zero = torch.where(logits > 0, 1 - u, u)  # solved for -|l|, whose mass lies near 0, then mirrored
        x = (-torch.log1p(toward_zero * torch.expm1(-size)) / size).clamp(max=1)
        return torch.where(near, u + self.logits * u * (1 - u) / 2, torch.where(logits > 0, 1 - x, x))

    def sample(self, sample_shape=(), eps=None, generator=None):
        with torch.no_grad():
            return self.rsample(sample_shape, eps, generator)
