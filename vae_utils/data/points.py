"""Points in the plane and small drawings with a known hidden cause, all generated and seeded."""

import math

import torch

from ..arguments import in_unit_range, non_negative, real_numbers, whole_number
from ..randomness import drawn_on_the_cpu, generator_at, standard_noise


@drawn_on_the_cpu
def two_spirals(n, noise=0.05, seed=0):
    """Two arms of a spiral, wound around the origin within radius 1: x (n, 2) float32, label (n,) int64 in {0, 1}.

    noise: standard deviation of the Gaussian noise on every coordinate. The same seed gives the same points.
    """
    n, noise, generator = whole_number(n, "n"), non_negative(noise, "noise"), generator_at(seed)
    label = torch.arange(n) % 2
    radius = 0.12 + 0.88 * torch.sqrt(torch.rand(n, generator=generator))
    angle = 3 * math.pi * radius + math.pi * label
    return _noisy(radius, angle, noise, generator), label


@drawn_on_the_cpu
def two_moons(n, noise=0.05, seed=0):
    """Two half circles that interlock, centered on the origin: x (n, 2), label (n,) in {0, 1}."""
    n, noise, generator = whole_number(n, "n"), non_negative(noise, "noise"), generator_at(seed)
    label = torch.arange(n) % 2
    angle = math.pi * (torch.rand(n, generator=generator) + label)
    x = torch.stack([torch.cos(angle) + label - 0.5, torch.sin(angle) + 0.5 * label - 0.25], 1)
    return x + noise * torch.randn(n, 2, generator=generator), label


@drawn_on_the_cpu
def ring(n, noise=0.05, seed=0):
    """The unit circle: x (n, 2), angle (n,) float32 in [0, 2 pi), its hidden cause."""
    n, noise, generator = whole_number(n, "n"), non_negative(noise, "noise"), generator_at(seed)
    angle = 2 * math.pi * torch.rand(n, generator=generator)
    return _noisy(torch.ones(n), angle, noise, generator), angle


def _noisy(radius, angle, noise, generator):
    x = torch.stack([radius * torch.cos(angle), radius * torch.sin(angle)], 1)
    return x + noise * torch.randn(len(x), 2, generator=generator)


@drawn_on_the_cpu
def line_segments(n, lengths=None, jitter=0.15, size=16, seed=0):
    """Pictures of one horizontal line whose hidden cause is its length: x (n, size * size) in [0, 1], length (n,).

    The picture is 7 units wide. lengths=None draws the length from U(1, 5) units, a sequence such as (1, 3, 5) draws
    one of its members. jitter: standard deviation, in units, by which each coordinate of each end point is off, as if
    drawn by hand; `length` is the intended one. The same seed gives the same drawings.
    Raises TypeError or ValueError for a bad n, jitter, size (at least 8) or seed, and for lengths outside (0, 6].
    """
    n, size = whole_number(n, "n"), whole_number(size, "size", least=8)
    jitter, generator = non_negative(jitter, "jitter"), generator_at(seed)
    if lengths is None:
        length = 1 + 4 * torch.rand(n, generator=generator)
    else:
        among = real_numbers(lengths, "lengths", lambda units: (units > 0) & (units <= 6), "in (0, 6]")
        length = among[torch.randint(len(among), (n,), generator=generator)]
    ends = torch.zeros(n, 2, 2)
    ends[:, 0, 0], ends[:, 1, 0] = -length / 2, length / 2
    ends += jitter * torch.randn(n, 2, 2, generator=generator)
    return _draw_lines(ends, size), length


def _draw_lines(ends, size):
    """Grey levels by the distance to the segment between ends[:, 0] and ends[:, 1] (n, 2, 2), half a unit thick."""
    pixel = 7 * ((torch.arange(size) + 0.5) / size - 0.5)
    v, u = torch.meshgrid(pixel, pixel, indexing="ij")
    place = torch.stack([u, v], 2).reshape(1, -1, 2)
    start, way = ends[:, :1], ends[:, 1:] - ends[:, :1]
    along = ((place - start) * way).sum(2) / (way**2).sum(2).clamp(min=1e-9)
    nearest = start + along.clamp(0, 1).unsqueeze(2) * way
    distance = (place - nearest).norm(dim=2)
    return torch.sigmoid((0.25 - distance) * size / 3)


def binarize(x, generator=None):
    """Draw black or white for every pixel: 1 with probability x, else 0. x: any shape, in [0, 1].

    Raises TypeError if x is no floating tensor, ValueError if a value leaves [0, 1].
    """
    in_unit_range(x, "x")
    return (standard_noise(x.shape, like=x, generator=generator, uniform=True) < x).to(x.dtype)
