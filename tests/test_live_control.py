"""The control of chapter 4 that retrains with PyTorch: alive in a kernel, one sentence in the built book."""

from pathlib import Path

import ipywidgets
import nbformat
import pytest
from IPython.display import Markdown

ROOT = Path(__file__).resolve().parent.parent


def run_cell(building, monkeypatch, words="def live_control"):
    """Run the chapter's imports, the drawing function it needs and the control's cell; returns what it displays."""
    import matplotlib.pyplot as plt
    import torch
    from torch import nn

    from vae_utils import data, models, objectives, plots, training

    if building:
        monkeypatch.setenv("VAE_BOOK", "1")
    else:
        monkeypatch.delenv("VAE_BOOK", raising=False)
    notebook = nbformat.read(ROOT / "chapters" / "04_reparameterization.ipynb", as_version=4)
    (source,) = [cell.source for cell in notebook.cells if cell.cell_type == "code" and words in cell.source]
    shown = []
    namespace = {
        "ipywidgets": ipywidgets, "Markdown": Markdown, "display": shown.append, "os": __import__("os"), "plt": plt,
        "torch": torch, "nn": nn, "data": data, "models": models, "objectives": objectives, "plots": plots,
        "training": training, "x": data.two_spirals(100)[0], "WIDTH": 0.1, "arms": lambda *arguments: None,
    }  # fmt: skip
    exec(compile(source, "chapter 4", "exec"), namespace)
    return shown


def test_the_built_book_shows_one_sentence(monkeypatch):
    (shown,) = run_cell(True, monkeypatch)
    assert isinstance(shown, Markdown)


@pytest.mark.parametrize("beta", [0.1, 10.0])
def test_a_live_kernel_retrains_at_the_readers_beta(monkeypatch, beta):
    shown = run_cell(False, monkeypatch)
    row, _ = shown[0].children
    slider, button, bar = row.children
    assert bar.value == 0
    slider.value = beta
    button.click()
    assert bar.value == bar.max
    (figure,) = shown[1:]
    assert f"{beta:.2f}" in figure.alt
