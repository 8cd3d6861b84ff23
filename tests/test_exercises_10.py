"""Chapter 10: right answers pass, wrong ones are told what they are."""

import math

import numpy as np
import torch
from judged import judged

from vae_utils.exercises.chapter_10 import EXERCISES


def information(counts):
    p = counts / counts.sum()
    independent = p.sum(1, keepdim=True) * p.sum(0, keepdim=True)
    return (p * torch.where(p > 0, p / independent, torch.ones_like(p)).log()).sum()


def by_entropies(counts):
    p = counts.numpy() / counts.numpy().sum()
    entropy = lambda v: -sum(x * math.log(x) for x in np.ravel(v) if x > 0)  # noqa: E731
    return entropy(p.sum(0)) + entropy(p.sum(1)) - entropy(p)


def turned(mu, logvar, R, back=False, scale=1.0):
    S = torch.diag_embed(torch.exp(scale * logvar))
    return torch.einsum("ij,bj->bi", R, mu), R.T @ S @ R if back else R @ S @ R.T


def by_hand(mu, logvar, R):
    return [mu @ R.T, torch.einsum("ij,bj,kj->bik", R, logvar.exp(), R)]


LOG_2_PI = math.log(2 * math.pi)


def parts(log_q, z, log_n=True, log_n_of_marginals=True, prior=0.5 * LOG_2_PI, dim=1, mean=torch.mean):
    n = len(z)
    own = log_q[torch.arange(n), torch.arange(n)].sum(-1)
    aggregate = log_q.sum(-1).logsumexp(dim) - log_n * math.log(n)
    marginals = log_q.logsumexp(dim) - log_n_of_marginals * math.log(n)
    log_p = -0.5 * z**2 - prior
    return mean(own - aggregate), mean(aggregate - marginals.sum(-1)), mean((marginals - log_p).sum(-1))


def product(log_q, z):
    marginals = log_q.logsumexp(1).sum(-1) - z.shape[1] * math.log(len(z))
    known = (log_q.diagonal().sum(0) - marginals).mean()
    return known, torch.tensor(0.0), parts(log_q, z)[2]


def logs(log_q, z):
    own, aggregate, marginals = log_q.diagonal().sum(0), log_q.sum(-1).mean(1), log_q.mean(1)
    log_p = torch.distributions.Normal(0.0, 1.0).log_prob(z)
    return torch.stack(
        [(own - aggregate).mean(), (aggregate - marginals.sum(1)).mean(), (marginals - log_p).sum(1).mean()]
    )


