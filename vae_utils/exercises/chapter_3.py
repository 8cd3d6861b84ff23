"""The exercises of chapter 3."""

import math

import torch

from ..distributions import gaussian_kl_per_dimension
from .exercise import Function, Numbers

HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)


def kl(mu, logvar, prior_mu, prior_logvar):
    """Nats per dimension, the shape of its arguments."""
    return gaussian_kl_per_dimension(mu, logvar, prior_mu, prior_logvar)


def any_normals():
    return [tuple(torch.randn(4, 3, 5, generator=torch.Generator().manual_seed(seed))) for seed in (31, 32)]


def _other_direction(mu, logvar, prior_mu, prior_logvar):
    return kl(prior_mu, prior_logvar, mu, logvar)


def _distance_in_units_of_q(mu, logvar, prior_mu, prior_logvar):
    log_ratio = logvar - prior_logvar
    return 0.5 * ((mu - prior_mu) ** 2 / logvar.exp() + log_ratio.exp() - log_ratio - 1)


def _distance_without_units(mu, logvar, prior_mu, prior_logvar):
    log_ratio = logvar - prior_logvar
    return 0.5 * ((mu - prior_mu) ** 2 + log_ratio.exp() - log_ratio - 1)


ANY_NORMAL = {
    "that is the KL of p from q, the other direction": _other_direction,
    "the distance of the means is measured in units of the prior's s, not of sigma": _distance_in_units_of_q,
    "the distance of the means must be divided by the prior's variance": _distance_without_units,
    "is it a mean in place of a sum? Here neither: one value for each dimension": lambda *a: kl(*a).mean(-1),
    "it is summed already; one value for each dimension is asked": lambda *a: kl(*a).sum(-1),
}


class Mixture:
    """The log-density of a mixture of two bells in (k, B, 2): a prior whose KL has no formula."""

    def __repr__(self):
        return "a mixture"

    def __call__(self, z):
        centers = torch.tensor([[-1.0, 0.5], [1.5, -0.5]], dtype=z.dtype)
        distance = (z.unsqueeze(-2) - centers).square().sum(-1) / (2 * 0.6**2)
        return torch.logsumexp(math.log(0.5) - distance - 2 * (HALF_LOG_2PI + math.log(0.6)), dim=-1)


def kl_by_draws(mu, logvar, log_prior, eps):
    """(value, error), each (B,): the mean of log q(z) - log p(z) over the k draws, and its standard error."""
    terms = _terms(mu, logvar, log_prior, eps)
    return torch.stack([terms.mean(0), terms.std(0) / len(eps) ** 0.5])


def _terms(mu, logvar, log_prior, eps, stretch=None, constant=HALF_LOG_2PI):
    sigma = torch.exp(0.5 * logvar) if stretch is None else stretch(logvar)
    log_q = -(0.5 * eps**2 + sigma.log() + constant).sum(-1)
    return log_q - log_prior(mu + sigma * eps)


def draws():
    generator = torch.Generator().manual_seed(33)
    clouds = torch.randn(2, 3, 2, generator=generator, dtype=torch.float64)
    return [(*clouds, Mixture(), torch.randn(k, 3, 2, generator=generator, dtype=torch.float64)) for k in (900, 400)]


def _with(value=lambda terms: terms.mean(0), error=lambda terms: terms.std(0) / len(terms) ** 0.5, **how):
    """The reference with one step done otherwise."""

    def mistake(mu, logvar, log_prior, eps):
        terms = _terms(mu, logvar, log_prior, eps, **how)
        return torch.stack([value(terms), error(terms)])

    return mistake


def _at_the_noise(mu, logvar, log_prior, eps):
    log_q = -(0.5 * eps**2 + 0.5 * logvar + HALF_LOG_2PI).sum(-1)
    terms = log_q - log_prior(eps)
    return torch.stack([terms.mean(0), terms.std(0) / len(eps) ** 0.5])


def _density_of_the_noise(mu, logvar, log_prior, eps):
    log_q = -(0.5 * eps**2 + HALF_LOG_2PI).sum(-1)
    terms = log_q - log_prior(mu + torch.exp(0.5 * logvar) * eps)
    return torch.stack([terms.mean(0), terms.std(0) / len(eps) ** 0.5])


BY_DRAWS = {
    "the error of a mean is the spread over the root of k; this is the spread of one draw": _with(
        error=lambda terms: terms.std(0)
    ),
    "the error of a mean is the spread over the root of k, not over k": _with(
        error=lambda terms: terms.std(0) / len(terms)
    ),
    "this error is the square of the right one: the root of the variance is missing": _with(
        error=lambda terms: terms.var(0) / len(terms)
    ),
    "the sign is turned: it is log q minus log p": _with(value=lambda terms: -terms.mean(0)),
    "½ log 2π is missing in log q, once for each dimension": _with(constant=0.0),
    "exp(logvar) is the variance, and sigma its root": _with(stretch=torch.exp),
    "the prior is asked about the noise, not about z": _at_the_noise,
    "log q is the density of the noise; z is stretched by sigma, so log sigma is missing": _density_of_the_noise,
}


EXERCISES = {
    "3.1": Function("KL to any normal", kl, any_normals, hint="set m = 0, s = 1 first", slips=ANY_NORMAL),
    "3.2": Function(
        "KL by draws",
        kl_by_draws,
        draws,
        hint="z = mu + exp(logvar / 2) * eps; log q(z) is a sum over dimensions; the k draws are the first axis",
        slips=BY_DRAWS,
        tolerance=1e-3,  # the spread over k, or over k - 1
    ),
    "3.3": Numbers(
        "best box",
        {"the half-width": 3**0.5, "the KL": 0.5 * math.log(math.pi * math.e / 6)},
        hint="the derivative with respect to w is -1/w + w/3",
        slips={
            "half of a box is asked, from the middle to an edge": (2 * 3**0.5, None),
            "that is its variance; what is its half-width?": (1.0, None),
            "½ log 2π is missing": (None, 0.5 * math.log(math.pi * math.e / 6) - HALF_LOG_2PI),
            "that is the KL at w = 1": (None, 0.5 * math.log(math.pi / 2) + 1 / 6),
        },
    ),
    "3.4": Numbers(
        "one width for two",
        {"the variance": 2 / 101, "the KL": math.log(5.05)},
        hint="the derivative gives: the sum of 1/v_j equals d / s^2; put that variance into the KL",
        slips={
            "that is the arithmetic mean of the two, which makes the other direction of the KL smallest": (0.505, None),
            "that is the geometric mean of the two": (0.1, None),
            "1 over the sum of 1/v_j: there are two dimensions": (1 / 101, None),
            "that is the narrower of the two": (0.01, None),
        },
        tolerance=0.004,
    ),
}
