"""What is added to a bound, or taken from it, to steer what the latent dimensions hold."""

import math
from typing import NamedTuple

import torch

from ..arguments import float_tensor, non_negative, whole_number
from ..distributions import DiagonalGaussian, gaussian_kl_per_dimension
from .bounds import elbo


def free_bits_kl(kl_per_dimension, minimum):
    """sum_j max(minimum, mean over the batch of KL_j), in nats (Kingma et al. 2016): (B, d) -> scalar.

    A dimension whose average KL is below `minimum` costs `minimum` and gets no gradient.
    """
    float_tensor(kl_per_dimension, "kl_per_dimension", "(B, d)", least_dims=2)
    non_negative(minimum, "minimum", "of nats >= 0")
    return kl_per_dimension.mean(0).clamp(min=minimum).sum()


def free_bits_elbo(model, x, y=None, beta=1.0, eps=None, generator=None, *, minimum=0.3):
    """The ELBO with `minimum` nats of every latent dimension for free, as an objective for `fit` (Kingma et al. 2016).

    E_q[log p(x | z)] - beta sum_j max(minimum, KL_j), KL_j averaged over the batch. Returns `Terms`, each (B,), in
    nats per example; `kl` is the KL that it really is. Raises TypeError unless posterior and prior are Gaussian.
    """
    terms, p = elbo(model, x, y, eps=eps, generator=generator), model.prior(y)
    for name, law in (("posterior", terms.q), ("prior", p)):
        if not isinstance(law, DiagonalGaussian):
            raise TypeError(f"model: got the {name} {type(law).__name__}, expected a DiagonalGaussian")
    kl = gaussian_kl_per_dimension(terms.q.mu, terms.q.logvar, p.mu, p.logvar)
    return terms._replace(elbo=terms.reconstruction - non_negative(beta, "beta") * free_bits_kl(kl, minimum))


def level_elbo(model, x, y=None, beta=1.0, eps=None, generator=None):
    """The ELBO of a hierarchy with a weight for the KL of each level, as an objective for `fit`.

    E_q[log p(x | z)] - sum_l beta_l KL_l, KL_l as `distributions.chain_kl` has it: Terms.levels (B, L). beta: L numbers
    >= 0 from the bottom, or one for all. Which level speaks is decided by the order in which their weights rise:

        fit(model, x, steps=1200, objective=level_elbo, beta=(1.0, linear_warmup(0.4)))

    lets the top fill while the bottom pays in full. Raises TypeError unless posterior and prior are chains, ValueError
    for a number of weights that is not the number of levels.
    """
    terms = elbo(model, x, y, eps=eps, generator=generator)
    if terms.levels is None:
        got = type(terms.q).__name__
        raise TypeError(f"model: got a posterior {got}, expected a Chain, as the prior, such as of a HierarchicalVAE")
    weights = beta if isinstance(beta, (tuple, list)) else [beta]
    *_, levels = terms.levels.shape
    if len(weights) not in (1, levels):
        raise ValueError(f"beta: got {beta}, expected one number, or one for each of {levels} levels")
    weights = terms.levels.new_tensor([non_negative(each, "beta") for each in weights])
    return terms._replace(elbo=terms.reconstruction - terms.levels @ weights.expand(levels))


class MinibatchKLParts(NamedTuple):
    """Estimates of the three parts of log q(z | x) - log p(z), which is their sum, in nats; one row per example.

    mutual_information (B,): log q(z | x) - log q(z).  total_correlation (B,): log q(z) - sum_j log q(z_j).
    dimension_wise_kl (B, d): log q(z_j) - log p(z_j).
    """

    mutual_information: torch.Tensor
    total_correlation: torch.Tensor
    dimension_wise_kl: torch.Tensor


