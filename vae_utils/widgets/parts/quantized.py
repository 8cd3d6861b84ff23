"""Small networks rounded to 8 bits for a page, and what the rounding costs. The page reads them with latent_net.mjs."""

import math
from itertools import pairwise

import numpy as np

from .packing import as_array

ACTIVATIONS = {
    "silu": lambda a: a / (1 + np.exp(-np.clip(a, -60, 60))),
    "relu": lambda a: np.maximum(a, 0),
    "tanh": np.tanh,
    "gelu": lambda a: a * (0.5 + 0.5 * np.vectorize(math.erf)(a / math.sqrt(2))),
}


def layers_of(name, network, ends):
    """The linear layers of a network as arrays, [(weight (outputs, inputs), bias (outputs,)), ...], and its sizes.

    Raises TypeError unless it is a list of pairs, ValueError unless the layers lead from ends[0] to ends[1].
    """
    try:
        layers = [(as_array(weight), as_array(bias)) for weight, bias in network]
    except (TypeError, ValueError):
        raise TypeError(f"{name}: got {type(network).__name__}, expected a list of (weight, bias)") from None
    if not layers or any(weight.ndim != 2 or bias.shape != weight.shape[:1] for weight, bias in layers):
        shapes = [(weight.shape, bias.shape) for weight, bias in layers]
        raise ValueError(f"{name}: got shapes {shapes}, expected (outputs, inputs) and (outputs,) of each layer")
    sizes = [layers[0][0].shape[1], *(len(bias) for _, bias in layers)]
    follows = all(weight.shape[1] == n for (weight, _), n in zip(layers, sizes, strict=False))
    if not follows or (sizes[0], sizes[-1]) != ends:
        raise ValueError(f"{name}: got layers {sizes}, expected them to lead from {ends[0]} to {ends[1]}")
    return layers, sizes


def round_rows(weight):
    """weight (m, n) -> whole numbers in -127..127 and the scale of each row, so that weight is about their product."""
    scale = np.maximum(np.abs(weight).max(1), 1e-12) / 127
    return np.round(weight / scale[:, None]), scale


def rounded_layers(layers):
    """The layers as the page will see them."""
    return [(whole * scale[:, None], bias) for (whole, scale), bias in ((round_rows(w), b) for w, b in layers)]


def decode(layers, inputs, activation):
    """Logits through a sigmoid: inputs (N, n) -> pixels (N, m) in [0, 1]. ValueError for an unknown activation."""
    return 0.5 * (1 + np.tanh(0.5 * forward(layers, inputs, activation)))


def forward(layers, inputs, activation):
    """What the last layer says: inputs (N, n) -> (N, m). Raises ValueError for an unknown activation."""
    if activation not in tuple(ACTIVATIONS):
        raise ValueError(f"activation: got {activation!r}, expected one of {', '.join(ACTIVATIONS)}")
    h = inputs
    for weight, bias in layers[:-1]:
        h = ACTIVATIONS[activation](h @ weight.T + bias)
    weight, bias = layers[-1]
    return h @ weight.T + bias


def rounding_error(layers, inputs, activation):
    """The mean absolute change of a decoded pixel over the inputs, 1 being black to white."""
    return float(np.abs(decode(rounded_layers(layers), inputs, activation) - decode(layers, inputs, activation)).mean())


def flat(*networks):
    """The fields `weights`, `scales` and `biases` of a widget, one network after the other, each row by row."""
    layers = [layer for network in networks for layer in network]
    rounded = [round_rows(weight) for weight, _ in layers]
    return {
        "weights": np.concatenate([whole.ravel() for whole, _ in rounded]),
        "scales": np.concatenate([scale for _, scale in rounded]),
        "biases": np.concatenate([bias for _, bias in layers]),
    }


def unpack(nets, weights, scales, biases):
    """The layers of the networks of the given sizes, cut out of what `flat` has joined."""
    w = row = 0
    networks = []
    for sizes in nets:
        layers = []
        for n, m in pairwise(sizes):
            whole = weights[w : w + n * m].reshape(m, n)
            layers.append((whole * scales[row : row + m, None], biases[row : row + m]))
            w, row = w + n * m, row + m
        networks.append(layers)
    return networks
