"""A VAE as three distributions: `prior(y)`, `posterior(x, y)`, `likelihood(z, y)`.

Shapes: x (B, D), z (B, d) or (k, B, d). y, a label, is ignored by every model that is not conditional.
"""

import torch
from torch import nn

from ..arguments import float_tensor, last_dimension, whole_number
from ..distributions import DiagonalGaussian, PointMass
from .networks import by_rows, under_autocast
from .priors import StandardNormal


class VAE(nn.Module):
    """A prior, N(0, I) unless told otherwise, a posterior N(mu(x), diag exp(logvar(x))), and any likelihood.

    encoder:     x (B, D) -> (B, 2d), mu and logvar side by side
    decoder:     z (B, d) -> parameters (B, P) of the likelihood
    observation: parameters (..., P) -> a distribution over x with `log_prob` and `mean`
    data_dim:    D, where it is known: then an x of another size is refused by name
    prior:       a module called as prior(y), from `models.priors`
    Samples (k, B, d) reach the decoder as k * B rows. (Kingma & Welling 2014; Rezende et al. 2014.)
    """

    per_latent = 2  # numbers that the encoder says about each latent dimension

    def __init__(self, encoder, decoder, observation, latent_dim, data_dim=None, prior=None):
        super().__init__()
        self.encoder, self.decoder, self.observation = encoder, decoder, observation
        self.latent_dim = whole_number(latent_dim, "latent_dim")
        self.data_dim = None if data_dim is None else whole_number(data_dim, "data_dim")
        self.prior_module = StandardNormal(latent_dim) if prior is None else prior

    def prior(self, y=None):
        """p(z), or p(z | y) where the prior reads y; N(0, I) has batch shape ()."""
        return self.prior_module(y)

    def posterior(self, x, y=None):
        """q(z | x), batch shape (B,). The log-variance is clamped to +-20 so that no input can overflow."""
        return DiagonalGaussian.of(self._encode(x))

    def likelihood(self, z, y=None):
        """p(x | z), batch shape (...) for z (..., d)."""
        return self.observation(by_rows(self.decoder, suitable(z, "z", self.latent_dim, self)))

    def _encode(self, x, beside=None):
        """What the encoder says about x, with `beside` written beside it."""
        x = suitable(x, "x", self.data_dim, self)
        said = by_rows(self.encoder, x if beside is None else torch.cat([x, beside], -1))
        return last_dimension(said, "encoder output", self.per_latent * self.latent_dim)


class Autoencoder(VAE):
    """The same networks without a spread: the posterior is one point. Train it by `objectives.reconstruction`.

    encoder: x (B, D) -> (B, d).
    """

    per_latent = 1

    def posterior(self, x, y=None):
        return PointMass(self._encode(x))


def suitable(value, name, size, model):
    """The value itself. Raises TypeError or ValueError unless it is (..., size) in the model's own precision.

    A size of None allows any. Under autocast any float will do.
    """
    if size is None:
        float_tensor(value, name, "(..., n)", least_dims=1)
    else:
        last_dimension(value, name, size)
    parameter = next(model.parameters(), None)
    if parameter is None or under_autocast(parameter.device):
        return value
    if value.dtype != parameter.dtype:
        raise TypeError(f"{name}: got a tensor of {value.dtype}, expected {parameter.dtype}, as the model's weights")
    return value
