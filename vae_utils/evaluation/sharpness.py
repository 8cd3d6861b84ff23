"""How sharp is a picture? Two meters that need no network, and their reading relative to real data.

Images are flat, (N, D) with D a square. Noise is sharp, too: a reading far above 1 is grain, not detail.
"""

import math
from typing import NamedTuple

import torch

from ..arguments import float_tensor


class Sharpness(NamedTuple):
    """What the two meters read on a set of images, each relative to real data, where both read 1."""

    gradient: float
    laplacian: float


def gradient_energy(x):
    """The mean squared step between neighboring pixels, across and down: (N, D) -> (N,), squared gray levels.

    1/2 [ mean (x[i, j+1] - x[i, j])^2 + mean (x[i+1, j] - x[i, j])^2 ]
    """
    images = _square(x, "x", least_side=2)
    across, down = images.diff(dim=2), images.diff(dim=1)
    return 0.5 * (across.square().mean((1, 2)) + down.square().mean((1, 2)))


def laplacian_variance(x):
    """The variance, over the inner pixels, of the Laplacian: (N, D) -> (N,), squared gray levels.

    L[i, j] = the sum of the four neighbors - 4 x[i, j]; even shading gives 0, so this sees edges and thin lines
    only (Pech-Pacheco et al. 2000).
    """
    images = _square(x, "x", least_side=3)
    center = images[:, 1:-1, 1:-1]
    neighbors = images[:, :-2, 1:-1] + images[:, 2:, 1:-1] + images[:, 1:-1, :-2] + images[:, 1:-1, 2:]
    return (neighbors - 4 * center).flatten(1).var(1, correction=0)


@torch.no_grad()
def sharpness(x, data):
    """Both meters averaged over x (N, D), divided by their averages over data (M, D): a `Sharpness`.

    1 is as sharp as the data, below 1 is blurred, above 1 is grainy. Raises ValueError when the data is flat.
    """
    readings = []
    for meter in (gradient_energy, laplacian_variance):
        reference = meter(_square(data, "data", least_side=3).flatten(1)).mean().item()
        if not reference > 0:
            raise ValueError("data: got images without any edge, expected images to compare with")
        readings.append(meter(x).mean().item() / reference)
    return Sharpness(*readings)


def _square(x, name, least_side):
    """x as (N, side, side). Raises TypeError or ValueError that names it."""
    float_tensor(x, name, "(N, D)", least_dims=2)
    side = math.isqrt(x.shape[1])
    if x.ndim != 2 or len(x) == 0 or side * side != x.shape[1] or side < least_side:
        least = least_side**2
        raise ValueError(f"{name}: got shape {tuple(x.shape)}, expected (N, D), D a square >= {least} and N >= 1")
    return x.reshape(len(x), side, side)
