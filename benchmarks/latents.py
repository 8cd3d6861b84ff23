"""What is trained beside the rows of the IWAE paper: two priors over the network of Tomczak & Welling (2018), and the
paper's two layers with a posterior that is drawn from the top."""

import math
from itertools import pairwise

import torch
from torch import nn

from vae_utils.distributions import GaussianMixture
from vae_utils.models import VAE, BernoulliObservation, TopDownVAE, VampPrior
from vae_utils.randomness import seeded

from .iwae import SEED, Row, Stage, build_two_layers, glorot_mlp, starting_at

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


STAGES = (Stage("elbo", 1, 20, 3e-3),)

PRIORS = {
    "normal": Row("N(0, I)", 88.56, None, STAGES, build_gated),
    "vamp": Row("VampPrior, K = 500", 85.57, None, STAGES, build_vamp, settle=start_at_pictures, beside="normal"),
}


class Correction(nn.Module):
    """What x adds to mu and logvar of p(z1 | z2): from features of x (..., 200) and z2 (..., 50) side by side."""

    def __init__(self):
        super().__init__()
        self.of_x, self.of_above = nn.Linear(200, 200), glorot_mlp(50, 100, 100, 200)
        self.of_both = glorot_mlp(250, 100, 200)

    def forward(self, seen):
        return self.of_x(seen[..., :200]) + self.of_above(seen[..., 200:]) + self.of_both(seen)


def build_top_down(pixel_mean=None, seed=SEED):
    """The sizes of the two-layer row, 100 and 50; the posterior is drawn from the top, and the decoder sees both."""
    with seeded(seed):
        encoder, decoder = glorot_mlp(784, 200, 200, 200)[:4], glorot_mlp(150, 200, 200, 784)
        top = nn.Sequential(nn.Linear(200, 100), glorot_mlp(100, 100, 100, 100))
        corrections, down = [Correction(), top], [glorot_mlp(50, 100, 100, 200)]
    observation = BernoulliObservation()
    model = TopDownVAE(encoder, decoder, observation, corrections, down, (100, 50), data_dim=784)
    return starting_at(model, pixel_mean)


def grow_top_down(plain):
    """A top-down model that starts as the trained two-layer model `plain`: the same p(x), nearly the same posterior.

    The first correction takes away what p(z1 | z2) says and puts q(z1 | x) in its place; the top reads z2 off the mean
    of q(z1 | x). The decoder does not look at z2 yet.
    """
    model = build_top_down()
    copy_weights(plain.encoder[:4], model.encoder), copy_weights(plain.decoder[1:], model.decoder[1:])
    copy_weights(plain.down[0], model.down[0])
    first, top = model.corrections
    copy_weights(plain.encoder[4], first.of_x), copy_weights(plain.down[0], first.of_above)
    copy_weights(plain.up[0], top[1])
    with torch.no_grad():
        for last, factor in ((first.of_above[-1], -1.0), (first.of_both[-1], 0.0)):
            last.weight *= factor
            last.bias *= factor
        top[0].weight.copy_(plain.encoder[4].weight[:100])
        top[0].bias.copy_(plain.encoder[4].bias[:100])
        model.decoder[0].weight.zero_()
        model.decoder[0].weight[:, :100] = plain.decoder[0].weight
        model.decoder[0].bias.copy_(plain.decoder[0].bias)
    return model


def copy_weights(one, other):
    other.load_state_dict(one.state_dict())


LONGER = (Stage("resampled", 50, 1, 1e-3, "muon"),)
END = "iwae-50-two-layers"  # its committed weights are where these two start

LEVELS = {
    "from-the-bottom": Row("from the bottom, trained on", None, (END, None), LONGER, build_two_layers, beside=END),
    "top-down": Row("from the top, trained on", None, (END, None), LONGER, build_top_down, grow_top_down, beside=END),
}
