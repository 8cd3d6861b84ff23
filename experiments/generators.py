"""Records the eight generators of chapter 8 for the widget at its top.

python -m experiments.generators    trains them as the chapter does, half a minute of one processor core
"""

import json
import os

import numpy as np
import torch

from vae_utils.widgets import ObjectiveChooser
from vae_utils.widgets.objective_chooser import TRAINED

from .phenomena import CHAPTERS

PARTS = ("originals", "reconstructions", "samples", "sharpness", "precision", "recall", "counts")


def chapter():
    """What the names of chapter 8 stand for after its cells have run, but for the cell of the widget itself."""
    cells = json.loads((CHAPTERS / "08_blurriness.ipynb").read_text(encoding="utf8"))["cells"]
    names = {}
    for cell in cells:
        source = "".join(cell["source"])
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
    os.environ["VAE_BOOK"] = "1"  # quiet
    torch.set_num_threads(1)
    widget = chooser(chapter())
    np.savez_compressed(TRAINED, **{part: getattr(widget, part) for part in PARTS})
    print(f"{TRAINED.name}: {TRAINED.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
