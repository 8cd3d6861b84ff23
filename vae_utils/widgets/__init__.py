"""Widgets: one Python class and one ES module each, alive in a kernel and on a static page.

This folder holds the widgets, `parts` what they share, `playground` what trains in the page, `lab` and `side_by_side`
what those two alone use. One is shown by

    widgets.KL(mu=0.5)
"""

import importlib

# One line a widget: its class and the module that holds it.
_HOME = {
    "BetaSweep": "beta_sweep",
    "ClassStyle": "class_style",
    "CodebookPainter": "codebook_painter",
    "CollapseFilm": "collapse_film",
    "Critic": "critic",
    "ELBO": "elbo",
    "Face": "face",
    "FactorSliders": "factor_sliders",
    "ForwardReverse": "forward_reverse",
    "FrontMap": "front_map",
    "ImportanceBound": "importance_bound",
    "KL": "kl",
    "Lab": "lab",
    "Ladder": "ladder",
    "LatentDiffusion": "latent_diffusion",
    "LatentExplorer": "latent_explorer",
    "ObjectiveChooser": "objective_chooser",
    "Playground": "playground",
    "PriorWorkshop": "prior_workshop",
    "Reparameterization": "reparameterization",
    "SideBySide": "side_by_side",
    "TSlider": "t_slider",
    "Transformation": "transformation",
    "TwoRanks": "two_ranks",
    "Widget": "parts.host",
}

__all__ = sorted(_HOME)


def __getattr__(name):
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it has {', '.join(__all__)}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__():
    return __all__
