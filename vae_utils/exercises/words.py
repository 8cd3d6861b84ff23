"""How inputs and answers are said."""

import inspect

import torch


def signature_names(function):
    """The names of a function's arguments."""
    return list(inspect.signature(function).parameters)


def described(answer):
    """An answer that holds no numbers, by its type."""
    return f"an answer of type {type(answer).__name__}"


def shown(numbers):
    """The shape of numbers."""
    return f"shape {tuple(numbers.shape)}" if numbers.ndim else "a number"


def value(name, content):
    """name = content, short."""
    if not isinstance(content, torch.Tensor):
        return f"{name} = {content:.4g}" if isinstance(content, float) else f"{name} = {content}"
    if content.numel() > 8:
        return f"{name} of shape {tuple(content.shape)}"
    return f"{name} = {_listed(content.tolist())}"


def _listed(content):
    if isinstance(content, list):
        return f"[{', '.join(map(_listed, content))}]"
    return f"{content:.4g}" if isinstance(content, float) else str(content)
