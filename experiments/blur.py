"""Experiments on blur and its causes, as functions of a seed that return {name: number}."""

import torch

from vae_utils import evaluation, models

from .setting import digits, fit


def gray_pixel(seed):
    coin, found = (torch.rand(1024, 1, generator=torch.Generator().manual_seed(0)) < 0.5).float(), {}
    for sigma in (1.0, 0.7, 0.3, 0.1):
        model = models.mlp_vae(1, 1, hidden=(16,), likelihood="gaussian", sigma=sigma, seed=seed)
        fit(model, coin, steps=500, lr=1e-2, seed=seed)
        found[f"σ = {sigma:g}"] = model.likelihood(model.posterior(torch.tensor([[0.0], [1.0]])).mu).mean.diff(dim=0)
    return found


def soft_means(seed):
    found, test = {}, digits(1000, train=False, side=14).x
    kinds = {
        "σ = 1": {"likelihood": "gaussian", "sigma": 1.0},
        "σ learned": {"likelihood": "gaussian", "sigma": "optimal"},
        "BCE": {"likelihood": "bernoulli"},
    }
    for name, observation in kinds.items():
        model = models.mlp_vae(196, 12, hidden=(256,), seed=seed, **observation)
        fit(model, digits(6000, side=14).x, epochs=12, lr=3e-3, seed=seed)
        codes = {"reconstructions": model.posterior(test).mu, "draws": model.prior().sample((1000,))}
        for what, z in codes.items():
            pictures = model.likelihood(z).mean.clamp(0, 1)
            found[f"{what}, {name}"] = evaluation.sharpness(pictures, test).laplacian
    return found
