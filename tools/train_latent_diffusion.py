"""Trains what the widget LatentDiffusion shows, and packs it: python -m tools.train_latent_diffusion

A VAE with two latent dimensions and a small beta on half-size digits, and three diffusion models of its codes: a minute
or two on one core. A chapter has no such time, so the result is kept in the package.
"""

import time

import numpy as np
import torch
from torch import nn

from vae_utils import models, objectives
from vae_utils.distributions import log_snr_cosine
from vae_utils.training import fit
from vae_utils.widgets import LatentDiffusion
from vae_utils.widgets.latent_diffusion import SCALES, TRAINED

from .train_sweep import half_size_digits

BETA, SHOWN, DRAWS = 0.02, 600, 240


def noise(seed):
    return torch.Generator().manual_seed(seed)


def train_vae(x, steps=2000):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        vae = models.mlp_vae(x.shape[1], 2, hidden=(256, 128), activation=nn.SiLU)
    fit(vae, x, steps=steps, beta=BETA, lr=4e-3, device="cpu", progress=False)
    return vae.requires_grad_(False)


def chain_of(codes, scale, steps=2000):
    """Where `DRAWS` codes stand at each level, (DRAWS, T, 2), in the units of the codes."""
    model = models.Diffusion(models.TimedNetwork(2), log_snr_cosine(100), 2)
    settings = {"batch_size": 256, "lr": 4e-3, "objective": objectives.denoising, "device": "cpu", "progress": False}
    fit(model, scale * codes, steps=steps, **settings)
    with torch.no_grad():
        return model.prior().sample((DRAWS,), noise(1)).reshape(DRAWS, -1, 2) / scale


def linear_layers(network):
    return [(layer.weight, layer.bias) for layer in network.modules() if isinstance(layer, nn.Linear)]


def packed(steps=2000, n=12_000):
    """The widget with everything in it."""
    vae = train_vae(half_size_digits(True, n)[0], steps)
    codes = vae.posterior(half_size_digits(True, n)[0]).sample(generator=noise(0))
    test, labels = half_size_digits(False, SHOWN)
    mean, spread = codes.mean(0), codes.std(0)
    print(f"codes: mean {mean.tolist()}, s.d. {spread.tolist()}")
    chains = {scale: mean + spread * chain_of((codes - mean) / spread, scale, steps) for scale in SCALES}
    shown = vae.posterior(test).sample(generator=noise(2))
    return LatentDiffusion.of(shown, labels, linear_layers(vae.decoder), chains)


if __name__ == "__main__":
    torch.set_num_threads(1)
    start = time.process_time()
    kept = packed()
    np.savez_compressed(TRAINED, **{name: getattr(kept, name) for name in LatentDiffusion.packed()})
    print(f"{TRAINED.name}: {TRAINED.stat().st_size / 1000:.0f} kB, {time.process_time() - start:.0f} s")
