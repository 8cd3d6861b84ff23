"""Experiments on the latent space, as functions of a seed that return {name: number}."""

import functools
import math

import torch
from torch import nn

from vae_utils import data, evaluation, models, objectives
from vae_utils.classifier import load_classifier

from .setting import digits, fit


def three_ways(seed):
    def kl_only(model, x, y=None, beta=1.0):
        q = model.posterior(x)
        kl = objectives.kl_divergence(q, model.prior())
        return objectives.Terms(-kl, torch.zeros_like(kl), kl, q.mean)

    shape = {"hidden": (128, 64, 32), "activation": nn.SiLU, "seed": seed}
    ways = {
        "autoencoder": (models.mlp_autoencoder(784, 2, **shape), {"epochs": 6, "objective": objectives.reconstruction}),
        "KL only": (models.mlp_vae(784, 2, **shape), {"epochs": 1, "objective": kl_only}),
        "VAE": (models.mlp_vae(784, 2, **shape), {"epochs": 12, "lr": 6e-3}),
    }
    ways["KL only"][0].decoder.requires_grad_(False)
    for model, settings in ways.values():
        fit(model, digits(6000).x, **{"batch_size": 64, "lr": 5e-3, "seed": seed, **settings})
    test = digits(1000, train=False).x
    return {name: model.posterior(test).sample().std(0).max() for name, (model, _) in ways.items()}


def two_forces(seed):
    found, x = {}, digits(6000, side=14).x
    for beta, first in ((1.0, 0.05), (1.0, 3.0), (0.0, 0.05), (0.0, 3.0)):
        model = models.mlp_vae(196, 2, hidden=(96, 48), activation=nn.SiLU, seed=seed)
        model.encoder[-1].bias.data[2:] = 2 * math.log(first)
        fit(model, x, steps=300, batch_size=64, lr=1.6e-2, schedule="constant", beta=beta, seed=seed)
        found[f"{'with' if beta else 'no'} KL, from {first:g}"] = model.posterior(x[:128]).sigma.mean()
    return found


def surplus_dimensions(seed):
    factors = torch.randn(2000, 5, generator=torch.Generator().manual_seed(0))
    factors[:, 4] = 0
    faces = data.render_faces(factors, size=24)
    faces = faces - faces.mean(0)
    how = {"likelihood": "gaussian", "sigma": 0.05, "activation": nn.SiLU, "seed": seed}
    model = models.mlp_vae(576, 10, hidden=(48, 48), **how)
    fit(model, faces, epochs=20, batch_size=64, lr=1e-2, beta=objectives.linear_warmup(0.2), seed=seed)
    q = model.posterior(faces)
    nats = objectives.gaussian_kl_per_dimension(q.mu, q.logvar).mean(0).sort(descending=True).values
    used = int(evaluation.active_units(model, faces).sum())
    return {"used of 10": used, "KL of the weakest used": nats[used - 1], "KL of the strongest unused": nats[used]}


def thin_shell(seed):
    model = models.mlp_vae(784, 20, hidden=(128,), seed=seed)
    fit(model, digits(6000).x[:3000], steps=480, batch_size=64, lr=6e-3, seed=seed)
    a, b = model.posterior(digits(1000, train=False).x[:300]).sample().split(150)
    halfway = {"lerp": torch.lerp(a, b, 0.5), "slerp": evaluation.slerp(a, b, 0.5)}
    found = {"norm at the ends": torch.cat([a, b]).norm(dim=-1).mean()}
    found |= {f"norm halfway, {name}": z.norm(dim=-1).mean() for name, z in halfway.items()}
    for name, z in halfway.items():
        p = model.likelihood(z).mean
        found[f"doubt halfway, {name}"] = -(p.xlogy(p) + (1 - p).xlogy(1 - p)).sum(-1).mean()
    return found


def random_draws(seed):
    """Who draws the better digits in 20-D, an autoencoder or a VAE, early and late?"""
    train, test = data.load_digits(source="bundled", n=6000), data.load_digits(train=False, source="bundled", n=1000)
    judge, found, x = load_classifier(train, epochs=3), {}, train.x[:3000]
    real, eps = judge.features(test.x), torch.randn(1000, 20)
    ways = {
        "autoencoder": (models.mlp_autoencoder(784, 20, hidden=(128,), seed=seed), objectives.reconstruction),
        "VAE": (models.mlp_vae(784, 20, hidden=(128,), seed=seed), objectives.elbo),
    }

    def look(name, step, model):
        if step in (120, 480):
            codes = model.posterior(x).mean
            z = eps if name == "VAE" else codes.mean(0) + codes.std(0) * eps
            drawn = judge.features(model.likelihood(z).mean)
            precision, recall = evaluation.precision_recall(real, drawn)
            scores = {"precision": precision, "recall": recall, "distance": evaluation.frechet_distance(real, drawn)}
            found.update({f"{kind}, {name}, {step} steps": value for kind, value in scores.items()})

    for name, (model, objective) in ways.items():
        how = {"steps": 480, "batch_size": 64, "lr": 6e-3, "objective": objective, "seed": seed}
        fit(model, x, callback=torch.no_grad()(functools.partial(look, name)), **how)
    return found


def rate_distortion(seed):
    found = {}
    for beta in (0.1, 1.0, 4.0):
        model = models.mlp_vae(196, 2, hidden=(96, 48), activation=nn.SiLU, seed=seed)
        fit(model, digits(6000, side=14).x, steps=300, batch_size=64, lr=8e-3, beta=beta, seed=seed)
        score = evaluation.evaluate(model, digits(1000, train=False, side=14).x[:500])
        found |= {f"R at β = {beta:g}": score["kl"], f"D at β = {beta:g}": -score["reconstruction"]}
    return found
