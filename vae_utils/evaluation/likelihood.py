"""How probable does a model find the data? Every number is in nats per example."""

import math

import torch

from ..arguments import float_tensor, whole_number
from ..objectives import elbo, log_weights


@torch.no_grad()
def evaluate(model, x, y=None, samples=1, batch_size=1000, generator=None):
    """Mean ELBO, reconstruction and KL over x (N, D), from `samples` draws of z per example: a dict of floats, nats.

    Raises TypeError or ValueError that names the argument, like every function here.
    """
    whole_number(samples, "samples")
    totals = {"elbo": 0.0, "reconstruction": 0.0, "kl": 0.0}
    for rows in batches(x, batch_size):
        for _ in range(samples):
            terms = elbo(model, x[rows], None if y is None else y[rows], generator=generator)
            for name in totals:
                totals[name] += getattr(terms, name).double().sum().item()
    return {name: total / (len(x) * samples) for name, total in totals.items()}


@torch.no_grad()
def log_likelihood(model, x, k=100, y=None, batch_size=100, chunk=100, generator=None):
    """log p(x) of each row of x (N, D), estimated by the importance-weighted bound with k samples: (N,), nats.

    Never above log p(x) in expectation, and closer for larger k (Burda et al. 2016). `chunk` samples of `batch_size`
    examples are held in memory at a time, whatever k and N: for perceptrons at most 8 x batch_size x chunk x D floats
    with a Bernoulli likelihood (by default 250 MB for D = 784), 11 with a Gaussian, 16 with a ContinuousBernoulli.
    """
    whole_number(k, "k"), whole_number(chunk, "chunk")
    results = []
    for rows in batches(x, batch_size):
        labels = None if y is None else y[rows]
        total = x.new_full((len(rows),), -math.inf)
        for start in range(0, k, chunk):
            log_w = log_weights(model, x[rows], min(chunk, k - start), labels, generator=generator)
            total = torch.logaddexp(total, log_w.logsumexp(0))
        results.append(total - math.log(k))
    return torch.cat(results)


def effective_sample_size(log_w):
    """How many of k weights really count: (sum w)^2 / sum w^2 for log-weights (k, B) -> (B,), between 1 and k.

    k for equal weights, 1 when a single one outweighs the rest: then the bound with k samples is no better than
    that one sample, and still far below log p(x) (Kong 1992). Take the weights from `objectives.log_weights`.
    """
    float_tensor(log_w, "log_w", "(k, B)", least_dims=2)
    return torch.exp(2 * log_w.logsumexp(0) - (2 * log_w).logsumexp(0))


def batches(x, batch_size):
    if len(float_tensor(x, "x", "(N, D)", least_dims=2)) == 0:
        raise ValueError("x: got no rows, expected (N, D) with N >= 1")
    return torch.arange(len(x)).split(whole_number(batch_size, "batch_size"))
