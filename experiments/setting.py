"""What all experiments share: quiet training on the CPU, and the scans that come with the book."""

import functools

import torch.nn.functional as F

from vae_utils import data, training

fit = functools.partial(training.fit, progress=False, device="cpu")
fit_encoder_first = functools.partial(training.fit_encoder_first, progress=False, device="cpu")


@functools.cache
def digits(n, train=True, side=28):
    found = data.load_digits(train=train, source="bundled", n=n)
    return found._replace(x=F.adaptive_avg_pool2d(found.x.view(-1, 1, 28, 28), side).flatten(1))
