"""Checks of arguments. Every message names the argument, says what was got and what was expected."""

import math
import numbers

import torch


def whole_number(value, name, least=1, most=math.inf):
    """The value as an int. Raises TypeError unless it is a whole number, ValueError outside `least` to `most`."""
    limit = "" if most == math.inf else f" and <= {most}"
    message = f"{name}: got {value!r}, expected a whole number >= {least}{limit}"
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise TypeError(message)
    if not least <= value <= most:
        raise ValueError(message)
    return int(value)


def real_number(value, name, holds, expected):
    """The value as a float. Raises TypeError unless it is a number, ValueError unless it is finite and `holds`."""
    message = f"{name}: got {value!r}, expected a number {expected}"
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(message)
    if not (math.isfinite(value) and holds(value)):
        raise ValueError(message)
    return float(value)


def positive(value, name, expected="> 0"):
    """The value as a float. Raises TypeError unless it is a number, ValueError unless it is finite and > 0."""
    return real_number(value, name, lambda number: number > 0, expected)


def non_negative(value, name, expected=">= 0"):
    """The value as a float. Raises TypeError unless it is a number, ValueError unless it is finite and >= 0."""
    return real_number(value, name, lambda number: number >= 0, expected)


def share(value, name, expected="in (0, 1]"):
    """The value as a float. Raises TypeError unless it is a number, ValueError unless it is > 0 and <= 1."""
    return real_number(value, name, lambda number: 0 < number <= 1, expected)


def real_numbers(values, name, holds, expected):
    """A float tensor (n,) on the CPU, n >= 1. Raises TypeError unless all are numbers, ValueError unless all hold."""
    message = f"{name}: got {values!r}, expected one or more numbers {expected}"
    try:
        tensor = torch.tensor([float(value) for value in values], device="cpu")
    except (TypeError, ValueError):
        raise TypeError(message) from None
    if len(tensor) == 0 or not holds(tensor).all():
        raise ValueError(message)
    return tensor


def float_tensor(value, name, shape, least_dims=0):
    """The value itself. Raises TypeError unless it is a float tensor, ValueError unless it has `least_dims`."""
    if not torch.is_tensor(value):
        raise TypeError(f"{name}: got {type(value).__name__}, expected a float tensor {shape}")
    if not value.is_floating_point():
        raise TypeError(f"{name}: got a tensor of {value.dtype}, expected a float tensor {shape}")
    if value.ndim < least_dims:
        raise ValueError(f"{name}: got shape {tuple(value.shape)}, expected {shape}")
    return value


def broadcast(first, second, names):
    """Two float tensors brought to one shape. Raises TypeError or ValueError that names them."""
    float_tensor(first, names[0], "(..., d)")
    float_tensor(second, names[1], "(..., d)")
    try:
        return torch.broadcast_tensors(first, second)
    except RuntimeError:
        got, expected = tuple(second.shape), tuple(first.shape)
        raise ValueError(f"{names[1]}: got shape {got}, expected one that fits {names[0]}, {expected}") from None


def last_dimension(value, name, size):
    """The value itself. Raises ValueError unless its last dimension is `size`: no silent broadcasting."""
    if not torch.is_tensor(value):
        raise TypeError(f"{name}: got {type(value).__name__}, expected a tensor (..., {size})")
    if value.shape[-1:] != (size,):
        raise ValueError(f"{name}: got shape {tuple(value.shape)}, expected (..., {size})")
    return value


def code_numbers(value, name, slots, codes=None):
    """The value itself. Raises TypeError unless it holds whole numbers, ValueError unless (..., slots) in 0..codes-1.

    A tensor without memory (device "meta") has no numbers.
    """
    if not torch.is_tensor(value) or value.is_floating_point():
        got = value.dtype if torch.is_tensor(value) else type(value).__name__
        raise TypeError(f"{name}: got {got}, expected a tensor of code numbers (..., {slots})")
    last_dimension(value, name, slots)
    known = codes is not None and value.numel() and not value.is_meta
    if known and not (0 <= value.min() and value.max() < codes):
        raise ValueError(f"{name}: got codes from {value.min()} to {value.max()}, expected 0 to {codes - 1}")
    return value


def one_each(value, name, rows):
    """The value as (rows,). Raises TypeError unless it is a float tensor, ValueError unless (rows,) or (rows, 1)."""
    float_tensor(value, name, f"({rows},)")
    if value.shape not in ((rows,), (rows, 1)):
        wanted = f"({rows},) or ({rows}, 1), one number for each example"
        raise ValueError(f"{name}: got shape {tuple(value.shape)}, expected {wanted}")
    return value.reshape(rows)


def within(value, name, low, high, slack=1e-4):
    """The value itself. Raises ValueError if a number in it lies outside [low, high]; NaN is left to others.

    Rounding may carry a pixel past its limit by `slack`. A tensor without memory (device "meta") has no numbers.
    """
    if value.numel() == 0 or value.is_meta or torch.compiler.is_compiling():
        return value
    least, most = (number.item() for number in torch.aminmax(value.detach()))
    if least < low - slack or most > high + slack:
        raise ValueError(f"{name}: got values from {least:.4g} to {most:.4g}, expected values in [{low}, {high}]")
    return value


def finite(value, name, expected="finite ones"):
    """The value itself. Raises ValueError if there is a NaN or an infinity in it. Needs no memory of its size."""
    if value.numel() and not value.is_meta and not all(end.isfinite() for end in torch.aminmax(value)):
        raise ValueError(f"{name}: got values that are NaN or infinite, expected {expected}")
    return value


def labels(y, rows):
    """y itself, None or a tensor. Raises TypeError or ValueError unless it has one entry for each of `rows` examples.

    Whole-number labels are (N,): a label of shape (N, 1) would be broadcast against N numbers to (N, N).
    """
    if y is None:
        return y
    if not torch.is_tensor(y):
        raise TypeError(f"y: got {type(y).__name__}, expected a tensor of {rows} labels")
    if y.ndim == 0 or len(y) != rows:
        got = len(y) if y.ndim else "a single one"
        raise ValueError(f"y: got {got} labels, expected {rows}, one for each row of x")
    if y.ndim > 1 and not y.is_floating_point():
        raise ValueError(f"y: got labels of shape {tuple(y.shape)}, expected ({rows},), one for each row of x")
    return y


def in_unit_range(value, name):
    """The value itself. Raises TypeError unless it is a float tensor, ValueError unless all of it lies in [0, 1]."""
    return finite(within(float_tensor(value, name, "in [0, 1]"), name, 0, 1, slack=0), name, "values in [0, 1]")
