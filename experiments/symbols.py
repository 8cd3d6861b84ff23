"""Experiments on codes and what they cost, as functions of a seed that return {name: number}."""

import functools

import torch
from torch import nn

from vae_utils import evaluation, models, objectives
from vae_utils.randomness import seeded

from .setting import digits, fit

SLOTS = 6


@functools.cache
def bits(train=True):
    """Black and white digits of 14 x 14."""
    return (digits(8000 if train else 1000, train=train, side=14).x > 0.4).float()


def networks(said, heard, seed, start="gray"):
    """An encoder that says so many numbers, a decoder that hears so many, and coins for the pixels.

    start: what the decoder draws before it has learned anything, about "gray" or about the "mean" digit.
    """
    with seeded(seed):
        encoder, decoder = models.mlp([196, 128, said], nn.SiLU), models.mlp([heard, 128, 196], nn.SiLU)
    if start == "mean":
        with torch.no_grad():
            decoder[-1].bias.copy_(bits().mean(0).clamp(0.01, 0.99).logit())
    return encoder, decoder, models.BernoulliObservation()


def learned(model, seed):
    model.prior_module.requires_grad_(False)
    fit(model, bits(), steps=400, lr=8e-3, objective=objectives.vq_elbo, seed=seed)
    return model


@functools.cache
def codebook(seed, codes, width, start="gray", kmeans=False, **how):
    size = SLOTS * width
    model = models.VQVAE(*networks(size, size, seed, start), SLOTS, codes, width, seed, **how)
    if kmeans:
        model.start_codebook(bits()[:1000], seed)
    return learned(model, seed)


@functools.cache
def grid(seed):
    encoder, decoder, coins = networks(SLOTS * 3, SLOTS * 3, seed)
    encoder.append(nn.BatchNorm1d(SLOTS * 3, affine=False))
    return learned(models.FiniteScalarVAE(encoder, decoder, coins, SLOTS, (4, 4, 2)), seed)


@torch.no_grad()
def codes_of(model, train=True):
    return model.posterior(bits(train)).sample()


def apart(model):
    """The best prior that rolls each slot on its own."""
    prior = models.IndependentCodes(SLOTS, len(model.codebook))
    prior.count(codes_of(model))
    return prior


def in_order(model, seed):
    """A prior that reads the slots from left to right."""
    prior = models.AutoregressiveCodes(SLOTS, len(model.codebook), hidden=64, seed=seed)
    fit(prior, codes_of(model).float(), steps=200, lr=1e-2, objective=objectives.prior_of_codes, seed=seed)
    return prior


def scores(model, prior=None):
    if prior is not None:
        model.prior_module = prior
    return evaluation.evaluate(model, bits(train=False))


def in_use(model):
    """How many codes stand in the codes of the test digits, and how many in effect."""
    z = codes_of(model, train=False)
    return len(z.unique()), evaluation.perplexity(z, len(model.codebook))


def many_codes(seed):
    """The decoder draws about gray before it has learned anything, or about the mean digit."""
    kinds = {
        "gradient": {},
        "k-means start": {"kmeans": True},
        "averages, restart": {"ema": 0.98, "restart": 20},
        "mean digit first": {"start": "mean"},
    }
    found = {}
    for name, how in kinds.items():
        model = codebook(seed, 256, 8, **how)
        found[f"used, {name}"], found[f"perplexity, {name}"] = in_use(model)
        found[f"ELBO, {name}"] = scores(model, apart(model))["elbo"]
    few = codebook(seed, 32, 4, ema=0.98)
    return found | {"ELBO, 32 codes": scores(few, apart(few))["elbo"]}


def fixed_grid(seed):
    found = {}
    kinds = {"gradient": codebook(seed, 32, 4), "averages": codebook(seed, 32, 4, ema=0.98), "grid": grid(seed)}
    for name, model in kinds.items():
        found[f"perplexity, {name}"] = in_use(model)[1]
        found[f"ELBO, slots apart, {name}"] = scores(model, apart(model))["elbo"]
        found[f"ELBO, slots in order, {name}"] = scores(model, in_order(model, seed))["elbo"]
    return found


def price_of_codes(seed):
    model = codebook(seed, 32, 4, ema=0.98)
    priors = {
        "uniform": models.IndependentCodes(SLOTS, 32),
        "slots apart": apart(model),
        "slots in order": in_order(model, seed),
    }
    parts = {name: scores(model, prior) for name, prior in priors.items()}
    numbers = models.VAE(*networks(16, 8, seed), 8, 196)
    fit(numbers, bits(), steps=600, lr=6e-3, seed=seed)
    return {
        **{f"price of a code, {name}": of["kl"] for name, of in parts.items()},
        "ELBO, slots in order": parts["slots in order"]["elbo"],
        "ELBO, eight Gaussian numbers": scores(numbers)["elbo"],
    }
