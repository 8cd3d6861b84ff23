"""A prior and a generator, judged by a critic: two of the three distributions, and no density."""

import torch
import torch.nn.functional as F
from torch import nn

from ..arguments import last_dimension, one_each, whole_number
from ..distributions import PointMass
from .networks import by_rows
from .priors import StandardNormal, class_labels
from .vae import suitable


class GAN(nn.Module):
    """z ~ N(0, I), x = G(z), and a critic f(x) that is trained to tell x from data (Goodfellow et al. 2014).

    generator: z (B, d) -> x (B, D)
    critic:    x (B, D) -> (B,) or (B, 1), high for real: a logit, or for a Wasserstein GAN any number
    data_dim:  D, where it is known: then an x of another size is refused by name
    classes:   with it, the one-hot label y (B,) stands beside the input of both networks (Mirza & Osindero 2014)
    The likelihood is a point, which has samples and no density; there is no posterior, and so no ELBO.
    """

    def __init__(self, generator, critic, latent_dim, data_dim=None, classes=None):
        super().__init__()
        self.generator, self.critic = generator, critic
        self.latent_dim = whole_number(latent_dim, "latent_dim")
        self.data_dim = None if data_dim is None else whole_number(data_dim, "data_dim")
        self.classes = None if classes is None else whole_number(classes, "classes")
        self.prior_module = StandardNormal(latent_dim)

    def prior(self, y=None):
        """N(0, I), batch shape ()."""
        return self.prior_module(y)

    def likelihood(self, z, y=None):
        """All mass on G(z), or G(z, y), batch shape (...) for z (..., d): `mean` and every sample are G(z)."""
        made = by_rows(self.generator, self._beside(suitable(z, "z", self.latent_dim, self), y))
        return PointMass(made if self.data_dim is None else last_dimension(made, "generator output", self.data_dim))

    def criticize(self, x, y=None):
        """f(x), or f(x, y), one number for each x (B, D): (B,). The bounds take it as their critic.

        With labels that is `partial(gan.criticize, y=y)`.
        """
        x = suitable(x, "x", self.data_dim, self)
        return one_each(self.critic(self._beside(x, y)), "critic output", len(x))

    def _beside(self, values, y):
        """The values with the one-hot label of each row beside them, where there are classes."""
        if self.classes is None:
            return values
        labels = class_labels(y, self.classes)
        if labels.ndim and labels.shape != values.shape[-2:-1]:
            got, wanted = tuple(labels.shape), tuple(values.shape[-2:-1])
            raise ValueError(f"y: got {got} labels, expected {wanted}, one for each example")
        condition = F.one_hot(labels, self.classes).to(values.dtype)
        return torch.cat([values, condition.expand(*values.shape[:-1], self.classes)], -1)
