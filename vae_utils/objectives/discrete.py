"""The bound of a model with discrete codes."""

import torch

from ..arguments import non_negative
from ..distributions import Code
from .bounds import Terms


def vq_elbo(model, x, y=None, beta=1.0, commitment=0.25):
    """The bound of a `VQVAE` as an objective for `fit`: x (B, D) -> `Terms`, each (B,), nats per example.

    KL(q || p) = -log p(z), because q has all its mass on one z: the ELBO is log p(x | z) + log p(z). Rounding has no
    gradient: the decoder's is handed straight through to the encoder, codes are drawn to the vectors that chose them,
    and the vectors to their codes by `commitment`. These two pulls are part of the objective, not of the bound
    (van den Oord et al. 2017, equation 3). Codes that are averages (`ema`) need no pull: they move in training mode,
    after the batch is scored, and so do unused ones (`restart`). The fixed codes of a `FiniteScalarVAE` neither pull
    nor are pulled. To evaluate take `elbo`, which is the bound and has no pulls. Raises ValueError for a negative beta
    or commitment.
    """
    non_negative(beta, "beta")
    non_negative(commitment, "commitment")
    if not callable(getattr(model, "vectors", None)):
        raise TypeError(f"model: got {type(model).__name__}, expected a VQVAE, or another with a codebook")
    vectors = model.vectors(x)
    z = model.nearest(vectors)
    chosen = model.codebook[z]
    through = vectors + (chosen - vectors).detach()
    reconstruction = model.decode(through).log_prob(x)
    kl = -model.prior(y).log_prob(z)
    pulls = model.pulls(vectors, chosen, commitment)
    if model.training:
        model.follow(vectors, z)
    return Terms(reconstruction - beta * kl - pulls, reconstruction, kl, z, Code(z))


def prior_of_codes(prior, z, y=None, beta=1.0):
    """log p(z) as an objective for `fit`, to learn a prior alone, after the model: z (B, slots), codes as floats.

        codes = model.posterior(x).sample()
        fit(prior, codes.float(), objective=prior_of_codes, steps=300, lr=1e-2)
        model.prior_module = prior

    No gradient of the prior reaches a VQ-VAE's encoder, so this is what training them together would do, for less.
    Returns `Terms` with reconstruction 0 and kl = -log p(z), (B,), nats per example.
    """
    non_negative(beta, "beta")
    if z.ne(z.round()).any():
        raise ValueError("z: got numbers that are not whole, expected codes as floats")
    z = z.long()
    kl = -prior(y).log_prob(z)
    return Terms(-beta * kl, torch.zeros_like(kl), kl, z, Code(z))
