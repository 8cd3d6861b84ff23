"""A discrete latent: each slot of z is the number of a vector in a learned codebook (van den Oord et al. 2017)."""

import torch
from torch import distributions as td
from torch import nn

from ..arguments import whole_number
from ..randomness import generator_at


class Code(td.Distribution):
    """All probability on one code in each slot: `log_prob` is 0 there and -inf elsewhere. value: int64 (..., slots)."""

    arg_constraints = {}  # noqa: RUF012

    def __init__(self, value):
        self.value = value
        super().__init__(value.shape[:-1], value.shape[-1:], validate_args=False)

    def log_prob(self, z):
        return torch.where((z == self.value).all(-1), 0.0, -torch.inf)

    def rsample(self, sample_shape=(), eps=None, generator=None):
        return self.value.expand(torch.Size(sample_shape) + self.value.shape)

    sample = rsample


class VQVAE(nn.Module):
    """prior: learned probabilities of the codes in each slot; posterior: all mass on the nearest code; any likelihood.

    encoder: x (B, D) -> (B, slots * width)      decoder: (..., slots * width) -> parameters of the likelihood
    codebook: (codes, width), drawn from N(0, 1) by `seed`.      z: code numbers, int64 (..., slots).
    """

    def __init__(self, encoder, decoder, observation, slots, codes, width, seed=0):
        super().__init__()
        self.encoder, self.decoder, self.observation = encoder, decoder, observation
        self.slots, self.width = whole_number(slots, "slots"), whole_number(width, "width")
        generator = generator_at(seed)
        start = torch.randn(whole_number(codes, "codes", least=2), width, generator=generator)
        self.codebook = nn.Parameter(start)
        self.prior_logits = nn.Parameter(torch.zeros(slots, codes))

    def prior(self, y=None):
        return td.Independent(td.Categorical(logits=self.prior_logits), 1)

    def posterior(self, x, y=None):
        return Code(self.nearest(self.vectors(x)))

    def likelihood(self, z, y=None):
        return self.observation(self.decoder(self.codebook[z].flatten(-2)))

    def vectors(self, x):
        """What the encoder says before rounding: (B, slots, width)."""
        return self.encoder(x).unflatten(-1, (self.slots, self.width))

    def nearest(self, vectors):
        """The number of the nearest code: (B, slots, width) -> int64 (B, slots)."""
        return torch.cdist(vectors.detach().flatten(0, -2), self.codebook.detach()).argmin(-1).view(vectors.shape[:-1])
