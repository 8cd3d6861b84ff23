"""Latent variables in levels: z = (z_1, ..., z_L) side by side in one vector, z_1 at the bottom, next to the data.

The prior is always drawn from the top, p(z_L) p(z_{L-1} | z_L) ... p(z_1 | z_2). What differs is the posterior: drawn
from the bottom, or from the top like the prior.
"""

import torch
import torch.nn.functional as F
from torch import nn

from ..arguments import last_dimension, whole_number
from ..distributions import Chain, DiagonalGaussian
from .networks import by_rows
from .priors import StandardNormal
from .vae import VAE, suitable

MERGES = ("residual", "precision")


class HierarchicalVAE(VAE):
    """The plain hierarchy: q(z_1 | x) q(z_2 | z_1) ... q(z_L | z_{L-1}), and p(z_L) ... p(z_1 | z_2) p(x | z_1).

    encoder: x (B, D) -> mu and logvar of z_1 side by side, (B, 2 d_1)
    decoder: z_1 (B, d_1) -> parameters (B, P) of the likelihood
    up:      L - 1 networks from the bottom, z_l (B, d_l) -> mu and logvar of z_{l+1}, (B, 2 d_{l+1})
    down:    L - 1 networks from the bottom, z_{l+1} (B, d_{l+1}) -> mu and logvar of z_l, (B, 2 d_l)
    sizes:   (d_1, ..., d_L), from the bottom; `latent_dim` is their sum.   data_dim: D, to refuse another by name
    Prior and posterior are a `Chain` each, in opposite orders (Burda et al. 2016; the prior: Rezende et al. 2014). The
    top's own prior is `prior_module`: N(0, I), unless you put another in its place, such as a `MixturePrior`.
    """

    def __init__(self, encoder, decoder, observation, up, down, sizes, data_dim=None):
        sizes = lengths(sizes)
        super().__init__(encoder, decoder, observation, sum(sizes), data_dim, StandardNormal(sizes[-1]))
        self.sizes = sizes
        self.up = _networks(up, "up", len(sizes) - 1)
        self.down = _networks(down, "down", len(sizes) - 1)

    def prior(self, y=None):
        """p(z), drawn from the top, batch shape ()."""
        return _from_the_top(self)

    def posterior(self, x, y=None):
        """q(z | x), drawn from the bottom, batch shape (B,)."""
        x = suitable(x, "x", self.data_dim, self)
        first = DiagonalGaussian.of(_said(self.encoder, x, self.sizes[0], "encoder"))
        return Chain(first, _steps(self.up, self.sizes[1:], "up"), self.sizes)

    def likelihood(self, z, y=None):
        """p(x | z_1), batch shape (...) for z (..., d): the decoder sees the bottom alone."""
        z = suitable(z, "z", self.latent_dim, self)
        return self.observation(by_rows(self.decoder, z[..., : self.sizes[0]]))


