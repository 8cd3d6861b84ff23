"""Observation modules: what the decoder says becomes a distribution over x, the likelihood p(x | z).

To swap the likelihood of a model is to swap this module; the bound stays the same plain `elbo`.
"""

import math
from functools import partial

import torch
from torch import nn

from ..arguments import last_dimension, positive, whole_number
from ..distributions import (
    LOGVAR_LIMIT,
    AutoregressiveBernoulli,
    AutoregressiveGray,
    Bernoulli,
    ContinuousBernoulli,
    DiagonalGaussian,
    DiscretizedGaussian,
    Law,
)

MEMORY = 0.05  # how much of what an observation remembers of sigma comes from the last batch
LEVELS = 256  # of a byte
SIGMAS = ("shared", "optimal", "per_pixel")


class BernoulliObservation(nn.Module):
    """Each pixel black or white, from logits: params (..., D)."""

    def forward(self, params):
        return Bernoulli(params)


class ContinuousBernoulliObservation(nn.Module):
    """Each pixel grey in [0, 1], from logits: params (..., D) (Loaiza-Ganem & Cunningham 2019)."""

    def forward(self, params):
        return ContinuousBernoulli(params)


class GaussianObservation(nn.Module):
    """N(mean, sigma^2) in each pixel: params (..., D), the means.

    sigma: a number;  "shared": one number, learned with the weights;  "optimal": one number, in training the best
    one for the batch, sigma^2 = mean (x - mean)^2, remembered for later (both: Rybkin et al. 2021);
    "per_pixel": the decoder says it, params (..., 2D), mean and logvar side by side.
    """

    def __init__(self, sigma=1.0):
        super().__init__()
        if isinstance(sigma, str) and sigma not in SIGMAS:
            raise ValueError(f"sigma: got {sigma!r}, expected a number > 0 or one of {SIGMAS}")
        if not isinstance(sigma, str):
            positive(sigma, "sigma", f"> 0 or one of {SIGMAS}")
        self.per_pixel, self.optimal = sigma == "per_pixel", sigma == "optimal"
        start = torch.zeros(()) if isinstance(sigma, str) else 2 * torch.log(torch.tensor(float(sigma)))
        if sigma == "shared":
            self.logvar = nn.Parameter(start)
        else:
            self.register_buffer("logvar", start)

    def forward(self, params):
        if self.per_pixel:
            return DiagonalGaussian.of(params)
        if self.optimal and self.training:
            return OptimalGaussian(params, self)
        return DiagonalGaussian(params, self.logvar)


class DiscretizedGaussianObservation(GaussianObservation):
    """Pixels of `levels` gray levels in [0, 1], each with the Gaussian's probability around it.

    sigma: a number, "shared" or "per_pixel", as for `GaussianObservation`; params as there.
    """

    def __init__(self, levels, sigma="shared"):
        if sigma == "optimal":
            raise ValueError("sigma: got 'optimal', expected a number, 'shared' or 'per_pixel'")
        super().__init__(sigma)
        self.levels = whole_number(levels, "levels", least=2)

    def forward(self, params):
        gaussian = super().forward(params)
        return DiscretizedGaussian(gaussian.mu, gaussian.logvar, self.levels)


class OptimalGaussian(DiagonalGaussian):
    """N(mean, sigma^2 I) with the remembered sigma, but for `log_prob`: that takes the best sigma for its batch."""

    def __init__(self, mean, observation):
        super().__init__(mean, observation.logvar)
        self.observation = observation

    def log_prob(self, x):
        """log N(x; mean, sigma^2 I) with sigma^2 = mean (x - mean)^2 over all there is: (..., D) -> (...), nats."""
        logvar = best_logvar((x - self.mean).square().mean())
        remember(self.observation.logvar, logvar)
        return DiagonalGaussian(self.mean, logvar).log_prob(x)


