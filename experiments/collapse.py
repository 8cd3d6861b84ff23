"""Experiments on posterior collapse and its remedies, as functions of a seed that return {name: number}."""

import functools
import math

import torch
from torch import nn

from vae_utils import data, evaluation, models, objectives

from .setting import digits, fit, fit_encoder_first

FIGURES = {"epochs": 6, "batch_size": 64, "lr": 8e-3}  # of the models of digits
THROWS = {"steps": 300, "batch_size": 64, "lr": 8e-3}  # of the models of coins


def collapse_by_price(seed):
    found = {}
    for beta in (1, 4, 16, 64):
        model = models.mlp_vae(784, 10, hidden=(64,), seed=seed)
        fit(model, digits(2000).x, beta=beta, seed=seed, **FIGURES)
        found[f"β = {beta}"] = evaluation.evaluate(model, digits(500, train=False).x)["kl"]
    return found


def exact_law(seed):
    generator = torch.Generator().manual_seed(0)
    axes = torch.linalg.qr(torch.randn(12, 12, generator=generator)).Q
    spread = torch.tensor([3.0, 2.2, 1.6, 1.1, 0.8, 0.5] + 6 * [0.2])
    x = torch.randn(4000, 12, generator=generator) * spread @ axes.T
    eigenvalues = torch.linalg.eigvalsh(torch.cov(x.T, correction=0)).flip(0)[:6]
    wrong, worst = 0, 0.0
    for sigma2 in (0.4, 0.9, 1.8, 3.5, 6.0, 12.0):
        model = models.LinearVAE(12, 6, sigma=math.sqrt(sigma2), seed=seed)
        fit(model, x, steps=400, batch_size=200, lr=0.1, seed=seed)
        q = model.posterior(x)
        kl = objectives.gaussian_kl_per_dimension(q.mu, q.logvar).mean(0).sort(descending=True).values
        wrong += abs(int((kl > 0.01).sum()) - int((eigenvalues > sigma2).sum()))
        worst = max(worst, (kl - 0.5 * torch.log(eigenvalues / sigma2).clamp(min=0)).abs().max().item())
    return {"wrong counts, of 36": wrong, "largest error of a KL": worst}


@functools.cache
def coins(n, seed):
    return data.coin_sequences(n, seed=seed)[0]


def sequence_model(seed, context=31, dropout=0.0):
    return models.sequence_vae(32, 4, context=context, hidden=32, dropout=dropout, seed=seed)


def empty_letter(seed):
    found, elbo = {}, {}
    for context in (0, 31):
        model = sequence_model(seed, context)
        fit(model, coins(8000, 0), seed=seed, **THROWS)
        score = evaluation.evaluate(model, coins(600, 1), samples=10)
        found[f"KL, {context} throws in view"], elbo[context] = score["kl"], score["elbo"]
    return found | {"ELBO, with 31 minus with 0": elbo[31] - elbo[0]}


def remedies(seed):
    tried = {
        "none": (sequence_model(seed), {}),
        "linear annealing": (sequence_model(seed), {"beta": objectives.linear_warmup(0.7)}),
        "cyclical annealing": (sequence_model(seed), {"beta": objectives.cyclical_warmup(4, ramp=0.5)}),
        "β = 0.5": (sequence_model(seed), {"beta": 0.5}),
        "free bits": (sequence_model(seed), {"objective": objectives.free_bits_elbo}),
        "dropout on the past": (sequence_model(seed, dropout=0.8), {}),
        "context of 4": (sequence_model(seed, context=4), {}),
        "aggressive encoder": (sequence_model(seed), None),
    }
    for model, settings in tried.values():
        if settings is None:
            fit_encoder_first(model, coins(8000, 0), seed=seed, **THROWS | {"lr": 5e-3})
        else:
            fit(model, coins(8000, 0), seed=seed, **THROWS, **settings)
    return {name: evaluation.mutual_information(model, coins(600, 1), samples=10) for name, (model, _) in tried.items()}


def silence_in_the_long_run(seed):
    """The information preference: five times the steps of the chapter, with and without annealing."""
    found = {}
    for name, settings in (("none", {}), ("linear annealing", {"beta": objectives.linear_warmup(0.7)})):
        model = sequence_model(seed)
        fit(model, coins(8000, 0), seed=seed, **THROWS | {"steps": 1500}, **settings)
        found |= {f"ELBO, {name}": evaluation.evaluate(model, coins(2000, 1), samples=5)["elbo"]}
        found |= {f"I(x; z), {name}": evaluation.mutual_information(model, coins(2000, 1)[:1000])}
    return found


def dead_codes(seed):
    found = {}
    for scale in (0.3, 10.0):
        encoder, network = models.mlp([32, 32, 4]), models.ContextNetwork(4, 0, hidden=32)
        likelihood = models.AutoregressiveObservation(network, 32)
        model = models.VQVAE(encoder, nn.Identity(), likelihood, slots=1, codes=16, width=4, seed=seed)
        model.codebook.data.mul_(scale)
        fit(model, coins(8000, 0), objective=objectives.vq_elbo, seed=seed, **THROWS)
        terms = objectives.vq_elbo(model, coins(600, 1))
        found[f"codes in use, first codebook × {scale:g}"] = evaluation.perplexity(terms.z, 16)
        found[f"ELBO, first codebook × {scale:g}"] = (terms.reconstruction - terms.kl).mean()
    return found


def learned_sigma(seed):
    found, x = {}, digits(2000).x
    for name, sigma in (("σ = 1", 1.0), ("σ learned", "optimal")):
        model = models.mlp_vae(784, 10, hidden=(64,), likelihood="gaussian", sigma=sigma, seed=seed)
        fit(model, x, seed=seed, **FIGURES)
        found[f"KL, {name}"] = evaluation.evaluate(model, digits(500, train=False).x)["kl"]
    return found | {"the learned σ": torch.exp(0.5 * model.observation.logvar)}
