"""A variational autoencoder is three distributions: prior(z), posterior(z | x), likelihood(x | z).

Every model in this package is an object with those three methods, every objective is a plain
function of such a model and a batch. Submodules are loaded when first used.
"""

import importlib

__version__ = "0.2.0"
__all__ = [
    "checks",
    "classifier",
    "data",
    "distributions",
    "evaluation",
    "models",
    "objectives",
    "plots",
    "storage",
    "training",
    "widgets",
]


def __getattr__(name):
    if name in __all__:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
