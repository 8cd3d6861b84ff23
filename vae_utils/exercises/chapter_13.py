"""The exercises of chapter 13."""

import math

import torch

from ..distributions import DiagonalGaussian, GaussianMixture, alpha_sigma, translate
from ..models import MixtureDenoiser
from .exercise import Function, Numbers


def composed(betas):
    """z_t = sqrt(1 - beta_t) z_{t-1} + sqrt(beta_t) eps, betas (T,) -> alpha and sigma of q(z_t | x), (T,) each."""
    signal = torch.cumprod(1 - betas, 0)
    return signal.sqrt(), (1 - signal).sqrt()


def steps():
    noise = torch.Generator().manual_seed(0)
    return [(0.02 + 0.5 * torch.rand(levels, generator=noise),) for levels in (5, 8)]


def roots(alpha2, sigma2):
    return alpha2.clamp(min=0).sqrt(), sigma2.clamp(min=0).sqrt()


def shrunk(betas):
    """The variance that gathers where a step is added without the shrinking of what was there."""
    return betas.cumsum(0)


STEP_SLIPS = {
    "these are alpha squared and sigma squared; the roots are missing": (
        lambda betas: (torch.cumprod(1 - betas, 0), 1 - torch.cumprod(1 - betas, 0))
    ),
    "this is one step alone; alpha_t is the product of all steps up to t": lambda betas: roots(1 - betas, betas),
    "alpha is right, but sigma is that of the last step; the noise of all steps before is still there, shrunk": (
        lambda betas: (composed(betas)[0], betas.sqrt())
    ),
    "alpha is right, but the noise of the earlier steps shrinks too, by 1 - beta in variance with every later step": (
        lambda betas: (composed(betas)[0], shrunk(betas).sqrt())
    ),
    "alpha is right, but standard deviations do not add up; variances do": (
        lambda betas: (composed(betas)[0], betas.sqrt().cumsum(0))
    ),
    "alpha + sigma is not 1; their squares are": lambda betas: (composed(betas)[0], 1 - composed(betas)[0]),
    "alpha is right, but this is sigma squared": lambda betas: (composed(betas)[0], 1 - torch.cumprod(1 - betas, 0)),
    "the data shrinks by sqrt(1 - beta) in a step, not by 1 - beta": (
        lambda betas: (torch.cumprod(1 - betas, 0), (1 - torch.cumprod(1 - betas, 0) ** 2).sqrt())
    ),
    "the data shrinks by 1 - beta, so multiply these, not the betas": (
        lambda betas: roots(torch.cumprod(betas, 0), 1 - torch.cumprod(betas, 0))
    ),
    "factors multiply; a sum of the betas is right only while they are tiny": (
        lambda betas: roots(1 - betas.cumsum(0), betas.cumsum(0))
    ),
    "alpha and sigma have changed places": lambda betas: composed(betas)[::-1],
}


SNR_BEFORE, SNR, ERROR, LEVELS = 6.0, 2.5, 2 * 0.6**2, 17  # x is off by 0.6 in both coordinates
STEP = 16 / (LEVELS - 1)
KL, WEIGHT, LINEAR = 0.5 * (SNR_BEFORE - SNR) * ERROR, 0.5 * (SNR_BEFORE / SNR - 1), 0.5 * math.expm1(STEP)


def from_eps(eps, z, log_snr):
    """What a guess of the noise says of x and of v = alpha eps - sigma x: (B, D), (B, D), (B, 1) -> x and v, (B, D)."""
    return tuple(translate(eps, z, log_snr, "eps", target) for target in ("x", "v"))


def guesses():
    noise = torch.Generator().manual_seed(0)
    found = []
    for rows, size in ((4, 3), (5, 2)):
        eps, z = torch.randn(2, rows, size, generator=noise)
        found.append((eps, z, 2 * torch.randn(rows, 1, generator=noise)))
    return found


def both(x, eps, alpha, sigma):
    return x, alpha * eps - sigma * x


def with_levels(formula):
    return lambda eps, z, log_snr: formula(eps, z, *alpha_sigma(log_snr))


