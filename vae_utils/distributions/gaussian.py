"""Distributions over real vectors: the diagonal Gaussian of every posterior, and the uniform box."""

import math

import torch
from torch import distributions as td

from ..arguments import broadcast, last_dimension
from ..randomness import standard_noise
from .law import Law

LOGVAR_LIMIT = 20.0  # exp(+-20): far beyond any useful variance, far inside float32


class DiagonalGaussian(Law, td.Independent):
    """N(mu, diag(exp(logvar))) over the last dimension, parameterized by the log of the variance.

    mu, logvar: broadcastable, (..., d). `log_prob(z)`: (...), nats per example.
    """

    def __init__(self, mu, logvar):
        self.mu, self.logvar = broadcast(mu, logvar, ("mu", "logvar"))
        base = td.Normal(self.mu, torch.exp(0.5 * self.logvar), validate_args=False)
        super().__init__(base, 1)

    @classmethod
    def of(cls, params):
        """From what a network says: mu and logvar side by side, (..., 2d), logvar clamped to +-20 against overflow."""
        mu, logvar = params.chunk(2, dim=-1)
        return cls(mu, logvar.clamp(-LOGVAR_LIMIT, LOGVAR_LIMIT))

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


class UniformBox(Law, td.Independent):
    """U(low, high) in each of the last d dimensions. `log_prob` is -inf outside the box. low < high: (..., d)."""

    def __init__(self, low, high):
        self.low, self.high = broadcast(low, high, ("low", "high"))
        if not (self.low < self.high).all():
            raise ValueError("low: got a value that is not below high, expected low < high everywhere")
        super().__init__(td.Uniform(self.low, self.high, validate_args=False), 1)

    def log_prob(self, z):
        last_dimension(z, "value", self.low.shape[-1])
        inside = ((z >= self.low) & (z <= self.high)).all(-1)
        volume = torch.log(self.high - self.low).sum(-1)
        return torch.where(inside, -volume, torch.full_like(volume, -math.inf))

    def rsample(self, sample_shape=(), eps=None, generator=None):
        """z = low + (high - low) * eps with eps ~ U(0, 1): (*sample_shape, ..., d)."""
        shape = torch.Size(sample_shape) + self.low.shape
        return self.low + (self.high - self.low) * standard_noise(shape, self.low, eps, generator, uniform=True)
