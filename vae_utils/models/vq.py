"""A discrete latent: each slot of z is the number of a vector in a learned codebook (van den Oord et al. 2017)."""

import torch
from torch import distributions as td
from torch import nn

from ..arguments import whole_number
from ..distributions import PointMass


class VQVAE(nn.Module):
    """prior: learned probabilities of the codes in each slot; posterior: all mass on the nearest code; any likelihood.

    encoder: x (B, D) -> (B, slots * width)      decoder: (..., slots * width) -> parameters of the likelihood
    codebook: (codes, width).      z: code numbers, int64 (..., slots).
    """

    def __init__(self, encoder, decoder, observation, slots, codes, width):
        super().__init__()
        self.encoder, self.decoder, self.observation = encoder, decoder, observation
        self.slots, self.width = whole_number(slots, "slots"), whole_number(width, "width")
        self.codebook = nn.Parameter(torch.randn(whole_number(codes, "codes", least=2), width))
        self.prior_logits = nn.Parameter(torch.zeros(slots, codes))

    def prior(self, y=None):
        return td.Independent(td.Categorical(logits=self.prior_logits), 1)

    def posterior(self, x, y=None):
        return PointMass(self.nearest(self.vectors(x)))

    def likelihood(self, z, y=None):
        return self.observation(self.decoder(self.codebook[z].flatten(-2)))

    def vectors(self, x):
        """What the encoder says before rounding: (B, slots, width)."""
        return self.encoder(x).unflatten(-1, (self.slots, self.width))

    def nearest(self, vectors):
        """The number of the nearest code: (B, slots, width) -> int64 (B, slots)."""
        return torch.cdist(vectors.detach().flatten(0, -2), self.codebook.detach()).argmin(-1).view(vectors.shape[:-1])
