"""A discrete latent: each slot of z is the number of a vector in a learned codebook (van den Oord et al. 2017)."""

import torch
from torch import nn

from ..arguments import float_tensor, last_dimension, whole_number
from ..distributions import Code
from ..randomness import generator_at, standard_noise
from .networks import by_rows
from .priors import IndependentCodes
from .vae import suitable


class VQVAE(nn.Module):
    """prior: learned probabilities of the codes; posterior: all mass on the nearest code; any likelihood.

    encoder: x (B, D) -> (B, slots * width)      decoder: (B, slots * width) -> parameters of the likelihood
    codebook: (codes, width), drawn from N(0, 1) by `seed`.      z: code numbers, int64 (..., slots).
    prior: a module called as prior(y), `IndependentCodes` unless given.      data_dim: D, to refuse another by name.
    Train it by `objectives.vq_elbo`: rounding has no path for the gradient.
    """

    def __init__(self, encoder, decoder, observation, slots, codes, width, seed=0, data_dim=None, prior=None):
        super().__init__()
        self.encoder, self.decoder, self.observation = encoder, decoder, observation
        self.slots, self.width = whole_number(slots, "slots"), whole_number(width, "width")
        self.data_dim = None if data_dim is None else whole_number(data_dim, "data_dim")
        size = whole_number(codes, "codes", least=2), width
        self.codebook = nn.Parameter(standard_noise(size, like=torch.empty(0), generator=generator_at(seed)))
        self.prior_module = IndependentCodes(slots, codes) if prior is None else prior

    def prior(self, y=None):
        """p(z) over the codes of all slots, batch shape ()."""
        return self.prior_module(y)

    def posterior(self, x, y=None):
        """q(z | x): all probability on the nearest codes, batch shape (B,)."""
        return Code(self.nearest(self.vectors(x)))

    def likelihood(self, z, y=None):
        """p(x | z), batch shape (...) for code numbers z (..., slots)."""
        return self.decode(self.codebook[self._codes(z)])

    def decode(self, vectors):
        """p(x | z) from the vectors that stand in the slots: (..., slots, width)."""
        return self.observation(by_rows(self.decoder, vectors.flatten(-2)))

    def vectors(self, x):
        """What the encoder says before rounding: (B, slots, width)."""
        said = by_rows(self.encoder, suitable(float_tensor(x, "x", "(B, D)", 1), "x", self.data_dim, self))
        return last_dimension(said, "encoder output", self.slots * self.width).unflatten(-1, (self.slots, self.width))

    def nearest(self, vectors):
        """The number of the nearest code: (B, slots, width) -> int64 (B, slots)."""
        return torch.cdist(vectors.detach().flatten(0, -2), self.codebook.detach()).argmin(-1).view(vectors.shape[:-1])

    def _codes(self, z):
        if not torch.is_tensor(z) or z.is_floating_point():
            got = z.dtype if torch.is_tensor(z) else type(z).__name__
            raise TypeError(f"z: got {got}, expected a tensor of code numbers (..., {self.slots})")
        last_dimension(z, "z", self.slots)
        codes = len(self.codebook)
        if z.numel() and not z.is_meta and not (0 <= z.min() and z.max() < codes):
            raise ValueError(f"z: got codes from {z.min()} to {z.max()}, expected 0 to {codes - 1}")
        return z
