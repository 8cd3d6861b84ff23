"""Widget: a VAE of two levels; hold one level and draw the other anew, decoded in the browser."""

from typing import ClassVar

import numpy as np

from .parts.fields import Array, Choice, Number, Numbers, Whole, Words
from .parts.host import Widget
from .parts.packing import as_array, stacked
from .parts.quantized import ACTIVATIONS, decode, flat, forward, layers_of, rounded_layers, unpack

TOPS, BOTTOMS = 6, 8  # rows and columns of the pictures
LOGVAR_LIMIT = 20


class Ladder(Widget):
    """A sheet of samples from z2 ~ N(0, I), z1 ~ p(z1 | z2), x: each row has one z2, each column one noise of z1.

    model: which of the packed models, from 0; the nearest one that exists is shown.
    top, bottom: the draw of the six z2, and of the eight noises of z1.
    top_spread, bottom_spread: what the noise of a level is multiplied by; at 0 the level rests at its mean.
    `Ladder.of(models)` takes the networks of models with two levels, such as a `HierarchicalVAE` or a `TopDownVAE`.
    `rounding` is the mean absolute change of a pixel by the rounding of the weights to 8 bits.
    """

    module = "ladder"
    sentence = "Samples of a VAE of two levels: one row for each draw of the top, one column for each of the bottom."

    constants: ClassVar[dict] = {"tops": TOPS, "bottoms": BOTTOMS}

    model = Whole(0, 0, 3)
    top = Whole(1, 1, 10_000)
    bottom = Whole(1, 1, 10_000)
    top_spread = Number(1.0, 0, 1.5)
    bottom_spread = Number(1.0, 0, 1.5)
    labels = Words(1, 4)
    activation = Choice("relu", tuple(ACTIVATIONS))
    down_sizes = Numbers([], (None, None), 1, 10_000)  # one row a model
    decoder_sizes = Numbers([], (None, None), 1, 10_000)
    judge_sizes = Numbers([], (None,), 1, 10_000)
    weights = Array("int8", (None,))  # every down, then every decoder, then the judge
    scales = Array("float32", (None,))
    biases = Array("float32", (None,))
    kl = Array("float32", (None, 2), 0, 1e6)  # of the bottom and of the top
    kept = Array("float32", (None, 2), 0, 1)  # with the top held, with the bottom held
    rounding = Number(0.0, 0, 1)

    @classmethod
    def of(cls, models, judge=None, activation="relu", **values):
        """Pack one to four models; put a model that answers no question first, for the widget opens on it.

        models: {label: dict(down=, decoder=, kl=, kept=)}. Networks are lists of (weight (outputs, inputs), bias
        (outputs,)).   down: d2 -> ... -> 2 d1, z2 to mu and logvar of z1, side by side.   decoder: d1 -> ... -> P
        logits, of z1 alone, or d1 + d2 -> ... -> P, of z1 and z2 side by side; P a square, the same for all.
        kl: (bottom, top), in nats.   kept: (top held, bottom held), shares of digits whose class stays.
        judge: (weight (10, P), bias (10,)) of a linear classifier; it names the class of each picture. May be left out.
        Raises ValueError, by name, when something does not fit.
        """
        downs = [_down(label, parts["down"]) for label, parts in models.items()]
        count = len(as_array(next(iter(models.values()))["decoder"][-1][1]))
        pairs = zip(models.items(), downs, strict=True)
        decoders = [_decoder(label, parts["decoder"], down, count) for (label, parts), (_, down) in pairs]
        linear, judge_sizes = ([], []) if judge is None else layers_of("judge", [judge], (count, 10))
        networks = [layers for layers, _ in [*downs, *decoders]]
        rounding = [
            _rounding(down, decoder, activation) for (down, _), (decoder, _) in zip(downs, decoders, strict=True)
        ]
        return cls(
            labels=list(models), activation=activation, judge_sizes=judge_sizes, **flat(*networks, linear),
            down_sizes=stacked([sizes for _, sizes in downs], "sizes of down"),
            decoder_sizes=stacked([sizes for _, sizes in decoders], "sizes of decoders"),
            kl=[parts["kl"] for parts in models.values()], kept=[parts["kept"] for parts in models.values()],
            rounding=float(np.mean(rounding)), **values,
        )  # fmt: skip

    def still(self) -> str:
        from matplotlib.figure import Figure

        from .. import plots

        sizes = self.down_sizes + self.decoder_sizes
        networks = unpack(sizes, self.weights, self.scales, self.biases)
        down, decoder = networks[0], networks[len(self.labels)]
        axes = (figure := Figure(figsize=(5, 5 * TOPS / BOTTOMS))).subplots()
        plots.image_grid(decode(decoder, _levels(down, decoder, self.activation), self.activation), BOTTOMS, ax=axes)
        alt = "Samples of a VAE of two levels: in each row one draw of the top, in each column one of the bottom."
        return plots.show(figure, alt=alt).svg

    @classmethod
    def example(cls, seed=0):
        """Two small untrained models, one whose bottom says most and one whose top does, for tests of the widget."""
        rng = np.random.default_rng(seed)
        patches = np.kron(rng.normal(size=(12, 7, 7)), np.ones((2, 2))).reshape(12, 196)

        def networks(pull, logvar, inputs):
            first = pull * rng.normal(size=(8, 2))
            down = [(first, np.zeros(8)), (rng.normal(size=(6, 8)) / 2, np.array([0, 0, 0, *[logvar] * 3]))]
            down[1][0][3:] = 0
            return {
                "down": down,
                "decoder": [(rng.normal(size=(12, inputs)), np.zeros(12)), (patches.T, -np.ones(196))],
            }

        models = {
            "plain": {**networks(0.3, 0.0, 3), "kl": (6.7, 3.1), "kept": (0.33, 0.31)},
            "residual": {**networks(1.5, -3.0, 5), "kl": (2.7, 5.2), "kept": (0.53, 0.17)},
        }
        return cls.of(models, judge=(rng.normal(size=(10, 196)), np.zeros(10)))


