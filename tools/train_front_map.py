"""Trains the decoder that the start page shows, and packs it: python -m tools.train_front_map

The networks and the loss of chapter 5, for longer and on more digits: minutes on one core. The result is kept in the
package, and `FrontMap.trained()` reads it.
"""

import time

import numpy as np
import torch
from torch import nn

from vae_utils import data, models
from vae_utils.training import fit
from vae_utils.widgets import FrontMap
from vae_utils.widgets.front_map import TRAINED

from .train_latent_diffusion import linear_layers

SHOWN = 400


def digits(train, n):
    return data.load_digits(train, source="bundled", n=n)


def train(x, epochs=150):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        vae = models.mlp_vae(784, 2, hidden=(128, 64, 32), activation=nn.SiLU)
    fit(vae, x, epochs=epochs, batch_size=128, lr=4e-3, device="cpu", progress=False)
    return vae.requires_grad_(False)


def packed(epochs=150, n=12_000):
    """The widget with everything in it."""
    vae, test = train(digits(True, n).x, epochs), digits(False, SHOWN)
    return FrontMap.of(linear_layers(vae.decoder), vae.posterior(test.x).mean, test.y)


if __name__ == "__main__":
    torch.set_num_threads(1)
    start = time.process_time()
    kept = packed()
    np.savez_compressed(TRAINED, **{name: getattr(kept, name) for name in FrontMap.packed()})
    print(f"{TRAINED.name}: {TRAINED.stat().st_size / 1000:.0f} kB, {time.process_time() - start:.0f} s")
