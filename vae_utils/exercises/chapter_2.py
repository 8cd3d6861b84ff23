"""The exercises of chapter 2."""

import math

import torch
from torch.distributions import Normal, kl_divergence

from .exercise import Function, Judged, numbers
from .words import described, shown

BALLS = [
    [5, 4, 3, 2, 1, 1, 1, 1, 1, 1],
    [1, 1, 2, 3, 3, 3, 3, 2, 1, 1],
    [1, 1, 1, 1, 1, 1, 2, 3, 4, 5],
]
P_Z = torch.tensor([0.4, 0.4, 0.2], dtype=torch.float64)
P_X_GIVEN_Z = torch.tensor(BALLS, dtype=torch.float64) / 20
JOINT = P_Z[:, None] * P_X_GIVEN_Z
TRUE_POSTERIOR = JOINT / JOINT.sum(0)


def judge_true_posterior(my_q):
    answer = numbers(my_q)
    if answer is None or answer.shape != (3,):
        got = described(my_q) if answer is None else shown(answer)
        return f"my_q is {got}, expected three probabilities: low, middle, high"
    if (answer - TRUE_POSTERIOR[:, 4]).abs().max() <= 1e-3:
        return None
    listed = ", ".join(f"{value:.3f}" for value in answer)
    return f"my_q is {listed}{_posterior_slip(answer)}"


def _posterior_slip(answer):
    likelihood = P_X_GIVEN_Z[:, 4]
    slips = {
        ": this is the prior; the ball has not been looked at": P_Z,
        ": this is p(x = 4 | z), a chance of the ball and not of the urns": likelihood,
        ": the prior of the urns is missing": likelihood / likelihood.sum(),
        ": this is p(x = 4, z); divide by its sum": JOINT[:, 4],
        ": this is the posterior of x = 3": TRUE_POSTERIOR[:, 3],
    }
    for words, wrong in slips.items():
        if (answer - wrong).abs().max() < 2e-3:
            return words
    if abs(answer.sum() - 1) > 1e-3:
        return f": the three add up to {answer.sum():.3f}, expected 1"
    return ""


def my_elbo(x, mu, sigma):
    posterior = Normal(x / 2, math.sqrt(0.5))
    return Normal(0.0, math.sqrt(2.0)).log_prob(x) - kl_divergence(Normal(mu, sigma), posterior)


def guesses():
    x, mu = torch.tensor([[1.0, -2.0, 0.4], [0.2, 0.3, -1.1]], dtype=torch.float64)
    return [(x, mu, torch.tensor([1.3, 0.5, 0.8], dtype=torch.float64)), (2 * x[:1], mu[:1], x[2:])]


def reconstruction(x, mu, sigma):
    return -0.5 * math.log(2 * math.pi) - 0.5 * ((x - mu) ** 2 + sigma**2)


def kl_to_prior(mu, sigma):
    return kl_divergence(Normal(mu, sigma), Normal(0.0, 1.0))


ELBO_SLIPS = {
    "E_q[(x - z)²] is (x - mu)² + sigma²: the sigma² is missing": lambda x, m, s: my_elbo(x, m, s) + s**2 / 2,
    "E_q[(x - z)²] is (x - mu)² + sigma², not + sigma": lambda x, m, s: my_elbo(x, m, s) + (s**2 - s) / 2,
    "the KL is added, and a price is subtracted": lambda x, m, s: reconstruction(x, m, s) + kl_to_prior(m, s),
    "this is the reconstruction alone": reconstruction,
    "this is log p(x); the gap is still in it": lambda x, m, s: Normal(0.0, math.sqrt(2.0)).log_prob(x) + 0 * m,
    "this is the loss, minus the ELBO": lambda x, m, s: -my_elbo(x, m, s),
    "½ log σ² is log σ, and it stands here once too little": lambda x, m, s: my_elbo(x, m, s) - s.log() / 2,
}


def my_family_gap(precision):
    return 0.5 * (torch.log(torch.diagonal(precision)).sum() - torch.logdet(precision))


