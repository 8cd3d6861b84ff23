"""Training: the run under every loop, and the loop of the book on top of it."""

from .fit import fit, fit_encoder_first
from .history import History
from .run import Batch, Run

__all__ = ["Batch", "History", "Run", "fit", "fit_encoder_first"]