def minibatch_kl_parts(q, p, z, n, estimator="stratified"):
    """The three parts of the KL from a minibatch of n training examples: `MinibatchKLParts` (Chen et al. 2018).

    q: q(z | x) of the batch, (B,), p: the prior, both of independent dimensions. z (B, d): one draw of q per example.
    The aggregate posterior of all n, and each of its dimensions, is estimated at z_i as sum_b w_ib q(z_i | x_b):
    "stratified": w_ii = 1 / n, for x_i is one of the n, and (n - 1) / (n (B - 1)) for the others, which stand for all
    others. With B = n it is exact. (In the paper one of the others has a weight of its own; the mean is the same.)
    "weighted": w_ib = 1 / (n B). The total correlation comes out too large by about (d - 1) log n, which is no number
    to print. The offset has no gradient; but x_i counts as one of B, not of n, and so the gradient is off, too.
    The logarithm of an estimate is biased either way, less so for a larger B.
    """
    for name, law in (("q", q), ("p", p)):
        _independent(law, name)
    if float_tensor(z, "z", "(B, d)").shape != q.batch_shape + q.event_shape or z.ndim != 2:
        got, expected = tuple(z.shape), tuple(q.batch_shape + q.event_shape)
        raise ValueError(f"z: got shape {got}, expected (B, d), a row for each row of q, whose shape is {expected}")
    if p.event_shape != q.event_shape:
        raise ValueError(f"p: got {p.event_shape.numel()} dimensions, expected {q.event_shape.numel()}, as in q")
    densities, prior = q.base_dist.log_prob(z.unsqueeze(1)), p.base_dist.log_prob(z)  # (B, B, d): z_i under q_b; (B, d)
    weights = _log_weights(densities, n, estimator)
    aggregate = (densities.sum(2) + weights).logsumexp(1)
    marginals = (densities + weights.unsqueeze(2)).logsumexp(1)
    own = q.base_dist.log_prob(z).sum(1)
    return MinibatchKLParts(own - aggregate, aggregate - marginals.sum(1), marginals - prior)


def tc_elbo(
    model, x, y=None, beta=1.0, eps=None, generator=None, *,
    n, information=1.0, dimension_wise=1.0, estimator="stratified",
):  # fmt: skip
    """The ELBO with a weight for each part of the KL, as an objective for `fit`: the beta-TCVAE (Chen et al. 2018).

    E_q[log p(x | z)] - information I(x; z) - beta TC - dimension_wise sum_j KL(q(z_j) || p(z_j)),
    where beta weighs the total correlation alone. n: the number of training examples, for `minibatch_kl_parts`, which
    estimates the parts. It is computed as elbo - (information - 1) I - ..., so that with three weights of 1 it is
    `elbo`. Returns `Terms`, each (B,), in nats per example; `kl` is the KL that it really is. Raises ValueError for a
    negative weight, TypeError unless posterior and prior have independent dimensions.
    """
    weights = {"information": information, "beta": beta, "dimension_wise": dimension_wise}
    extra = [non_negative(weight, name) - 1 for name, weight in weights.items()]
    terms, p = elbo(model, x, y, eps=eps, generator=generator), model.prior(y)
    for name, law in (("posterior", terms.q), ("prior", p)):
        _independent(law, "model", f"the {name} ")
    parts = minibatch_kl_parts(terms.q, p, terms.z, n, estimator)
    known, together, apart = (parts.mutual_information, parts.total_correlation, parts.dimension_wise_kl.sum(1))
    return terms._replace(elbo=terms.elbo - extra[0] * known - extra[1] * together - extra[2] * apart)


def _log_weights(densities, n, estimator):
    """The logarithm of how much the posterior of x_b counts at z_i, for densities (B, B, d): (B, B)."""
    batch = len(densities)
    whole_number(n, "n", least=batch)
    own, other = 1 / n, max(n - 1, 1) / (n * max(batch - 1, 1))  # a batch of one has no others
    if estimator not in ("stratified", "weighted"):
        raise ValueError(f"estimator: got {estimator!r}, expected 'stratified' or 'weighted'")
    if estimator == "weighted":
        own, other = 1 / (n * batch), 1 / (n * batch)
    return densities.new_full((batch, batch), math.log(other)).fill_diagonal_(math.log(own))


def _independent(law, name, what=""):
    if not hasattr(law, "base_dist"):
        got = f"{what}{type(law).__name__}"
        raise TypeError(f"{name}: got {got}, expected independent dimensions, as of a DiagonalGaussian")
