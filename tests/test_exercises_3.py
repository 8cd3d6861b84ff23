"""Chapter 3: answers that must pass, and wrong ones with the words that they must be told."""

import math

import numpy as np
import pytest
import torch
from torch.distributions import Normal, kl_divergence

from vae_utils.exercises import verdicts


def problem(number, *answers):
    return verdicts.find(number).problem(*answers)


def kl(mu, logvar, prior_mu, prior_logvar):
    distance = (mu - prior_mu) ** 2 / prior_logvar.exp()
    return 0.5 * (distance + (logvar - prior_logvar).exp() - (logvar - prior_logvar) - 1)


def in_units_of_s(mu, logvar, prior_mu, prior_logvar):
    s = torch.exp(prior_logvar / 2)
    u, v = (mu - prior_mu) / s, logvar - prior_logvar
    return (u**2 + v.exp() - v - 1) / 2


def by_torch(mu, logvar, prior_mu, prior_logvar):
    return kl_divergence(Normal(mu, (logvar / 2).exp()), Normal(prior_mu, (prior_logvar / 2).exp()))


@pytest.mark.parametrize("answer", [kl, in_units_of_s, by_torch])
def test_any_normal_right(answer):
    assert problem("3.1", answer) is None


ANY_NORMAL = {
    "the sign is turned": lambda a, b, c, d: -kl(a, b, c, d),
    "is a ½ missing": lambda a, b, c, d: 2 * kl(a, b, c, d),
    "a constant wrong": lambda a, b, c, d: kl(a, b, c, d) + 0.5,
    "it does not use prior_mu": lambda a, b, c, d: kl(a, b, 0 * c, 0 * d),
    "it does not use prior_logvar": lambda a, b, c, d: kl(a, b, c, 0 * d),
    "the other direction": lambda a, b, c, d: kl(c, d, a, b),
    "in units of the prior's s": lambda a, b, c, d: kl(a, b, c, d) + 0.5 * (a - c) ** 2 * ((-b).exp() - (-d).exp()),
    "divided by the prior's variance": lambda a, b, c, d: (
        kl(a, b, 0 * c, d) + 0.5 * (a - c) ** 2 - 0.5 * a**2 / d.exp()
    ),
    "it is summed already": lambda a, b, c, d: kl(a, b, c, d).sum(-1),
    "mean in place of a sum? Here neither": lambda a, b, c, d: kl(a, b, c, d).mean(-1),
    "exp(logvar) is the variance": lambda a, b, c, d: kl(a, 2 * b, c, d),
    "is the `return` missing": lambda a, b, c, d: [].append(kl(a, b, c, d)),
}


@pytest.mark.parametrize("says", ANY_NORMAL)
def test_any_normal_wrong(says):
    assert says in problem("3.1", ANY_NORMAL[says])


def by_draws(mu, logvar, log_prior, eps, value=1.0, root=0.5, spread=1.0, stretch=0.5):
    sigma = torch.exp(stretch * logvar)
    z = mu + sigma * eps
    log_q = Normal(mu, sigma).log_prob(z).sum(-1)
    terms = log_q - log_prior(z)
    return value * terms.mean(0), terms.std(0) ** spread / len(eps) ** root


def with_bias(mu, logvar, log_prior, eps):
    """The spread over k in place of k - 1, and NumPy."""
    z = mu + torch.exp(0.5 * logvar) * eps
    log_q = -0.5 * (eps**2 + logvar + math.log(2 * math.pi)).sum(-1)
    terms = (log_q - log_prior(z)).numpy()
    return np.stack([terms.mean(0), terms.std(0) / len(terms) ** 0.5])


@pytest.mark.parametrize("answer", [by_draws, with_bias])
def test_by_draws_right(answer):
    assert problem("3.2", answer) is None


def at_the_noise(mu, logvar, log_prior, eps):
    terms = Normal(mu, (logvar / 2).exp()).log_prob(mu + (logvar / 2).exp() * eps).sum(-1) - log_prior(eps)
    return terms.mean(0), terms.std(0) / len(eps) ** 0.5


def without_stretch(mu, logvar, log_prior, eps):
    terms = Normal(0.0, 1.0).log_prob(eps).sum(-1) - log_prior(mu + (logvar / 2).exp() * eps)
    return terms.mean(0), terms.std(0) / len(eps) ** 0.5


def without_constant(mu, logvar, log_prior, eps):
    terms = -0.5 * (eps**2 + logvar).sum(-1) - log_prior(mu + (logvar / 2).exp() * eps)
    return terms.mean(0), terms.std(0) / len(eps) ** 0.5


BY_DRAWS = {
    "the sign is turned": lambda *a: by_draws(*a, value=-1.0),
    "the spread of one draw": lambda *a: by_draws(*a, root=0.0),
    "over the root of k, not over k": lambda *a: by_draws(*a, root=1.0),
    "the root of the variance is missing": lambda *a: by_draws(*a, root=1.0, spread=2.0),
    "exp(logvar) is the variance": lambda *a: by_draws(*a, stretch=1.0),
    "asked about the noise": at_the_noise,
    "log sigma is missing": without_stretch,
    "½ log 2π is missing": without_constant,
    "where does the noise come from": lambda mu, logvar, log_prior, eps: by_draws(
        mu, logvar, log_prior, torch.randn_like(eps)
    ),
    "it does not use mu": lambda mu, *rest: by_draws(0 * mu, *rest),
    "expected shape (2, 3)": lambda *a: by_draws(*a)[0],
}


@pytest.mark.parametrize("says", BY_DRAWS)
def test_by_draws_wrong(says):
    assert says in problem("3.2", BY_DRAWS[says])


@pytest.mark.parametrize(
    ("number", "answers"),
    [
        ("3.3", (1.73, 0.18)),
        ("3.3", (3**0.5, torch.tensor([0.1765]))),
        ("3.4", (0.02, 1.62)),
        ("3.4", (torch.tensor(2 / 101), np.log(5.05))),
    ],
)
def test_numbers_right(number, answers):
    assert problem(number, *answers) is None


NUMBERS = {
    "the half-width is not 3: the square": ("3.3", 3.0, 0.18),
    "the half-width is not 1: that is its variance": ("3.3", 1.0, 0.18),
    "the half-width is not 3.46: half of a box": ("3.3", 3.46, 0.18),
    "the KL is not -0.74: ½ log 2π is missing": ("3.3", 1.73, -0.74),
    "the KL is not 0.35: twice": ("3.3", 1.73, 0.35),
    "the KL is not 0.39: that is the KL at w = 1": ("3.3", 1.73, 0.39),
    "the KL is not 0: too small": ("3.3", 1.73, 0.0),
    "the variance is not 0.505: that is the arithmetic mean": ("3.4", 0.505, 1.62),
    "the variance is not 0.1: that is the geometric mean": ("3.4", 0.1, 1.62),
    "the variance is not 0.0099: 1 over the sum": ("3.4", 0.0099, 1.62),
    "the variance is not 0.1407: the root": ("3.4", 0.1407, 1.62),
    "the KL is not 3.24: twice": ("3.4", 0.02, 3.24),
    "the KL is not 0.81: half": ("3.4", 0.02, 0.81),
    "the KL is not 2.336: is it log2": ("3.4", 0.02, 2.336),
}


@pytest.mark.parametrize("says", NUMBERS)
def test_numbers_wrong(says):
    number, *answers = NUMBERS[says]
    assert problem(number, *answers).startswith(says)
