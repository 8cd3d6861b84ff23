"""Trains the score that the widget ForwardReverse has learned, and packs it: python -m tools.train_forward_reverse

A small network on the mixture that the widget starts with: half a minute on one core.
"""

import math
import time

import numpy as np
import torch

from vae_utils import models, objectives
from vae_utils.distributions import DiagonalGaussian, GaussianMixture, log_snr_linear
from vae_utils.training import fit
from vae_utils.widgets.forward_reverse import HIDDEN, NETWORK, SPAN, SPREAD, START, TRAINED, WAVES
from vae_utils.widgets.parts.quantized import flat, layers_of

from .train_latent_diffusion import linear_layers, noise


def mixture():
    """The data that the widget starts with."""
    centers = torch.tensor(START)
    return GaussianMixture(
        torch.zeros(len(centers)), DiagonalGaussian(centers, torch.full_like(centers, 2 * math.log(SPREAD)))
    )


def model(levels=200):
    """What is trained: a v-prediction over the levels of the widget."""
    return models.Diffusion(models.TimedNetwork(2, HIDDEN, SPAN, WAVES), log_snr_linear(levels), 2)


def packed(steps=10_000):
    """The fields of the widget that hold the network."""
    learner = model()
    settings = {"batch_size": 512, "lr": 5e-3, "objective": objectives.denoising, "device": "cpu", "progress": False}
    fit(learner, mixture().sample((50_000,), noise(0)), steps=steps, **settings)
    layers, _ = layers_of("network", linear_layers(learner.requires_grad_(False)), (NETWORK["sizes"][0], 2))
    fields = flat(layers)
    return {**fields, "weights": fields["weights"].astype(np.int8)}


if __name__ == "__main__":
    torch.set_num_threads(1)
    start = time.process_time()
    np.savez_compressed(TRAINED, **packed())
    print(f"{TRAINED.name}: {TRAINED.stat().st_size / 1000:.0f} kB, {time.process_time() - start:.0f} s")