RIGHT = [
    ("10.1", information),
    ("10.1", by_entropies),
    ("10.2", 0.5, 0.45, 0.475),
    ("10.2", 0.8 / 1.6, torch.tensor(0.45), 0.48),
    ("10.3", turned),
    ("10.3", by_hand),
    ("10.4", parts),
    ("10.4", lambda log_q, z: torch.stack(parts(log_q, z))),
]
WRONG = [
    ("log2", "10.1", lambda counts: information(counts) / math.log(2)),
    ("divide it by its sum", "10.1", lambda counts: torch.xlogy(
        counts, counts / (counts.sum(1, keepdim=True) * counts.sum(0))).sum()),
    ("not by its count", "10.1", lambda counts: counts.sum() * information(counts)),
    ("inside the logarithm", "10.1", lambda counts: information(counts) - counts.sum().log()),
    ("the entropy of the table", "10.1", lambda c: -torch.xlogy(c / c.sum(), c / c.sum()).sum()),
    ("p(a) is missing", "10.1", lambda c: torch.xlogy(c / c.sum(), (c / c.sum()) / (c.sum(0) / c.sum())).sum()),
    ("p(b) is missing", "10.1", lambda c: torch.xlogy(c / c.sum(), (c / c.sum()) / (c.sum(1, True) / c.sum())).sum()),
    ("p(a, b), not p(a) p(b)", "10.1", lambda c: (
        c.sum(1, True) * c.sum(0) / c.sum() ** 2 * (c * c.sum() / (c.sum(1, True) * c.sum(0))).log()).sum()),
    ("not their average", "10.1", lambda counts: information(counts) / counts.numel()),
    ("you return nan", "10.1", lambda c: (c / c.sum() * (c * c.sum() / (c.sum(1, True) * c.sum(0))).log()).sum()),
    ("the sign is turned", "10.1", lambda counts: -information(counts)),
    ("not yet summed", "10.1", lambda counts: (c := counts / counts.sum()) * torch.xlogy(
        torch.ones(()), torch.where(c > 0, c / (c.sum(1, True) * c.sum(0)), 1.0))),
    ("not yet divided by the entropy", "10.2", 0.8, 0.9, 0.85),
    ("not yet divided by the entropy", "10.2", 0.5, 0.9, 0.85),
    ("minus the mean", "10.2", 0.396, 0.317, 0.356),
    ("minus the smallest", "10.2", 0.6875, 0.5, 0.59),
    ("its rival belongs in", "10.2", 0.75, 0.75, 0.75),
    ("over the largest", "10.2", 0.667, 0.6, 0.633),
    ("within a column", "10.2", 0.4375, 0.1, 0.27),
    ("columns are codes", "10.2", 0.7, 0.2, 1.4),
    ("not their sum", "10.2", 0.5, 0.45, 0.95),
    ("expected a number", "10.2", 0.5, 0.45, [0.5, 0.45]),
    ("is the `return` missing", "10.3", lambda mu, logvar, R: print(end="")),
    ("expected two tensors", "10.3", lambda mu, logvar, R: mu @ R.T),
    ("type tuple, expected two tensors", "10.3", lambda mu, logvar, R: (mu, 1.0)),
    ("the covariance has shape (4, 3), expected shape (4, 3, 3)", "10.3", lambda m, v, R: (m @ R.T, v.exp() @ R.T)),
    ("the mean has shape (3,)", "10.3", lambda mu, logvar, R: (turned(mu, logvar, R)[0][0], turned(mu, logvar, R)[1])),
    ("the mean is not right: it is turned back", "10.3", lambda mu, logvar, R: (mu @ R, turned(mu, logvar, R)[1])),
    ("the mean is not right: it is not turned", "10.3", lambda mu, logvar, R: (mu, turned(mu, logvar, R)[1])),
    ("the mean is not right", "10.3", lambda mu, logvar, R: (2 * mu, turned(mu, logvar, R)[1])),
    ("the covariance is not right: it is turned back", "10.3", lambda m, v, R: turned(m, v, R, back=True)),
    ("sigma stands where", "10.3", lambda mu, logvar, R: turned(mu, logvar, R, scale=0.5)),
    ("the logarithm of the variance", "10.3", lambda m, v, R: (m @ R.T, R @ torch.diag_embed(v) @ R.T)),
    ("the covariance is not right: it is not turned", "10.3", lambda m, v, R: (m @ R.T, torch.diag_embed(v.exp()))),
    ("on both sides", "10.3", lambda m, v, R: (m @ R.T, R @ torch.diag_embed(v.exp()))),
    ("its transpose on the right", "10.3", lambda m, v, R: (m @ R.T, R @ torch.diag_embed(v.exp()) @ R)),
    ("only its diagonal", "10.3", lambda m, v, R: (
        m @ R.T, torch.diag_embed(torch.einsum("ij,bj,ij->bi", R, v.exp(), R)))),
    ("the covariance is not right", "10.3", lambda m, v, R: (m @ R.T, 2 * turned(m, v, R)[1])),
    ("here and in each dimension", "10.4", lambda q, z: parts(q, z, log_n=False, log_n_of_marginals=False)),
    ("missing from the aggregate", "10.4", lambda q, z: parts(q, z, log_n=False)),
    ("missing from the dimensions", "10.4", lambda q, z: parts(q, z, log_n_of_marginals=False)),
    ("of the prior is missing", "10.4", lambda q, z: parts(q, z, prior=0.0)),
    ("over the posteriors, dimension 1", "10.4", lambda q, z: parts(q, z, dim=0)),
    ("it is no product", "10.4", product),
    ("this averages the logarithms", "10.4", logs),
    ("the sign is turned", "10.4", lambda q, z: [-part for part in parts(q, z)]),
    ("log2", "10.4", lambda q, z: [part / math.log(2) for part in parts(q, z)]),
    ("a sum in place of a mean", "10.4", lambda q, z: parts(q, z, mean=torch.sum)),
    ("expected shape (3,)", "10.4", lambda q, z: parts(q, z)[0]),
]  # fmt: skip


test_a_right_answer_passes, test_a_wrong_answer_is_told_what_it_is = judged(EXERCISES, RIGHT, WRONG)
