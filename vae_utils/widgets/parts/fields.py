"""The fields of a widget: traits that check every value, whether it comes from Python or from the page.

A value that does not fit is refused by name, "mu: got 99, expected a number from -4 to 4", and nothing changes.
"""

from __future__ import annotations

import math
import reprlib
from numbers import Real

import numpy as np
from traitlets import TraitError, TraitType, Undefined


class WrongType(TraitError, TypeError):
    """A value of a kind that the field cannot hold."""


class WrongValue(TraitError, ValueError):
    """A value of the right kind outside what the field allows."""


class Field(TraitType):
    """One named value of a widget. A subclass says in `check` what is allowed, and in `expected` the same in words."""

    expected = ""

    def check(self, value):
        """Return the value in its stored form, or refuse it. The module gets what is stored."""
        raise NotImplementedError

    def validate(self, widget, value):
        return self.check(value)

    def limits(self):
        """What the module needs to draw a control: [low, high], a list of choices, or None."""
        return None

    def refuse(self, value, error: type[TraitError] = WrongValue, got: str = ""):
        raise error(f"{self.name}: got {got or reprlib.repr(value)}, expected {self.expected}")


class Number(Field):
    """A finite real number from `low` to `high`."""

    kind = "number"

    def __init__(self, default: float, low: float, high: float):
        self.low, self.high = low, high
        self.expected = f"a {self.kind} from {low} to {high}"
        super().__init__(default)

    def check(self, value):
        if isinstance(value, (bool, np.bool_)) or not isinstance(value, Real):
            self.refuse(value, WrongType)
        if not (math.isfinite(value) and self.low <= value <= self.high):
            self.refuse(value)
        return float(value)

    def limits(self):
        return [self.low, self.high]


class Whole(Number):
    """A whole number from `low` to `high`."""

    kind = "whole number"

    def check(self, value):
        number = super().check(value)
        if not number.is_integer():
            self.refuse(value, WrongType)
        return int(number)


class Choice(Field):
    """One of a few strings."""

    def __init__(self, default: str, options: tuple[str, ...]):
        self.options = tuple(options)
        self.expected = f"one of {', '.join(self.options)}"
        super().__init__(default)

    def check(self, value):
        if not isinstance(value, str):
            self.refuse(value, WrongType)
        if value not in self.options:
            self.refuse(value)
        return value

    def limits(self):
        return list(self.options)


class Words(Field):
    """A list of `least` to `most` strings that tell apart what was packed: names of models, of factors."""

    def __init__(self, least: int = 1, most: int = 10):
        self.least, self.most = least, most
        self.expected = f"{least} to {most} different words"
        super().__init__(Undefined)

    def check(self, value):
        if not isinstance(value, (list, tuple)) or not all(isinstance(word, str) for word in value):
            self.refuse(value, WrongType)
        if not self.least <= len(value) <= self.most or len(set(value)) < len(value):
            self.refuse(value)
        return list(value)


class Flag(Field):
    """True or False."""

    expected = "True or False"

    def __init__(self, default: bool = False):
        super().__init__(default)

    def check(self, value):
        if not isinstance(value, (bool, np.bool_)):
            self.refuse(value, WrongType)
        return bool(value)


class Array(Field):
    """A finite array with a fixed dtype and shape, which has to be given; only Python sets it.

    shape: None allows any length in that place.   low, high: what the entries lie between; the range of a whole-number
    dtype where they are not given. Nothing is rounded or wrapped around to fit the dtype.
    """

    def __init__(self, dtype: str, shape: tuple[int | None, ...], low: float | None = None, high: float | None = None):
        self.dtype, self.shape = np.dtype(dtype), shape
        info = np.finfo(self.dtype) if self.dtype.kind == "f" else np.iinfo(self.dtype)
        self.low, self.high = info.min if low is None else low, info.max if high is None else high
        kind, bounded = ("numbers", low is not None) if self.dtype.kind == "f" else ("whole numbers", True)
        between = f" from {self.low} to {self.high}" if bounded else ""
        self.expected = f"finite {kind}{between} of shape {_words(shape)}"
        super().__init__(Undefined)

    def check(self, value):
        try:
            array = np.asarray(value)
        except (TypeError, ValueError, RuntimeError):
            self.refuse(value, WrongType)
        if array.dtype.kind not in "biuf":
            self.refuse(value, WrongType, f"an array of dtype {array.dtype}")
        if not _fits(array.shape, self.shape):
            self.refuse(value, got=f"shape {array.shape}")
        if not np.isfinite(array).all():
            self.refuse(value, got="NaN or infinity")
        if array.size and not (self.low <= array.min() and array.max() <= self.high):
            self.refuse(value, got=f"values from {array.min()} to {array.max()}")
        if self.dtype.kind != "f" and array.dtype.kind == "f" and (array != np.round(array)).any():
            self.refuse(value, got=f"{array[array != np.round(array)][0]}")
        return np.ascontiguousarray(array, dtype=self.dtype)


class Numbers(Field):
    """A plain list of numbers, or of rows of numbers, that the page may set too.

    shape: None allows any length in that place, from `least` to `most`.   low, high: what the numbers lie between.
    """

    def __init__(
        self, default: list, shape: tuple[int | None, ...], low: float, high: float, most: int = 10_000, least: int = 0
    ):
        self.shape, self.low, self.high, self.least, self.most = shape, low, high, least, most
        at_least = f", at least {least}" if least else ""
        how_many = f"{at_least}, at most {most} of them" if shape[0] is None else ""
        self.expected = f"numbers from {low} to {high} of shape {_words(shape)}{how_many}"
        super().__init__(default)

    def check(self, value):
        try:
            array = np.asarray(value, dtype=float)
        except (TypeError, ValueError, RuntimeError):
            self.refuse(value, WrongType)
        if array.size == 0 and self.shape[0] is None and not self.least:
            return []
        if not _fits(array.shape, self.shape) or not self.least <= len(array) <= self.most:
            self.refuse(value, got=f"shape {array.shape}")
        if not ((array >= self.low) & (array <= self.high)).all():
            self.refuse(value, got=f"values from {array.min()} to {array.max()}")
        return (array.astype(int) if (array == np.round(array)).all() else array).tolist()

    def limits(self):
        return [self.low, self.high]


def _fits(shape, wanted) -> bool:
    return len(shape) == len(wanted) and all(w in (None, s) for w, s in zip(wanted, shape, strict=True))


def _words(shape) -> str:
    """(n, 2) for (None, 2): as the docstrings of this package write shapes."""
    letters = iter("nmkl")
    names = [next(letters) if size is None else str(size) for size in shape]
    return f"({', '.join(names)}{',' * (len(names) == 1)})"
