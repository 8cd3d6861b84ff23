"""What a critic can say of two sets of examples: lower bounds on their distance, penalties, a generator's losses.

critic: examples (B, ...) -> one number each, (B,) or (B, 1), high for real; where D is meant, f is its logit. Every
value is a mean over its batch, a number without axes, for a mean of each set is all that the two have in common.
"""

import math

import torch
import torch.nn.functional as F
from torch import nn

from ..arguments import float_tensor, non_negative, one_each
from ..randomness import standard_noise


def js_bound(critic, real, fake):
    """log 2 + 1/2 E log D(real) + 1/2 E log(1 - D(fake)) <= JS(p || q), D = sigmoid(f): a number, in nats.

    p: the law of real (N, ...), q: that of fake (M, ...); JS = 1/2 KL(p || m) + 1/2 KL(q || m), m = (p + q) / 2. In
    expectation it is tight for D = p / (p + q), and 0 for D = 1/2. A critic is trained by `-js_bound`; twice that is
    the usual loss but for the constant 2 log 2 (Goodfellow et al. 2014).
    """
    real, fake = _pair(critic, real, fake)
    return math.log(2) - 0.5 * (F.softplus(-real).mean() + F.softplus(fake).mean())


def wasserstein_bound(critic, real, fake):
    """E f(real) - E f(fake) <= W1(p, q), in expectation, if |f(a) - f(b)| <= |a - b| for all a, b: a number.

    It is tight for the best such f (Arjovsky et al. 2017). A network keeps to slopes of 1 by `gradient_penalty` only
    roughly, so that what it says is an estimate: too high where the slope is above 1.
    """
    real, fake = _pair(critic, real, fake)
    return real.mean() - fake.mean()


def slope_penalty(critic, x, strength=1.0):
    """strength / 2 E |df/dx|^2, over the axes of each example: a number. On real x it is R1, on fakes R2.

    (Mescheder et al. 2018.) A critic that looks at the whole batch, as by minibatch deviation, counts with its slope
    of the sum over the batch. Raises TypeError or ValueError for a critic without gradient, or with batch
    normalization in training, which makes an example's slope one of its batch.
    """
    return 0.5 * non_negative(strength, "strength") * _slopes(critic, x, "x").square().sum(1).mean()


def gradient_penalty(critic, real, fake, strength=10.0, one_sided=False, generator=None):
    """strength E (|df/dx| - 1)^2 at x = u real + (1 - u) fake, u ~ U(0, 1) for each pair: a number.

    real, fake: (B, ...). The norm is over the axes of each example, so that a linear critic w x is charged
    (|w| - 1)^2, wherever it is asked (WGAN-GP, Gulrajani et al. 2017). one_sided: only slopes above 1 are charged.
    Raises as `slope_penalty` does, and ValueError if real and fake differ in shape.
    """
    _alike(real, fake)
    u = standard_noise((len(real),) + (1,) * (real.ndim - 1), real, None, generator, uniform=True)
    away = torch.linalg.vector_norm(_slopes(critic, fake.lerp(real, u), "real"), dim=1) - 1
    return non_negative(strength, "strength") * (away.clamp(min=0) if one_sided else away).square().mean()


def saturating_loss(critic, fake):
    """E log(1 - D(fake)), in nats: what the generator of the two-player game makes small.

    It is twice the generator's part of `js_bound`. Its slope in the logit f is -D: none where the critic is sure.
    """
    return -F.softplus(_said(critic, fake, "fake")).mean()


def non_saturating_loss(critic, fake):
    """-E log D(fake), in nats: slope D - 1 in the logit f, the full 1 where the critic is sure (Goodfellow 2014)."""
    return F.softplus(-_said(critic, fake, "fake")).mean()


def relativistic_loss(critic, real, fake):
    """-E log sigmoid(f(real) - f(fake)), pair by pair, in nats: what the critic makes small.

    The generator makes `relativistic_loss(critic, fake, real)` small, the same with the roles exchanged
    (Jolicoeur-Martineau 2019). With R1 and R2 it is the loss of R3GAN (Huang et al. 2024). log 2 for a critic that
    tells nothing. Raises ValueError if real and fake differ in shape.
    """
    _alike(real, fake)
    real, fake = _pair(critic, real, fake)
    return F.softplus(fake - real).mean()


def _said(critic, x, name):
    """f(x) as (B,)."""
    if len(float_tensor(x, name, "(B, ...)", least_dims=2)) == 0:
        raise ValueError(f"{name}: got no examples, expected one or more")
    return one_each(critic(x), "critic output", len(x))


def _pair(critic, real, fake):
    """f of both, each (B,)."""
    return _said(critic, real, "real"), _said(critic, fake, "fake")


def _alike(real, fake):
    """Raises TypeError or ValueError unless both are float tensors of one shape, (B, ...)."""
    float_tensor(real, "real", "(B, ...)", least_dims=2)
    if float_tensor(fake, "fake", "(B, ...)").shape != real.shape:
        got, wanted = tuple(fake.shape), tuple(real.shape)
        raise ValueError(f"fake: got shape {got}, expected {wanted}, one for each of real")


def _slopes(critic, x, name):
    """df/dx of each example, its axes in one row: (B, n). It has a graph of its own if gradients are recorded."""
    parts = critic.modules() if isinstance(critic, nn.Module) else ()
    mixing = [part for part in parts if isinstance(part, nn.modules.batchnorm._BatchNorm) and part.training]
    if mixing:
        got = type(mixing[0]).__name__
        raise ValueError(f"critic: got {got} in training, which mixes examples, expected such as LayerNorm or none")
    recorded = torch.is_grad_enabled()
    with torch.enable_grad():
        x = float_tensor(x, name, "(B, ...)", least_dims=2).detach().requires_grad_()
        said = _said(critic, x, name).sum()
        slopes = (
            torch.autograd.grad(said, x, create_graph=recorded, allow_unused=True)[0] if said.requires_grad else None
        )
    if slopes is None:
        raise ValueError("critic: got values without a gradient in x, expected a critic that can be differentiated")
    return slopes.flatten(1)
