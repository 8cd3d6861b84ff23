"""Whole models from a few numbers. Their weights depend on `seed` alone; every argument is refused by its own name."""

from itertools import pairwise

from torch import nn

from ..arguments import real_number, whole_number
from ..randomness import seeded
from .conditional import PLACES, ConditionalVAE, places
from .hierarchical import HierarchicalVAE, TopDownVAE, lengths
from .networks import ContextNetwork, ConvDecoder, made, mlp, quarters
from .observations import AutoregressiveObservation, observation_model
from .priors import ClassMeans, GaussianPrior
from .vae import VAE, Autoencoder


def mlp_vae(data_dim, latent_dim, hidden=(400,), likelihood="bernoulli", sigma=1.0, activation=nn.ReLU, seed=0):
    """A VAE of two perceptrons: D -> hidden -> 2d and d -> reversed hidden -> D (2D for sigma="per_pixel").

    likelihood, sigma: as for `observation_model`. Raises TypeError or ValueError for a dimension < 1, an unknown
    likelihood, an activation that is no class.
    """
    parts, _ = _perceptrons(data_dim, latent_dim, hidden, likelihood, sigma, activation, seed)
    return VAE(*parts, latent_dim, data_dim)


def mlp_autoencoder(data_dim, latent_dim, hidden=(400,), likelihood="bernoulli", sigma=1.0, activation=nn.ReLU, seed=0):
    """An Autoencoder of two perceptrons, arguments as for `mlp_vae`."""
    parts, _ = _perceptrons(data_dim, latent_dim, hidden, likelihood, sigma, activation, seed, Autoencoder.per_latent)
    return Autoencoder(*parts, latent_dim, data_dim)


def mlp_class_mean_vae(
    data_dim, latent_dim, classes=10, hidden=(400,), likelihood="bernoulli", sigma=1.0, activation=nn.ReLU, seed=0
):
    """A VAE of two perceptrons with `ClassMeans` for its prior; the networks never see y. Else as `mlp_vae`.

    KL(q || p) = 1/2 sum_j [(mu_j - mu^y_j)^2 + sigma_j^2 - log sigma_j^2 - 1], nats per example.
    """
    parts, _ = _perceptrons(data_dim, latent_dim, hidden, likelihood, sigma, activation, seed)
    return VAE(*parts, latent_dim, data_dim, prior=ClassMeans(latent_dim, classes))


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
    beside = [width * (place in places(label_in)) for place in PLACES]
    parts, prior_network = _perceptrons(
        data_dim, latent_dim, hidden, likelihood, sigma, activation, seed, beside=beside
    )
    return ConditionalVAE(
        *parts, latent_dim, classes=classes, condition_dim=condition_dim, label_in=label_in, data_dim=data_dim,
        prior=GaussianPrior(prior_network) if prior_network else None,
    )  # fmt: skip


def mlp_hierarchical_vae(data_dim, sizes, hidden=(400,), likelihood="bernoulli", sigma=1.0, activation=nn.ReLU, seed=0):
    """A HierarchicalVAE of perceptrons: encoder and decoder as for `mlp_vae`, with d_1 = sizes[0] dimensions.

    sizes: of the levels, from the bottom. Between two levels stands one hidden layer as wide as the last of `hidden`.
    """
    sizes = lengths(sizes)
    (encoder, decoder, observation), _ = _perceptrons(data_dim, sizes[0], hidden, likelihood, sigma, activation, seed)
    with seeded(seed + 1):
        up = [mlp([below, *hidden[-1:], 2 * above], activation) for below, above in pairwise(sizes)]
        down = _down(sizes, hidden, activation)
    return HierarchicalVAE(encoder, decoder, observation, up, down, sizes, data_dim)


def mlp_top_down_vae(
    data_dim, sizes, hidden=(400,), likelihood="bernoulli", sigma=1.0, activation=nn.ReLU, seed=0, merge="residual"
):
    """A TopDownVAE of perceptrons: D -> hidden for the features of x, d_1 + ... + d_L -> reversed hidden -> D.

    sizes: of the levels, from the bottom. The networks between the levels have one hidden layer as wide as the last of
    `hidden`, of which there must be one; merge: as `TopDownVAE` takes it. Other arguments as for `mlp_vae`.
    """
    sizes = lengths(sizes)
    if not hidden:
        raise ValueError("hidden: got no width, expected one or more: the last is the number of features")
    ends, _ = _perceptrons(data_dim, sum(sizes), hidden, likelihood, sigma, activation, seed)
    encoder, width, levels = ends[0][:-1], hidden[-1], [*pairwise(sizes)]
    with seeded(seed + 1):
        lower = [mlp([width + (merge == "residual") * above, width, 2 * below], activation) for below, above in levels]
        corrections = [*lower, mlp([width, 2 * sizes[-1]])]
        down = _down(sizes, hidden, activation)
    return TopDownVAE(encoder, *ends[1:], corrections, down, sizes, data_dim, merge)


