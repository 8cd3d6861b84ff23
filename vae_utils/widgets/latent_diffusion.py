"""Widget: the codes of a VAE, its prior N(0, I), and diffusion models that were trained on the codes."""

import math
from pathlib import Path
from typing import ClassVar

import numpy as np

from .parts.fields import Array, Choice, Number, Numbers, Whole
from .parts.host import Widget
from .parts.packing import as_array, one_for_each
from .parts.quantized import ACTIVATIONS, flat, layers_of

TRAINED = Path(__file__).parent / "parts" / "latent_diffusion.npz"  # made by tools/train_latent_diffusion.py
SCALES = (0.2, 1.0, 5.0)
PRIOR, *DIFFUSIONS = SOURCES = ("N(0, I)", "codes \u00d7 0.2", "codes \u00d7 1", "codes \u00d7 5")
TIMES = 21  # of the levels, how many are kept


class LatentDiffusion(Widget):
    """Draw codes from N(0, I) or along a diffusion model of the codes, on the map of a 2-D latent space, and decode.

    source: where codes are drawn: "N(0, I)", or one of three diffusion models, trained on the codes times 0.2, 1 and 5.
    time:   how far back the diffusion is: 1 noise, 0 codes.   first: which of the draws is the first one decoded.
    `LatentDiffusion.trained()` shows a VAE of half-size digits at beta 0.02.
    `LatentDiffusion.of(codes, labels, decoder, chains)` packs models of your own.
    """

    module = "latent_diffusion"
    sentence = "Codes of a VAE, draws from its prior N(0, I), and draws from diffusion models of the codes, decoded."
    constants: ClassVar[dict] = {"sources": SOURCES}

    source = Choice(PRIOR, SOURCES)
    time = Number(0.5, 0, 1)
    first = Whole(1, 1, 1000)
    activation = Choice("silu", tuple(ACTIVATIONS))
    decoder_sizes = Numbers([], (None,), 1, 10_000)
    weights = Array("int8", (None,))  # layer by layer, row by row
    scales = Array("float32", (None,))  # one for each row
    biases = Array("float32", (None,))
    codes = Array("float32", (None, 2))
    labels = Array("uint8", (None,), high=9)
    chains = Array("float32", (3, TIMES, None, 2))  # by scale, from time 0 to 1

    @classmethod
    def of(cls, codes, labels, decoder, chains, **values):
        """Pack a VAE and three diffusion models.

        codes: (n, 2), one draw z ~ q(z | x) for each of n digits, n of 300 to 1,000.   labels: (n,).
        decoder: list of (weight (outputs, inputs), bias (outputs,)) of its layers, 2 -> ... -> D logits, D a square.
        chains: {0.2: z, 1.0: z, 5.0: z}, each (m, T, 2) in the units of the codes, z[:, 0] next to them, as
        `Diffusion.prior().sample((m,)).reshape(m, T, 2)` gives it, its scale taken back.
        Raises ValueError when a scale is missing or a shape does not fit.
        """
        codes, decoder = as_array(codes), list(decoder)
        pixels = len(as_array(decoder[-1][1])) if decoder else 0
        layers, sizes = layers_of("decoder", decoder, (2, pixels))
        if math.isqrt(pixels) ** 2 != pixels:
            raise ValueError(f"decoder: got {pixels} outputs, expected the pixels of a square picture")
        labels = one_for_each(labels, "labels", len(codes), "codes")
        trained = {**flat(layers), "decoder_sizes": sizes, "chains": _thinned(chains)}
        return cls(codes=codes, labels=labels, **trained, **values)

    @classmethod
    def packed(cls):
        """The names of the fields that hold what was trained."""
        return [name for name, field in cls.fields().items() if isinstance(field, Array) or name == "decoder_sizes"]

    @classmethod
    def trained(cls, **values):
        """A VAE with hidden layers of 256 and 128 after 2,000 batches of 128 digits, and its three diffusion models."""
        with np.load(TRAINED) as kept:
            return cls(**{name: kept[name] for name in cls.packed()}, **values)

    def still(self) -> str:
        from matplotlib.figure import Figure

        from .. import plots

        reach = 1.2 * np.abs(self.codes).max()
        normal = np.random.default_rng(0).standard_normal(self.chains.shape[2:])
        axes = (figure := Figure(figsize=(6, 2.3))).subplots(1, 3)
        for ax, z, title in zip(
            axes, (self.codes, normal, self.chains[1, 0]), ("codes", PRIOR, "diffusion"), strict=True
        ):
            ax.scatter(*z.T, s=3, color=plots.COLORS["posterior" if title == "codes" else "prior"])
            ax.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal", title=title, xticks=[], yticks=[])
        return plots.show(figure, alt="Codes, draws from the prior, and draws from a diffusion model of the codes.").svg

    @classmethod
    def example(cls, seed=0):
        """Codes in three heaps, invented chains and a small untrained decoder, for tests of the widget."""
        rng = np.random.default_rng(seed)
        heaps = np.array([[-3.0, 0.0], [2.0, 2.0], [2.0, -3.0]])
        labels = np.arange(240) % 3
        codes = heaps[labels] + 0.3 * rng.normal(size=(240, 2))
        share = np.linspace(0, 1, TIMES)[None, :, None]
        chains = {
            scale: (1 - share) * (codes[:90, None] + 0.1 * rng.normal(size=(90, 1, 2)) * max(scale, 1))
            + share * rng.normal(size=(90, 1, 2)) * 2 / scale
            for scale in SCALES
        }
        first, second = rng.normal(size=(12, 2)), rng.normal(size=(36, 12))
        return cls.of(codes, labels, [(first, rng.normal(size=12)), (second, rng.normal(size=36))], chains)


def _thinned(chains):
    """The chains as one array (3, TIMES, m, 2)."""
    if set(chains) != set(SCALES):
        raise ValueError(f"chains: got scales {sorted(chains)}, expected {', '.join(map(str, SCALES))}")
    arrays = [as_array(chains[scale]).astype(float) for scale in SCALES]
    if any(z.ndim != 3 or z.shape[1] < 2 or z.shape[2] != 2 or len(z) != len(arrays[0]) for z in arrays):
        raise ValueError(f"chains: got shapes {[z.shape for z in arrays]}, expected (m, T, 2), T >= 2, one m for all")
    kept = [np.linspace(0, z.shape[1] - 1, TIMES).round().astype(int) for z in arrays]
    return np.stack([z[:, levels].transpose(1, 0, 2) for z, levels in zip(arrays, kept, strict=True)])
