"""A VAE as three distributions: `prior(y)`, `posterior(x, y)`, `likelihood(z, y)`.

Shapes: x (B, D), z (B, d) or (k, B, d). y, a label, is ignored by every model that is not conditional.
"""

from itertools import pairwise

import torch
from torch import nn

from ..arguments import last_dimension, real_number, whole_number
from ..distributions import Bernoulli, ContinuousBernoulli, DiagonalGaussian, PointMass
from ..randomness import seeded

LOGVAR_LIMIT = 20.0  # exp(+-20): far beyond any useful variance, far inside float32


class VAE(nn.Module):
    """A prior N(0, I), a posterior N(mu(x), diag exp(logvar(x))) and a likelihood of your choice.

    encoder:     x (B, D) -> (B, 2d), mu and logvar side by side
    decoder:     z (..., d) -> parameters (..., P) of the likelihood
    observation: parameters -> a distribution over x with `log_prob` and `mean`
    data_dim:    D, where it is known: then an x of another size is refused by name
    (Kingma & Welling 2014; Rezende et al. 2014.)
    """

    per_latent = 2  # numbers that the encoder says about each latent dimension

    def __init__(self, encoder, decoder, observation, latent_dim, data_dim=None):
        super().__init__()
        self.encoder, self.decoder, self.observation = encoder, decoder, observation
        self.latent_dim = whole_number(latent_dim, "latent_dim")
        self.data_dim = None if data_dim is None else whole_number(data_dim, "data_dim")

    def prior(self, y=None):
        """p(z) = N(0, I), batch shape ()."""
        zeros = next(self.parameters()).new_zeros(self.latent_dim)
        return DiagonalGaussian(zeros, zeros)

    def posterior(self, x, y=None):
        """q(z | x), batch shape (B,). The log-variance is clamped to +-20 so that no input can overflow."""
        mu, logvar = self._encode(x).chunk(2, dim=-1)
        return DiagonalGaussian(mu, logvar.clamp(-LOGVAR_LIMIT, LOGVAR_LIMIT))

    def likelihood(self, z, y=None):
        """p(x | z), batch shape (...) for z (..., d)."""
        return self.observation(self.decoder(last_dimension(z, "z", self.latent_dim)))

    def _encode(self, x):
        if self.data_dim is not None:
            last_dimension(x, "x", self.data_dim)
        return last_dimension(self.encoder(x), "encoder output", self.per_latent * self.latent_dim)


class Autoencoder(VAE):
    """The same face without the spread: the posterior is one point, so `elbo` is the reconstruction alone.

    encoder: x (B, D) -> (B, d).
    """

    per_latent = 1

    def posterior(self, x, y=None):
        return PointMass(self._encode(x))


class BernoulliObservation(nn.Module):
    """Each pixel black or white, from logits: params (..., D)."""

    def forward(self, params):
        return Bernoulli(params)


class ContinuousBernoulliObservation(nn.Module):
    """Each pixel grey in [0, 1], from logits: params (..., D) (Loaiza-Ganem & Cunningham 2019)."""

    def forward(self, params):
        return ContinuousBernoulli(params)


class GaussianObservation(nn.Module):
    """N(mean, sigma^2) in each pixel; sigma is a number, "shared" (one learned number) or "per_pixel".

    With "per_pixel" the decoder says both: params (..., 2D), mean and logvar side by side. Otherwise params (..., D).
    (A learned shared sigma: Rybkin et al. 2021.)
    """

    def __init__(self, sigma=1.0):
        super().__init__()
        if not isinstance(sigma, str):
            real_number(sigma, "sigma", lambda sigma: sigma > 0, "> 0, 'shared' or 'per_pixel'")
        elif sigma not in ("shared", "per_pixel"):
            raise ValueError(f"sigma: got {sigma!r}, expected a number > 0, 'shared' or 'per_pixel'")
        self.per_pixel = sigma == "per_pixel"
        start = torch.zeros(()) if isinstance(sigma, str) else 2 * torch.log(torch.tensor(float(sigma)))
        if sigma == "shared":
            self.logvar = nn.Parameter(start)
        else:
            self.register_buffer("logvar", start)

    def forward(self, params):
        if not self.per_pixel:
            return DiagonalGaussian(params, self.logvar)
        mean, logvar = params.chunk(2, dim=-1)
        return DiagonalGaussian(mean, logvar.clamp(-LOGVAR_LIMIT, LOGVAR_LIMIT))


