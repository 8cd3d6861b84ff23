"""Handwritten digits: MNIST where it can be had, else real scans that come with scikit-learn."""

import functools
from typing import NamedTuple

import torch
from torch.nn import functional as F

from ..arguments import whole_number
from ..randomness import drawn_on_the_cpu, generator_at
from ..surroundings import on_a_static_page
from . import mnist

SCAN_SIZES = {True: 12_000, False: 2_000}
TEST_SCANS = 360


class Digits(NamedTuple):
    """x: grey levels in [0, 1], float32 (N, D).  y: labels, int64 (N,).

    source: "mnist", "bundled", "scans" or "folder".
    """

    x: torch.Tensor
    y: torch.Tensor
    source: str


@drawn_on_the_cpu
def load_digits(train=True, source="auto", n=None, seed=0):
    """Handwritten digits as `Digits`: x (N, 784) in [0, 1], y (N,), source "mnist" or "bundled".

    source="auto" takes the first of these that works, and prints once (the built website: not) which it is:
      1. MNIST in the folder that the environment variable VAE_DATA names (as torchvision lays it out, MNIST/raw/..., or
         one of these folders; files that end in .gz will do). Where that cannot be used, a line says why;
      2. MNIST in the cache folder (VAE_CACHE, else ~/.cache/vae_utils);
      3. MNIST fetched into that cache; without a network this gives up within seconds;
      4. "bundled": 1,797 real scans of 8x8 from scikit-learn, brought to 28x28; every example is one of them, freshly
         rotated, slanted and scaled a little. Training and test scans are set apart before that.
    source="mnist" insists on 1 to 3, source="bundled" takes 4. A truncated or altered MNIST file is named, never used.

    n: how many, up to 60,000 (10,000 for test) with either source: a random choice for MNIST, that many drawings for
    the scans. None: all of MNIST in its own order, or 12,000 (2,000) drawings. The same seed gives the same digits.
    Raises ValueError for an unknown source, TypeError or ValueError for bad n, train or seed, and FileNotFoundError
    when source="mnist" finds none.
    """
    if not isinstance(train, bool):
        raise TypeError(f"train: got {train!r}, expected True or False")
    if source not in ("auto", "mnist", "bundled"):
        raise ValueError(f"source: got {source!r}, expected 'auto', 'mnist' or 'bundled'")
    generator = generator_at(seed)
    if n is not None:
        whole_number(n, "n", most=mnist.SIZES[train])
    found = None if source == "bundled" else _mnist(train, n, generator, insist=source == "mnist")
    if found:
        return found
    why = "MNIST is not at hand; these are" if source == "auto" else "these are"
    _say_source(f"Digits: {why} 1,797 real scans from scikit-learn, brought from 8x8 to 28x28 and jittered.")
    return _draw_scans(train, n or SCAN_SIZES[train], generator)


def load_digits_8x8():
    """The 1,797 real 8x8 scans of scikit-learn as `Digits`: x (1797, 64) in [0, 1], y (1797,), source "scans"."""
    from sklearn import datasets

    scans = datasets.load_digits()
    x = torch.as_tensor(scans.data / 16, dtype=torch.float32)
    return Digits(x, torch.as_tensor(scans.target, dtype=torch.int64), "scans")


@functools.cache
def _say_once(line):
    print(line)


def _say_source(line):
    """The built website says it once for all its pages."""
    if not on_a_static_page():
        _say_once(line)


def _mnist(train, n, generator, insist):
    """n digits of MNIST or all of them; None where there are none, after a word on what is there and unusable."""
    files, problems = mnist.find_mnist()
    if not files and insist:
        raise FileNotFoundError("MNIST was asked for and cannot be had: " + "; ".join(map(str, problems)))
    for problem in problems:
        if not isinstance(problem, FileNotFoundError):
            _say_once(f"Digits: not used: {problem}.")
    if not files:
        return None
    _say_source("Digits: MNIST, real handwriting, 28x28.")
    images, labels = mnist.pictures_and_labels(files, train)
    if n is not None:
        chosen = torch.randperm(len(labels), generator=generator)[:n]
        images, labels = images[chosen], labels[chosen]
    return Digits(images.float().div_(255), labels.to(torch.int64), "mnist")


def _draw_scans(train, n, generator):
    scans = load_digits_8x8()
    order = torch.randperm(len(scans.y), generator=generator_at(0))
    mine = order[TEST_SCANS:] if train else order[:TEST_SCANS]
    times = -(-n // len(mine))
    chosen = torch.cat([mine[torch.randperm(len(mine), generator=generator)] for _ in range(times)])[:n]
    pictures, centers = _enlarge(scans.x)
    maps = _jitter(n, generator)
    parts = []
    for some, affine in zip(chosen.split(1000), maps.split(1000), strict=True):
        affine = torch.cat([affine, centers[some].unsqueeze(2)], 2)
        grid = F.affine_grid(affine, (len(some), 1, 28, 28), align_corners=False)
        parts.append(F.grid_sample(pictures[some], grid, align_corners=False).flatten(1))
    return Digits(torch.cat(parts).clamp_(0, 1), scans.y[chosen], "bundled")


def _enlarge(x):
    """8x8 scans (N, 64) to sharp 40x40 pictures (N, 1, 40, 40) with a margin, and their centers of mass (N, 2)."""
    padded = F.pad(x.reshape(-1, 1, 8, 8), (1, 1, 1, 1))
    smooth = F.interpolate(padded, scale_factor=4, mode="bicubic", align_corners=False)
    pictures = torch.sigmoid(10 * (smooth - 0.5))
    pictures = (pictures - 0.02).clamp(0) / 0.98
    place = (torch.arange(40, dtype=x.dtype) + 0.5) / 20 - 1
    mass = pictures.sum((1, 2, 3))
    centers = [(pictures.sum((1, axis)) * place).sum(1) / mass for axis in (2, 3)]
    return pictures, torch.stack(centers, 1)


def _jitter(n, generator):
    """Small random linear maps (n, 2, 2) from the 28x28 picture to the 40x40 one: turn, slant, scale."""
    spread = torch.tensor([[0.10], [0.15], [0.08]], dtype=torch.float32)
    turn, slant, scale = spread * torch.randn(3, n, generator=generator, dtype=torch.float32)
    size = 1.12 * torch.exp(scale)  # 32 of the 40 pixels become about 20 of the 28
    cos, sin = torch.cos(turn) * size, torch.sin(turn) * size
    return torch.stack([cos, cos * slant - sin, sin, sin * slant + cos], 1).reshape(n, 2, 2)
