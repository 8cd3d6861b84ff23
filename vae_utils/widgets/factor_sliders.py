"""Widget: the codes of a trained VAE under the hand, what each tells of each factor, and a rotation of both."""

import math
from itertools import combinations
from typing import ClassVar

import numpy as np

from .parts.fields import Array, Choice, Number, Numbers, Whole, Words
from .parts.host import Widget
from .parts.packing import as_array, one_for_each, stacked
from .parts.quantized import ACTIVATIONS, flat, forward, layers_of, rounded_layers, unpack

REACH = 3.0  # each slider shows z in [-REACH, REACH]
BINS = 20  # of equal count, for codes and factors
MOST_CODES, MOST_ROWS = 6, 1500
PLANES = tuple(f"{i}, {j}" for i, j in combinations(range(1, MOST_CODES + 1), 2))


class FactorSliders(Widget):
    """Sliders of z, the picture that the decoder draws there, and the information matrix (factors x codes) beside it.

    model: which of the packed models, from 0; the nearest one that exists is shown.   z1 ... z6: the code.
    plane, angle: the latent space is turned by `angle` degrees in the plane of two codes, "1, 2"; `of` takes those that
    vary most in the model that is shown. The decoder then reads R^T z, the codes are R times the posterior means, and
    the ELBO is what it was: the prior is round, and the posterior takes the full covariance R S R^T. The information
    matrix and the MIG are computed anew in the page, by the histogram of `evaluation.information_matrix`.
    `rounding` is the mean absolute change of a pixel by the rounding of the weights to 8 bits.
    """

    module = "factor_sliders"
    sentence = "Sliders of z and the picture drawn there, what each code tells of each factor, and a turn of the axes."
    constants: ClassVar[dict] = {"bins": BINS}

    model = Whole(0, 0, 3)
    z1 = Number(0.0, -REACH, REACH)
    z2 = Number(0.0, -REACH, REACH)
    z3 = Number(0.0, -REACH, REACH)
    z4 = Number(0.0, -REACH, REACH)
    z5 = Number(0.0, -REACH, REACH)
    z6 = Number(0.0, -REACH, REACH)
    plane = Choice(PLANES[0], PLANES)
    angle = Whole(0, -180, 180)
    labels = Words(1, 4)
    names = Words(1, 8)
    activation = Choice("relu", tuple(ACTIVATIONS))
    decoder_sizes = Numbers([], (None, None), 1, 10_000)  # one row a model
    pixel_sizes = Numbers([], (None,), 1, 10_000)
    weights = Array("int8", (None,))  # decoder after decoder, then the map to pixels
    scales = Array("float32", (None,))
    biases = Array("float32", (None,))
    codes = Array("int16", (None, None, None))  # models, rows, codes: of `reach`, in 32767 parts
    reach = Array("float32", (None,))
    factors = Array("int16", (None, None))  # each column of its largest, in 32767 parts
    elbo = Array("float32", (None,))
    rounding = Number(0.0, 0, 1)

    @classmethod
    def of(cls, models, factors, names, pixels=None, activation="relu", **values):
        """Pack models with the same number of codes and layers.

        models: {label: (decoder, codes (N, d), elbo)}, one to four of them, 2 <= d <= 6. decoder: a list of (weight
        (outputs, inputs), bias (outputs,)), d -> ... -> P gray levels, P a square; a last layer without an activation.
        codes: the posterior means of N examples.   elbo: in nats, of each model.
        factors: (N, F), the true ones, measurements that vary.   names: F words.
        pixels: (weight (P, S), bias (P,)) where the decoders end in S scores, such as principal components, and one
        linear map for all models leads on to the gray levels.
        At most 1,500 rows are kept, spread evenly. Raises ValueError, by name, when something does not fit.
        """
        factors, codes = as_array(factors), stacked([as_array(codes) for _, codes, _ in models.values()], "codes")
        codes, factors = _kept(codes, factors)
        first = next(iter(models.values()))[0]
        ends = (codes.shape[2], len(as_array(first[-1][1])))
        decoders = [layers_of(f"decoder of {label}", decoder, ends) for label, (decoder, _, _) in models.items()]
        count = _pixels(first[-1] if pixels is None else pixels)
        linear, pixel_sizes = ([], []) if pixels is None else layers_of("pixels", [pixels], (ends[1], count))
        layers = [layers for layers, _ in decoders]
        reach = np.maximum(np.abs(codes).max((1, 2)), 1e-6)
        shown = values.get("model", 0)
        values = {"plane": _widest(codes[shown if shown in range(len(models)) else 0]), **values}
        return cls(
            labels=list(models), names=list(names), activation=activation, pixel_sizes=pixel_sizes,
            decoder_sizes=stacked([sizes for _, sizes in decoders], "sizes of decoders"), **flat(*layers, linear),
            codes=np.round(codes / reach[:, None, None] * 32767), reach=reach,
            factors=np.round(one_for_each(factors.T, "factors", len(names), "names").T / _largest(factors) * 32767),
            elbo=[float(elbo) for _, _, elbo in models.values()],
            rounding=_rounding(layers, linear, codes, activation), **values,
        )  # fmt: skip

    def still(self) -> str:
        from matplotlib.figure import Figure

        from .. import plots

        d = self.decoder_sizes[0][0]
        networks = self.decoder_sizes + [self.pixel_sizes] * bool(self.pixel_sizes)
        decoder, *rest = unpack(networks, self.weights, self.scales, self.biases)
        linear = rest[-1] if self.pixel_sizes else []
        z = np.concatenate([np.outer(np.linspace(-2, 2, 7), row) for row in np.eye(d)])
        axes = (figure := Figure(figsize=(5, 5 * d / 7))).subplots()
        plots.image_grid(_drawn(decoder, linear, z, self.activation), columns=7, ax=axes)
        alt = "What each code moves: one row of pictures for each, the code from -2 to 2."
        return plots.show(figure, alt=alt).svg

    @classmethod
    def example(cls, seed=0):
        """Two invented models of five factors, one with a code for each and one with mixed codes, for tests."""
        rng = np.random.default_rng(seed)
        factors = rng.normal(size=(600, 5))
        clear = np.concatenate([factors, rng.normal(size=(600, 1))], 1) + 0.2 * rng.normal(size=(600, 6))
        turn, _ = np.linalg.qr(rng.normal(size=(6, 6)))
        spots = np.kron(np.eye(6, 8).reshape(6, 2, 4), np.ones((8, 4))).reshape(6, 256) / 5
        spots[5] /= 4
        last = np.concatenate([spots, -spots]).T, np.linspace(0.4, 0.6, 256)
        both = np.concatenate([np.eye(6), -np.eye(6)])
        decoders = [[(both @ mix, np.zeros(12)), last] for mix in (turn.T, np.eye(6))]
        models = {"mixed": (decoders[0], clear @ turn.T, -12.5), "clear": (decoders[1], clear, -14.25)}
        return cls.of(models, factors, ("width", "nose", "hair", "smile", "age"), plane="1, 2")


