"""Widget: choose an objective; see what it reconstructs, what it draws, how sharp that is, and which classes."""

from pathlib import Path

import numpy as np

from .parts.fields import Array, Choice, Whole
from .parts.host import Widget
from .parts.packing import columns, gray_levels, means_as_gray_levels, reconstructions_of

OBJECTIVES = (
    "sigma 1", "learned sigma", "BCE", "features", "VQ, slots apart", "VQ, slots in order", "autoregressive", "GAN",
)  # fmt: skip
DIGITS = 10  # test digits shown
TRAINED = Path(__file__).parent / "parts" / "objective_chooser.npz"  # made by experiments/generators.py
NONE = -1.0  # the sharpness of reconstructions that do not exist


class ObjectiveChooser(Widget):
    """Really trained generators side by side, one shown at a time.

    objective: which one.   digit: which test digit is cut open, from 0.
    sharpness: float32 (objectives, 2), of reconstructions and of samples, relative to data, where it is 1; -1: none.
    precision, recall: of the samples, in [0, 1].   counts: how many samples a classifier reads as each class.
    """

    module = "objective_chooser"
    sentence = "Reconstructions, samples, sharpness and class counts of eight generators, one objective each."

    objective = Choice("learned sigma", OBJECTIVES)
    digit = Whole(0, 0, DIGITS - 1)
    originals = Array("uint8", (DIGITS, None))
    reconstructions = Array("uint8", (len(OBJECTIVES), DIGITS, None))
    samples = Array("uint8", (len(OBJECTIVES), None, None))
    sharpness = Array("float32", (len(OBJECTIVES), 2))
    precision = Array("float32", (len(OBJECTIVES),))
    recall = Array("float32", (len(OBJECTIVES),))
    counts = Array("int32", (len(OBJECTIVES), 10))

    @classmethod
    def of(cls, originals, results, **values):
        """Pack results: objective -> dict, for each of OBJECTIVES.

        originals: (10, D) in [0, 1]. A dict has reconstructions (10, D) or None, samples (m, D), sharpness, a pair
        whose first is None without reconstructions, precision, recall and counts (10,).
        Raises ValueError when the names are not those of OBJECTIVES, or when a shape does not fit.
        """
        if set(results) != set(OBJECTIVES):
            raise ValueError(f"results: got {sorted(results)}, expected {sorted(OBJECTIVES)}")
        originals = gray_levels(originals, "originals")
        rows = [_without_none(results[name], np.zeros(originals.shape)) for name in OBJECTIVES]
        kept = columns(rows, ("reconstructions", "samples", "sharpness", "precision", "recall", "counts"), "results")
        rebuilt = reconstructions_of(originals, kept.pop("reconstructions"))
        samples = means_as_gray_levels(kept.pop("samples"), "samples")
        return cls(originals=originals, reconstructions=rebuilt, samples=samples, **kept, **values)

    @classmethod
    def trained(cls, **values):
        """The eight generators that chapter 8 trains, on the bundled digits."""
        with np.load(TRAINED) as kept:
            return cls(**{name: kept[name] for name in kept}, **values)

    def still(self) -> str:
        from matplotlib.figure import Figure

        from .. import plots

        axes = (figure := Figure(figsize=(6, 2.8))).subplots()
        axes.barh(OBJECTIVES, self.sharpness[:, 1], color=plots.COLORS["likelihood"])
        for row, recall in enumerate(self.recall):
            place = (self.sharpness[row, 1], row)
            axes.annotate(f"recall {recall:.2f}", place, xytext=(4, -3), textcoords="offset points")
        axes.set(xlabel="sharpness of samples, data = 1", xlim=(0, 1.3 * max(1.0, self.sharpness[:, 1].max())))
        axes.invert_yaxis()
        return plots.show(figure, alt="Bars: sharpness of the samples of eight objectives, with their recall.").svg

    @classmethod
    def example(cls):
        """Invented results, for tests of the widget: no training behind them."""
        rng = np.random.default_rng(0)
        originals = rng.random((10, 16))
        results = {}
        for k, name in enumerate(OBJECTIVES):
            rebuilt = None if name == "GAN" else originals * (k + 1) / 8
            results[name] = {
                "reconstructions": rebuilt, "samples": rng.random((40, 16)) * (k + 1) / 8,
                "sharpness": (None if rebuilt is None else 0.1 * k, 0.15 * k), "precision": 1 - k / 10,
                "recall": k / 8, "counts": rng.integers(0, 200, 10),
            }  # fmt: skip
        return cls.of(originals, results)


def _without_none(row, blank):
    """A generator that reconstructs nothing gets blank pictures, and a reading that says so."""
    gaps = {"reconstructions": blank} if row.get("reconstructions") is None else {}
    return {**row, **gaps, "sharpness": [NONE if value is None else value for value in row.get("sharpness", ())]}
