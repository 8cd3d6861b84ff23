"""The bound of a `Diffusion` by one level an example, its limit of endlessly many, and two simple objectives."""

import torch

from ..arguments import non_negative
from ..distributions import DiagonalGaussian, kl_divergence, noised, translate
from ..randomness import standard_noise
from .bounds import Terms


def diffusion_elbo(model, x, y=None, beta=1.0, eps=None, generator=None, *, limit=False):
    """The ELBO of a `Diffusion` from z_1 and one more level z_t of each example, as an objective for `fit`.

    E log p(x | z_1) - beta [KL(q(z_T | x) || p(z_T)) + (T - 1) KL_t],   t from 2 to T, of each example another,
    KL_t = 1/2 (SNR_{t-1} - SNR_t) |x - x^(z_t)|^2. In expectation over t and noise it is `elbo`, for two calls of the
    network instead of 2 T. The t are stratified: together the examples of a batch cover all levels.
    limit: as many levels between the first and the last as you like: in the place of (T - 1) KL_t stands
    1/2 (log SNR_1 - log SNR_T) |eps - eps^(z_t)|^2 at a log SNR between the two (Kingma et al. 2021, equation 11).
    x (B, D); eps (2, B, D): the noise of z_1 and of z_t. Returns `Terms`, each (B,), in nats per example, z = z_t.
    """
    non_negative(beta, "beta")
    inside = model.inside(x)
    noise = standard_noise((2, *x.shape), x, eps, generator)
    z_1 = _with(inside, model.log_snr[0], noise[0])
    log_p = model.observed(z_1).log_prob(x)
    zeros = model.log_snr.new_zeros(model.data_dim)
    kl = kl_divergence(noised(inside, model.log_snr[-1]), DiagonalGaussian(zeros, zeros))
    time = stratified(x, generator)
    if limit:
        log_snr = model.log_snr[0].lerp(model.log_snr[-1], time)
        weight = 0.5 * (model.log_snr[0] - model.log_snr[-1]) * torch.exp(log_snr)
    else:
        t = 1 + (time * (model.levels - 1)).long()
        log_snr = model.log_snr[t]
        weight = (model.levels - 1) * level_weights(model.log_snr)[t - 1]
    z = _with(inside, log_snr, noise[1])
    kl = kl + weight.squeeze(-1) * (inside - model.denoise(z, log_snr)).square().sum(1)
    return Terms(log_p - beta * kl, log_p, kl, z)


def denoising(model, x, y=None, beta=1.0, eps=None, generator=None, *, target=None):
    """The simple loss: -|error|^2 of the guess at one level an example, as an objective: all levels weigh alike.

    target: in what the error is counted, "eps", "x" or "v"; as the model predicts unless given. For "eps" this is
    L_simple of Ho et al. (2020, equation 14). It is no bound, but the bound reweighted: level t of `diffusion_elbo`
    weighs the error in x by `level_weights`. x (B, D), eps (B, D). Returns `Terms` with kl = 0; beta changes nothing.
    """
    inside, target = model.inside(x), target or model.prediction
    log_snr = model.log_snr[(stratified(x, generator) * model.levels).long()]
    z = _with(inside, log_snr, standard_noise(x.shape, x, eps, generator))
    guess = translate(model.denoise(z, log_snr), z, log_snr, "x", target)
    closeness = -(guess - translate(inside, z, log_snr, "x", target)).square().sum(1)
    return Terms(closeness, closeness, torch.zeros_like(closeness), z)


def flow_matching(model, x, y=None, beta=1.0, eps=None, generator=None):
    """-|velocity(x_t, t) - (x - eps)|^2 on the line x_t = (1 - t) eps + t x from noise to data, as an objective.

    model: velocity(x_t, t), rows (B, D) and (B, 1) -> (B, D), such as a `TimedNetwork` with span=1; t is stratified.
    Samples are `solve(model, noise, times)` with times from 0 to 1. No bound: nothing here is a likelihood. (Lipman et
    al. 2023; Liu et al. 2023.) Returns `Terms` with kl = 0; beta changes nothing.
    """
    noise, time = standard_noise(x.shape, x, eps, generator), stratified(x, generator)
    x_t = noise.lerp(x, time)
    closeness = -(model(x_t, time) - (x - noise)).square().sum(1)
    return Terms(closeness, closeness, torch.zeros_like(closeness), x_t)


def level_weights(log_snr):
    """1/2 (SNR_{t-1} - SNR_t) for t = 2, ..., T: what |x - x^(z_t)|^2 costs in the bound, (T,) -> (T - 1,).

    The error in eps is SNR_t times that in x, squared; the error in v is that in x over sigma_t^2.
    """
    return -0.5 * torch.exp(log_snr[:-1]) * torch.expm1(log_snr.diff())


def stratified(x, generator=None):
    """A time in [0, 1) for each row of x (B, D): (B, 1), uniform each, one in each of B equal parts together."""
    rows = standard_noise((2, len(x)), x, None, generator, uniform=True)
    parts = rows[0].argsort()
    return ((parts + rows[1]) / len(x)).clamp(max=1 - 1e-6).unsqueeze(-1)


def _with(x, log_snr, noise):
    """z_t = alpha_t x + sigma_t eps."""
    return noised(x, log_snr).rsample((), noise)