def _kept(codes, factors):
    """At most MOST_ROWS rows of codes (M, N, d) and factors (N, F). Raises ValueError for other shapes."""
    if codes.ndim != 3 or not 2 <= codes.shape[2] <= MOST_CODES:
        raise ValueError(f"codes: got shape {codes.shape[1:]}, expected (N, d) with d from 2 to {MOST_CODES}")
    if factors.ndim != 2 or len(factors) != codes.shape[1]:
        raise ValueError(f"factors: got shape {factors.shape}, expected one row for each of {codes.shape[1]} codes")
    if (factors == factors[:1]).all(0).any():
        raise ValueError("factors: got a column that is the same in all rows, expected ones that vary")
    rows = np.linspace(0, len(factors) - 1, min(len(factors), MOST_ROWS)).astype(int)
    return codes[:, rows], factors[rows]


def _pixels(last):
    """How many pixels the layer (weight, bias) draws. Raises ValueError unless they make a square."""
    count = len(as_array(last[1]))
    if math.isqrt(count) ** 2 != count:
        raise ValueError(f"decoder: got {count} pixels, expected a square")
    return count


def _widest(codes):
    """The plane of the two codes that vary most: a silent one has little to turn."""
    i, j = sorted(np.argsort(codes.std(0))[-2:] + 1)
    return f"{i}, {j}"


def _largest(factors):
    return np.maximum(np.abs(factors).max(0), 1e-6)


def _drawn(decoder, linear, z, activation):
    """Gray levels in [0, 1] of the pictures at z (N, d)."""
    said = forward(decoder, z, activation)
    return np.clip(forward(linear, said, activation) if linear else said, 0, 1)


def _rounding(decoders, linear, codes, activation):
    """The mean absolute change of a pixel at a hundred codes of each model, 1 being black to white."""
    changes = []
    for decoder, z in zip(decoders, codes[:, :100], strict=True):
        exact = _drawn(decoder, linear, z, activation)
        changes.append(np.abs(_drawn(rounded_layers(decoder), rounded_layers(linear), z, activation) - exact).mean())
    return float(np.mean(changes))
