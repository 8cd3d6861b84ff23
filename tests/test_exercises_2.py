"""The exercises of chapter 2: right answers of every kind pass, and the slips of readers are told what they are."""

import math

import pytest
import torch
from torch.distributions import MultivariateNormal, Normal, kl_divergence

from vae_utils.exercises.chapter_2 import EXERCISES, P_X_GIVEN_Z, P_Z

AT_4 = P_Z * P_X_GIVEN_Z[:, 4]


def parts(x, mu, sigma, spread):
    reconstruction = -0.5 * math.log(2 * math.pi) - 0.5 * ((x - mu) ** 2 + spread)
    return reconstruction, 0.5 * (mu**2 + sigma**2 - 1 - 2 * torch.log(sigma))


def elbo(x, mu, sigma):
    reconstruction, kl = parts(x, mu, sigma, sigma**2)
    return reconstruction - kl


def by_library(precision):
    d = len(precision)
    q = MultivariateNormal(torch.zeros(d).double(), torch.diag(1 / torch.diagonal(precision)))
    return kl_divergence(q, MultivariateNormal(torch.zeros(d).double(), precision_matrix=precision))


def family(precision):
    return 0.5 * (precision.diagonal().log().sum() - torch.logdet(precision))


def run(step):
    def em(p_z, p_x_given_z, p_data, steps):
        for _ in range(steps):
            p_z = step(p_z, p_x_given_z, p_data)
        return p_z

    return em


def bayes(p_z, p_x_given_z):
    joint = p_z[:, None] * p_x_given_z
    return joint / joint.sum(0)


def frozen(p_z, p_x_given_z, p_data, steps):
    q = bayes(p_z, p_x_given_z)
    for _ in range(steps):
        p_z = q @ p_data
    return p_z


def in_logs(p_z, likelihood, p_data):
    return torch.softmax(p_z.log()[:, None] + likelihood.log(), 0) @ p_data


def by_ascent(p_z, p_x_given_z, p_data, steps):
    """The M-step by gradient ascent: the same place, a longer way."""
    for _ in range(steps):
        q_z = bayes(p_z, p_x_given_z) @ p_data
        logits = p_z.log().clone().requires_grad_()
        for _ in range(300):
            (slope,) = torch.autograd.grad(q_z @ logits.log_softmax(0), logits)
            logits = (logits + 2 * slope).detach().requires_grad_()
        p_z = logits.softmax(0).detach()
    return p_z


RIGHT = {
    "2.1": [AT_4 / AT_4.sum(), (AT_4 / AT_4.sum()).float(), [2 / 9, 2 / 3, 1 / 9], (0.222, 0.667, 0.111)],
    "2.2": [elbo, lambda x, m, s: elbo(x, m, s).numpy()],
    "2.3": [family, by_library, lambda p: 0.5 * math.log(p.diagonal().prod() / torch.det(p))],
    "2.4": [
        run(lambda p, balls, d: bayes(p, balls) @ d),
        run(in_logs),
        run(lambda p, balls, d: (bayes(p, balls) * d).sum(1)),
        by_ascent,
    ],
}
WRONG = [
    ("2.1", P_Z, "this is the prior"),
    ("2.1", P_X_GIVEN_Z[:, 4], "a chance of the ball"),
    ("2.1", P_X_GIVEN_Z[:, 4] / P_X_GIVEN_Z[:, 4].sum(), "the prior of the urns is missing"),
    ("2.1", AT_4, "divide by its sum"),
    ("2.1", bayes(P_Z, P_X_GIVEN_Z)[:, 3], "x = 3"),
    ("2.1", [0.2, 0.6, 0.3], "add up to 1.100"),
    ("2.1", [0.3, 0.6, 0.1], "my_q is 0.300, 0.600, 0.100"),
    ("2.1", bayes(P_Z, P_X_GIVEN_Z), "shape (3, 10), expected three probabilities"),
    ("2.1", "low", "an answer of type str"),
    ("2.2", lambda x, m, s: elbo(x, m, s) + s**2 / 2, "the sigma² is missing"),
    ("2.2", lambda x, m, s: parts(x, m, s, s)[0] - parts(x, m, s, s)[1], "not + sigma"),
    ("2.2", lambda x, m, s: sum(parts(x, m, s, s**2)), "a price is subtracted"),
    ("2.2", lambda x, m, s: parts(x, m, s, s**2)[0], "reconstruction alone"),
    ("2.2", lambda x, m, s: -elbo(x, m, s), "the loss, minus the ELBO"),
    ("2.2", lambda x, m, s: elbo(x, m, s) + 0.5 * math.log(2 * math.pi), "½ log 2π"),
    ("2.2", lambda x, m, s: elbo(x, m, s) + 0.5, "too large by"),
    ("2.2", lambda x, m, s: elbo(x, m, s) - torch.log(s) / 2, "log σ"),
    ("2.2", lambda x, m, s: Normal(0.0, 2**0.5).log_prob(x), "this is log p(x)"),
    ("2.2", lambda x, m, s: elbo(x, m, s).mean(), "expected shape (3,)"),
    ("2.2", lambda x, m, s: Normal(m + s * torch.randn_like(s), 1).log_prob(x), "where does the noise come from"),
    ("2.3", lambda p: 0.5 * (torch.linalg.inv(p).diagonal().log().sum() + torch.logdet(p)), "KL(p || q)"),
    ("2.3", lambda p: 2 * family(p), "twice"),
    ("2.3", lambda p: -family(p), "the sign is turned"),
    ("2.3", lambda p: 0.5 * (p.diagonal().log().sum() + torch.logdet(p)), "one divided by det"),
    ("2.3", lambda p: family(p) - len(p) / 2, "the d is left"),
    ("2.3", lambda p: family(p) + len(p) / 2, "trace"),
    ("2.3", lambda p: 0.5 * (p.diagonal().prod() - torch.det(p)), "need their logarithm"),
    ("2.3", lambda p: 0.5 * (p.diagonal().log() - torch.logdet(p)), "expected a number"),
    ("2.3", lambda p: torch.zeros(()).double(), "the same value for every input"),
    ("2.4", lambda p, balls, d, n: p, "p(z) has not moved"),
    ("2.4", run(lambda p, balls, d: bayes(p, balls) @ (p @ balls)), "over the model's own p(x)"),
    ("2.4", frozen, "inside the loop"),
    ("2.4", run(lambda p, balls, d: bayes(p, balls).mean(1)), "weigh them by p_data"),
    ("2.4", run(lambda p, balls, d: (p[:, None] * balls) @ d), "do not add up to 1"),
    ("2.4", run(lambda p, balls, d: (balls / balls.sum(0)) @ d), "the prior is missing"),
    (
        "2.4",
        lambda p, balls, d, n: run(lambda p, balls, d: bayes(p, balls) @ d)(p, balls, d, n + 1),
        "one round too many",
    ),
    ("2.4", run(lambda p, balls, d: (bayes(p, balls) * d).T), "raised"),
    ("2.4", lambda p, balls, d, n: bayes(p, balls), "shape (3, 10), expected shape (3,)"),
]


@pytest.mark.parametrize(("number", "answer"), [(number, kind) for number, kinds in RIGHT.items() for kind in kinds])
def test_right_answers_pass(number, answer):
    assert EXERCISES[number].problem(answer) is None


@pytest.mark.parametrize(("number", "answer", "says"), WRONG)
def test_wrong_answers_are_told_what_differs(number, answer, says):
    assert says in EXERCISES[number].problem(answer)
