"""From noise to data along a differential equation, and the exact likelihood on the way back.

Ancestral sampling needs nothing from here: model.prior().sample((n,)), then model.likelihood(z).mean.
"""

from itertools import pairwise

import torch

from ..arguments import float_tensor, last_dimension
from ..distributions import DiagonalGaussian

METHODS = ("euler", "heun")


def solve(velocity, start, times, method="euler"):
    """The path of dz/dt = velocity(z, t) through all `times` (S + 1,), from z = start (n, D): (S + 1, n, D).

    "euler" asks for the velocity once a step, and errs in proportion to the step; "heun" asks again at the end of the
    step and takes the average of both: its error falls with the square of the step.
    """
    if method not in METHODS:
        raise ValueError(f"method: got {method!r}, expected one of {METHODS}")
    path = [start]
    for time, then in pairwise(float_tensor(times, "times", "(S + 1,)", least_dims=1)):
        slope = velocity(path[-1], time)
        arrived = path[-1] + (then - time) * slope
        if method == "heun":
            arrived = path[-1] + (then - time) * (slope + velocity(arrived, then)) / 2
        path.append(arrived)
    return torch.stack(path)


@torch.no_grad()
def probability_flow(model, noise, method="euler"):
    """From z_T = noise (n, D) to data along the probability-flow ODE, level by level: the path (T + 1, n, D) in x.

    With u = z / alpha and r = sigma / alpha the ODE is du/dr = eps^(z) (Song et al. 2021, score SDE; Karras et al.
    2022). What is returned are the u_T, ..., u_1 and the data, in the units of x. "euler" is DDIM (Song et al. 2021,
    equation 12, without noise); the last step, to r = 0, is one of Euler with either method.
    """
    ratios = torch.exp(-0.5 * model.log_snr.flip(0))
    start = last_dimension(noise, "noise", model.data_dim) / _alpha(ratios[0])
    path = solve(_slope(model), start, ratios, method)
    data = path[-1] - ratios[-1] * _slope(model)(path[-1], ratios[-1])
    return model.shift + model.scale * torch.cat([path, data.unsqueeze(0)])


def flow_log_likelihood(model, x, method="heun"):
    """log p(x) of the probability-flow ODE, from level 1 up to level T: x (B, D) -> (B,), nats per example.

    log p(x) = log p(u_T) + int div(du/dr) dr with the divergence in full, one pass back for each of the D dimensions.
    x is taken for z_1 / alpha_1: let level 1 have next to no noise. The error is that of the steps between levels,
    and of a network whose score is off. (Chen et al. 2018; Song et al. 2021.)
    """
    ratios = torch.exp(-0.5 * model.log_snr)
    start = torch.cat([model.inside(x), x.new_zeros(len(x), 1)], -1)  # u and the integral so far
    with torch.no_grad():
        end = solve(_slope_and_divergence(model), start, ratios, method)[-1]
    alpha = _alpha(ratios[-1])
    zeros = model.log_snr.new_zeros(model.data_dim)
    log_p = DiagonalGaussian(zeros, zeros).log_prob(alpha * end[:, :-1])
    return log_p + end[:, -1] + model.data_dim * (alpha.log() - torch.log(alpha.new_tensor(model.scale)))


def _alpha(ratio):
    return (1 + ratio.square()).rsqrt()


def _slope(model):
    """du/dr = eps^(z): u (n, D), r () -> (n, D)."""

    def slope(u, ratio):
        return (u - model.denoise(_alpha(ratio) * u, -2 * ratio.log())) / ratio

    return slope


def _slope_and_divergence(model):
    slope = _slope(model)

    def both(state, ratio):
        with torch.enable_grad():
            u = state[:, :-1].detach().requires_grad_()
            speed = slope(u, ratio)
            rows = [torch.autograd.grad(speed[:, j].sum(), u, retain_graph=True)[0][:, j] for j in range(u.shape[1])]
        return torch.cat([speed.detach(), sum(rows).unsqueeze(-1)], -1)

    return both