def observation_model(likelihood="bernoulli", sigma=1.0):
    """The observation module for a name: "bernoulli", "continuous_bernoulli" or "gaussian" (with its sigma)."""
    if likelihood == "gaussian":
        return GaussianObservation(sigma)
    named = {"bernoulli": BernoulliObservation, "continuous_bernoulli": ContinuousBernoulliObservation}
    if likelihood not in named:
        raise ValueError(f"likelihood: got {likelihood!r}, expected one of {[*named, 'gaussian']}")
    return named[likelihood]()


def mlp(sizes, activation=nn.ReLU):
    """A multilayer perceptron sizes[0] -> ... -> sizes[-1], linear at the end."""
    sizes = [whole_number(size, "sizes") for size in sizes]
    if len(sizes) < 2:
        raise ValueError(f"sizes: got {sizes}, expected at least the input and the output size")
    layers = []
    for inputs, outputs in pairwise(sizes):
        layers += [nn.Linear(inputs, outputs), activation()]
    return nn.Sequential(*layers[:-1])


def mlp_vae(data_dim, latent_dim, hidden=(400,), likelihood="bernoulli", sigma=1.0, activation=nn.ReLU, seed=0):
    """A VAE of two perceptrons: D -> hidden -> 2d and d -> reversed hidden -> D (2D for sigma="per_pixel").

    The weights depend on `seed` alone. Raises ValueError for a dimension < 1 or an unknown likelihood.
    """
    return _mlp_model(VAE, data_dim, latent_dim, hidden, likelihood, sigma, activation, seed)


def mlp_autoencoder(data_dim, latent_dim, hidden=(400,), likelihood="bernoulli", sigma=1.0, activation=nn.ReLU, seed=0):
    """An Autoencoder of two perceptrons, arguments as for `mlp_vae`."""
    return _mlp_model(Autoencoder, data_dim, latent_dim, hidden, likelihood, sigma, activation, seed)


def _mlp_model(kind, data_dim, latent_dim, hidden, likelihood, sigma, activation, seed):
    whole_number(data_dim, "data_dim"), whole_number(latent_dim, "latent_dim")
    hidden = [whole_number(width, "hidden") for width in hidden]
    observation = observation_model(likelihood, sigma)
    outputs = 2 * data_dim if getattr(observation, "per_pixel", False) else data_dim
    with seeded(seed):
        encoder = mlp([data_dim, *hidden, kind.per_latent * latent_dim], activation)
        decoder = mlp([latent_dim, *reversed(hidden), outputs], activation)
    return kind(encoder, decoder, observation, latent_dim, data_dim)


class ConvDecoder(nn.Module):
    """z (..., d) -> (..., 784): a 7x7 map of features, upsampled twice by transposed convolutions."""

    def __init__(self, latent_dim, channels=32, activation=nn.ReLU):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(latent_dim, 2 * channels * 49),
            activation(),
            nn.Unflatten(-1, (2 * channels, 7, 7)),
            nn.ConvTranspose2d(2 * channels, channels, 4, stride=2, padding=1),  # (channels, 14, 14)
            activation(),
            nn.ConvTranspose2d(channels, 1, 4, stride=2, padding=1),  # (1, 28, 28)
            nn.Flatten(),
        )

    def forward(self, z):
        return self.layers(z.reshape(-1, z.shape[-1])).reshape(*z.shape[:-1], 784)


def conv_vae(latent_dim, channels=32, likelihood="bernoulli", sigma=1.0, activation=nn.ReLU, seed=0):
    """A convolutional VAE for 28x28 images given flat, (B, 784). `sigma` may not be "per_pixel"."""
    whole_number(latent_dim, "latent_dim"), whole_number(channels, "channels")
    if sigma == "per_pixel":
        raise ValueError("sigma: got 'per_pixel', expected a number or 'shared' for conv_vae")
    with seeded(seed):
        encoder = nn.Sequential(
            nn.Unflatten(-1, (1, 28, 28)),
            nn.Conv2d(1, channels, 4, stride=2, padding=1),  # (channels, 14, 14)
            activation(),
            nn.Conv2d(channels, 2 * channels, 4, stride=2, padding=1),  # (2 channels, 7, 7)
            activation(),
            nn.Flatten(),
            nn.Linear(2 * channels * 49, 2 * latent_dim),
        )
        decoder = ConvDecoder(latent_dim, channels, activation)
    return VAE(encoder, decoder, observation_model(likelihood, sigma), latent_dim, data_dim=784)
