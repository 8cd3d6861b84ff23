"""The traits of a widget: what it may hold, checked on every assignment."""

from __future__ import annotations

import math
from numbers import Integral, Real

import numpy as np


class Field:
    """One named value of a widget. A subclass says in `check` what is allowed."""

    default = None

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, widget, owner=None):
        return self if widget is None else widget._state[self.name]

    def __set__(self, widget, value) -> None:
        widget._store(self.name, self.check(value))

    def check(self, value):
        """Return the value in its stored form, or raise TypeError or ValueError."""
        raise NotImplementedError

    def limits(self):
        """What the module needs to draw a control: [low, high], a list of choices, or None."""
        return None


class Number(Field):
    """A finite real number in [low, high]."""

    def __init__(self, default: float, low: float, high: float):
        self.default, self.low, self.high = default, low, high

    def check(self, value):
        if isinstance(value, bool) or not isinstance(value, Real):
            raise TypeError(f"{self.name} must be a number, got {value!r}")
        if not math.isfinite(value) or not self.low <= value <= self.high:
            raise ValueError(f"{self.name} must lie between {self.low} and {self.high}, got {value!r}")
        return float(value)

    def limits(self):
        return [self.low, self.high]


class Whole(Number):
    """A whole number in [low, high]."""

    def check(self, value):
        if isinstance(value, bool) or not isinstance(value, (Integral, Real)) or value != value // 1:
            raise TypeError(f"{self.name} must be a whole number, got {value!r}")
        return int(super().check(value))


class Choice(Field):
    """One of a few strings."""

    def __init__(self, default: str, options: tuple[str, ...]):
        self.default, self.options = default, tuple(options)

    def check(self, value):
        if value not in self.options:
            raise ValueError(f"{self.name} must be one of {', '.join(self.options)}; got {value!r}")
        return value

    def limits(self):
        return list(self.options)


class Flag(Field):
    """True or False."""

    def __init__(self, default: bool = False):
        self.default = default

    def check(self, value):
        if not isinstance(value, (bool, np.bool_)):
            raise TypeError(f"{self.name} must be True or False, got {value!r}")
        return bool(value)


class Text(Field):
    """A string."""

    def __init__(self, default: str = ""):
        self.default = default

    def check(self, value):
        if not isinstance(value, str):
            raise TypeError(f"{self.name} must be a string, got {value!r}")
        return value


class Array(Field):
    """A finite array with a fixed dtype and shape; None in the shape allows any length there."""

    def __init__(self, dtype: str = "float32", shape: tuple[int | None, ...] | None = None):
        self.dtype, self.shape = np.dtype(dtype), shape

    def check(self, value):
        array = np.asarray(value)
        if array.dtype.kind not in "biuf":
            raise TypeError(f"{self.name} must be an array of numbers, got dtype {array.dtype}")
        if not np.isfinite(array).all():
            raise ValueError(f"{self.name} must be finite, got NaN or infinite entries")
        wanted = self.shape
        fits = wanted is None or (
            array.ndim == len(wanted) and all(w in (None, s) for w, s in zip(wanted, array.shape, strict=True))
        )
        if not fits:
            raise ValueError(f"{self.name} must have shape {wanted}, got {array.shape}")
        return np.ascontiguousarray(array, dtype=self.dtype)


class Record(Field):
    """Plain nested data (dict, list, string, number) that JSON can hold."""

    def __init__(self, default=None):
        self.default = default

    def check(self, value):
        return value
