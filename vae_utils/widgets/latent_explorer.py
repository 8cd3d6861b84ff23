"""Widget: walk in the 2-D latent space of a trained VAE, decoded and encoded in the browser."""

from itertools import pairwise

import numpy as np

from .parts.fields import Array, Choice, Flag, Number, Numbers
from .parts.host import Widget
from .parts.packing import as_array, gray_levels, one_for_each, points, start_on_a_zero
from .parts.quantized import ACTIVATIONS, decode, flat, layers_of, rounding_error, unpack

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
    drawn = Numbers([0] * 784, (784,), 0, 255)
    show_codes = Flag(False)
    activation = Choice("silu", tuple(ACTIVATIONS))
    encoder_sizes = Numbers([], (None,), 1, 10_000)
    decoder_sizes = Numbers([], (None,), 1, 10_000)
    weights = Array("int8", (None,))  # encoder, then decoder; each layer row by row, (outputs, inputs)
    scales = Array("float32", (None,))  # one for each row
    biases = Array("float32", (None,))
    codes = Array("int8", (None, 2))  # of REACH, in 127 parts
    labels = Array("uint8", (None,), high=9)
    examples = Array("uint8", (10, 784))
    rounding = Number(0.0, 0, 1)

    @classmethod
    def of(cls, encoder, decoder, examples, codes, labels, activation="silu", **values):
        """Pack a model.

        encoder, decoder: lists of (weight (outputs, inputs), bias (outputs,)) of their linear layers; 784 -> ... -> 4
        and 2 -> ... -> 784 logits.   examples: (10, 784), one test digit of each class.   codes: (n, 2), labels: (n,).
        Raises ValueError when the sizes do not fit, or when examples are not in [0, 1].
        """
        encoder, encoder_sizes = layers_of("encoder", encoder, (784, 4))
        decoder, decoder_sizes = layers_of("decoder", decoder, (2, 784))
        z = np.stack(np.meshgrid(*[np.linspace(-REACH, REACH, 21)] * 2), -1).reshape(-1, 2)
        rounding = rounding_error(decoder, z, activation)
        codes = points(codes, "codes")
        values = {**start_on_a_zero(codes, as_array(labels), REACH), **values}
        return cls(
            encoder_sizes=encoder_sizes, decoder_sizes=decoder_sizes, activation=activation, rounding=rounding,
            **flat(encoder, decoder),
            codes=np.round(np.clip(codes / REACH, -1, 1) * 127),
            labels=one_for_each(labels, "labels", len(codes), "codes"),
            examples=gray_levels(examples, "examples"), **values,
        )  # fmt: skip

    def still(self) -> str:
        from matplotlib.figure import Figure

        from .. import plots

        nets = unpack([self.encoder_sizes, self.decoder_sizes], self.weights, self.scales, self.biases)
        axes = (figure := Figure(figsize=(3, 3))).subplots()
        plots.decoded_map(decode(nets[1], plots.latent_grid(7, REACH), self.activation), ax=axes, extent=REACH)
        return plots.show(figure, alt="The digits that the decoder draws all over its latent space.").svg

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
