"""What does a model do with its latent space? Every number is in nats per example."""

import math
from typing import NamedTuple

import torch

from ..arguments import float_tensor, non_negative, whole_number
from .likelihood import batches


@torch.no_grad()
def active_units(model, x, y=None, threshold=0.01):
    """Which latent dimensions are used: True where the posterior mean varies over x by more than `threshold`.

    A_j = Var_x(E_q[z_j]) > threshold (Burda et al. 2016): x (N, D) -> bool (d,).
    """
    non_negative(threshold, "threshold")
    float_tensor(x, "x", "(N, D)", least_dims=2)
    return model.posterior(x, y).mean.var(0, correction=0) > threshold


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
    The aggregate is that of *these N* rows: I(x; z) <= log N, however much a code knows. Use many.
    """
    whole_number(samples, "samples"), whole_number(chunk, "chunk")
    rows = torch.cat(batches(x, chunk))
    q, p = model.posterior(x, y), model.prior()
    for name, distribution in (("posterior", q), ("prior", p)):
        if not hasattr(distribution, "base_dist"):
            got = type(distribution).__name__
            raise TypeError(f"model: got the {name} {got}, expected independent dimensions, as of a DiagonalGaussian")
    totals = 0.0
    for _ in range(samples):
        z = q.rsample(generator=generator)
        own = q.base_dist.log_prob(z).sum(-1)
        parts = [_log_densities(q, p, z[some], own[some]) for some in rows.split(chunk)]
        totals = totals + torch.cat(parts).double().mean(0) / samples
    information, correlation, per_dimension = totals[0].item(), totals[1].item(), totals[2:]
    kl = information + correlation + per_dimension.sum().item()
    return KLParts(kl, information, correlation, per_dimension)


def _log_densities(q, p, z, own):
    """One row for each z (n, d), whose own log q(z | x) is `own` (n,): the integrands of the parts, (n, 2 + d)."""
    densities = q.base_dist.log_prob(z.unsqueeze(1))  # (n, N, d)
    log_n = math.log(densities.shape[1])
    aggregate = densities.sum(-1).logsumexp(1) - log_n
    marginals = densities.logsumexp(1) - log_n
    information, correlation = own - aggregate, aggregate - marginals.sum(-1)
    return torch.cat([information[:, None], correlation[:, None], marginals - p.base_dist.log_prob(z)], 1)


def mutual_information(model, x, y=None, samples=1, chunk=50, generator=None):
    """I(x; z) = E log q(z | x) - log q(z) between the rows of x (N, D) and their codes: a float in [0, log N], nats.

    Read it with the ceiling in mind: near log N it says only that the codes of these N rows do not overlap.
    """
    return kl_decomposition(model, x, y, samples, chunk, generator).mutual_information