class TopDownVAE(VAE):
    """The posterior, too, is drawn from the top: q(z_L | x) q(z_{L-1} | z_L, x) ... q(z_1 | z_2, x).

    encoder:     x (B, D) -> features of x, (B, F)
    decoder:     all of z, (B, d) -> parameters (B, P) of the likelihood
    corrections: L networks from the bottom. The last turns the features into mu and logvar of z_L, (B, 2 d_L).
                 Network l < L says 2 d_l numbers that make q(z_l | z_{l+1}, x) out of p(z_l | z_{l+1}):
    merge: "residual": it reads the features and z_{l+1} side by side, (B, F + d_{l+1}), and what it says is added to
           mu and logvar of the prior (the idea of NVAE, Vahdat & Kautz 2020, and, for mu, of VDVAE, Child 2021).
           "precision": it reads the features alone and says mu and logvar of a Gaussian, which is multiplied by the
           prior: precisions add up and weigh the means (the ladder of Sonderby et al. 2016).
    down, sizes, data_dim: as for `HierarchicalVAE`
    Prior and posterior are a `Chain` each, in one order, so the KL of every level is in closed form, and a level of
    which x says nothing costs nothing: where a residual correction is 0, q is p.
    """

    def __init__(self, encoder, decoder, observation, corrections, down, sizes, data_dim=None, merge="residual"):
        sizes = lengths(sizes)
        super().__init__(encoder, decoder, observation, sum(sizes), data_dim, StandardNormal(sizes[-1]))
        if merge not in MERGES:
            raise ValueError(f"merge: got {merge!r}, expected one of {MERGES}")
        self.sizes, self.merge = sizes, merge
        self.corrections = _networks(corrections, "corrections", len(sizes))
        self.down = _networks(down, "down", len(sizes) - 1)

    def prior(self, y=None):
        """p(z), drawn from the top, batch shape ()."""
        return _from_the_top(self)

    def posterior(self, x, y=None):
        """q(z | x), drawn from the top, batch shape (B,)."""
        features = by_rows(self.encoder, suitable(x, "x", self.data_dim, self))
        top = DiagonalGaussian.of(_said(self.corrections[-1], features, self.sizes[-1], "corrections"))
        steps = [self._step(level, features) for level in reversed(range(len(self.down)))]
        return Chain(top, steps, self.sizes[::-1], _downwards(self.sizes))

    def _step(self, level, features):
        """From z of the level above, (..., B, d_{l+1}), to q(z_l | z_{l+1}, x)."""
        size = self.sizes[level]

        def law(above):
            prior = _said(self.down[level], above, size, "down")
            if self.merge == "precision":
                return _product(prior, _said(self.corrections[level], features, size, "corrections"))
            seen = torch.cat([features.expand(*above.shape[:-1], -1), above], -1)
            return DiagonalGaussian.of(prior + _said(self.corrections[level], seen, size, "corrections"))

        return law


def _from_the_top(model):
    """p(z_L) p(z_{L-1} | z_L) ... p(z_1 | z_2) of a model with `down` networks."""
    steps = _steps(reversed(model.down), model.sizes[-2::-1], "down")
    return Chain(model.prior_module(), steps, model.sizes[::-1], _downwards(model.sizes))


def _downwards(sizes):
    return range(len(sizes))[::-1]


def _steps(networks, sizes, name):
    """For each network: from one part of z to the Gaussian of the next."""
    return [
        lambda part, network=network, size=size: DiagonalGaussian.of(_said(network, part, size, name))
        for network, size in zip(networks, sizes, strict=True)
    ]


def _said(network, values, size, name):
    """What a network says about `size` dimensions: mu and logvar side by side, (..., 2 size)."""
    return last_dimension(by_rows(network, values), f"{name} output", 2 * size)


def _product(one, other):
    """The Gaussian proportional to the product of two, each given as mu and logvar side by side."""
    one, other = DiagonalGaussian.of(one), DiagonalGaussian.of(other)
    share = torch.sigmoid(one.logvar - other.logvar)  # of the other's precision in the sum of both
    mu = one.mu + share * (other.mu - one.mu)
    return DiagonalGaussian(mu, one.logvar + F.logsigmoid(other.logvar - one.logvar))


def lengths(sizes):
    """The sizes as ints. Raises TypeError or ValueError unless they are whole numbers >= 1, at least one of them."""
    if not isinstance(sizes, (list, tuple)) or not sizes:
        error = ValueError if isinstance(sizes, (list, tuple)) else TypeError
        raise error(f"sizes: got {sizes!r}, expected a whole number >= 1 for each level, from the bottom")
    return tuple(whole_number(size, "sizes") for size in sizes)


def _networks(networks, name, count):
    """A list of networks as a module. Raises TypeError for a single network, ValueError unless there are `count`."""
    if not isinstance(networks, (list, tuple, nn.ModuleList)):
        raise TypeError(f"{name}: got {type(networks).__name__}, expected a list of {count} networks")
    if len(networks) != count:
        raise ValueError(f"{name}: got {len(networks)} networks, expected {count} for these sizes")
    return nn.ModuleList(networks)
