"""How good is a trained model? Every number is in nats per example."""

import math

import torch

from .objectives import elbo, log_weights


@torch.no_grad()
def evaluate(model, x, y=None, samples=1, batch_size=1000, generator=None):
    """Mean ELBO, reconstruction and KL over x (N, D), from `samples` draws of z per example: a dict of floats, nats.

    Raises ValueError unless samples is a whole number >= 1.
    """
    if not (isinstance(samples, int) and samples >= 1):
        raise ValueError(f"samples: got {samples!r}, expected a whole number >= 1")
    totals = {"elbo": 0.0, "reconstruction": 0.0, "kl": 0.0}
    for rows in torch.arange(len(x)).split(batch_size):
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
    results = []
    for rows in torch.arange(len(x)).split(batch_size):
        total, left = None, k
        while left > 0:
            labels = None if y is None else y[rows]
            log_w = log_weights(model, x[rows], min(chunk, left), labels, generator=generator).logsumexp(0)
            total = log_w if total is None else torch.logaddexp(total, log_w)
            left -= chunk
        results.append(total - math.log(k))
    return torch.cat(results)


@torch.no_grad()
def active_units(model, x, y=None, threshold=0.01):
    """Which latent dimensions are used: True where the posterior mean varies over x by more than `threshold`.

    A_j = Var_x(E_q[z_j]) > threshold (Burda et al. 2016): x (N, D) -> bool (d,).
    """
    return model.posterior(x, y).mean.var(0, correction=0) > threshold
