"""KL divergences, each in nats per example: closed forms, and one sample where there is none."""

import math

import torch
from torch import distributions as td

from ..arguments import broadcast, float_tensor, last_dimension
from .chain import Chain
from .gaussian import DiagonalGaussian
from .points import PointMass


def gaussian_kl_per_dimension(mu, logvar, prior_mu=0.0, prior_logvar=0.0):
    """KL(N(mu, exp(logvar)) || N(prior_mu, exp(prior_logvar))) of each coordinate, same shape as mu, in nats.

    1/2 [ prior_logvar - logvar - 1 + (exp(logvar) + (mu - prior_mu)^2) / exp(prior_logvar) ]
    (Kingma & Welling 2014, appendix B, for the standard normal prior.)
    """
    float_tensor(mu, "mu", "(..., d)"), float_tensor(logvar, "logvar", "(..., d)")
    if mu.shape != logvar.shape:
        raise ValueError(f"logvar: got shape {tuple(logvar.shape)}, expected that of mu, {tuple(mu.shape)}")
    _, prior_mu = broadcast(mu, torch.as_tensor(prior_mu, dtype=mu.dtype, device=mu.device), ("mu", "prior_mu"))
    prior_logvar = torch.as_tensor(prior_logvar, dtype=mu.dtype, device=mu.device)
    _, prior_logvar = broadcast(mu, prior_logvar, ("mu", "prior_logvar"))
    mean_part = (mu - prior_mu).square() * torch.exp(-prior_logvar)
    log_ratio = logvar - prior_logvar
    return 0.5 * (mean_part + torch.expm1(log_ratio) - log_ratio)  # expm1(r) = exp(r) - 1, exact near 0 too


def gaussian_kl(mu, logvar, prior_mu=0.0, prior_logvar=0.0):
    """KL between diagonal Gaussians, summed over the last dimension: (B, d) -> (B,), nats per example, >= 0."""
    return gaussian_kl_per_dimension(mu, logvar, prior_mu, prior_logvar).sum(-1)


def full_gaussian_kl(mu, covariance, prior_mu=None, prior_covariance=None):
    """KL(N(mu, S) || N(m, P)) for full covariances, in nats: (..., d) and (..., d, d) -> (...).

    1/2 [ log det P - log det S - d + tr(P^-1 S) + (m - mu)^T P^-1 (m - mu) ]
    The prior is N(0, I) unless given. Raises ValueError for a covariance that is not symmetric positive definite.
    """
    d = float_tensor(mu, "mu", "(..., d)", least_dims=1).shape[-1]
    prior_mu = torch.zeros_like(mu) if prior_mu is None else last_dimension(prior_mu, "prior_mu", d)
    if prior_covariance is None:
        prior_covariance = torch.eye(d, dtype=mu.dtype, device=mu.device)
    L_q = _cholesky(covariance, d, "covariance")
    L_p = _cholesky(prior_covariance, d, "prior_covariance")
    batch = torch.broadcast_shapes(L_q.shape[:-2], L_p.shape[:-2], mu.shape[:-1], prior_mu.shape[:-1])
    L_p = L_p.expand(*batch, d, d)
    trace = torch.linalg.solve_triangular(L_p, L_q.expand(*batch, d, d), upper=False).square().sum((-2, -1))
    difference = (prior_mu - mu).expand(*batch, d).unsqueeze(-1)
    mahalanobis = torch.linalg.solve_triangular(L_p, difference, upper=False).square().sum((-2, -1))
    return 0.5 * (_log_det(L_p) - _log_det(L_q) - d + trace + mahalanobis)


def _cholesky(matrix, d, name):
    if float_tensor(matrix, name, f"(..., {d}, {d})").shape[-2:] != (d, d):
        raise ValueError(f"{name}: got shape {tuple(matrix.shape)}, expected (..., {d}, {d})")
    if not (matrix - matrix.mT).abs().max() <= 1e-5 * matrix.abs().max():
        raise ValueError(f"{name}: got a matrix that is not symmetric, expected a symmetric positive definite one")
    factor, info = torch.linalg.cholesky_ex(matrix)
    if (info != 0).any():
        raise ValueError(f"{name}: got a matrix that is not positive definite, expected a positive definite one")
    return factor


def _log_det(factor):
    return 2 * torch.log(torch.diagonal(factor, dim1=-2, dim2=-1)).sum(-1)


def uniform_kl(low, high):
    """KL(U(low, high) || N(0, 1)) summed over the last dimension: (B, d) -> (B,), nats per example.

    Per coordinate: -log(b - a) + 1/2 log(2 pi) + (a^2 + a b + b^2) / 6. Raises ValueError unless low < high.
    """
    low, high = broadcast(low, high, ("low", "high"))
    if not (low < high).all():
        raise ValueError("low: got a value that is not below high, expected low < high everywhere")
    second_moment = (low.square() + low * high + high.square()) / 3
    return (-torch.log(high - low) + 0.5 * math.log(2 * math.pi) + 0.5 * second_moment).sum(-1)


@td.register_kl(DiagonalGaussian, DiagonalGaussian)
def _(q, p):
    return gaussian_kl(q.mu, q.logvar, p.mu, p.logvar)


@td.register_kl(td.MultivariateNormal, DiagonalGaussian)
def _(q, p):
    return full_gaussian_kl(q.mean, q.covariance_matrix, p.mu, torch.diag_embed(torch.exp(p.logvar)))


@td.register_kl(DiagonalGaussian, td.MultivariateNormal)
def _(q, p):
    return full_gaussian_kl(q.mu, torch.diag_embed(torch.exp(q.logvar)), p.mean, p.covariance_matrix)


def kl_divergence(q, p, z=None):
    """KL(q || p) in nats per example, (B,): the closed form where one is known, else the one-sample estimate.

    The estimate is log q(z) - log p(z) at a z ~ q; it is unbiased, and may be negative. For two chains it is the sum
    of `chain_kl`. Raises ValueError when no closed form is known and no z was given, and for a PointMass, whose KL
    to any density is infinite.
    """
    if isinstance(q, PointMass):
        raise ValueError("q: got a PointMass, expected a distribution with a density: this KL is infinite")
    if isinstance(q, Chain) and isinstance(p, Chain) and z is not None:
        return chain_kl(q, p, z).sum(-1)
    try:
        return td.kl_divergence(q, p)
    except NotImplementedError:
        if z is None:
            raise ValueError(
                f"z: got None, expected a sample of q: KL({type(q).__name__} || {type(p).__name__}) has no closed form"
            ) from None
        return q.log_prob(z) - p.log_prob(z)


def chain_kl(q, p, z):
    """What each part of z, in its place, adds to KL(q || p) of two chains: (..., d) -> (..., L), nats per example.

    Where both draw their parts in one order, part l adds KL(q(z_l | part before) || p(z_l | part before)), in closed
    form where it has one, at the part before it in z ~ q. Where the orders differ it adds log q - log p at its value.
    Raises ValueError unless the parts of both have the same places and lengths.
    """
    pairs, others = q.laid_out(z), p.laid_out(z)
    lengths = [[part.shape[-1] for _, part in laid_out] for laid_out in (pairs, others)]
    if lengths[0] != lengths[1]:
        raise ValueError(f"p: got parts of lengths {lengths[1]}, expected those of q, {lengths[0]}")
    each = [
        kl_divergence(q_law, p_law, part) if q.order == p.order else q_law.log_prob(part) - p_law.log_prob(part)
        for (q_law, part), (p_law, _) in zip(pairs, others, strict=True)
    ]
    return torch.stack(torch.broadcast_tensors(*each), -1)
