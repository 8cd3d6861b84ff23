"""The learning rate of each step of a training, seen by the optimizer that `fit` is given."""

import numpy as np
import torch

from vae_utils.training import fit


class Watched(torch.optim.Adam):
    """Adam that notes the rate of each of its steps."""

    def __init__(self, parameters, lr):
        super().__init__(parameters, lr=lr)
        self.seen = []

    def step(self, *args, **kwargs):
        self.seen.append(self.param_groups[0]["lr"])
        return super().step(*args, **kwargs)


def rates_of(model, x, **settings):
    made = []
    fit(
        model, x, progress=False, optimizer=lambda *args, **lr: made.append(Watched(*args, **lr)) or made[0], **settings
    )
    return np.array(made[0].seen)
