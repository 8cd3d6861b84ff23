"""Bounds on log p(x), as plain functions of a model (its three distributions) and a batch.

Every value is in nats per example: summed over dimensions, never averaged over the batch in here. Bad input raises
TypeError or ValueError that names the argument, what was got and what was expected.
"""

import math
from typing import NamedTuple

import torch
from torch import distributions as td

from .arguments import broadcast, float_tensor, last_dimension, non_negative, real_number, whole_number
from .distributions import DiagonalGaussian, PointMass, UniformBox


class Terms(NamedTuple):
    """The named terms of a bound, one number per example, (B,), in nats; `z` is the sample they were computed with."""

    elbo: torch.Tensor
    reconstruction: torch.Tensor
    kl: torch.Tensor
    z: torch.Tensor


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


@td.register_kl(UniformBox, DiagonalGaussian)
def _(q, p):
    spread = torch.exp(-0.5 * p.logvar)
    return uniform_kl((q.low - p.mu) * spread, (q.high - p.mu) * spread)


@td.register_kl(PointMass, DiagonalGaussian)
def _(q, p):
    return q.value.new_zeros(q.batch_shape)


@td.register_kl(td.MultivariateNormal, DiagonalGaussian)
def _(q, p):
    return full_gaussian_kl(q.mean, q.covariance_matrix, p.mu, torch.diag_embed(torch.exp(p.logvar)))


@td.register_kl(DiagonalGaussian, td.MultivariateNormal)
def _(q, p):
    return full_gaussian_kl(q.mu, torch.diag_embed(torch.exp(q.logvar)), p.mean, p.covariance_matrix)


def kl_divergence(q, p, z=None):
    """KL(q || p) in nats per example, (B,): the closed form where one is known, else the one-sample estimate.

    The estimate is log q(z) - log p(z) at a z ~ q; it is unbiased, and may be negative.
    Raises ValueError when no closed form is known and no z was given.
    """
    try:
        return td.kl_divergence(q, p)
    except NotImplementedError:
        if z is None:
            raise ValueError(
                f"z: got None, expected a sample of q: KL({type(q).__name__} || {type(p).__name__}) has no closed form"
            ) from None
        return q.log_prob(z) - p.log_prob(z)


def _posterior(model, x, y):
    """q(z | x), after the two mistakes that torch would report most obscurely."""
    missing = [name for name in ("prior", "posterior", "likelihood") if not callable(getattr(model, name, None))]
    if missing:
        got = f"{type(model).__name__} without {', '.join(missing)}"
        raise TypeError(f"model: got {got}, expected an object with prior, posterior and likelihood")
    return model.posterior(float_tensor(x, "x", "(B, D)", least_dims=2), y)


def elbo(model, x, y=None, beta=1.0, eps=None, generator=None):
    """The evidence lower bound, E_q[log p(x | z)] - beta KL(q(z | x) || p(z)), from one sample of z per example.

    x: (B, D). Returns `Terms`, each (B,), in nats per example; the loss to minimize is `-terms.elbo.mean()`.
    With beta = 1 the expectation over eps is a lower bound on log p(x) (Kingma & Welling 2014); beta > 1 is the
    beta-VAE (Higgins et al. 2017). For an autoencoder's point mass, which has no density, kl is 0
    and the value is no bound.
    """
    q = _posterior(model, x, y)
    z = q.rsample(eps=eps, generator=generator)
    reconstruction = model.likelihood(z, y).log_prob(x)
    kl = kl_divergence(q, model.prior(y), z)
    return Terms(reconstruction - beta * kl, reconstruction, kl, z)


def log_weights(model, x, k, y=None, eps=None, generator=None):
    """log w = log p(x | z) + log p(z) - log q(z | x) for k samples z ~ q(z | x): (k, B), nats per example.

    E_q[w] = p(x), for any q that reaches wherever p(x, z) > 0. Raises ValueError unless k is a whole number >= 1.
    """
    whole_number(k, "k")
    q = _posterior(model, x, y)
    z = q.rsample((k,), eps=eps, generator=generator)
    return model.likelihood(z, y).log_prob(x) + model.prior(y).log_prob(z) - q.log_prob(z)


def importance_bound(model, x, k, y=None, eps=None, generator=None):
    """The importance-weighted bound log (1/k sum_i w_i) <= log p(x): (B,), nats per example.

    In expectation it rises with k and tends to log p(x); k = 1 is the ELBO (Burda et al. 2016).
    """
    return torch.logsumexp(log_weights(model, x, k, y, eps, generator), dim=0) - math.log(k)


def importance_weighted(model, x, y=None, beta=1.0, eps=None, generator=None, *, k):
    """The importance-weighted bound as an objective for `fit`: `Terms` whose `elbo` is the bound with k samples.

    `reconstruction` and `kl` are the averages over the k samples. Raises ValueError unless beta is 1.
    """
    if beta != 1.0:
        raise ValueError(f"beta: got {beta}, expected 1.0: the importance-weighted bound has no KL weight")
    whole_number(k, "k")
    q = _posterior(model, x, y)
    z = q.rsample((k,), eps=eps, generator=generator)
    reconstruction = model.likelihood(z, y).log_prob(x)
    log_ratio = q.log_prob(z) - model.prior(y).log_prob(z)
    bound = torch.logsumexp(reconstruction - log_ratio, dim=0) - math.log(k)
    return Terms(bound, reconstruction.mean(0), log_ratio.mean(0), z)


