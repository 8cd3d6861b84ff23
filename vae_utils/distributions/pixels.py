"""Distributions over pixels: black or white, gray in [0, 1], and gray in a number of levels."""

import math

import torch
import torch.nn.functional as F
from torch import distributions as td

from ..arguments import broadcast, float_tensor, last_dimension, whole_number, within
from ..randomness import standard_noise
from .law import Law


class Bernoulli(Law, td.Independent):
    """Independent Bernoulli pixels from logits (..., D).

    `log_prob(x)` = sum_i x_i log p_i + (1 - x_i) log(1 - p_i), nats per example. It also accepts grey x in [0, 1];
    it is then the negative cross-entropy, not a normalized density over [0, 1] (ContinuousBernoulli is).
    """

    def __init__(self, logits):
        self.logits = float_tensor(logits, "logits", "(..., D)", least_dims=1)
        super().__init__(td.Bernoulli(logits=logits, validate_args=False), 1)

    def log_prob(self, x):
        _pixels(x, self.logits.shape[-1])
        logits, x = torch.broadcast_tensors(self.logits, x)
        return -F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(-1)

    @torch.no_grad()
    def sample(self, sample_shape=(), generator=None):
        shape = torch.Size(sample_shape) + self.logits.shape
        return torch.bernoulli(self.mean.expand(shape), generator=generator)


class ContinuousBernoulli(Law):
    """Bernoulli's formula made a normalized density over grey pixels in [0, 1] (Loaiza-Ganem & Cunningham 2019).

    p(x) = C e^(l x) / (1 + e^l) with the logit l (..., D) and C = l / tanh(l / 2). Written with the logit, the constant
    is accurate for every l; written with the probability, as in torch.distributions, it is not beyond |l| = 16.
    """

    has_rsample = True

    def __init__(self, logits):
        self.logits = float_tensor(logits, "logits", "(..., D)", least_dims=1)
        super().__init__(logits.shape[:-1], logits.shape[-1:])

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
        _pixels(x, self.logits.shape[-1])
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


class DiscretizedGaussian(Law):
    """Gray pixels of `levels` levels, x in {0, 1 / (levels - 1), ..., 1}: the Gaussian's probability around each.

    P(x) = Phi((x + h - mu) / sigma) - Phi((x - h - mu) / sigma) with h = 1 / (2 (levels - 1)); the first and the last
    level take the tails, so that the levels add up to 1 (Ho et al. 2020, equation 13, there for the noise of level 1).
    mu, logvar: broadcastable, (..., D). `log_prob`: of an x between two levels that of the nearer one.
    """

    def __init__(self, mu, logvar, levels):
        self.mu, self.logvar = broadcast(mu, logvar, ("mu", "logvar"))
        self.steps = whole_number(levels, "levels", least=2) - 1
        super().__init__(self.mu.shape[:-1], self.mu.shape[-1:])

    def log_prob(self, x):
        """sum_i log P(x_i), shape (...), nats per example: at most 0."""
        _pixels(x, self.mu.shape[-1])
        level = (x * self.steps).round()
        low, high = (self._standard((level + side) / self.steps) for side in (-0.5, 0.5))
        above = low > 0  # there Phi is nearly 1: the upper tail has the digits
        near, far = torch.where(above, -low, high), torch.where(above, -high, low)
        log_near, log_far = torch.special.log_ndtr(near), torch.special.log_ndtr(far)
        between = log_near + torch.log(-torch.expm1((log_far - log_near).clamp(max=-1e-6)))
        tails = torch.where(level == 0, torch.special.log_ndtr(high), torch.special.log_ndtr(-low))
        return torch.where((level > 0) & (level < self.steps), between, tails).sum(-1)

    @property
    def mean(self):
        """Level upon level: 1 / (levels - 1) for each threshold that x is above."""
        above = torch.zeros_like(self.mu)
        for level in range(self.steps):  # one at a time: 256 levels of a thousand color pictures fill no memory
            above = above + torch.special.ndtr(-self._standard((level + 0.5) / self.steps))
        return above / self.steps

    @torch.no_grad()
    def sample(self, sample_shape=(), generator=None):
        shape = torch.Size(sample_shape) + self.mu.shape
        x = self.mu + torch.exp(0.5 * self.logvar) * standard_noise(shape, self.mu, None, generator)
        return (x * self.steps).round().clamp(0, self.steps) / self.steps

    def _standard(self, x):
        return (x - self.mu) * torch.exp(-0.5 * self.logvar)


def _pixels(x, size):
    """Raises ValueError unless x is (..., size) in [0, 1]: outside, the formulas go on and mean nothing."""
    within(last_dimension(x, "value", size), "x", 0, 1)
