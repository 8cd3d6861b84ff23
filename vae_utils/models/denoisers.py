"""What guesses the data under the noise: called as denoiser(z, time), rows (N, D) and (N, 1), to (N, D)."""

import math

import torch
from torch import nn

from ..arguments import float_tensor, last_dimension, positive, whole_number
from ..distributions import GaussianMixture
from ..distributions.noising import alpha_sigma
from ..randomness import seeded
from .networks import mlp


class TimedNetwork(nn.Module):
    """A perceptron that sees z and, as waves, a time: z (N, D), time (N, 1), or one for all, () -> (N, D).

    The time enters as sin and cos of `waves` multiples of it, from half a turn to 16 turns over `span`: take 16, as
    log SNR runs from 8 to -8, for a diffusion, and 1 for a flow over times from 0 to 1.
    In the plane take ReLU: with a smooth activation the network stays at the best linear guess for long.
    """

    def __init__(self, data_dim, hidden=(128, 128, 128), span=16.0, waves=8, activation=nn.ReLU, seed=0):
        super().__init__()
        self.data_dim = whole_number(data_dim, "data_dim")
        turns = torch.logspace(-1, 4, whole_number(waves, "waves"), base=2) / positive(span, "span")
        self.register_buffer("frequencies", 2 * math.pi * turns, persistent=False)
        with seeded(seed):
            self.layers = mlp([data_dim + 2 * waves, *hidden, data_dim], activation)

    def forward(self, z, time):
        last_dimension(z, "z", self.data_dim)
        time = time.expand(len(z), 1) if time.ndim == 0 else last_dimension(time, "time", 1)
        phases = time * self.frequencies
        return self.layers(torch.hstack([z, phases.sin(), phases.cos()]))


class MixtureDenoiser(nn.Module):
    """E[x | z_t], the best guess there is, for data from a `GaussianMixture`: an x-prediction without a weight.

    Given component k, z_t is N(alpha m_k, alpha^2 s_k^2 + sigma^2) and E[x | z_t, k] = m_k + alpha s_k^2 (z_t - alpha
    m_k) / (alpha^2 s_k^2 + sigma^2); the components count by their probability given z_t.
    """

    def __init__(self, mixture):
        super().__init__()
        if not isinstance(mixture, GaussianMixture):
            raise TypeError(f"mixture: got {type(mixture).__name__}, expected a GaussianMixture")
        parts = {"logits": mixture.logits, "mu": mixture.components.mu, "logvar": mixture.components.logvar}
        for name, value in parts.items():
            self.register_buffer(name, value.detach(), persistent=False)

    def forward(self, z, log_snr):
        last_dimension(z, "z", self.mu.shape[-1])
        alpha, sigma = alpha_sigma(log_snr[:, None])  # (N, 1, 1)
        own = self.logvar.exp()
        variance = alpha.square() * own + sigma.square()  # (N, K, D)
        away = z.unsqueeze(-2) - alpha * self.mu
        log_p = -0.5 * (away.square() / variance + variance.log()).sum(-1)
        counts = (self.logits.log_softmax(-1) + log_p).softmax(-1)
        return (counts.unsqueeze(-1) * (self.mu + alpha * own / variance * away)).sum(-2)


class LinearDenoiser(nn.Module):
    """The best linear guess from the mean and covariance of x (N, D), and what a network adds: an x-prediction.

    In the directions of the covariance, with variances l, the guess is m + a (z - alpha m), a = alpha l / (alpha^2 l +
    sigma^2) (Wiener 1949), and errs by c = sqrt(l / (alpha^2 l + sigma^2)) sigma. The network, of widths `hidden`, sees
    z in these directions at variance 1; its answer, 0 at the start, is added in units of c. So training starts at the
    likelihood of one full Gaussian. With hidden=None there is no network: E[x | z_t] for Gaussian data.
    """

    def __init__(self, x, hidden=None, span=16.0, seed=0):
        super().__init__()
        rows = float_tensor(x, "x", "(N, D)", least_dims=2).detach()
        variances, directions = torch.linalg.eigh(rows.mT.cov().reshape(rows.shape[1], -1))
        self.register_buffer("mean", rows.mean(0))
        self.register_buffer("directions", directions)
        self.register_buffer("variances", variances.clamp(min=1e-6))
        self.network = None
        if hidden is not None:
            self.network = TimedNetwork(rows.shape[1], hidden, span, seed=seed).to(rows)
            nn.init.zeros_(self.network.layers[-1].weight)
            nn.init.zeros_(self.network.layers[-1].bias)

    def forward(self, z, log_snr):
        alpha, sigma = alpha_sigma(log_snr)
        total = alpha.square() * self.variances + sigma.square()
        away = (last_dimension(z, "z", len(self.mean)) - alpha * self.mean) @ self.directions
        guess = alpha * self.variances / total * away
        if self.network is not None:
            guess = guess + (self.variances / total).sqrt() * sigma * self.network(away / total.sqrt(), log_snr)
        return self.mean + guess @ self.directions.mT
