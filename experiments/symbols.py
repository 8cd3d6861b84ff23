"""Experiments on codes, as functions of a seed that return {name: number}: chapter 11's part on symbols."""

import functools

import torch
from torch import nn

from vae_utils import evaluation, models, objectives
from vae_utils.randomness import seeded

from .setting import digits, fit

SLOTS = 6


@functools.cache
def bits(n, train=True):
    """Black and white digits of 14 x 14."""
    return (digits(n, train=train, side=14).x > 0.4).float()


def networks(said, heard, seed, start="mean"):
    """An encoder that says so many numbers, a decoder that hears so many and starts at the mean digit, and coins."""
    with seeded(seed):
        encoder, decoder = models.mlp([196, 128, said], nn.SiLU), models.mlp([heard, 128, 196], nn.SiLU)
    if start == "mean":
        with torch.no_grad():
            decoder[-1].bias.copy_(bits(5000).mean(0).clamp(0.01, 0.99).logit())
    return encoder, decoder, models.BernoulliObservation()


def trained(model, seed, objective=objectives.vq_elbo):
    fit(model, bits(5000), steps=1000, lr=3e-3, seed=seed, objective=objective)
    return model


@functools.cache
def codebook(seed, codes, width, start="mean", **settings):
    """A VQ-VAE; one that learns by averages starts at the data."""
    size = SLOTS * width
    model = models.VQVAE(*networks(size, size, seed, start), SLOTS, codes, width, seed=seed, **settings)
    if "ema" in settings:
        model.start_codebook(bits(5000)[:1000], seed)
    return trained(model, seed)


@torch.no_grad()
def codes_of(model, train=True):
    return model.posterior(bits(5000 if train else 1000, train)).sample()


def apart(model):
    """The best prior that rolls each slot on its own."""
    prior = models.IndependentCodes(SLOTS, len(model.codebook))
    prior.count(codes_of(model))
    return prior


def in_order(model, seed):
    """A prior that reads the slots from left to right, learned from the codes of the model."""
    prior = models.AutoregressiveCodes(SLOTS, len(model.codebook), seed=seed)
    how = {"steps": 300, "lr": 1e-2, "objective": objectives.prior_of_codes, "seed": seed}
    fit(prior, codes_of(model).float(), **how)
    return prior


def scores(model, prior=None):
    if prior is not None:
        model.prior_module = prior
    return evaluation.evaluate(model, bits(1000, train=False))


def in_use(model):
    """How many codes stand anywhere in the codes of the test digits, and how many in effect."""
    z = codes_of(model, train=False)
    return len(z.unique()), evaluation.perplexity(z, len(model.codebook))


def many_codes(seed):
    found = {}
    kinds = {
        "decoder from gray": {"start": "gray"},
        "decoder from the mean digit": {},
        "averages and restart": {"ema": 0.98, "restart": 20},
    }
    for name, settings in kinds.items():
        model = codebook(seed, 256, 8, **settings)
        found[f"codes used of 256, {name}"], found[f"perplexity, {name}"] = in_use(model)
        found[f"ELBO, {name}"] = scores(model, apart(model))["elbo"]
    small = codebook(seed, 32, 4)
    return found | {"ELBO, 32 codes, decoder from the mean digit": scores(small, apart(small))["elbo"]}


def finite_scalars(seed):
    encoder, decoder, coin = networks(SLOTS * 3, SLOTS * 3, seed)
    encoder.append(nn.BatchNorm1d(SLOTS * 3, affine=False))
    grid = trained(models.FiniteScalarVAE(encoder, decoder, coin, SLOTS, (4, 4, 2)), seed)
    found = {}
    for name, model in (("codebook", codebook(seed, 32, 4)), ("grid", grid)):
        found[f"perplexity of 32 codes, {name}"] = in_use(model)[1]
        parts = scores(model, apart(model))
        found[f"reconstruction, {name}"] = parts["reconstruction"]
        found[f"ELBO, slots apart, {name}"] = parts["elbo"]
        found[f"ELBO, slots in order, {name}"] = scores(model, in_order(model, seed))["elbo"]
    return found


def nats_of_codes(seed):
    model = codebook(seed, 32, 4)
    priors = {
        "uniform": models.IndependentCodes(SLOTS, 32),
        "slots apart": apart(model),
        "slots in order": in_order(model, seed),
    }
    parts = {name: scores(model, prior) for name, prior in priors.items()}
    gaussian = trained(models.VAE(*networks(16, 8, seed), 8, 196), seed, objectives.elbo)
    return {
        **{f"nats of the code, {name}": of["kl"] for name, of in parts.items()},
        "ELBO, slots in order": parts["slots in order"]["elbo"],
        "ELBO, eight Gaussian numbers": scores(gaussian)["elbo"],
    }
