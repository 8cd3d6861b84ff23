"""The linear VAE, whose every quantity has a closed form."""

from functools import partial

import torch
from torch import nn
from torch.distributions import LowRankMultivariateNormal, MultivariateNormal

from ..arguments import float_tensor, last_dimension, whole_number
from ..distributions import DiagonalGaussian
from ..randomness import generator_at, standard_noise
from .observations import GaussianObservation
from .vae import suitable


class LinearVAE(nn.Module):
    """The VAE whose every quantity is known: x = W z + b + sigma eps (probabilistic PCA, Tipping & Bishop 1999).

    prior N(0, I), likelihood N(W z + b, sigma^2 I), posterior N(V (x - b), diag exp(logvar)), with one logvar (d,)
    shared by all x. `sigma` is a number, or "shared" to learn it.
    """

    def __init__(self, data_dim, latent_dim, sigma=1.0, seed=0):
        super().__init__()
        self.data_dim = whole_number(data_dim, "data_dim")
        self.latent_dim = whole_number(latent_dim, "latent_dim")
        if latent_dim >= data_dim:
            raise ValueError(f"latent_dim: got {latent_dim}, expected less than data_dim = {data_dim}")
        if sigma in ("per_pixel", "optimal"):
            raise ValueError(f"sigma: got {sigma!r}, expected a number > 0 or 'shared'")
        start = partial(standard_noise, like=torch.empty(0), generator=generator_at(seed))
        self.W = nn.Parameter(0.1 * start((data_dim, latent_dim)))
        self.V = nn.Parameter(0.1 * start((latent_dim, data_dim)))
        self.b = nn.Parameter(torch.zeros(data_dim))
        self.logvar = nn.Parameter(torch.zeros(latent_dim))
        self.observation = GaussianObservation(sigma)

    @property
    def sigma2(self):
        return torch.exp(self.observation.logvar)

    def prior(self, y=None):
        """p(z) = N(0, I), batch shape ()."""
        zeros = torch.zeros_like(self.logvar)
        return DiagonalGaussian(zeros, zeros)

    def posterior(self, x, y=None):
        """q(z | x) = N(V (x - b), diag exp(logvar)), batch shape (B,)."""
        return DiagonalGaussian((suitable(x, "x", self.data_dim, self) - self.b) @ self.V.T, self.logvar)

    def likelihood(self, z, y=None):
        """p(x | z) = N(W z + b, sigma^2 I), batch shape (...) for z (..., d)."""
        return self.observation(suitable(z, "z", self.latent_dim, self) @ self.W.T + self.b)

    def log_evidence(self, x):
        """The exact log p(x) = log N(x; b, W W^T + sigma^2 I): (B, D) -> (B,), nats per example.

        Computed in double precision: with a small sigma, large terms cancel.
        """
        W, b, sigma2 = self.W.double(), self.b.double(), self.sigma2.double()
        marginal = LowRankMultivariateNormal(b, W, sigma2.expand(self.data_dim), validate_args=False)
        return marginal.log_prob(last_dimension(x, "x", self.data_dim).double()).to(self.W.dtype)

    def exact_posterior(self, x):
        """p(z | x) = N(M^-1 W^T (x - b), sigma^2 M^-1) with M = W^T W + sigma^2 I: a MultivariateNormal over (B, d)."""
        W, sigma2 = self.W.double(), self.sigma2.double()
        inverse = torch.linalg.inv(W.T @ W + sigma2 * torch.eye(self.latent_dim, dtype=W.dtype, device=W.device))
        mean = (last_dimension(x, "x", self.data_dim) - self.b).double() @ W @ inverse
        factor = torch.linalg.cholesky(sigma2 * (inverse + inverse.T) / 2)
        return MultivariateNormal(mean.to(self.W.dtype), scale_tril=factor.to(self.W.dtype), validate_args=False)

    @torch.no_grad()
    def fit_exact(self, x):
        """Set W, b (and sigma, where it is learned) to their maximum-likelihood values on x (N, D), V and logvar
        to the exact posterior. A dimension whose eigenvalue is below sigma^2 gets a zero column in W. Returns self.
        """
        float_tensor(x, "x", f"(N, {self.data_dim})")
        if x.ndim != 2 or x.shape[1] != self.data_dim or len(x) < 2:
            raise ValueError(f"x: got shape {tuple(x.shape)}, expected (N, {self.data_dim}) with N >= 2")
        values, vectors = torch.linalg.eigh(torch.cov(x.T.double(), correction=0))
        values, vectors = values.flip(0), vectors.flip(1)
        if isinstance(self.observation.logvar, nn.Parameter):
            residue = values[self.latent_dim :].mean()
            if not residue > 1e-12 * values[0]:
                raise ValueError(f"x: got rank <= {self.latent_dim}, where the best sigma is 0; expected a higher rank")
            self.observation.logvar.copy_(torch.log(residue))
        excess = (values[: self.latent_dim] - self.sigma2).clamp(min=0)
        self.b.copy_(x.mean(0))
        self.W.copy_(vectors[:, : self.latent_dim] * excess.sqrt())
        self.V.copy_(self.W.T / (excess + self.sigma2).unsqueeze(-1))
        self.logvar.copy_(torch.log(self.sigma2 / (excess + self.sigma2)))
        return self
