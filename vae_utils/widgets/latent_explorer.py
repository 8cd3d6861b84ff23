"""Widget: walk in the 2-D latent space of a trained VAE, decoded and encoded in the browser."""

from itertools import pairwise

import numpy as np

from .fields import Array, Choice, Flag, Number, Record
from .host import Widget

ACTIVATIONS = {
    "silu": lambda a: a / (1 + np.exp(-np.clip(a, -60, 60))),
    "relu": lambda a: np.maximum(a, 0),
    "tanh": np.tanh,
}
REACH = 3.0  # the map shows z in [-REACH, REACH]^2


class LatentExplorer(Widget):
    """Drag z over the decoded map, walk between a and b, or draw a digit and see its posterior.

    z1, z2: the decoded code.   a1, a2, b1, b2: ends of the path.   path: "lerp" or "slerp".   t: how far along it.
    picture: which test digit is encoded, or "drawn" for the reader's own, `drawn`: 784 gray levels of 0..255.
    `LatentExplorer.of(encoder, decoder, ...)` rounds the weights to 8 bits and measures what that costs: `rounding`
    is the mean absolute change of a decoded pixel over the map, 1 being black to white.
    """

    module = "latent_explorer"
    sentence = "The decoded map of a two-dimensional latent space, a digit decoded at z, the posterior of a drawn one."

    z1 = Number(0.0, -REACH, REACH)
    z2 = Number(0.0, -REACH, REACH)
    a1 = Number(-1.5, -REACH, REACH)
    a2 = Number(0.6, -REACH, REACH)
    b1 = Number(1.2, -REACH, REACH)
    b2 = Number(1.2, -REACH, REACH)
    t = Number(0.0, 0, 1)
    path = Choice("lerp", ("lerp", "slerp"))
    picture = Choice("3", ("drawn", *"0123456789"))
    drawn = Record([0] * 784)
    show_codes = Flag(False)
    activation = Choice("silu", tuple(ACTIVATIONS))
    encoder_sizes = Record([])
    decoder_sizes = Record([])
    weights = Array("int8", (None,))  # encoder, then decoder; each layer row by row, (outputs, inputs)
    scales = Array("float32", (None,))  # one for each row
    biases = Array("float32", (None,))
    codes = Array("int8", (None, 2))  # of REACH, in 127 parts
    labels = Array("uint8", (None,))
    examples = Array("uint8", (10, 784))
    rounding = Number(0.0, 0, 1)

    @classmethod
    def of(cls, encoder, decoder, examples, codes, labels, activation="silu", **values):
        """Pack a model.

        encoder, decoder: lists of (weight (outputs, inputs), bias (outputs,)) of their linear layers; 784 -> ... -> 4
        and 2 -> ... -> 784 logits.   examples: (10, 784), one test digit of each class.   codes: (n, 2), labels: (n,).
        Raises ValueError when the sizes do not fit.
        """
        encoder, decoder = ([(_numpy(w), _numpy(b)) for w, b in net] for net in (encoder, decoder))
        sizes = [[net[0][0].shape[1], *(len(b) for _, b in net)] for net in (encoder, decoder)]
        for name, got, ends in (("encoder", sizes[0], (784, 4)), ("decoder", sizes[1], (2, 784))):
            if (got[0], got[-1]) != ends:
                raise ValueError(f"{name}: got layers {got}, expected them to lead from {ends[0]} to {ends[1]}")
        rounded = [[_round(w) for w, _ in net] for net in (encoder, decoder)]
        layers = [*rounded[0], *rounded[1]]
        packed = [(q * s[:, None], b) for (q, s), (_, b) in zip(rounded[1], decoder, strict=True)]
        z = np.stack(np.meshgrid(*[np.linspace(-REACH, REACH, 21)] * 2), -1).reshape(-1, 2)
        rounding = np.abs(_decode(packed, z, activation) - _decode(decoder, z, activation)).mean()
        return cls(
            encoder_sizes=sizes[0], decoder_sizes=sizes[1], activation=activation, rounding=float(rounding),
            weights=np.concatenate([q.ravel() for q, _ in layers]), scales=np.concatenate([s for _, s in layers]),
            biases=np.concatenate([b for _, b in [*encoder, *decoder]]),
            codes=np.round(np.clip(_numpy(codes) / REACH, -1, 1) * 127), labels=_numpy(labels),
            examples=np.round(_numpy(examples) * 255), **values,
        )  # fmt: skip

    @classmethod
    def example(cls, seed=0):
        """A small untrained model, for tests of the widget."""
        rng = np.random.default_rng(seed)
        nets = []
        for sizes in ((784, 12, 4), (2, 12, 784)):
            pairs = pairwise(sizes)
            nets.append([(rng.normal(size=(m, n)) / np.sqrt(n) * 2, rng.normal(size=m)) for n, m in pairs])
        pictures = np.zeros((10, 28, 28))
        for k in range(10):
            pictures[k, 4:24, 4 + k : 14 + k] = 1
        return cls.of(*nets, pictures.reshape(10, 784), rng.normal(size=(50, 2)), np.arange(50) % 10)


def _numpy(values):
    return np.asarray(values.detach().cpu() if hasattr(values, "detach") else values)


def _round(weight):
    """weight (m, n) -> whole numbers in -127..127 and the scale of each row."""
    scale = np.maximum(np.abs(weight).max(1), 1e-12) / 127
    return np.round(weight / scale[:, None]), scale


def _decode(layers, z, activation):
    h = z
    for weight, bias in layers[:-1]:
        h = ACTIVATIONS[activation](h @ weight.T + bias)
    weight, bias = layers[-1]
    return 0.5 * (1 + np.tanh(0.5 * (h @ weight.T + bias)))
