"""Models of p(x | y): the label enters the prior, the encoder, the decoder, or all three."""

import torch
import torch.nn.functional as F

from ..arguments import whole_number
from ..distributions import DiagonalGaussian
from .networks import by_rows
from .priors import class_labels
from .vae import VAE, suitable

PLACES = ("encoder", "decoder", "prior")


class ConditionalVAE(VAE):
    """A VAE of x given y, with y written beside the input of every network named in `label_in` (Sohn et al. 2015).

    "encoder": q(z | x, y)     "decoder": p(x | z, y)     "prior": p(z | y) = N(m(y), diag s(y)^2), learned.
    Left out of a place, y does not reach it: q(z | x), p(x | z), p(z) = N(0, I).
    y: int64 labels (B,) when `classes` is given, else float conditions (B, condition_dim).
    prior: a `GaussianPrior` (or any module of that kind) when and only when "prior" is in label_in; it gets what
    `condition(y)` makes of y.
    """

    def __init__(
        self, encoder, decoder, observation, latent_dim, *, classes=None, condition_dim=None, label_in=PLACES[:2],
        prior=None, data_dim=None,
    ):  # fmt: skip
        if (classes is None) == (condition_dim is None):
            got = f"{classes} and {condition_dim}"
            raise ValueError(f"classes, condition_dim: got {got}, expected exactly one of the two")
        named = places(label_in)
        if ("prior" in named) != (prior is not None):
            got = type(prior).__name__
            raise ValueError(f"prior: got {got}, expected a module exactly when 'prior' is in label_in")
        super().__init__(encoder, decoder, observation, latent_dim, data_dim, prior)
        self.classes, self.label_in = classes, named
        name, width = ("classes", classes) if condition_dim is None else ("condition_dim", condition_dim)
        self.condition_dim = whole_number(width, name)

    def prior(self, y=None):
        return self.prior_module(self.condition(y) if "prior" in self.label_in else None)

    def posterior(self, x, y=None):
        x = suitable(x, "x", self.data_dim, self)
        return DiagonalGaussian.of(self._encode(x, self._beside("encoder", x, y)))

    def likelihood(self, z, y=None):
        z = suitable(z, "z", self.latent_dim, self)
        condition = self._beside("decoder", z, y)
        return self.observation(by_rows(self.decoder, z if condition is None else torch.cat([z, condition], -1)))

    def condition(self, y):
        """What the networks see of y: one-hot labels (B, classes), or the float condition itself."""
        if self.classes is not None:
            return F.one_hot(class_labels(y, self.classes), self.classes).to(next(self.parameters()).dtype)
        if not (torch.is_tensor(y) and y.is_floating_point()):
            raise TypeError(f"y: got {getattr(y, 'dtype', type(y).__name__)}, expected a float tensor of conditions")
        return suitable(y, "y", self.condition_dim, self)

    def _beside(self, place, values, y):
        """The condition for each row of values (..., n): (..., C), or None where y does not reach that place."""
        if place not in self.label_in:
            return None
        condition, rows = self.condition(y), values.shape[:-1]
        labels = condition.shape[:-1]
        if labels != rows[len(rows) - len(labels) :]:
            raise ValueError(f"y: got {tuple(labels)} labels, expected {tuple(rows[-1:])}, one for each example")
        return condition.expand(*rows, condition.shape[-1])


def places(label_in):
    """label_in as a tuple. Raises TypeError or ValueError for anything but some of PLACES."""
    if isinstance(label_in, str) or not hasattr(label_in, "__iter__"):
        raise TypeError(f"label_in: got {label_in!r}, expected a list of some of {PLACES}")
    if set(label_in) - set(PLACES):
        raise ValueError(f"label_in: got {label_in!r}, expected some of {PLACES}")
    return tuple(label_in)
