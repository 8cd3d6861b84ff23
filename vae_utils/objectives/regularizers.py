"""What is added to a bound, or taken from it, to steer what the latent dimensions hold."""

from ..arguments import float_tensor, non_negative
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
    terms, p = elbo(model, x, y, 1.0, eps, generator), model.prior(y)
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
    terms = elbo(model, x, y, 1.0, eps, generator)
    if terms.levels is None:
        got = type(terms.q).__name__
        raise TypeError(f"model: got a posterior {got}, expected a Chain, as the prior, such as of a HierarchicalVAE")
    weights = [beta] if not isinstance(beta, (tuple, list)) else beta
    if len(weights) not in (1, terms.levels.shape[-1]):
        raise ValueError(f"beta: got {beta}, expected one number, or one for each of {terms.levels.shape[-1]} levels")
    weights = terms.levels.new_tensor([non_negative(each, "beta") for each in weights])
    return terms._replace(elbo=terms.reconstruction - (weights * terms.levels).sum(-1))
