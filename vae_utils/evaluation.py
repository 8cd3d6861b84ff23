"""How good is a trained model? Every number is in nats per example."""

import math

import torch

from .arguments import float_tensor, real_number, whole_number
from .objectives import elbo, log_weights


@torch.no_grad()
def evaluate(model, x, y=None, samples=1, batch_size=1000, generator=None):
    """Mean ELBO, reconstruction and KL over x (N, D), from `samples` draws of z per example: a dict of floats, nats.

    Raises TypeError or ValueError that names the argument, like every function here.
    """
    whole_number(samples, "samples")
    totals = {"elbo": 0.0, "reconstruction": 0.0, "kl": 0.0}
    for rows in _batches(x, batch_size):
        for _ in range(samples):
            terms = elbo(model, x[rows], None if y is None else y[rows], generator=generator)
            for name in totals:
                totals[name] += getattr(terms, name).double().sum().item()
    return {name: total / (len(x) * samples) for name, total in totals.items()}


@torch.no_grad()
def log_likelihood(model, x, k=100, y=None, batch_size=100, chunk=100, generator=None):
    """log p(x) of each row of x (N, D), estimated by the importance-weighted bound with k samples: (N,), nats.

    Never above log p(x) in expectation, and closer for larger k (Burda et al. 2016). `chunk` samples of `batch_size`
    examples are held in memory at a time, whatever k and N.
    """
    whole_number(k, "k"), whole_number(chunk, "chunk")
    results = []
    for rows in _batches(x, batch_size):
        labels = None if y is None else y[rows]
        parts = [
            log_weights(model, x[rows], min(chunk, k - start), labels, generator=generator).logsumexp(0)
            for start in range(0, k, chunk)
        ]
        results.append(torch.stack(parts).logsumexp(0) - math.log(k))
    return torch.cat(results)


@torch.no_grad()
def active_units(model, x, y=None, threshold=0.01):
    """Which latent dimensions are used: True where the posterior mean varies over x by more than `threshold`.

    A_j = Var_x(E_q[z_j]) > threshold (Burda et al. 2016): x (N, D) -> bool (d,).
    """
    real_number(threshold, "threshold", lambda variance: variance >= 0, ">= 0")
    float_tensor(x, "x", "(N, D)", least_dims=2)
    return model.posterior(x, y).mean.var(0, correction=0) > threshold


def _batches(x, batch_size):
    if len(float_tensor(x, "x", "(N, D)", least_dims=2)) == 0:
        raise ValueError("x: got no rows, expected (N, D) with N >= 1")
    return torch.arange(len(x)).split(whole_number(batch_size, "batch_size"))
