"""The exercises of chapter 1: right answers of every kind pass, and the slips of readers are told what they are."""

import math

import numpy as np
import pytest
import torch
from torch.distributions import Categorical, Exponential, Independent, MixtureSameFamily, Normal

from vae_utils.exercises.chapter_1 import EXERCISES


def polar(angle, radius):
    return torch.stack([radius * angle.cos(), radius * angle.sin()], 1)


def terms(x, mean, sigma, logs, pis):
    squared = ((x - mean) ** 2).sum(1)
    return -squared / (2 * sigma**2) - logs * math.log(sigma) - pis / 2 * math.log(2 * math.pi)


def bells(x, centers, sigma):
    return Normal(centers, sigma).log_prob(x[:, None]).sum(2)


def by_library(x, centers, sigma):
    each = Independent(Normal(centers, sigma), 1)
    return MixtureSameFamily(Categorical(torch.ones(len(centers))), each).log_prob(x)


def by_squares(x, centers, sigma):
    squared = torch.cdist(x, centers) ** 2
    constant = x.shape[1] * (math.log(sigma) + 0.5 * math.log(2 * math.pi))
    return torch.logsumexp(-squared / (2 * sigma**2) - constant, 1) - math.log(len(centers))


def interpolated(sample):
    ordered, ranks = np.sort(sample), (np.arange(len(sample)) + 0.5) / len(sample)
    return lambda z: torch.from_numpy(np.interp(Normal(0.0, 1.0).cdf(z), ranks, ordered))


def by_steps(sample, sign=1.0):
    ordered = sample.sort().values
    return lambda z: ordered[(Normal(0.0, 1.0).cdf(sign * z) * len(ordered)).long().clamp(max=len(ordered) - 1)]