def with_v(change):
    """x is right, and v is what `change` makes of it."""
    return with_levels(lambda e, z, a, s: ((z - s * e) / a, change((z - s * e) / a, e, a, s, z)))


GUESS_SLIPS = {
    "x is not yet divided by alpha: z = alpha x + sigma eps": (
        with_levels(lambda eps, z, alpha, sigma: both(z - sigma * eps, eps, alpha, sigma))
    ),
    "x has the noise added in place of taken away": (
        with_levels(lambda eps, z, alpha, sigma: both((z + sigma * eps) / alpha, eps, alpha, sigma))
    ),
    "sigmoid(log_snr) is alpha squared; the roots are missing": (
        with_levels(lambda e, z, a, s: both((z - s**2 * e) / a**2, e, a**2, s**2))
    ),
    "alpha and sigma have changed places: a high SNR means much alpha": (
        with_levels(lambda eps, z, alpha, sigma: both((z - alpha * eps) / sigma, eps, sigma, alpha))
    ),
    "x lacks sigma, the size of the noise in z": (
        with_levels(lambda eps, z, alpha, sigma: both((z - eps) / alpha, eps, alpha, sigma))
    ),
    "v has its sign turned": with_v(lambda x, eps, alpha, sigma, z: sigma * x - alpha * eps),
    "v has a plus where a minus belongs": with_v(lambda x, eps, alpha, sigma, z: alpha * eps + sigma * x),
    "this v is z again: alpha belongs to eps, and sigma to x": with_v(lambda x, e, alpha, s, z: alpha * x + s * e),
    "v has alpha and sigma at the wrong places": with_v(lambda x, eps, alpha, sigma, z: sigma * eps - alpha * x),
    "v reads z where x^, the guess of the data, belongs": with_v(lambda x, eps, a, sigma, z: a * eps - sigma * z),
}


def best_guess(z, alpha, sigma, means, s):
    """E[x | z] for x from equal parts N(means_k, s^2 I) and z = alpha x + sigma eps: (B, D), (K, D) -> (B, D)."""
    parts = DiagonalGaussian(means, torch.full_like(means, 2 * math.log(s)))
    log_snr = torch.full((len(z), 1), 2 * math.log(alpha / sigma)).to(z)
    return MixtureDenoiser(GaussianMixture(torch.zeros(len(means)).to(z), parts))(z, log_snr)


def noised_mixtures():
    noise = torch.Generator().manual_seed(0)
    found = []
    for rows, parts, size, alpha, s in ((5, 3, 2, 0.8, 0.4), (4, 4, 3, 0.4, 0.7)):
        z, means = torch.randn(rows, size, generator=noise), 1.5 * torch.randn(parts, size, generator=noise)
        found.append((z, alpha, math.sqrt(1 - alpha**2), means, s))
    return [*found, (found[0][0] + 60, *found[0][1:])]  # the last so far away that exp is 0


def counted(z, alpha, sigma, means, s, centers=None, variance=None, counts=None, gain=None):
    """The right guess, but for the parts that are given."""
    centers = alpha * means if centers is None else centers
    variance = alpha**2 * s**2 + sigma**2 if variance is None else variance
    away = z[:, None] - centers
    scores = -0.5 * (away**2).sum(-1) / variance
    counts = scores.softmax(-1) if counts is None else counts(scores)
    gain = alpha * s**2 / (alpha**2 * s**2 + sigma**2) if gain is None else gain
    return (counts[..., None] * (means + gain * away)).sum(1)


