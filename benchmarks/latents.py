"""What is trained beside the rows of the IWAE paper: two priors over one network of Tomczak & Welling (2018)."""

import math
from itertools import pairwise

import torch
from torch import nn

from vae_utils.distributions import GaussianMixture
from vae_utils.models import VAE, BernoulliObservation, VampPrior
from vae_utils.randomness import seeded

from .iwae import SEED, Row, Stage, starting_at

LATENT_DIM, HIDDEN, COMPONENTS = 40, 300, 500


class ProductMixture(GaussianMixture):
    """The same law as `GaussianMixture`; its density is computed by two matrix products, in 32-bit numbers.

    (z - mu)^2 / s^2 = z^2 / s^2 - 2 z mu / s^2 + mu^2 / s^2, with all z taken from the middle of the centers.
    """

    def log_prob(self, z):
        with torch.autocast(z.device.type, enabled=False):
            middle = self.components.mu.detach().mean(0)
            mu, z, precision = self.components.mu - middle, z - middle, torch.exp(-self.components.logvar)
            constant = mu.square() * precision + self.components.logvar + math.log(2 * math.pi)
            quadratic = z.square() @ precision.T - 2 * z @ (mu * precision).T + constant.sum(-1)
            return torch.logsumexp(self.logits.log_softmax(-1) - 0.5 * quadratic, -1)


class QuickVamp(VampPrior):
    """`VampPrior` with the density computed by matrix products."""

    def forward(self, y=None):
        return by_products(super().forward(y))


def by_products(mixture):
    components = mixture.components
    return ProductMixture(mixture.logits, type(components)(components.mu.float(), components.logvar.float()))


def gated(*sizes):
    """A perceptron whose hidden units are a * sigmoid(b), a and b linear: the gated units of the paper."""
    layers = []
    for inputs, outputs in pairwise(sizes[:-1]):
        layers += [nn.Linear(inputs, 2 * outputs), nn.GLU()]
    network = nn.Sequential(*layers, nn.Linear(*sizes[-2:]))
    for layer in network[::2]:
        for half in layer.weight.chunk(2) if layer is not network[-1] else [layer.weight]:
            nn.init.xavier_uniform_(half)
        nn.init.zeros_(layer.bias)
    return network


def build_gated(pixel_mean=None, prior=None, seed=SEED):
    """784-300-300-40 and back, gated, with N(0, I) or what `prior` makes of the encoder."""
    with seeded(seed):
        encoder = gated(784, HIDDEN, HIDDEN, 2 * LATENT_DIM)
        decoder = gated(LATENT_DIM, HIDDEN, HIDDEN, 784)
        model = VAE(encoder, decoder, BernoulliObservation(), LATENT_DIM, 784, prior=prior and prior(encoder))
    return starting_at(model, pixel_mean)


def build_vamp(pixel_mean=None):
    """With pseudo-inputs of 0; training begins at pictures, see `start_at_pictures`."""
    return build_gated(pixel_mean, lambda encoder: QuickVamp(encoder, torch.zeros(COMPONENTS, 784)))


def start_at_pictures(model, x):
    """Let the pseudo-inputs start at the first rows of x (N, 784)."""
    with torch.no_grad():
        model.prior_module.inputs.copy_(x[:COMPONENTS])


STAGES = (Stage("elbo", 1, 60, 3e-3),)

PRIORS = {
    "normal": Row("N(0, I)", 88.56, None, STAGES, build_gated),
    "vamp": Row("VampPrior, K = 500", 85.57, None, STAGES, build_vamp, settle=start_at_pictures, beside="normal"),
}
