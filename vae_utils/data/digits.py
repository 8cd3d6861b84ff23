"""Handwritten digits: MNIST where it can be had, else real scans that come with scikit-learn."""

import functools
import gzip
import os
import threading
import time
import urllib.error
import urllib.request
import zlib
from pathlib import Path
from typing import NamedTuple

import torch
from torch.nn import functional as F

from ..arguments import whole_number
from ..randomness import generator_at

# name -> (bytes, CRC-32) of the uncompressed files
MNIST_FILES = {
    "train-images-idx3-ubyte": (47_040_016, 0xE9F4D8B3),
    "train-labels-idx1-ubyte": (60_008, 0xE0CB4AD2),
    "t10k-images-idx3-ubyte": (7_840_016, 0x91373BDF),
    "t10k-labels-idx1-ubyte": (10_008, 0x4AB9EFF9),
}
MNIST_SIZES = {True: 60_000, False: 10_000}
SCAN_SIZES = {True: 12_000, False: 2_000}
TEST_SCANS = 360
CONTACT_SECONDS, READ_SECONDS, FETCH_SECONDS = 3.0, 5.0, 120.0


class Digits(NamedTuple):
    """x: grey levels in [0, 1], float32 (N, D).  y: labels 0..9, int64 (N,).  source: "mnist", "bundled" or "scans"."""

    x: torch.Tensor
    y: torch.Tensor
    source: str


def load_digits(train=True, source="auto", n=None, seed=0):
    """Handwritten digits as `Digits`: x (N, 784) in [0, 1], y (N,), source "mnist" or "bundled".

    source="auto" takes the first of these that works, and prints once which it is:
      1. MNIST in the folder that the environment variable VAE_DATA names (as torchvision lays it out: MNIST/raw/...);
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
        whole_number(n, "n", most=MNIST_SIZES[train])
    if source != "bundled":
        root, problems = _find_mnist()
        if root:
            _say_once("Digits: MNIST, real handwriting, 28x28.")
            return _read_mnist(root, train, n, generator)
        if source == "mnist":
            raise FileNotFoundError("MNIST was asked for and cannot be had: " + "; ".join(problems))
        for problem in problems:
            if "is corrupt" in problem or "cannot be read" in problem:
                _say_once(f"Digits: not used: {problem}.")
    why = "MNIST is not at hand; these are" if source == "auto" else "these are"
    _say_once(f"Digits: {why} 1,797 real scans from scikit-learn, brought from 8x8 to 28x28 and jittered.")
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


def _find_mnist():
    """(folder that holds a sound MNIST or None, what stood in the way)."""
    cache = Path(os.environ.get("VAE_CACHE") or Path.home() / ".cache" / "vae_utils")
    named = os.environ.get("VAE_DATA")
    problems = []
    for root in [Path(named), cache] if named else [cache]:
        problem = _problem_with(root)
        if not problem:
            return root, problems
        problems.append(problem)
    problem = _fetch_mnist(cache)
    return (None, [*problems, problem]) if problem else (cache, problems)


def _problem_with(root):
    """Why the MNIST files under root cannot be used; empty when they can."""
    for name, expected in MNIST_FILES.items():
        path = root / "MNIST" / "raw" / name
        if not path.is_file():
            return f"{path} is not there"
        size = path.stat().st_size
        if size != expected[0]:
            return f"{path} is corrupt or cut short: {size:,} bytes instead of {expected[0]:,}"
        try:
            checksum = zlib.crc32(path.read_bytes())
        except OSError as error:
            return f"{path} cannot be read: {error.strerror}"
        if checksum != expected[1]:
            return f"{path} is corrupt: its checksum is not that of MNIST"
    return ""


def _read_mnist(root, train, n, generator):
    from torchvision.datasets import MNIST

    mnist = MNIST(root, train=train)
    images, labels = mnist.data.flatten(1), mnist.targets
    if n is not None:
        chosen = torch.randperm(len(labels), generator=generator)[:n]
        images, labels = images[chosen], labels[chosen]
    return Digits(images.float().div_(255), labels.to(torch.int64), "mnist")


@functools.cache
def _fetch_mnist(root):
    """Fetch MNIST into root; returns what went wrong, or an empty string. Tried once in a process."""
    try:
        mirror = _answering_mirror()
        if mirror is None:
            return "it could not be fetched: no server answered"
        folder = root / "MNIST" / "raw"
        folder.mkdir(parents=True, exist_ok=True)
        until = time.monotonic() + FETCH_SECONDS
        for name in MNIST_FILES:
            if not (folder / name).is_file() or _problem_with(root):
                _fetch_file(f"{mirror}{name}.gz", folder / name, until)
    except (OSError, EOFError, zlib.error, ValueError) as error:
        return f"it could not be fetched: {error}"
    return _problem_with(root)


def _answering_mirror():
    """The first server that answers in time. In a thread, because looking up a name cannot be given a time limit."""
    from torchvision.datasets import MNIST

    found = []

    def ask():
        for mirror in MNIST.mirrors:
            request = urllib.request.Request(f"{mirror}{next(iter(MNIST_FILES))}.gz", method="HEAD")
            try:
                with urllib.request.urlopen(request, timeout=CONTACT_SECONDS):
                    found.append(mirror)
                    return
            except (OSError, ValueError):
                continue

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(2 * CONTACT_SECONDS)
    return found[0] if found else None


def _fetch_file(address, path, until):
    """Fetch, unpack, check and only then put in place, so that a broken transfer leaves nothing behind."""
    parts = []
    with urllib.request.urlopen(address, timeout=READ_SECONDS) as response:
        while part := response.read(1 << 16):
            parts.append(part)
            if time.monotonic() > until:
                raise OSError(f"{address} took more than {FETCH_SECONDS:.0f} s")
    content = gzip.decompress(b"".join(parts))
    if (len(content), zlib.crc32(content)) != MNIST_FILES[path.name]:
        raise OSError(f"{address} did not send the MNIST file")
    partial = path.with_name(f"{path.name}.{os.getpid()}.part")
    partial.write_bytes(content)
    partial.replace(path)


def _draw_scans(train, n, generator):
    scans = load_digits_8x8()
    order = torch.randperm(len(scans.y), generator=torch.Generator().manual_seed(0))
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
    place = (torch.arange(40) + 0.5) / 20 - 1
    mass = pictures.sum((1, 2, 3))
    centers = [(pictures.sum((1, axis)) * place).sum(1) / mass for axis in (2, 3)]
    return pictures, torch.stack(centers, 1)


def _jitter(n, generator):
    """Small random linear maps (n, 2, 2) from the 28x28 picture to the 40x40 one: turn, slant, scale."""
    turn, slant, scale = torch.randn(3, n, generator=generator) * torch.tensor([[0.10], [0.15], [0.08]])
    size = 1.12 * torch.exp(scale)  # 32 of the 40 pixels become about 20 of the 28
    cos, sin = torch.cos(turn) * size, torch.sin(turn) * size
    return torch.stack([cos, cos * slant - sin, sin, sin * slant + cos], 1).reshape(n, 2, 2)
