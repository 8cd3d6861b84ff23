"""One call that says whether a VAE uses its latent space, and what to try if it does not."""

import textwrap
from typing import NamedTuple

import torch

from ..objectives import elbo, gaussian_kl_per_dimension
from .latent import active_units

UNUSED_NATS = 0.01  # a dimension that costs less says nothing
EXACT_SIGMA = 0.05  # a posterior narrower than this is a point


class Diagnosis(NamedTuple):
    """What `diagnose` found; printing it gives the verdict and the advice.

    elbo, reconstruction, kl: means in nats per example.   kl_per_dimension: (d,) nats.   sigma: (d,) mean width.
    active: bool (d,).   use_of_z: how many nats the reconstruction loses when every x gets another x's z.
    verdict: "collapsed", "partly collapsed", "nearly deterministic" or "healthy".
    """

    elbo: float
    reconstruction: float
    kl: float
    kl_per_dimension: torch.Tensor
    sigma: torch.Tensor
    active: torch.Tensor
    use_of_z: float
    verdict: str

    @property
    def advice(self):
        return ADVICE[self.verdict]

    def __str__(self):
        bars = " ".join(f"{kl:.2f}" for kl in self.kl_per_dimension.tolist())
        return (
            f"verdict: {self.verdict}\n"
            f"ELBO {self.elbo:.2f} = reconstruction {self.reconstruction:.2f} - KL {self.kl:.2f} nats\n"
            f"KL per dimension: {bars}\n"
            f"{int(self.active.sum())} of {len(self.active)} dimensions active; "
            f"the wrong z costs {self.use_of_z:.2f} nats of reconstruction\n"
            f"{textwrap.fill(self.advice, 84)}"
        )


ADVICE = {
    "collapsed": "The decoder ignores z. Try a warm-up of beta, free bits, a smaller beta, a weaker decoder (less "
    "context, dropout on its inputs) or, for pixels, a learned sigma. If the decoder can model x alone, this is the "
    "optimum of the ELBO and no accident.",
    "partly collapsed": "Some dimensions are unused. That is no fault if the data has no more to say: try fewer "
    "dimensions and see whether the ELBO stays. If it should say more, try a smaller beta or a learned sigma.",
    "nearly deterministic": "The posteriors have shrunk to points: this is an autoencoder with gaps between its codes. "
    "Look at beta (too small?), at the decoder's sigma (too small?), and sample from the prior.",
    "healthy": "Every dimension is used and has a width. Compare the aggregate posterior with the prior next.",
}


@torch.no_grad()
def diagnose(model, x, y=None, generator=None):
    """Look at a VAE with Gaussian prior and posterior on x (N, D), N >= 2, and say what it does with z: a `Diagnosis`.

    Raises TypeError for a model whose posterior or prior is not a DiagonalGaussian, ValueError for a single example.
    """
    if len(x) < 2:
        raise ValueError(f"x: got {len(x)} example, expected at least 2, to exchange their z")
    q, p = model.posterior(x, y), model.prior(y)
    for name, distribution in (("posterior", q), ("prior", p)):
        if not hasattr(distribution, "logvar"):
            raise TypeError(f"model: got the {name} {type(distribution).__name__}, expected a DiagonalGaussian")
    terms = elbo(model, x, y, generator=generator)
    exchanged = model.likelihood(terms.z.roll(1, 0), y).log_prob(x)
    per_dimension = gaussian_kl_per_dimension(q.mu, q.logvar, p.mu, p.logvar).mean(0)
    sigma, active = q.sigma.mean(0), active_units(model, x, y)
    return Diagnosis(
        terms.elbo.mean().item(), terms.reconstruction.mean().item(), per_dimension.sum().item(), per_dimension, sigma,
        active, (terms.reconstruction - exchanged).mean().item(), _verdict(per_dimension, sigma, active),
    )  # fmt: skip


def _verdict(per_dimension, sigma, active):
    used = active & (per_dimension > UNUSED_NATS)
    if not used.any() or per_dimension.sum() < 0.1:
        return "collapsed"
    if (sigma[used] < EXACT_SIGMA).all():
        return "nearly deterministic"
    return "healthy" if used.all() else "partly collapsed"


def perplexity(z, codes):
    """How many codes are in real use: exp of the entropy of the code frequencies in z (..., slots), from 1 to `codes`.

    Raises ValueError for a code outside 0..codes-1.
    """
    if not (0 <= z.min() and z.max() < codes):
        raise ValueError(f"z: got codes from {z.min()} to {z.max()}, expected 0 to {codes - 1}")
    frequency = torch.bincount(z.flatten(), minlength=codes).double() / z.numel()
    return torch.exp(-torch.special.xlogy(frequency, frequency).sum()).item()
