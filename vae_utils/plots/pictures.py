"""Drawings of data, latent spaces and trainings. Functions take arrays and know no model."""

import math

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np

from ..arguments import positive, whole_number
from .look import CLASS_COLORS, COLORS


def as_array(values):
    """A numpy array of a tensor, array or sequence."""
    return np.asarray(values.detach().cpu() if hasattr(values, "detach") else values)


def square_images(x):
    """(N, D) or (N, s, s) -> (N, s, s). Raises ValueError when D is not a square."""
    x = as_array(x)
    if x.ndim == 3 and x.size:
        return x
    side = math.isqrt(x.shape[-1]) if x.ndim == 2 else -1
    if side < 1 or side * side != x.shape[-1] or not x.size:
        raise ValueError(f"x: got shape {x.shape}, expected (N, D) with D a square, or (N, s, s), and N >= 1")
    return x.reshape(-1, side, side)


def color_images(x):
    """(N, 3 s s), three planes one after the other, or (N, 3, h, w) -> (N, h, w, 4) in [0, 1], wholly opaque."""
    x = as_array(x)
    side = math.isqrt(x.shape[1] // 3) if x.ndim == 2 else 0
    planes = x.reshape(-1, 3, side, side) if x.size and x.size == len(x) * 3 * side**2 else x
    if planes.ndim != 4 or planes.shape[1] != 3 or not x.size:
        raise ValueError(f"x: got shape {x.shape}, expected (N, 3 s s) or (N, 3, h, w), and N >= 1")
    return np.concatenate([planes.clip(0, 1), np.ones_like(planes[:, :1])], 1).transpose(0, 2, 3, 1)


def image_grid(x, columns=10, ax=None, gap=1, vmin=0.0, vmax=1.0, color=False):
    """Draw images (N, D) or (N, s, s) as one grid of `columns`; returns the axes. Missing places stay empty.

    color: x (N, 3 s s), as `data.load_images` has it, or (N, 3, h, w), red, green and blue in [0, 1].
    """
    whole_number(columns, "columns"), whole_number(gap, "gap", least=0)
    images = color_images(x) if color else square_images(x)
    rows = math.ceil(len(images) / columns)
    h, w, *channels = images.shape[1:]
    canvas = np.full((rows * (h + gap) - gap, columns * (w + gap) - gap, *channels), 0.0 if color else np.nan)
    for i, image in enumerate(images):
        top, left = (i // columns) * (h + gap), (i % columns) * (w + gap)
        canvas[top : top + h, left : left + w] = image
    ax = plt.gca() if ax is None else ax
    ax.imshow(canvas, vmin=vmin, vmax=vmax, interpolation="nearest")
    ax.set_axis_off()
    return ax


def latent_scatter(z, y, ax=None, limit=None, size=4, label=True):
    """Scatter of a 2-D latent space (N, 2), colored by class y (N,), each class named at the median of its points."""
    z, y = _points(z, "z"), as_array(y)
    if y.shape != z.shape[:1]:
        raise ValueError(f"y: got shape {y.shape}, expected {z.shape[:1]}, one class for each point")
    if y.dtype.kind not in "iub":
        raise TypeError(f"y: got values of type {y.dtype}, expected whole numbers, one class for each point")
    ax = plt.gca() if ax is None else ax
    for value in np.unique(y):
        points = z[y == value]
        color = CLASS_COLORS[int(value) % len(CLASS_COLORS)]
        ax.scatter(*points.T, s=size, color=color, alpha=0.6, linewidths=0, rasterized=True)
        if label:
            _halo_text(ax, np.median(points, axis=0), str(int(value)), color)
    ax.set_aspect("equal")
    if limit:
        ax.set(xlim=(-limit, limit), ylim=(-limit, limit))
    ax.set(xlabel="$z_1$", ylabel="$z_2$")
    return ax


def _points(values, name):
    values = as_array(values)
    if values.ndim != 2 or values.shape[1] != 2:
        raise ValueError(f"{name}: got shape {values.shape}, expected (N, 2)")
    return values


def _halo_text(ax, position, text, color):
    box = {"boxstyle": "circle,pad=0.15", "facecolor": "white", "edgecolor": color, "linewidth": 1.2}
    ax.text(*position, text, color="#101010", ha="center", va="center", fontsize=9, fontweight="bold", bbox=box)


def decoded_map(images, ax=None, extent=2.0):
    """Draw images decoded on a regular grid of a 2-D latent space: images (n * n, D), row by row from the top."""
    images = square_images(images)
    positive(extent, "extent")
    n = math.isqrt(len(images))
    if n * n != len(images):
        raise ValueError(f"images: got {len(images)} of them, expected a square number")
    h, w = images.shape[1:]
    canvas = images.reshape(n, n, h, w).transpose(0, 2, 1, 3).reshape(n * h, n * w)
    ax = plt.gca() if ax is None else ax
    ax.imshow(canvas, vmin=0, vmax=1, extent=(-extent, extent, -extent, extent), interpolation="nearest")
    ax.set(xlabel="$z_1$", ylabel="$z_2$")
    return ax


def latent_grid(n=15, extent=2.0):
    """The points of a regular n x n grid over [-extent, extent]^2, row by row from the top: (n * n, 2) float32."""
    whole_number(n, "n")
    positive(extent, "extent")
    steps = np.linspace(-extent, extent, n)
    across, down = np.meshgrid(steps, steps[::-1])
    return np.stack([across.ravel(), down.ravel()], 1).astype(np.float32)


def ellipse(mu, sigma, ax=None, color=COLORS["posterior"], **style):
    """The one-sigma ellipse of a diagonal Gaussian in 2-D: mu (2,), sigma (2,)."""
    mu, sigma = _points([as_array(mu)], "mu")[0], _points([as_array(sigma)], "sigma")[0]
    ax = plt.gca() if ax is None else ax
    style = {"fill": False, "linewidth": 1.2, **style}
    return ax.add_patch(mpl.patches.Ellipse(mu, *(2 * sigma), color=color, **style))
