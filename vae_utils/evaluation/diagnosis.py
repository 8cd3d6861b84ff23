"""One call that says whether a VAE uses its latent space, and what to try if it does not."""

import textwrap
from typing import NamedTuple

import torch

from ..distributions import Chain
from ..objectives import elbo, gaussian_kl_per_dimension
from .latent import vary
from .likelihood import batches, scoring

UNUSED_NATS = 0.01  # a dimension that costs less says nothing
EXACT_SIGMA = 0.05  # a posterior narrower than this is a point


class Diagnosis(NamedTuple):
    """What `diagnose` found; printing it gives the verdict and the advice.

    elbo, reconstruction, kl: means in nats per example.   kl_per_dimension: (d,) nats.   sigma: (d,) mean width.
    active: bool (d,).   use_of_z: how many nats the reconstruction loses when every x gets another x's z, at random.
    verdict: "collapsed", "partly collapsed", "nearly deterministic" or "healthy".
    kl_per_level: (L,) nats, from the front of z, for a hierarchy; else None.
    """

    elbo: float
    reconstruction: float
    kl: float
    kl_per_dimension: torch.Tensor
    sigma: torch.Tensor
    active: torch.Tensor
    use_of_z: float
    verdict: str
    kl_per_level: torch.Tensor | None = None

    @property
    def advice(self):
        return ADVICE[self.verdict]

    def __str__(self):
        levels = "" if self.kl_per_level is None else f"KL per level: {_listed(self.kl_per_level)}\n"
        return (
            f"verdict: {self.verdict}\n"
            f"ELBO {self.elbo:.2f} = reconstruction {self.reconstruction:.2f} - KL {self.kl:.2f} nats\n"
            f"{levels}KL per dimension: {_listed(self.kl_per_dimension)}\n"
            f"{int(self.active.sum())} of {len(self.active)} dimensions active; "
            f"the wrong z costs {self.use_of_z:.2f} nats of reconstruction\n"
            f"{textwrap.fill(self.advice, 84)}"
        )


def _listed(numbers):
    return " ".join(f"{number:.2f}" for number in numbers.tolist())


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
def diagnose(model, x, y=None, generator=None, batch_size=1000):
    """Look at a VAE with Gaussian prior and posterior on x (N, D), N >= 2, and say what it does with z: a `Diagnosis`.

    A hierarchy, whose prior and posterior are chains of Gaussians, is looked at part by part at the z that was drawn;
    where the two chains are drawn in opposite orders a part adds log q - log p at that z, which can come out below 0.
    Raises TypeError for a model whose posterior or prior is neither, ValueError for a single example or one that is
    not finite.
    """
    if len(x) < 2:
        raise ValueError(f"x: got {len(x)} example, expected at least 2, to exchange their z")
    with scoring(model):
        rows = batches(x, y, batch_size)
        _check_gaussian(model, *rows[0])
        seen = [elbo(model, some, given, generator=generator) for some, given in rows]
        parts = [_each_dimension(terms, model.prior(given)) for terms, (_, given) in zip(seen, rows, strict=True)]
        others = _exchanged(torch.cat([terms.z for terms in seen]), generator).split(batch_size)
        swapped = [model.likelihood(z, given).log_prob(some) for z, (some, given) in zip(others, rows, strict=True)]
    log_p = torch.cat([terms.reconstruction for terms in seen])
    kl, sigma = (torch.cat(each).mean(0) for each in zip(*parts, strict=True))
    active = vary(torch.cat([terms.q.mean for terms in seen]))
    levels = None if seen[0].levels is None else torch.cat([terms.levels for terms in seen]).mean(0)
    bound = torch.cat([terms.elbo for terms in seen]).mean().item()
    use_of_z = (log_p - torch.cat(swapped)).mean().item()
    verdict = _verdict(kl, sigma, active)
    return Diagnosis(bound, log_p.mean().item(), kl.sum().item(), kl, sigma, active, use_of_z, verdict, levels)


def _each_dimension(terms, p):
    """The KL of each dimension and the posterior's width in it, both (B, d)."""
    q, z = terms.q, terms.z
    if not isinstance(q, Chain):
        return gaussian_kl_per_dimension(q.mu, q.logvar, p.mu, p.logvar), q.sigma
    pairs = [(one, other, part) for (one, part), (other, _) in zip(q.laid_out(z), p.laid_out(z), strict=True)]
    if q.order == p.order:
        kl = [gaussian_kl_per_dimension(one.mu, one.logvar, other.mu, other.logvar) for one, other, _ in pairs]
    else:
        kl = [one.base_dist.log_prob(part) - other.base_dist.log_prob(part) for one, other, part in pairs]
    return torch.hstack(kl), torch.hstack([one.sigma.expand_as(part) for one, _, part in pairs])


def _exchanged(z, generator):
    """Each row gets the z of another one, at random: in data sorted by class the neighbor's z is nearly right."""
    at = generator.device if generator is not None else z.device
    order = torch.randperm(len(z), generator=generator, device=at).to(z.device)
    exchanged = torch.empty_like(z)
    exchanged[order] = z[order.roll(1)]
    return exchanged


def _check_gaussian(model, x, y):
    for name, law in (("posterior", model.posterior(x[:1], None if y is None else y[:1])), ("prior", model.prior(y))):
        start = getattr(law, "first", law)
        if not hasattr(start, "logvar"):
            got = type(law).__name__ + ("" if start is law else f" that begins with a {type(start).__name__}")
            raise TypeError(f"model: got the {name} {got}, expected a DiagonalGaussian or a Chain of them")


def _verdict(per_dimension, sigma, active):
    used = active & (per_dimension > UNUSED_NATS)
    if not used.any() or per_dimension.sum() < 0.1:
        return "collapsed"
    if (sigma[used] < EXACT_SIGMA).all():
        return "nearly deterministic"
    return "healthy" if used.all() else "partly collapsed"
