"""An autoregressive likelihood: each bit of a sequence is predicted from z and from the bits before it."""

import torch
import torch.nn.functional as F
from torch import distributions as td
from torch import nn

from ..arguments import real_number, whole_number
from ..randomness import seeded
from .vae import VAE, mlp


class ContextNetwork(nn.Module):
    """Logits of every bit from z and the `context` bits before it: z (..., d), x (B, L) -> (..., B, L).

    Bits enter as -1 and +1, and what lies before the first bit as 0. With context 0 the bits are independent given z;
    with context L - 1 the network can model any sequence without z. In training each bit of the context is blanked
    with probability `dropout` (Bowman et al. 2016).
    """

    def __init__(self, latent_dim, context, hidden=64, dropout=0.0):
        super().__init__()
        self.context, self.dropout = context, dropout
        self.from_z = nn.Linear(latent_dim, hidden)
        self.from_context = nn.Linear(context, hidden, bias=False) if context else None
        self.rest = nn.Sequential(nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, 1))

    def forward(self, z, x):
        hidden = self.from_z(z).unsqueeze(-2)  # (..., 1, hidden)
        if self.context:
            before = F.pad(2 * x - 1, (self.context, 0))[:, :-1].unfold(-1, self.context, 1)  # (B, L, context)
            if self.training and self.dropout:
                before = before * (torch.rand_like(before) >= self.dropout)
            hidden = hidden + self.from_context(before)
        else:
            hidden = hidden.expand(*hidden.shape[:-2], x.shape[-1], hidden.shape[-1])
        return self.rest(hidden).squeeze(-1)


class AutoregressiveBernoulli(td.Distribution):
    """p(x | z) = prod_t p(x_t | x_<t, z) over sequences of L bits, for codes z (..., B, d)."""

    arg_constraints = {}  # noqa: RUF012

    def __init__(self, network, z, length):
        self.network, self.z = network, z
        super().__init__(z.shape[:-1], torch.Size([length]), validate_args=False)

    def log_prob(self, x):
        """sum_t log p(x_t | x_<t, z): x (B, L) -> (..., B), nats per example."""
        logits = self.network(self.z, x)
        return -F.binary_cross_entropy_with_logits(logits, x.expand_as(logits), reduction="none").sum(-1)

    @torch.no_grad()
    def sample(self, sample_shape=()):
        """Draw the bits one after the other: (B, L). Only for z of shape (B, d) and without sample_shape."""
        if sample_shape or self.z.ndim != 2:
            got = f"{tuple(self.z.shape)} and sample_shape {tuple(sample_shape)}"
            raise ValueError(f"z: got shape {got}, expected (B, d) and no sample_shape")
        x = torch.zeros(len(self.z), *self.event_shape)
        for t in range(x.shape[1]):
            x[:, t] = torch.bernoulli(torch.sigmoid(self.network(self.z, x)[:, t]))
        return x


class SequenceVAE(VAE):
    """A VAE of bit sequences x (B, L) whose likelihood is autoregressive over the last `context` bits."""

    def __init__(self, encoder, network, latent_dim, length):
        super().__init__(encoder, network, None, latent_dim, length)

    def likelihood(self, z, y=None):
        return AutoregressiveBernoulli(self.decoder, z, self.data_dim)


def sequence_vae(length, latent_dim, context, hidden=64, dropout=0.0, seed=0):
    """A SequenceVAE with a perceptron as encoder. Raises ValueError unless 0 <= context < length."""
    if whole_number(context, "context", least=0) >= whole_number(length, "length"):
        raise ValueError(f"context: got {context}, expected less than length = {length}")
    real_number(dropout, "dropout", lambda p: 0 <= p < 1, "in [0, 1)")
    whole_number(latent_dim, "latent_dim")
    with seeded(seed):
        encoder = mlp([length, hidden, 2 * latent_dim])
        network = ContextNetwork(latent_dim, context, hidden, dropout)
    return SequenceVAE(encoder, network, latent_dim, length)