RIGHT = {
    "1.1": [
        lambda u: -torch.log(1 - u),
        lambda u: -torch.log1p(-u),
        lambda u: -torch.log(u),  # the mirrored machine makes the same law
        lambda u: -np.log(1 - u.numpy()),
        lambda u: Exponential(1.0).icdf(u),
    ],
    "1.2": [
        lambda u, v: polar(2 * math.pi * u, v.sqrt()),
        lambda u, v: polar(2 * math.pi * v, u.sqrt()),
        lambda u, v: polar(math.pi * (2 * u - 1), (1 - v).sqrt()),
        lambda u, v: polar(2 * math.pi * u, v.sqrt()).numpy(),
    ],
    "1.3": [
        lambda x, m, s: terms(x, m, s, x.shape[1], x.shape[1]),
        lambda x, m, s: Normal(m, s).log_prob(x).sum(-1),
        lambda x, m, s: Independent(Normal(m, s), 1).log_prob(x),
    ],
    "1.4": [by_library, by_squares, lambda x, c, s: bells(x, c, s).logsumexp(1) - math.log(len(c))],
    "1.5": [
        interpolated,
        by_steps,
        lambda sample: by_steps(sample, -1.0),
        lambda sample: lambda z: torch.quantile(sample, Normal(0.0, 1.0).cdf(z)),
    ],
}
WRONG = [
    ("1.1", lambda u: torch.log(1 - u), "the sign is turned"),
    ("1.1", lambda u: -torch.log2(1 - u), "log2"),
    ("1.1", lambda u: -math.log(1 - u), "such as torch.log, take tensors"),
    ("1.1", lambda u: 1 - torch.exp(-u), "its inverse"),
    ("1.1", lambda u: torch.exp(-u), "density"),
    ("1.1", lambda u: -torch.log(1 + u), "right is"),
    ("1.1", lambda u: Exponential(1.0).sample(u.shape), "where does the noise come from"),
    ("1.1", lambda u: [].append(-torch.log(1 - u)), "is the `return` missing"),
    ("1.1", lambda u: -torch.log(1 - u).mean(), "returns a number, expected shape (3,)"),
    ("1.2", lambda u, v: polar(2 * math.pi * u, v), "the radius is v itself"),
    ("1.2", lambda u, v: polar(2 * math.pi * u, v**2), "squared where its root"),
    ("1.2", lambda u, v: polar(u, v.sqrt()), "all the way round"),
    ("1.2", lambda u, v: polar(math.pi * u, v.sqrt()), "all the way round"),
    ("1.2", lambda u, v: polar(0 * u, v.sqrt()), "all the way round"),
    ("1.2", lambda u, v: polar(2 * math.pi * u, (v > 0.25).double()), "within 0.25 of the center, expected 0.06"),
    ("1.2", lambda u, v: polar(2 * math.pi * u, v.sqrt()).T, "shape (2, 20000), expected shape (n, 2)"),
    ("1.2", lambda u, v: polar(2 * math.pi * v, v.sqrt()), "depend on each other"),
    ("1.2", lambda u, v: 2 * torch.stack([u, v], 1) - 1, "away from the center, expected at most 1"),
    ("1.2", lambda u, v: polar(2 * math.pi * torch.rand(len(u)), v.sqrt()), "all the chance is in u and v"),
    ("1.2", lambda u, v: "a disc", "an answer of type str, expected shape (n, 2)"),
    ("1.2", lambda u, v: polar(2 * math.pi * u, math.sqrt(v)), "raised"),
    ("1.3", lambda x, m, s: terms(x, m, s, 1, x.shape[1]), "D times log sigma"),
    ("1.3", lambda x, m, s: terms(x, m, s, x.shape[1], 1), "D/2 times log 2π"),
    ("1.3", lambda x, m, s: terms(x, m, s, 1, 1), "both constants"),
    ("1.3", lambda x, m, s: terms(x, m, s, 0, x.shape[1]), "log sigma is missing"),
    ("1.3", lambda x, m, s: terms(x, m, s, -x.shape[1], x.shape[1]), "log sigma has the wrong sign"),
    ("1.3", lambda x, m, s: -((x - m) ** 2).sum(1) / (2 * s**2), "squared error alone"),
    ("1.3", lambda x, m, s: Normal(m, s).log_prob(x).mean(1), "a mean in place of a sum"),
    ("1.3", lambda x, m, s: Normal(m, s).log_prob(x), "not yet summed over the last dimension"),
    ("1.3", lambda x, m, s: Normal(m, s**2).log_prob(x).sum(1), "sigma squared is the variance"),
    ("1.3", lambda x, m, s: Normal(m, s**0.5).log_prob(x).sum(1), "right is"),
    ("1.3", lambda x, m, s: -Normal(m, s).log_prob(x).sum(1), "the sign is turned"),
    ("1.4", lambda x, c, s: bells(x, c, s).mean(1), "average of the logs"),
    ("1.4", lambda x, c, s: bells(x, c, s).logsumexp(1), "log k is missing"),
    ("1.4", lambda x, c, s: bells(x, c, s).logsumexp(1) + math.log(len(c)), "wrong sign"),
    ("1.4", lambda x, c, s: bells(x, c, s).exp().mean(1).log(), "torch.logsumexp"),
    ("1.4", lambda x, c, s: bells(x, c, s).exp().mean(1), "wanted is its logarithm"),
    ("1.4", lambda x, c, s: bells(x, c, s).max(1).values - math.log(len(c)), "all of them add up"),
    ("1.4", lambda x, c, s: by_library(x, c, 1.0), "it does not use sigma"),
    ("1.4", lambda x, c, s: bells(x, c, s).logsumexp(0) - math.log(len(c)), "shape (4,), expected shape (5,)"),
    ("1.4", lambda x, c, s: -by_library(x, c, s), "the sign is turned"),
    ("1.5", lambda sample: sample, "expected a function of z"),
    ("1.5", lambda sample: lambda z: z, "the data end at"),
    ("1.5", lambda sample: lambda z: sample.mean() + sample.std() * z, "the shape is still a bell"),
    ("1.5", lambda sample: lambda z: sample[(Normal(0.0, 1.0).cdf(z) * 501).long().clamp(max=500)], "not in order"),
    ("1.5", lambda sample: lambda z: sample[torch.randint(501, z.shape)], "two answers for the same z"),
    ("1.5", lambda sample: lambda z: by_steps(sample)(z)[:, None], "shape (402, 1), expected shape (402,)"),
    ("1.5", lambda sample: lambda z: sample.sort().values[(z.sigmoid() * 501).long().clamp(max=500)], "0.50"),
    ("1.5", lambda sample: lambda z: sample.sort().values[(Normal(0.0, 1.0).cdf(z) * 502).long()], "IndexError"),
]


@pytest.mark.parametrize(("number", "answer"), [(number, kind) for number, kinds in RIGHT.items() for kind in kinds])
def test_right_answers_pass(number, answer):
    assert EXERCISES[number].problem(answer) is None


@pytest.mark.parametrize(("number", "answer", "says"), WRONG)
def test_wrong_answers_are_told_what_differs(number, answer, says):
    assert says in EXERCISES[number].problem(answer)
