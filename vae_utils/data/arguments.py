"""Checks of arguments that the data functions share: a message names the argument, what came, what was expected."""

import math
import numbers

import torch


def positive_int(value, name):
    """Return value as an int >= 1, or raise TypeError / ValueError that names it."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise TypeError(f"{name} must be an integer, got {value!r}")
    if value < 1:
        raise ValueError(f"{name} must be at least 1, got {value}")
    return int(value)


def non_negative(value, name):
    """Return value as a finite float >= 0, or raise TypeError / ValueError that names it."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} must be a number, got {value!r}")
    if not (math.isfinite(value) and value >= 0):
        raise ValueError(f"{name} must be finite and at least 0, got {value}")
    return float(value)


def seeded(seed):
    """A torch generator that starts at seed, or TypeError / ValueError that names the argument."""
    if isinstance(seed, bool) or not isinstance(seed, numbers.Integral):
        raise TypeError(f"seed must be an integer, got {seed!r}")
    if not 0 <= seed < 2**63:
        raise ValueError(f"seed must lie in 0..2**63 - 1, got {seed}")
    return torch.Generator().manual_seed(int(seed))
