"""Trains a small model and kills its own process in the middle: python killed_training.py CHECKPOINT STEP"""

import os
import signal
import sys

import torch

from vae_utils.models import mlp_vae
from vae_utils.training import fit

X = torch.rand(50, 6, generator=torch.Generator().manual_seed(0))
HOW = {"epochs": 5, "batch_size": 16, "seed": 3, "progress": False, "device": "cpu"}


def model():
    return mlp_vae(6, 2, hidden=(4,))


if __name__ == "__main__":
    path, last = sys.argv[1], int(sys.argv[2])

    def kill(step, model):
        if step == last:
            os.kill(os.getpid(), signal.SIGKILL)

    fit(model(), X, checkpoint=path, every=3, callback=kill, **HOW)
