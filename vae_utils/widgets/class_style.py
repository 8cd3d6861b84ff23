"""Widget: choose a class and a style, and a conditional VAE's decoder draws the digit in the browser."""

import numpy as np

from .parts.fields import Array, Choice, Number, Numbers
from .parts.host import Widget
from .parts.quantized import ACTIVATIONS, decode, flat, layers_of, rounding_error, unpack

CLASSES = "0123456789"
REACH = 3.0  # the pad shows z in [-REACH, REACH]^2


class ClassStyle(Widget):
    """Hold the style z and change the class y, or hold the class and drag the style: the mean of p(x | z, y).

    label: the class y.   z1, z2: the style.
    `ClassStyle.of(decoder)` takes the linear layers of a decoder 2 + 10 -> ... -> 784 logits whose input is z beside
    the one-hot label, rounds them to 8 bits and measures what that costs: `rounding` is the mean absolute change of a
    decoded pixel, 1 being black to white.
    """

    module = "class_style"
    sentence = "A pad of styles for one class, the digit drawn at z, and every class drawn in the same style."

    label = Choice("7", tuple(CLASSES))
    z1 = Number(0.0, -REACH, REACH)
    z2 = Number(0.0, -REACH, REACH)
    activation = Choice("relu", tuple(ACTIVATIONS))
    decoder_sizes = Numbers([], (None,), 1, 10_000)
    weights = Array("int8", (None,))  # layer by layer, row by row
    scales = Array("float32", (None,))  # one for each row
    biases = Array("float32", (None,))
    rounding = Number(0.0, 0, 1)

    @classmethod
    def of(cls, decoder, activation="relu", **values):
        """Pack a decoder, a list of (weight (outputs, inputs), bias (outputs,)). Raises ValueError for other sizes."""
        steps = np.linspace(-REACH, REACH, 7)
        z = np.stack(np.meshgrid(steps, steps, np.arange(10)), -1).reshape(-1, 3)
        inputs = np.concatenate([z[:, :2], np.eye(10)[z[:, 2].astype(int)]], 1)
        layers, sizes = layers_of("decoder", decoder, (12, 784))
        rounding = rounding_error(layers, inputs, activation)
        return cls(decoder_sizes=sizes, activation=activation, rounding=rounding, **flat(layers), **values)

    def still(self) -> str:
        from matplotlib.figure import Figure

        from .. import plots

        inputs = np.concatenate([np.tile([[self.z1, self.z2]], (10, 1)), np.eye(10)], 1)
        (layers,) = unpack([self.decoder_sizes], self.weights, self.scales, self.biases)
        axes = (figure := Figure(figsize=(6, 0.8))).subplots()
        plots.image_grid(decode(layers, inputs, self.activation), columns=10, ax=axes)
        return plots.show(figure, alt="Every class from 0 to 9, drawn in one style.").svg

    @classmethod
    def example(cls, seed=0):
        """A small untrained decoder, for tests of the widget."""
        rng = np.random.default_rng(seed)
        first, second = rng.normal(size=(16, 12)), rng.normal(size=(784, 16)) / 2
        first[0], second[:, 0] = np.eye(12)[0], 1.0  # this hidden unit follows z1 and darkens every pixel
        return cls.of([(first, rng.normal(size=16)), (second, rng.normal(size=784))])
