"""What a training loop has kept, made ready for a page: columns of equal shapes, images as gray levels."""

import math

import numpy as np


def as_array(values):
    """A numpy array of a tensor, array or sequence; loaded late, so that widgets without data need no PyTorch."""
    from ...plots import as_array

    return as_array(values)


def gray_levels(images, name, least=0.0, most=1.0, shades=1):
    """Images (..., D), 0 black and 1 white, D a square -> whole gray levels in 0..255, every `shades`-th of them.

    least, most: what the values must lie between, data between 0 and 1. Means of a model may leave [0, 1], and are cut.
    Raises ValueError, which begins with `name`, for images on another scale, such as 0..255 or -1..1.
    """
    images = as_array(images).astype(float)
    side = math.isqrt(images.shape[-1]) if images.ndim > 1 else 0
    if not images.size or side * side != images.shape[-1]:
        raise ValueError(f"{name}: got shape {images.shape}, expected (..., D) with D a square")
    if not ((images >= least) & (images <= most)).all():
        got = f"values from {images.min():g} to {images.max():g}"
        raise ValueError(f"{name}: got {got}, expected gray levels, 0 for black and 1 for white")
    return np.clip(np.round(images * 255 / shades) * shades, 0, 255)


def means_as_gray_levels(images, name, shades=1):
    """As `gray_levels`, for the means of a likelihood, which need not stay in [0, 1]."""
    return gray_levels(images, name, least=-1.0, most=2.0, shades=shades)


def reconstructions_of(originals, images, shades=1):
    """Gray levels (..., n, D) of the means that reconstruct `originals` (n, D). Raises ValueError for other shapes."""
    images = means_as_gray_levels(images, "reconstructions", shades)
    if images.shape[-2:] != originals.shape:
        raise ValueError(f"reconstructions: got shape {images.shape}, expected (..., n, D) of {originals.shape}")
    return images


def columns(rows, names, argument):
    """Dicts -> {name: array (len(rows), ...)}. Raises ValueError where a row lacks a name, or where shapes differ."""
    lacking = [name for name in names for row in rows if name not in row]
    if lacking:
        raise ValueError(f"{argument}: got a dict without {lacking[0]!r}, expected {', '.join(names)} in each")
    return {name: stacked([row[name] for row in rows], f"{argument}: {name}") for name in names}


def stacked(arrays, name):
    """Arrays of one shape as one array. Raises ValueError where the shapes differ."""
    arrays = [as_array(array) for array in arrays]
    shapes = sorted({array.shape for array in arrays})
    if len(shapes) > 1:
        raise ValueError(f"{name}: got shapes {shapes[0]} and {shapes[1]}, expected one shape")
    return np.stack(arrays)


def points(values, name, dim=2):
    """Points (n, dim) as a float array. Raises ValueError, or TypeError where they are no numbers."""
    given = as_array(values)
    if given.dtype.kind not in "biuf":
        raise TypeError(f"{name}: got {type(values).__name__}, expected numbers (n, {dim})")
    if given.ndim != 2 or given.shape[1] != dim:
        raise ValueError(f"{name}: got shape {given.shape}, expected (n, {dim})")
    return given.astype(float)


def one_for_each(values, name, n, what):
    """The values as an array. Raises ValueError unless there are n of them."""
    values = as_array(values)
    if values.shape[:1] != (n,):
        raise ValueError(f"{name}: got shape {values.shape}, expected one for each of the {n} {what}")
    return values


def start_on_a_zero(codes, labels, reach):
    """Where a dot z starts: the middle of the zeros, which a decoder draws clearly before it draws anything else."""
    zeros = codes[: len(labels)][labels[: len(codes)] == 0]
    if not len(zeros):
        return {}
    z1, z2 = np.round(np.clip(np.median(zeros, 0), -reach, reach), 1)
    return {"z1": z1, "z2": z2}
