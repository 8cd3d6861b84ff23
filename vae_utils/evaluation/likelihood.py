"""How probable does a model find the data? Every number is in nats per example."""

import math
from contextlib import contextmanager

import torch

from ..arguments import finite, float_tensor, labels, whole_number
from ..objectives import elbo, log_weights


@torch.no_grad()
def evaluate(model, x, y=None, samples=1, batch_size=1000, generator=None, objective=elbo):
    """Mean ELBO, reconstruction and KL over x (N, D), from `samples` draws of z per example: a dict of floats, nats.

    objective: whose `Terms` are averaged, such as `objectives.reconstruction` for an autoencoder, which has no ELBO.
    The model is in eval mode meanwhile. Raises TypeError or ValueError that names the argument, like every function
    here; x must be finite, and y must have as many rows as x.
    """
    whole_number(samples, "samples")
    totals = {"elbo": 0.0, "reconstruction": 0.0, "kl": 0.0}
    with scoring(model):
        for some, given in batches(x, y, batch_size):
            for _ in range(samples):
                terms = objective(model, some, given, **_noise(generator))
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
    whole_number(k, "k")
    whole_number(chunk, "chunk")
    results = []
    with scoring(model):
        for some, given in batches(x, y, batch_size):
            total = some.new_full((len(some),), -math.inf)
            for start in range(0, k, chunk):
                log_w = log_weights(model, some, min(chunk, k - start), given, generator=generator)
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


@contextmanager
def scoring(model):
    """The model in eval mode, where dropout and batch statistics rest; afterwards each part in the mode it had."""
    parts = [*model.modules()] if isinstance(model, torch.nn.Module) else []
    modes = [part.training for part in parts]
    try:
        if parts:
            model.eval()
        yield
    finally:
        for part, mode in zip(parts, modes, strict=True):
            part.training = mode


def batches(x, y, batch_size):
    """(x (B, D), y (B, ...) or None), some rows after the others, of x (N, D) and y that are looked at first."""
    if len(float_tensor(x, "x", "(N, D)", least_dims=2)) == 0:
        raise ValueError("x: got no rows, expected (N, D) with N >= 1")
    finite(x, "x")
    labels(y, len(x))
    size = whole_number(batch_size, "batch_size")
    return [(x[i : i + size], None if y is None else y[i : i + size]) for i in range(0, len(x), size)]


def _noise(generator):
    return {} if generator is None else {"generator": generator}
