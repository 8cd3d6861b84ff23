"""Bounds on log p(x), as plain functions of a model (its three distributions) and a batch."""

import math
from typing import Any, NamedTuple

import torch

from ..arguments import float_tensor, non_negative, whole_number
from ..distributions import Chain, PointMass, chain_kl, kl_divergence


class Terms(NamedTuple):
    """The named terms of a bound: `elbo`, `reconstruction` and `kl` are (B,), one number per example, in nats.

    z: the sample they were computed with, (B, d), or (k, B, d) for k samples.
    q: the posterior q(z | x) it was drawn from, where the objective hands it on, for a look at each dimension.
    levels: what each level of a hierarchy adds to `kl`, (B, L) from the front of z, where there are levels.
    """

    elbo: torch.Tensor
    reconstruction: torch.Tensor
    kl: torch.Tensor
    z: torch.Tensor
    q: Any = None
    levels: torch.Tensor | None = None


def posterior(model, x, y=None):
    """q(z | x) for x (B, D), after the mistakes that torch would report most obscurely."""
    missing = [name for name in ("prior", "posterior", "likelihood") if not callable(getattr(model, name, None))]
    if missing == ["posterior"]:
        got = type(model).__name__
        raise TypeError(f"model: got {got}, which has no posterior, so no ELBO; expected one with all three methods")
    if missing:
        got = f"{type(model).__name__} without {', '.join(missing)}"
        raise TypeError(f"model: got {got}, expected an object with prior, posterior and likelihood")
    return model.posterior(float_tensor(x, "x", "(B, D)", least_dims=2), y)


def draw(q, sample_shape=(), eps=None, generator=None):
    """z ~ q, with a path for the gradient. Raises TypeError where q has none and gradients are being recorded."""
    noise = {name: value for name, value in (("eps", eps), ("generator", generator)) if value is not None}
    if q.has_rsample:
        return q.rsample(sample_shape, **noise)
    if torch.is_grad_enabled():
        raise TypeError(
            f"model: got the posterior {type(q).__name__}, which has no path for the gradient to the encoder, expected "
            "one with rsample; a VQ-VAE is trained by vq_elbo, and looked at under torch.no_grad()"
        )
    return q.sample(sample_shape, **noise)


def per_example(values, shape, distribution):
    """The values themselves. Raises ValueError unless there is one for each example (and sample)."""
    if values.shape != shape:
        raise ValueError(
            f"model: got {tuple(values.shape)} values from the {distribution}, expected {tuple(shape)}, one for each "
            "example; torch.distributions.Independent(..., 1) sums over the dimensions of a vector"
        )
    return values


def elbo(model, x, y=None, beta=1.0, eps=None, generator=None):
    """The evidence lower bound, E_q[log p(x | z)] - beta KL(q(z | x) || p(z)), from one sample of z per example.

    x: (B, D). y: labels or conditions, as the model wants them. eps (B, d): the noise of z ~ q(z | x), drawn from
    `generator` unless given. Returns `Terms`, each (B,), in nats per example; the loss is `-terms.elbo.mean()`.
    With beta = 1 the expectation over eps is a lower bound on log p(x) (Kingma & Welling 2014); beta > 1 is the
    beta-VAE (Higgins et al. 2017).
    Raises TypeError for a model without the three methods, or whose posterior has no path for the gradient (train a
    VQ-VAE by `vq_elbo`), ValueError for a negative beta, for an autoencoder's point mass, whose KL is infinite (train
    it by `reconstruction`), or for a distribution that does not sum over its dimensions.
    """
    non_negative(beta, "beta")
    q = posterior(model, x, y)
    if isinstance(q, PointMass):
        got = f"{type(model).__name__}, whose posterior is a point with an infinite KL"
        raise ValueError(f"model: got {got}, expected a posterior with a density; `reconstruction` trains it")
    z = draw(q, (), eps, generator)
    log_p = per_example(model.likelihood(z, y).log_prob(x), x.shape[:1], "likelihood")
    p = model.prior(y)
    levels = chain_kl(q, p, z) if isinstance(q, Chain) and isinstance(p, Chain) else None
    kl = kl_divergence(q, p, z) if levels is None else levels.sum(-1)
    per_example(kl, x.shape[:1], "KL of posterior and prior")
    return Terms(log_p - beta * kl, log_p, kl, z, q, levels)


def reconstruction(model, x, y=None, beta=1.0, eps=None, generator=None):
    """E_q[log p(x | z)] alone, from one sample of z per example: what an autoencoder is trained by. It is no bound.

    x: (B, D). Returns `Terms`, each (B,), in nats per example, with kl = 0; beta, which weighs it, changes nothing.
    """
    q = posterior(model, x, y)
    z = draw(q, (), eps, generator)
    log_p = per_example(model.likelihood(z, y).log_prob(x), x.shape[:1], "likelihood")
    return Terms(log_p, log_p, torch.zeros_like(log_p), z, q)


def log_weights(model, x, k, y=None, eps=None, generator=None):
    """log w = log p(x | z) + log p(z) - log q(z | x) for k samples z ~ q(z | x): (k, B), nats per example.

    E_q[w] = p(x), for any q that reaches wherever p(x, z) > 0. Raises ValueError unless k is a whole number >= 1.
    """
    log_p, log_ratio, *_ = _samples(model, x, k, y, eps, generator)
    return log_p - log_ratio


def importance_bound(model, x, k, y=None, eps=None, generator=None):
    """The importance-weighted bound log (1/k sum_i w_i) <= log p(x): (B,), nats per example.

    In expectation it rises with k and tends to log p(x); k = 1 is the ELBO (Burda et al. 2016). To train by it, use
    `importance_weighted`, which returns `Terms`.
    """
    return torch.logsumexp(log_weights(model, x, k, y, eps, generator), dim=0) - math.log(k)


def importance_weighted(model, x, y=None, beta=1.0, eps=None, generator=None, *, k):
    """`importance_bound` as an objective for `fit`: `Terms` whose `elbo` is the bound with k samples, z (k, B, d).

    `reconstruction` and `kl` are the averages over the k samples. Raises ValueError unless beta is 1.
    """
    if beta != 1.0:
        raise ValueError(f"beta: got {beta}, expected 1.0: the importance-weighted bound has no KL weight")
    log_p, log_ratio, z, q = _samples(model, x, k, y, eps, generator)
    bound = torch.logsumexp(log_p - log_ratio, dim=0) - math.log(k)
    return Terms(bound, log_p.mean(0), log_ratio.mean(0), z, q)


def _samples(model, x, k, y, eps, generator):
    """log p(x | z) and log q(z | x) - log p(z), both (k, B), for k samples z of q; and z and q."""
    shape = (whole_number(k, "k"), len(x))
    q = posterior(model, x, y)
    z = draw(q, (k,), eps, generator)
    log_p = per_example(model.likelihood(z, y).log_prob(x), shape, "likelihood")
    return log_p, per_example(q.log_prob(z) - model.prior(y).log_prob(z), shape, "posterior and the prior"), z, q
