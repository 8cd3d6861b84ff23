"""Trains the eight generators of chapter 8 for longer, and records what they drew for the widget at its top.

python -m experiments.generators    some minutes of one processor core
"""

import json
import os

import numpy as np
import torch

from vae_utils.widgets import ObjectiveChooser
from vae_utils.widgets.objective_chooser import RECORDED

from .phenomena import CHAPTERS

QUALITY = 5
PARTS = ("originals", "reconstructions", "samples", "sharpness", "precision", "recall", "counts")


def chapter():
    """What the names of chapter 8 stand for, after its cells have run; the widget, which needs this, is left out."""
    cells = json.loads((CHAPTERS / "08_blurriness.ipynb").read_text(encoding="utf8"))["cells"]
    names = {}
    for cell in cells:
        source = "".join(cell["source"]).replace("QUALITY = 1 ", f"QUALITY = {QUALITY} ")
        if cell["cell_type"] == "code" and "widgets.ObjectiveChooser" not in source:
            exec(source, names)
    return names


def chooser(names):
    results = {}
    for name, (rebuilt, samples) in names["drawn"].items():
        value, precision, recall, counts, _ = names["verdict"][name]
        sharpness = None if rebuilt is None else names["meter"](rebuilt), value
        shown = {"reconstructions": None if rebuilt is None else rebuilt[:10], "samples": samples[:40]}
        results[name] = {**shown, "sharpness": sharpness, "precision": precision, "recall": recall, "counts": counts}
    return ObjectiveChooser.of(names["test"].x[:10], results)


def main():
    os.environ.pop("VAE_DATA", None)
    torch.set_num_threads(1)
    widget = chooser(chapter())
    np.savez_compressed(RECORDED, **{part: getattr(widget, part) for part in PARTS})
    print(f"{RECORDED.name}: {RECORDED.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
