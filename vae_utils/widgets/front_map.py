"""Widget: a dot wanders over the decoded map of a trained VAE until it is grabbed; what it stands on is drawn large."""

from itertools import pairwise
from pathlib import Path

import numpy as np

from .parts.fields import Array, Choice, Flag, Number, Numbers
from .parts.host import Widget
from .parts.packing import one_for_each, points, start_on_a_zero
from .parts.quantized import ACTIVATIONS, decode, flat, layers_of, rounding_error, unpack

TRAINED = Path(__file__).parent / "parts" / "front_map.npz"  # made by tools/train_front_map.py
REACH = 3.0  # the map shows z in [-REACH, REACH]^2


class FrontMap(Widget):
    """Two numbers and the digit that a decoder draws from them, at once.

    z1, z2: where the dot stands.   wander: whether it walks by itself at the start; it rests where motion is unwelcome.
    show_codes: whether the posterior means of test digits lie on the map, in the colors of their classes.
    `FrontMap.trained()` is the decoder of chapter 5, trained for longer. `FrontMap.of(decoder, codes, labels)` rounds
    another one to 8 bits; `rounding` is the mean absolute change of a decoded pixel, 1 being black to white.
    """

    module = "front_map"
    sentence = "The decoded map of a two-dimensional latent space, and the digit that is drawn at the dot."

    z1 = Number(0.0, -REACH, REACH)
    z2 = Number(0.0, -REACH, REACH)
    wander = Flag(False)
    show_codes = Flag(False)
    activation = Choice("silu", tuple(ACTIVATIONS))
    decoder_sizes = Numbers([], (None,), 1, 10_000)
    weights = Array("int8", (None,))
    scales = Array("float32", (None,))
    biases = Array("float32", (None,))
    codes = Array("int8", (None, 2))  # of REACH, in 127 parts
    labels = Array("uint8", (None,), high=9)
    rounding = Number(0.0, 0, 1)

    @classmethod
    def of(cls, decoder, codes, labels, activation="silu", **values):
        """Pack a decoder: a list of (weight (outputs, inputs), bias (outputs,)), 2 -> ... -> 784 logits.

        codes: (n, 2), posterior means of test digits.   labels: (n,), their classes.
        Raises ValueError when the sizes do not fit.
        """
        decoder, sizes = layers_of("decoder", decoder, (2, 784))
        z = np.stack(np.meshgrid(*[np.linspace(-REACH, REACH, 21)] * 2), -1).reshape(-1, 2)
        codes = points(codes, "codes")
        return cls(
            decoder_sizes=sizes, activation=activation, **flat(decoder),
            rounding=rounding_error(decoder, z, activation),
            codes=np.round(np.clip(codes / REACH, -1, 1) * 127),
            labels=one_for_each(labels, "labels", len(codes), "codes"), **values,
        )  # fmt: skip

    @classmethod
    def packed(cls):
        """The names of the fields that hold what was trained."""
        return [name for name, field in cls.fields().items() if isinstance(field, Array)] + [
            "decoder_sizes",
            "rounding",
        ]

    @classmethod
    def trained(cls, **values):
        """The decoder of chapter 5, 2-32-64-128-784, after 150 epochs of 12,000 digits.

        Raises TypeError for a value that was trained: of other weights `FrontMap.of` makes a map.
        """
        with np.load(TRAINED) as kept:
            arrays = {name: kept[name] for name in cls.packed()}
        lists = {name: arrays[name].tolist() for name in ("decoder_sizes", "rounding")}
        start = start_on_a_zero(arrays["codes"] * (REACH / 127), arrays["labels"], REACH)
        return cls(**arrays | lists, **start | values)

    def still(self) -> str:
        from matplotlib.figure import Figure

        from .. import plots

        (decoder,) = unpack([self.decoder_sizes], self.weights, self.scales, self.biases)
        axes = (figure := Figure(figsize=(3, 3))).subplots()
        plots.decoded_map(decode(decoder, plots.latent_grid(9, REACH), self.activation), ax=axes, extent=REACH)
        return plots.show(figure, alt="The digits that the decoder draws all over its latent space.").svg

    @classmethod
    def example(cls, seed=0):
        """A small untrained decoder, for tests of the widget."""
        rng = np.random.default_rng(seed)
        decoder = [(rng.normal(size=(m, n)) / np.sqrt(n) * 2, rng.normal(size=m)) for n, m in pairwise((2, 12, 784))]
        ring = 2 * np.stack([np.cos(turn := 2 * np.pi * np.arange(10) / 10), np.sin(turn)], -1)
        return cls.of(decoder, ring, np.arange(10), z1=1.0)