class FeatureObservation(nn.Module):
    """Pixels, and what a fixed network makes of them, each a Gaussian around what it makes of the mean.

    network: a frozen module, x (N, D) -> a list of `layers` features, each (N, F_l). With f_0 the pixels,

        log p(x | z) = -D/2 sum_l [ mean_j (f_l(x) - f_l(mean))_j^2 / s_l^2 + log s_l^2 ],

    each s_l^2 the batch's mean squared error in training, remembered for later: each list of features weighs as much
    as the D pixels do. Not a normalized density over x, so that its nats compare with themselves alone. A perceptual
    loss (Hou et al. 2017) with its weights from maximum likelihood. params: the means (..., D).
    """

    def __init__(self, network, layers):
        super().__init__()
        if any(parameter.requires_grad for parameter in network.parameters()):
            raise ValueError("network: got one that would be trained, expected one frozen by requires_grad_(False)")
        self.network = network
        self.register_buffer("logvar", torch.zeros(1 + whole_number(layers, "layers")))

    def features(self, x):
        """x (..., D) itself, and what the network makes of it: a list of 1 + layers tensors (..., F_l)."""
        rows = x.reshape(-1, x.shape[-1])
        found = [rows, *self.network(rows)]
        if len(found) != len(self.logvar):
            got, wanted = len(found) - 1, len(self.logvar) - 1
            raise ValueError(f"network: got one that gives {got} lists of features, expected layers = {wanted}")
        return [feature.reshape(*x.shape[:-1], feature.shape[1]) for feature in found]

    def forward(self, params):
        return FeatureGaussian(params, self)


class FeatureGaussian(Law):
    """What `FeatureObservation` says of x; its `mean` is the picture in the middle. It cannot be sampled."""

    def __init__(self, mean, observation):
        self._mean, self.observation = mean, observation
        super().__init__(mean.shape[:-1], mean.shape[-1:])

    @property
    def mean(self):
        return self._mean

    def log_prob(self, x):
        """The sum over the lists of features: x (..., D) -> (...), nats."""
        size, observation = self._mean.shape[-1], self.observation
        wanted = observation.features(last_dimension(x, "value", size))
        got = observation.features(self._mean)
        errors = torch.stack([(a - b).square().mean(-1) for a, b in zip(wanted, got, strict=True)], -1)  # (..., L)
        logvar = observation.logvar
        if observation.training:
            logvar = best_logvar(errors.reshape(-1, len(logvar)).mean(0))
            remember(observation.logvar, logvar)
        return -0.5 * size * (errors * torch.exp(-logvar) + logvar).sum(-1)


def best_logvar(error):
    """log sigma^2 for sigma^2 = the mean squared error, as a log-variance never below the limit of them all."""
    return torch.log(error.clamp(min=math.exp(-LOGVAR_LIMIT)))


def remember(stored, logvar):
    with torch.no_grad():
        stored.lerp_(logvar.to(stored.dtype), MEMORY)


class AutoregressiveObservation(nn.Module):
    """x one place after the other: bits, or pixels of `levels` gray levels, predicted from params and from before.

    network(params, x): params (..., P), x (..., length) -> a logit for each place, or `levels` of them; such as
    `ContextNetwork` for bits and `WindowNetwork` for pixels. params is z itself where the decoder is the identity.
    """

    def __init__(self, network, length, levels=2):
        super().__init__()
        self.network, self.length = network, whole_number(length, "length")
        self.levels = whole_number(levels, "levels", least=2)

    def forward(self, params):
        if self.levels == 2:
            return AutoregressiveBernoulli(self.network, params, self.length)
        return AutoregressiveGray(self.network, params, self.length, self.levels)


def observation_model(likelihood="bernoulli", sigma=1.0):
    """The observation module for a name; the likelihood of a color is that of its three planes.

    likelihood: "bernoulli", "continuous_bernoulli", "gaussian" with its sigma as `GaussianObservation` takes it, or
    "levels": the 256 levels of a file, `DiscretizedGaussianObservation`, whose nats are those of whole pictures.
    Raises ValueError for another name, and for a sigma where the likelihood has none.
    """
    with_sigma = {"gaussian": GaussianObservation, "levels": partial(DiscretizedGaussianObservation, LEVELS)}
    if likelihood in with_sigma:
        return with_sigma[likelihood](sigma)
    named = {"bernoulli": BernoulliObservation, "continuous_bernoulli": ContinuousBernoulliObservation}
    if likelihood not in named:
        raise ValueError(f"likelihood: got {likelihood!r}, expected one of {[*named, *with_sigma]}")
    if isinstance(sigma, str) or sigma != 1.0:
        raise ValueError(f"sigma: got {sigma!r}, expected 1.0: a {likelihood} likelihood has no sigma")
    return named[likelihood]()
