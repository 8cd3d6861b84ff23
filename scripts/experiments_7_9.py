"""Experiments of chapters 7 to 9 as functions of a seed, which return {name: number}; run by phenomena.py."""

import copy
import math

import torch
from experiments_5_6 import digits, fit

from vae_utils import data, evaluation, models, objectives
from vae_utils.classifier import load_classifier


def train_conditional(form, d, seed):
    if form == "class means":
        model = models.mlp_class_mean_vae(784, d, hidden=(256,), seed=seed)
    else:
        model = models.mlp_conditional_vae(784, d, classes=10, label_in=form, hidden=(256,), seed=seed)
    fit(model, digits(6000).x, digits(6000).y, epochs=12, lr=4e-3, seed=seed)
    return model


def drawn_as_asked(seed):
    found, judge, y = {}, load_classifier(digits(6000), epochs=6), torch.arange(10).repeat_interleave(100)
    for name, form in (("class means", "class means"), ("standard form", ["encoder", "decoder"])):
        for d in (2, 10):
            model = train_conditional(form, d, seed)
            prior = model.prior(y)
            z = prior.sample(() if prior.mu.ndim == 2 else (len(y),))
            found[f"{name}, d = {d}"] = 100 * (judge.predict(model.likelihood(z, y).mean) == y).double().mean()
    return found


def worth_of_a_label(seed):
    model, test = train_conditional(["encoder", "decoder", "prior"], 10, seed), digits(1000, train=False)
    x, y = test.x[:300], test.y[:300]
    columns = (torch.full((300,), label) for label in range(10))
    given = torch.stack([evaluation.log_likelihood(model, x, k=20, y=column) for column in columns], dim=1)
    saved = given[torch.arange(300), y] - given.logsumexp(1) + math.log(10)
    return {"mean": saved.mean(), "largest": saved.max()}


def blind_encoder(seed):
    s = 0.5
    z, y, noise = torch.randn(3, 200_000, 1, generator=torch.Generator().manual_seed(seed))
    x, tau2 = z + y + s * noise, s**2 / (1 + s**2)
    logvar = torch.full_like(x, math.log(tau2))
    gap = objectives.gaussian_kl(x / (2 + s**2), logvar, (x - y) / (1 + s**2), math.log(tau2)).mean()
    return {"simulated": gap, "by the formula": 1 / (2 * s**2 * (2 + s**2))}


def gray_pixel(seed):
    coin, found = (torch.rand(1024, 1, generator=torch.Generator().manual_seed(0)) < 0.5).float(), {}
    for sigma in (1.0, 0.7, 0.3, 0.1):
        model = models.mlp_vae(1, 1, hidden=(16,), likelihood="gaussian", sigma=sigma, seed=seed)
        fit(model, coin, steps=500, lr=1e-2, seed=seed)
        found[f"σ = {sigma:g}"] = model.likelihood(model.posterior(torch.tensor([[0.0], [1.0]])).mu).mean.diff(dim=0)
    return found


def sigma_elbo(model, x, y=None, beta=1.0):
    q = model.posterior(x)
    error = (x - model.likelihood(q.rsample()).mean).square()
    nats = -0.5 * (error.sum(1) / error.mean() + x.shape[1] * torch.log(2 * math.pi * error.mean()))
    kl = objectives.kl_divergence(q, model.prior())
    return objectives.Terms(nats - beta * kl, nats, kl, q.mean)


def soft_means(seed):
    found, test = {}, digits(1000, train=False, side=14).x
    kinds = (("σ = 1", "gaussian", objectives.elbo), ("σ learned", "gaussian", sigma_elbo),
             ("BCE", "bernoulli", objectives.elbo))  # fmt: skip
    for name, likelihood, objective in kinds:
        model = models.mlp_vae(196, 12, hidden=(256,), likelihood=likelihood, seed=seed)
        fit(model, digits(6000, side=14).x, epochs=12, lr=3e-3, objective=objective, seed=seed)
        codes = {"reconstructions": model.posterior(test).mu, "draws": model.prior().sample((1000,))}
        for what, z in codes.items():
            pictures = model.likelihood(z).mean.clamp(0, 1)
            found[f"{what}, {name}"] = evaluation.sharpness(pictures, test).laplacian
    return found


def many_samples(seed):
    scans, found = data.load_digits_8x8().x, {}
    exact = models.LinearVAE(64, 16, sigma="shared").fit_exact(scans)
    for name, c in (("wide q", 2.25), ("narrow q", 0.3298)):
        model = copy.deepcopy(exact)
        model.logvar.data += math.log(c)
        weights = objectives.log_weights(model, scans[:30], 4096, generator=torch.Generator().manual_seed(seed))
        for k in (1, 16, 256):
            level = weights.view(-1, k, 30).logsumexp(1).mean() - math.log(k)
            found[f"{name}, K = {k}"] = exact.log_evidence(scans[:30]).mean() - level
    return found