def _down(sizes, hidden, activation):
    return [mlp([above, *hidden[-1:], 2 * below], activation) for below, above in pairwise(sizes)]


def conv_vae(
    latent_dim, channels=32, likelihood="bernoulli", sigma=1.0, activation=nn.ReLU, seed=0, size=28, color=False
):
    """A convolutional VAE for pictures given flat, (B, C H W), as `data.load_images` lays them out.

    size: H = W, or (H, W), multiples of 4.  color: C = 3 planes, else 1.  likelihood, sigma: as for
    `observation_model`; with sigma="per_pixel" the decoder ends in 2C planes, the means and then the logvars.
    Raises TypeError or ValueError for bad numbers, sizes and names.
    """
    whole_number(latent_dim, "latent_dim")
    if not isinstance(color, bool):
        raise TypeError(f"color: got {color!r}, expected True or False")
    observation = observation_model(likelihood, sigma)
    (height, width), planes = quarters(size), 3 if color else 1
    said = 2 * planes if getattr(observation, "per_pixel", False) else planes
    with seeded(seed):
        encoder = nn.Sequential(
            nn.Unflatten(-1, (planes, 4 * height, 4 * width)),
            nn.Conv2d(planes, whole_number(channels, "channels"), 4, stride=2, padding=1),  # half as high and wide
            made(activation),
            nn.Conv2d(channels, 2 * channels, 4, stride=2, padding=1),  # a quarter
            made(activation),
            nn.Flatten(),
            nn.Linear(2 * channels * height * width, 2 * latent_dim),
        )
        decoder = ConvDecoder(latent_dim, channels, activation, (4 * height, 4 * width), said)
    return VAE(encoder, decoder, observation, latent_dim, data_dim=16 * planes * height * width)


def sequence_vae(length, latent_dim, context, hidden=64, dropout=0.0, seed=0):
    """A VAE of bit sequences x (B, length) whose likelihood is autoregressive over the last `context` bits.

    A perceptron for the encoder and a `ContextNetwork` in the likelihood, which reads z itself. Raises ValueError
    unless 0 <= context < length.
    """
    if whole_number(context, "context", least=0) >= whole_number(length, "length"):
        raise ValueError(f"context: got {context}, expected less than length = {length}")
    real_number(dropout, "dropout", lambda p: 0 <= p < 1, "in [0, 1)")
    whole_number(latent_dim, "latent_dim")
    whole_number(hidden, "hidden")
    with seeded(seed):
        encoder = mlp([length, hidden, 2 * latent_dim])
        network = ContextNetwork(latent_dim, context, hidden, dropout)
    return VAE(encoder, nn.Identity(), AutoregressiveObservation(network, length), latent_dim, length)


def _perceptrons(
    data_dim, latent_dim, hidden, likelihood, sigma, activation, seed, per_latent=VAE.per_latent, beside=(0, 0, 0)
):
    """(encoder, decoder, observation) that fit each other, and the network of a prior or None.

    beside: how many numbers of a condition are written beside the input of encoder, decoder and prior.
    """
    whole_number(data_dim, "data_dim")
    whole_number(latent_dim, "latent_dim")
    hidden = [whole_number(width, "hidden") for width in hidden]
    observation = observation_model(likelihood, sigma)
    outputs = 2 * data_dim if getattr(observation, "per_pixel", False) else data_dim
    to_encoder, to_decoder, to_prior = beside
    with seeded(seed):
        encoder = mlp([data_dim + to_encoder, *hidden, per_latent * latent_dim], activation)
        decoder = mlp([latent_dim + to_decoder, *reversed(hidden), outputs], activation)
        prior_network = mlp([to_prior, 2 * latent_dim], activation) if to_prior else None
    return (encoder, decoder, observation), prior_network