MIXTURE_SLIPS = {
    "all parts count alike here; each counts by its probability given z": (
        lambda z, a, sigma, m, s: counted(z, a, sigma, m, s, counts=lambda scores: torch.full_like(scores, 1 / len(m)))
    ),
    "this asks the likeliest part alone; all parts count, by their probability": (
        lambda z, a, sigma, m, s: counted(
            z, a, sigma, m, s, counts=lambda scores: (scores == scores.amax(1, True)) * 1.0
        )
    ),
    "far from all parts the densities are 0 on a computer; softmax of their logarithms is never 0 / 0": (
        lambda z, a, sigma, m, s: counted(
            z, a, sigma, m, s, counts=lambda scores: scores.exp() / scores.exp().sum(1, keepdim=True)
        )
    ),
    "in z a part stands at alpha times its mean": (lambda z, a, sigma, m, s: counted(z, a, sigma, m, s, centers=m)),
    "in z a part has the variance alpha^2 s^2 + sigma^2: its own and that of the noise": (
        lambda z, a, sigma, m, s: counted(z, a, sigma, m, s, variance=sigma**2)
    ),
    "this is a mean of the means; within a part, too, z says where x is": (
        lambda z, a, sigma, m, s: counted(z, a, sigma, m, s, gain=0.0)
    ),
    "within a part the guess believes z too much: that is (z - alpha m) / alpha, for z without noise": (
        lambda z, a, sigma, m, s: counted(z, a, sigma, m, s, gain=1 / a)
    ),
    "the gain within a part has an alpha in it: alpha s^2 / (alpha^2 s^2 + sigma^2)": (
        lambda z, a, sigma, m, s: counted(z, a, sigma, m, s, gain=s**2 / (a**2 * s**2 + sigma**2))
    ),
    "the gain within a part has alpha once above the line, not squared": (
        lambda z, a, sigma, m, s: counted(z, a, sigma, m, s, gain=a**2 * s**2 / (a**2 * s**2 + sigma**2))
    ),
    "the distance is divided by twice the variance in log N": (
        lambda z, a, sigma, m, s: counted(z, a, sigma, m, s, counts=lambda scores: (2 * scores).softmax(1))
    ),
    "the probabilities add up to 1 over the parts, not over the batch": (
        lambda z, a, sigma, m, s: counted(z, a, sigma, m, s, counts=lambda scores: scores.softmax(0))
    ),
}


EXERCISES = {
    "13.1": Function(
        "all steps at once",
        composed,
        steps,
        hint="alpha_t is the product of all sqrt(1 - beta) up to t, torch.cumprod, and alpha^2 + sigma^2 = 1",
        slips=STEP_SLIPS,
    ),
    "13.2": Numbers(
        "what a level costs",
        {
            "the KL of the step": KL,
            "the weight of the eps-error at this level": WEIGHT,
            "the weight at every level of the schedule in equal steps": LINEAR,
        },
        hint="½ (SNR before - SNR) |x - x^|², and |eps error|² = SNR |x error|²",
        slips={
            "the ½ is missing": (2 * KL, 2 * WEIGHT, 2 * LINEAR),
            "the error is not yet squared, or not yet summed over the two coordinates": (
                0.5 * (SNR_BEFORE - SNR) * 0.6, None, None,
            ),
            "one coordinate is counted; there are two": (KL / 2, None, None),
            "this is the weight of the error in x; the error in eps is SNR times as large": (
                None, 0.5 * (SNR_BEFORE - SNR), None,
            ),
            "divide by the SNR of this level, not of the one before": (None, 0.5 * (1 - SNR / SNR_BEFORE), None),
            "17 levels are 16 steps": (None, None, 0.5 * math.expm1(16 / LEVELS)),
            "this is the limit of many levels, where exp(step) - 1 is the step": (None, None, 0.5 * STEP),
            "the SNR of the level before is larger, exp(step), not smaller": (None, None, -0.5 * math.expm1(-STEP)),
        },
    ),
    "13.3": Function(
        "what a guess of the noise says",
        from_eps,
        guesses,
        hint="alpha = sqrt(sigmoid(log_snr)), sigma = sqrt(sigmoid(-log_snr)); solve z = alpha x + sigma eps for x",
        slips=GUESS_SLIPS,
    ),
    "13.4": Function(
        "the best guess for a mixture",
        best_guess,
        noised_mixtures,
        hint="the softmax of -|z - alpha m|² / 2v, v = alpha² s² + sigma², weighs m + alpha s² (z - alpha m) / v",
        slips=MIXTURE_SLIPS,
    ),
}  # fmt: skip