def vq_elbo(model, x, y=None, beta=1.0, commitment=0.25):
    """The bound of a VQ-VAE as an objective for `fit`: `Terms`, each (B,), nats per example.

    KL(q || p) = -log p(z), because q has all its mass on one z: the ELBO is log p(x | z) + log p(z). Rounding has no
    gradient: the decoder's is handed straight through to the encoder, codes are drawn to the vectors that chose them,
    and the vectors to their codes by `commitment`. These two pulls are part of the objective, not of the bound.
    """
    vectors = model.vectors(x)
    z = model.nearest(vectors)
    chosen = model.codebook[z]
    through = vectors + (chosen - vectors).detach()
    reconstruction = model.observation(model.decoder(through.flatten(-2))).log_prob(x)
    kl = -model.prior(y).log_prob(z)
    pulls = (chosen - vectors.detach()).square() + commitment * (vectors - chosen.detach()).square()
    return Terms(reconstruction - beta * kl - pulls.sum((-2, -1)), reconstruction, kl, z)


def free_bits_kl(kl_per_dimension, minimum):
    """sum_j max(minimum, mean over the batch of KL_j), in nats (Kingma et al. 2016): (B, d) -> scalar.

    A dimension whose average KL is below `minimum` costs `minimum` and gets no gradient.
    """
    float_tensor(kl_per_dimension, "kl_per_dimension", "(B, d)", least_dims=2)
    real_number(minimum, "minimum", lambda nats: nats >= 0, "of nats >= 0")
    return kl_per_dimension.mean(0).clamp(min=minimum).sum()


def linear_warmup(fraction, start=0.0, end=1.0):
    """A schedule for beta: from `start` to `end` over the first `fraction` of training (Bowman et al. 2016).

    Returns a function of progress in [0, 1].
    """
    _share(fraction, "fraction")
    return lambda progress: start + (end - start) * min(1.0, progress / fraction)


def cyclical_warmup(cycles, ramp=0.5, end=1.0):
    """A schedule for beta that climbs from 0 to `end` in each of `cycles` equal cycles (Fu et al. 2019).

    The climb takes the first `ramp` of a cycle; beta stays at `end` for the rest. Returns a function of progress.
    """
    whole_number(cycles, "cycles"), _share(ramp, "ramp")
    return lambda progress: end * min(1.0, (min(progress, 1 - 1e-9) * cycles % 1) / ramp)


def _share(value, name):
    real_number(value, name, lambda share: 0 < share <= 1, "in (0, 1]")


def effective_beta(reconstruction_scale, kl_scale, kind="mse", sigma=1.0):
    """The beta of the beta-VAE that a loss  reconstruction_scale * R + kl_scale * KL  hides.

    R is the reconstruction error summed over the pixels: `kind="mse"` for sum (x - mean)^2, whose Gaussian
    log-likelihood is -R / (2 sigma^2); `kind="nll"` for a negative log-likelihood such as binary cross-entropy.
    A loss that averages R over D pixels has reconstruction_scale = 1/D. KL is summed over latent dimensions.

        beta = kl_scale / (reconstruction_scale * 2 sigma^2)   for "mse"
        beta = kl_scale / reconstruction_scale                 for "nll"
    """
    real_number(reconstruction_scale, "reconstruction_scale", lambda scale: scale > 0, "> 0")
    non_negative(kl_scale, "kl_scale")
    real_number(sigma, "sigma", lambda sigma: sigma > 0, "> 0")
    if kind not in ("mse", "nll"):
        raise ValueError(f"kind: got {kind!r}, expected 'mse' or 'nll'")
    per_nat = 2 * sigma**2 if kind == "mse" else 1.0
    return kl_scale / (reconstruction_scale * per_nat)


def pathwise_gradient(f, mu, logvar, eps):
    """One-sample estimates of d/dmu E[f(z)] with z = mu + sigma eps, through f: eps (n, d) -> (n, d)."""
    mean = mu.detach().expand(eps.shape).clone().requires_grad_()
    z = mean + torch.exp(0.5 * logvar).detach() * eps
    return torch.autograd.grad(_values(f, z).sum(), mean)[0]


def score_function_gradient(f, mu, logvar, eps, baseline=0.0):
    """One-sample estimates of d/dmu E[f(z)] as (f(z) - baseline) * d log q(z) / dmu: eps (n, d) -> (n, d).

    d log q(z) / dmu = (z - mu) / sigma^2 = eps / sigma. f needs no gradient; the baseline must not depend on z
    (Williams 1992).
    """
    sigma = torch.exp(0.5 * logvar)
    z = mu + sigma * eps
    return ((_values(f, z) - baseline).unsqueeze(-1) * eps / sigma).detach()


def _values(f, z):
    values = f(z)
    if values.shape != z.shape[:-1]:
        got, expected = tuple(values.shape), tuple(z.shape[:-1])
        raise ValueError(f"f: got values of shape {got}, expected {expected}, one for each z")
    return values