def _down(label, network):
    """The layers and sizes of z2 -> mu and logvar of z1. Raises ValueError unless they say two numbers for each z1."""
    layers, sizes = layers_of(f"down of {label}", network, _ends(network))
    if sizes[-1] % 2:
        raise ValueError(f"down of {label}: got {sizes[-1]} outputs, expected mu and logvar, an even number")
    return layers, sizes


def _decoder(label, network, down, count):
    """The layers and sizes of z -> logits. Raises ValueError unless it reads z1, or z1 and z2, and draws a square."""
    bottom, top = down[-1] // 2, down[0]
    inputs = bottom + top if _ends(network)[0] == bottom + top else bottom
    if round(count**0.5) ** 2 != count:
        raise ValueError(f"decoder of {label}: got {count} pixels, expected a square")
    return layers_of(f"decoder of {label}", network, (inputs, count))


def _ends(network):
    """How many numbers a network reads and says; (0, 0) where it is none."""
    layers = [(as_array(weight), as_array(bias)) for weight, bias in network]
    return (layers[0][0].shape[-1], len(layers[-1][1])) if layers else (0, 0)


def _levels(down, decoder, activation, seed=0):
    """What the decoder reads at TOPS x BOTTOMS draws of both levels, row by row."""
    rng = np.random.default_rng(seed)
    z2 = np.repeat(rng.normal(size=(TOPS, down[0][0].shape[1])), BOTTOMS, 0)
    mu, logvar = np.split(forward(down, z2, activation), 2, 1)
    eps = np.tile(rng.normal(size=(BOTTOMS, mu.shape[1])), (TOPS, 1))
    z1 = mu + np.exp(0.5 * np.clip(logvar, -LOGVAR_LIMIT, LOGVAR_LIMIT)) * eps
    return np.concatenate([z1, z2], 1)[:, : decoder[0][0].shape[1]]


def _rounding(down, decoder, activation):
    """The mean absolute change of a pixel over a sheet of samples, 1 being black to white."""
    exact = decode(decoder, _levels(down, decoder, activation), activation)
    down, decoder = rounded_layers(down), rounded_layers(decoder)
    return float(np.abs(decode(decoder, _levels(down, decoder, activation), activation) - exact).mean())
