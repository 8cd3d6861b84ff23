"""Models of p(x | y): the label enters the prior, the encoder, the decoder, or all three."""

import torch
import torch.nn.functional as F
from torch import nn

from ..arguments import whole_number
from ..distributions import DiagonalGaussian
from ..randomness import seeded
from .vae import LOGVAR_LIMIT, VAE, mlp, observation_model

PLACES = ("encoder", "decoder", "prior")


class ClassMeanVAE(VAE):
    """A VAE whose prior has one learned mean per class: p(z | y) = N(mu^y, I). The networks never see y.

    KL(q || p) = 1/2 sum_j [(mu_j - mu^y_j)^2 + sigma_j^2 - log sigma_j^2 - 1], nats per example.
    y: int64 (B,) in 0..classes-1. The means start at 0 and are stored in units of 10, because Adam moves a parameter
    by no more than about its learning rate a step, and the means have several units to go.
    """

    UNIT = 10.0

    def __init__(self, encoder, decoder, observation, latent_dim, classes, data_dim=None):
        super().__init__(encoder, decoder, observation, latent_dim, data_dim)
        self.classes = whole_number(classes, "classes")
        self._means = nn.Parameter(torch.zeros(classes, latent_dim))

    @property
    def class_means(self):
        """mu^y of every class: (classes, d)."""
        return self.UNIT * self._means

    def prior(self, y=None):
        mu = self.class_means[_labels(y, self.classes)]
        return DiagonalGaussian(mu, torch.zeros_like(mu))


class ConditionalVAE(VAE):
    """A VAE of x given y, with y written beside the input of every network named in `label_in` (Sohn et al. 2015).

    "encoder": q(z | x, y)     "decoder": p(x | z, y)     "prior": p(z | y) = N(m(y), diag s(y)^2), learned.
    Left out of a place, y does not reach it: q(z | x), p(x | z), p(z) = N(0, I).
    y: int64 labels (B,) when `classes` is given, else float conditions (B, condition_dim).
    """

    def __init__(
        self, encoder, decoder, observation, latent_dim, *, classes=None, label_in=PLACES[:2], prior_network=None,
        data_dim=None,
    ):  # fmt: skip
        super().__init__(encoder, decoder, observation, latent_dim, data_dim)
        self.classes, self.label_in = classes, _places(label_in)
        if ("prior" in self.label_in) != (prior_network is not None):
            got = type(prior_network).__name__
            raise ValueError(f"prior_network: got {got}, expected one exactly when 'prior' is in label_in")
        self.prior_network = prior_network

    def prior(self, y=None):
        if self.prior_network is None:
            return super().prior()
        mu, logvar = self.prior_network(self.condition(y)).chunk(2, dim=-1)
        return DiagonalGaussian(mu, logvar.clamp(-LOGVAR_LIMIT, LOGVAR_LIMIT))

    def posterior(self, x, y=None):
        return super().posterior(self._beside("encoder", x, y))

    def likelihood(self, z, y=None):
        return self.observation(self.decoder(self._beside("decoder", z, y)))

    def condition(self, y):
        """What the networks see of y: one-hot labels (B, classes), or the float condition itself."""
        if self.classes is not None:
            return F.one_hot(_labels(y, self.classes), self.classes).to(next(self.parameters()).dtype)
        if not (torch.is_tensor(y) and y.is_floating_point()):
            raise TypeError(f"y: got {getattr(y, 'dtype', type(y).__name__)}, expected a float tensor of conditions")
        return y

    def _beside(self, place, values, y):
        if place not in self.label_in:
            return values
        condition = self.condition(y)
        return torch.cat([values, condition.expand(*values.shape[:-1], condition.shape[-1])], dim=-1)


def mlp_class_mean_vae(
    data_dim, latent_dim, classes=10, hidden=(400,), likelihood="bernoulli", sigma=1.0, activation=nn.ReLU, seed=0
):
    """A ClassMeanVAE of two perceptrons, arguments as for `mlp_vae`."""
    with seeded(seed):
        encoder = mlp([data_dim, *hidden, 2 * latent_dim], activation)
        decoder = mlp([latent_dim, *reversed(hidden), data_dim], activation)
    observation = observation_model(likelihood, sigma)
    return ClassMeanVAE(encoder, decoder, observation, latent_dim, classes, data_dim)


def mlp_conditional_vae(
    data_dim, latent_dim, classes=None, condition_dim=None, label_in=PLACES[:2], hidden=(400,), likelihood="bernoulli",
    sigma=1.0, activation=nn.ReLU, seed=0,
):  # fmt: skip
    """A ConditionalVAE of perceptrons. Give `classes` for labels or `condition_dim` for float conditions, not both.

    label_in: any of "encoder", "decoder", "prior". Other arguments as for `mlp_vae`.
    """
    if (classes is None) == (condition_dim is None):
        raise ValueError(f"classes, condition_dim: got {classes} and {condition_dim}, expected exactly one of the two")
    width = whole_number(classes, "classes") if condition_dim is None else whole_number(condition_dim, "condition_dim")
    extra = {place: width * (place in _places(label_in)) for place in PLACES}
    with seeded(seed):
        encoder = mlp([data_dim + extra["encoder"], *hidden, 2 * latent_dim], activation)
        decoder = mlp([latent_dim + extra["decoder"], *reversed(hidden), data_dim], activation)
        prior_network = mlp([width, 2 * latent_dim], activation) if extra["prior"] else None
    return ConditionalVAE(
        encoder, decoder, observation_model(likelihood, sigma), latent_dim,
        classes=classes, label_in=label_in, prior_network=prior_network,
    )  # fmt: skip


def _labels(y, classes):
    if not torch.is_tensor(y) or y.is_floating_point():
        raise TypeError(f"y: got {getattr(y, 'dtype', type(y).__name__)}, expected a tensor of whole-number labels")
    if y.numel() and not (0 <= y.min() and y.max() < classes):
        raise ValueError(f"y: got labels from {y.min()} to {y.max()}, expected 0 to {classes - 1}")
    return y.long()


def _places(label_in):
    unknown = set(label_in) - set(PLACES)
    if isinstance(label_in, str) or unknown:
        raise ValueError(f"label_in: got {label_in!r}, expected some of {PLACES}")
    return tuple(label_in)