def precisions():
    tilted = [[2.0, 1.5], [1.5, 2.0]]
    chain = [[2.0, 1.0, 0.0], [1.0, 2.0, 1.0], [0.0, 1.0, 2.0]]
    long = [[5.0, -1.0, 0.4], [-1.0, 0.5, 0.2], [0.4, 0.2, 1.5]]
    return [(torch.tensor(matrix, dtype=torch.float64),) for matrix in (chain, tilted, long)]


def log_diagonal(matrix):
    return torch.log(torch.diagonal(matrix)).sum()


FAMILY_SLIPS = {
    "this is KL(p || q) of the Gaussian with p's own variances; the order of the two is turned": lambda p: (
        0.5 * (log_diagonal(torch.linalg.inv(p)) + torch.logdet(p))
    ),
    "the best variances are 1 / Λ_jj, not those of the true posterior": lambda p: (
        0.5
        * (
            (torch.diagonal(p) * torch.diagonal(torch.linalg.inv(p))).sum()
            - len(p)
            - log_diagonal(torch.linalg.inv(p))
            - torch.logdet(p)
        )
    ),
    "det Σ_p is one divided by det Λ: a sign is turned": lambda p: 0.5 * (log_diagonal(p) + torch.logdet(p)),
    "the d is left: the trace is d, and the two cancel": lambda p: my_family_gap(p) - len(p) / 2,
    "a trace was left that the d should cancel": lambda p: my_family_gap(p) + len(p) / 2,
    "the determinants need their logarithm": lambda p: 0.5 * (torch.diagonal(p).prod() - torch.det(p)),
}


def em(p_z, p_x_given_z, p_data, steps):
    for _ in range(steps):
        joint = p_z[:, None] * p_x_given_z
        p_z = (joint / joint.sum(0)) @ p_data
    return p_z


def urns():
    observed = torch.tensor([4, 3, 2, 2, 1, 1, 1, 2, 2, 2], dtype=torch.float64) / 20
    pair = torch.tensor([0.15, 0.85], dtype=torch.float64)
    return [(P_Z, P_X_GIVEN_Z, observed, 3), (pair, P_X_GIVEN_Z[[0, 2]], observed, 1), (P_Z, P_X_GIVEN_Z, observed, 40)]


def posterior(p_z, p_x_given_z):
    joint = p_z[:, None] * p_x_given_z
    return joint / joint.sum(0)


def once(p_z, p_x_given_z, p_data, steps):
    return posterior(p_z, p_x_given_z) @ p_data


def without_likelihood(p_z, p_x_given_z, p_data, steps):
    for _ in range(steps):
        p_z = (p_x_given_z / p_x_given_z.sum(0)) @ p_data
    return p_z


def without_prior_normalized(p_z, p_x_given_z, p_data, steps):
    for _ in range(steps):
        p_z = (p_z[:, None] * p_x_given_z) @ p_data
    return p_z


def without_weights(p_z, p_x_given_z, p_data, steps):
    for _ in range(steps):
        p_z = posterior(p_z, p_x_given_z).mean(1)
    return p_z


EM_SLIPS = {
    "p(z) has not moved: does q average over the data, or over the model's own p(x)": lambda p, balls, d, n: p,
    "the E-step belongs inside the loop: q must follow the new p(z)": once,
    "the prior is missing from Bayes' rule": without_likelihood,
    "q is not divided by p(x), so its columns do not add up to 1": without_prior_normalized,
    "every x counts the same here; weigh them by p_data": without_weights,
    "one round too many": lambda p, balls, d, n: em(p, balls, d, n + 1),
    "one round too few": lambda p, balls, d, n: em(p, balls, d, n - 1),
}

EXERCISES = {
    "2.1": Judged(
        "the q without a gap", judge_true_posterior, hint="it is the true posterior, by Bayes' rule (2.5), at x = 4"
    ),
    "2.2": Function("the ELBO of a Gaussian", my_elbo, guesses, hint="E_q[(x - z)²] has two parts", slips=ELBO_SLIPS),
    "2.3": Function(
        "the family's part", my_family_gap, precisions, hint="the trace term cancels the d", slips=FAMILY_SLIPS
    ),
    "2.4": Function(
        "EM for urns", em, urns, hint="the M-step's best p(z) is q(z), the average of q over p_data", slips=EM_SLIPS
    ),
}
