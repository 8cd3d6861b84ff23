"""Widget: one VAE trained at many betas, followed through its training."""

from pathlib import Path

import numpy as np

from .parts.fields import Array, Number, Whole
from .parts.host import Widget
from .parts.packing import columns, gray_levels, means_as_gray_levels, one_for_each, reconstructions_of

TRAINED = Path(__file__).parent / "parts" / "beta_sweep.npz"  # made by tools/train_sweep.py
SHADES = 8  # thumbnails keep every eighth gray level: they pack four times smaller and look the same


class BetaSweep(Widget):
    """Turn beta and the training time; codes, reconstructions, samples, rate and distortion follow.

    beta, step: which of the trained models, and when; the nearest one that exists is shown.
    `BetaSweep.trained()` shows seven models of half-size digits, trained to their end.
    `BetaSweep.of(sweep, steps, originals, labels)` packs what a training loop has kept.
    """

    module = "beta_sweep"
    sentence = "The latent space, reconstructions, samples, rate and distortion of VAEs trained at several betas."

    beta = Number(1.0, 0, 1000)
    step = Whole(1_000_000, 0, 1_000_000)
    betas = Array("float32", (None,))
    steps = Array("int32", (None,))
    labels = Array("uint8", (None,), high=9)
    codes = Array("int8", (None, None, None, 2))  # of `reach`, in 127 parts: beta, step, example
    reach = Array("float32", (None, None))
    sigma = Array("float32", (None, None, 2))
    rate = Array("float32", (None, None))
    distortion = Array("float32", (None, None))
    originals = Array("uint8", (None, None))
    reconstructions = Array("uint8", (None, None, None, None))
    samples = Array("uint8", (None, None, None, None))

    @classmethod
    def of(cls, sweep, steps, originals, labels, **values):
        """Pack a sweep.

        sweep: beta -> list of snapshots, one for each of `steps`. A snapshot is a dict with mu (n, 2), sigma (2,),
        reconstructions (10, D), samples (m, D), rate and distortion in nats. originals: (10, D); labels: (n,).
        Raises ValueError when a beta has not one snapshot for each step, a code no label, or a shape does not fit.
        """
        for beta, shots in sweep.items():
            if len(shots) != len(steps):
                raise ValueError(f"sweep: got {len(shots)} snapshots for beta {beta}, expected {len(steps)}")
        rows = [shot for shots in sweep.values() for shot in shots]
        kept = columns(rows, ("mu", "sigma", "rate", "distortion", "reconstructions", "samples"), "sweep")
        kept = {name: array.reshape(len(sweep), len(steps), *array.shape[1:]) for name, array in kept.items()}
        mu = kept.pop("mu")
        reach = np.maximum(np.abs(mu).max((2, 3)), 1e-6)
        originals = gray_levels(originals, "originals", shades=SHADES)
        return cls(
            betas=list(sweep), steps=steps, labels=one_for_each(labels, "labels", mu.shape[2], "codes"),
            originals=originals, codes=np.round(mu / reach[:, :, None, None] * 127), reach=reach,
            reconstructions=reconstructions_of(originals, kept.pop("reconstructions"), SHADES),
            samples=means_as_gray_levels(kept.pop("samples"), "samples", SHADES), **kept, **values,
        )  # fmt: skip

    @classmethod
    def packed(cls):
        """The names of the fields that hold what was trained."""
        return [name for name, field in cls.fields().items() if isinstance(field, Array)]

    @classmethod
    def trained(cls, **values):
        """Seven models, each a VAE with hidden layers of 256 and 128, after up to 16,000 batches of 128 digits."""
        with np.load(TRAINED) as kept:
            return cls(**{name: kept[name] for name in cls.packed()}, **values)

    def still(self) -> str:
        from matplotlib.figure import Figure

        from .. import plots

        axes = (figure := Figure(figsize=(5, 2.6))).subplots()
        rate, distortion = self.rate[:, -1], self.distortion[:, -1]
        axes.plot(rate, distortion, "o-", color=plots.COLORS["elbo"])
        for beta, x, y in zip(self.betas, rate, distortion, strict=True):
            axes.annotate(f"{beta:g}", (x, y), xytext=(5, 4), textcoords="offset points")
        axes.set(xlabel="rate, nats", ylabel="distortion, nats", title="each point one model, named by its beta")
        return plots.show(figure, alt="Rate against distortion of the trained models, named by beta.").svg

    @classmethod
    def example(cls):
        """A small invented sweep, for tests of the widget: no training behind it."""
        rng = np.random.default_rng(0)
        labels, noise = np.arange(60) % 10, rng.normal(size=(60, 2))
        betas, steps = (0.0, 1.0, 16.0), (0, 100, 1000)

        def shot(beta, step):
            width = 0.1 + step / 1000 / (1 + beta)
            picture = np.clip(rng.random((10, 16)) * width + 0.1, 0, 1)
            rate = 0.1 if beta > 1 and step == steps[-1] else 4 * width  # what was said is taken back
            terms = {"rate": rate, "distortion": 60 - 10 * width}
            pictures = {"reconstructions": picture, "samples": picture[::-1]}
            return {"mu": width * noise, "sigma": np.full(2, 0.5), **pictures, **terms}

        sweep = {beta: [shot(beta, step) for step in steps] for beta in betas}
        return cls.of(sweep, steps, rng.random((10, 16)), labels)
