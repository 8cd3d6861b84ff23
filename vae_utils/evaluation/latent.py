"""What does a model do with its latent space? Every number is in nats per example."""

import math
from typing import NamedTuple

import torch

from ..arguments import broadcast, non_negative, whole_number
from .likelihood import batches, scoring


@torch.no_grad()
def active_units(model, x, y=None, threshold=0.01):
    """Which latent dimensions are used: True where the posterior mean varies over x by more than `threshold`.

    A_j = Var_x(E_q[z_j]) > threshold (Burda et al. 2016): x (N, D) -> bool (d,).
    """
    with scoring(model):
        means = [model.posterior(some, given).mean for some, given in batches(x, y, 1000)]
    return vary(torch.cat(means), threshold)


def vary(means, threshold=0.01):
    """Which columns of means (N, d) have a variance above `threshold`: bool (d,)."""
    return means.var(0, correction=0) > non_negative(threshold, "threshold")


class KLParts(NamedTuple):
    """The average KL term of the ELBO in three parts, in nats: kl = their sum.

    mutual_information: I(x; z), what z tells about which x it came from. Never above log N for N examples.
    total_correlation:  KL(q(z) || prod_j q(z_j)), how much the dimensions of the aggregate posterior hang together.
    dimension_wise_kl:  KL(q(z_j) || p(z_j)), how far each dimension alone is from the prior: (d,).
    """

    kl: float
    mutual_information: float
    total_correlation: float
    dimension_wise_kl: torch.Tensor

    @property
    def marginal_kl(self):
        """KL(q(z) || p(z)), how far the aggregate posterior is from the prior that one samples."""
        return self.total_correlation + self.dimension_wise_kl.sum().item()


@torch.no_grad()
def kl_decomposition(model, x, y=None, samples=1, chunk=50, generator=None):
    """The average KL over the rows of x (N, D) as `KLParts`, for a posterior and a prior of independent dimensions.

    mean_n KL(q(z | x_n) || p(z)) = I(x; z) + KL(q(z) || prod_j q(z_j)) + sum_j KL(q(z_j) || p(z_j))
    with the aggregate posterior q(z) = 1/N sum_n q(z | x_n) (Hoffman & Johnson 2016; Chen et al. 2018). Every part is
    an average over `samples` draws of z per row; `chunk` draws at a time are held against all N posteriors.
    The aggregate is that of *these N* rows: I(x; z) <= log N, however much a code knows. Use many. Where the prior
    reads y, the last part is the average of log q(z_j) - log p(z_j | y), so that the three still add up to the KL.
    """
    whole_number(samples, "samples")
    whole_number(chunk, "chunk")
    batches(x, y, chunk)
    with scoring(model):
        q, p = model.posterior(x, y), model.prior(y)
    for name, distribution in (("posterior", q), ("prior", p)):
        if not hasattr(distribution, "base_dist"):
            got = type(distribution).__name__
            raise TypeError(f"model: got the {name} {got}, expected independent dimensions, as of a DiagonalGaussian")
    totals = 0.0
    for _ in range(samples):
        z = q.rsample(generator=generator)
        own, prior = q.base_dist.log_prob(z).sum(-1), p.base_dist.log_prob(z)  # (N,) and (N, d)
        each = zip(z.split(chunk), own.split(chunk), prior.split(chunk), strict=True)
        parts = [_integrands(q, *some) for some in each]
        totals = totals + torch.cat(parts).double().mean(0) / samples
    information, correlation, per_dimension = totals[0].item(), totals[1].item(), totals[2:]
    kl = information + correlation + per_dimension.sum().item()
    return KLParts(kl, information, correlation, per_dimension)


def _integrands(q, z, own, prior):
    """One row for each z (n, d), with its own log q(z | x) (n,) and its log p(z_j) (n, d): of the parts, (n, 2 + d)."""
    densities = q.base_dist.log_prob(z.unsqueeze(1))  # (n, N, d)
    log_n = math.log(densities.shape[1])
    aggregate = densities.sum(-1).logsumexp(1) - log_n
    marginals = densities.logsumexp(1) - log_n
    information, correlation = own - aggregate, aggregate - marginals.sum(-1)
    return torch.cat([information[:, None], correlation[:, None], marginals - prior], 1)


def mutual_information(model, x, y=None, samples=1, chunk=50, generator=None):
    """I(x; z) = E log q(z | x) - log q(z) between the rows of x (N, D) and their codes: a float, at most log N, nats.

    Read it with the ceiling in mind: near log N it says only that the codes of these N rows do not overlap. It is an
    average over draws of z, so for codes that know next to nothing it can come out a little below 0.
    """
    return kl_decomposition(model, x, y, samples, chunk, generator).mutual_information


def slerp(a, b, t):
    """The way from a to b along a great circle, t in [0, 1]: (..., d), (..., d) -> (..., d) (Shoemake 1985).

    [ sin((1 - t) w) a + sin(t w) b ] / sin(w), with w the angle between a and b. In many dimensions N(0, I) lives on
    a thin shell, which this way does not leave; the straight line cuts through the empty inside (White 2016). For
    parallel codes, whose angle is 0, it is the straight line. Raises ValueError where a or b is 0, or a = -c b.
    """
    a, b = broadcast(a, b, ("a", "b"))
    norms = a.norm(dim=-1) * b.norm(dim=-1)
    cosine = ((a * b).sum(-1) / norms).unsqueeze(-1)
    if not (norms > 0).all() or (cosine <= -1 + 1e-6).any():
        raise ValueError("a, b: got a code of length 0, or two that point in opposite ways, expected an angle below pi")
    angle = torch.acos(cosine.clamp(max=1))
    near = torch.sin(angle) < 1e-4
    safe = torch.where(near, torch.ones_like(angle), angle)
    way = (torch.sin((1 - t) * safe) * a + torch.sin(t * safe) * b) / torch.sin(safe)
    return torch.where(near, torch.lerp(a, b, t), way)
