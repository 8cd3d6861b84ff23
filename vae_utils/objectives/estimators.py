"""Two estimates of the gradient of an expectation: through the sample, and by the score of its distribution.

mu, logvar: of a Gaussian over z, (d,) or (n, d).  eps: n draws of N(0, I), (n, d).  f: z (n, d) -> values (n,).
Raises TypeError or ValueError, by name, for anything else.
"""

import torch

from ..arguments import broadcast, float_tensor


def pathwise_gradient(f, mu, logvar, eps):
    """One-sample estimates of d/dmu E[f(z)] with z = mu + sigma eps, through f: eps (n, d) -> (n, d)."""
    mu, sigma = _parameters(mu, logvar, eps)
    with torch.enable_grad():
        mean = mu.detach().clone().requires_grad_()
        return torch.autograd.grad(_values(f, mean + sigma.detach() * eps).sum(), mean)[0]


def score_function_gradient(f, mu, logvar, eps, baseline=0.0):
    """One-sample estimates of d/dmu E[f(z)] as (f(z) - baseline) * d log q(z) / dmu: eps (n, d) -> (n, d).

    d log q(z) / dmu = (z - mu) / sigma^2 = eps / sigma. f needs no gradient; the baseline must not depend on z
    (Williams 1992).
    """
    mu, sigma = _parameters(mu, logvar, eps)
    return ((_values(f, mu + sigma * eps) - baseline).unsqueeze(-1) * eps / sigma).detach()


def _parameters(mu, logvar, eps):
    """mu and sigma in the shape of eps."""
    shape = float_tensor(eps, "eps", "(n, d)", least_dims=2).shape
    for name, value in (("mu", mu), ("logvar", logvar)):
        if broadcast(value, eps, (name, "eps"))[0].shape != shape:
            raise ValueError(f"{name}: got shape {tuple(value.shape)}, expected one that fits eps, {tuple(shape)}")
    return mu.expand(shape), torch.exp(0.5 * logvar).expand(shape)


def _values(f, z):
    values = f(z)
    if values.shape != z.shape[:-1]:
        got, expected = tuple(values.shape), tuple(z.shape[:-1])
        raise ValueError(f"f: got values of shape {got}, expected {expected}, one for each z")
    return values
