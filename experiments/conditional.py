"""Experiments on models that are told a label, as functions of a seed that return {name: number}."""

import math

import torch

from vae_utils import evaluation, models, objectives
from vae_utils.classifier import load_classifier

from .setting import digits, fit


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
