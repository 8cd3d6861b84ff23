"""The exercises of chapter 5."""

import itertools
import math

import torch
from torch import nn

from .exercise import Function, Judged, Numbers, call, numbers

HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)


def hidden_beta(pixels, weight):
    """(5.4) for a mean of squares: r = 1 / pixels, k = weight, sigma = 1."""
    return 0.5 * pixels * weight


BETA = Function(
    "the hidden beta",
    hidden_beta,
    lambda: [(3072, 0.001), (784, 1.0), (12288, 0.00025)],
    slips={
        "the mean divides by the pixels, so beta is multiplied by them": lambda pixels, weight: 0.5 * weight / pixels,
        "that is 1 / beta": lambda pixels, weight: 2 / (pixels * weight),
        "that is the beta for nats, such as BCE; squares have a 2 sigma^2": lambda pixels, weight: pixels * weight,
        "2 sigma^2 stands below": lambda pixels, weight: 2 * pixels * weight,
        "the pixels are missing: a mean is a sum times 1 / pixels": lambda pixels, weight: 0.5 * weight,
    },
)
WEIGHTS = {
    "that is the weight for 28×28": 2 / 784,
    "that is the weight for one channel; 3×32×32 has 3072 numbers": 2 / 1024,
    "squares have a 2 sigma^2": 1 / 3072,
    "half of that again? beta = weight · pixels / 2": 0.5 / 3072,
    "that is its inverse": 1536.0,
    "with that weight beta is 1536": 1.0,
}


def scripts(my_beta, elbo_weight):
    """Judge both answers to 5.1."""
    problem = BETA.problem(my_beta)
    if problem is not None:
        return problem if isinstance(problem, str) else "my_beta is not filled in yet"
    weight = numbers(elbo_weight)
    if weight is None or weight.numel() != 1:
        return "elbo_weight is no number"
    if abs(weight.item() - 2 / 3072) <= 5e-6:
        return None
    near = [text for text, wrong in WEIGHTS.items() if abs(weight.item() - wrong) <= 0.01 * wrong]
    return f"elbo_weight is not {weight.item():.4g}" + (f": {near[0]}" if near else ": solve beta = 1 for the weight")


class _Loss:
    """The loss of 5.2 with one thing changed, for the slips."""

    def __init__(self, **changes):
        self.changes = changes

    def __call__(self, encoder, decoder, x, eps, sigma, beta):
        mu, logvar = encoder(x).chunk(2, dim=-1)
        spread = self.changes.get("spread", lambda logvar: torch.exp(0.5 * logvar))(logvar)
        mean = decoder(mu + spread * eps)
        variance = self.changes.get("variance", lambda sigma: sigma**2)(sigma)
        constant = self.changes.get("constant", lambda sigma: math.log(sigma) + HALF_LOG_2PI)(sigma)
        nats = (x - mean).square() / (self.changes.get("two", 2) * variance) + constant
        kl = 0.5 * (mu.square() + logvar.exp() - logvar - 1)
        pixels, latent = self.changes.get("pixels", "sum"), self.changes.get("latent", "sum")
        sign = self.changes.get("sign", 1)
        return (getattr(nats, pixels)(-1) + sign * beta * getattr(kl, latent)(-1)).mean()


def _nets(pixels, latent, seed):
    """A small encoder and decoder with fixed weights; both live without a global seed."""
    generator = torch.Generator().manual_seed(seed)
    nets = [nn.Linear(pixels, 2 * latent), nn.Linear(latent, pixels)]
    for weight in itertools.chain(*(net.parameters() for net in nets)):
        nn.init.normal_(weight, std=0.4, generator=generator).requires_grad_(False)
    return nets


def losses():
    cases = []
    for seed, (rows, pixels, latent, sigma, beta) in enumerate(((5, 7, 2, 0.3, 1.0), (4, 6, 3, 1.7, 2.5))):
        generator = torch.Generator().manual_seed(seed)
        x = torch.rand(rows, pixels, generator=generator)
        eps = torch.randn(rows, latent, generator=generator)
        cases.append((*_nets(pixels, latent, seed), x, eps, sigma, beta))
    return cases


LOSS_SLIPS = {
    "exp(logvar) is the variance of z, and sigma its root": _Loss(spread=torch.exp),
    "the draw is shifted by logvar itself: sigma is exp(logvar / 2)": _Loss(spread=lambda logvar: logvar),
    "the noise eps is not used: z is the mean": _Loss(spread=torch.zeros_like),
    "the squared error is not yet divided by sigma^2": _Loss(variance=lambda sigma: 1.0),
    "the squared error is divided by sigma where sigma^2 belongs": _Loss(variance=lambda sigma: sigma),
    "the ½ of the squared error is missing": _Loss(two=1),
    "no constant: log sigma + ½ log 2π for each pixel is missing": _Loss(constant=lambda sigma: 0.0),
    "½ log 2π for each pixel is missing": _Loss(constant=math.log),
    "log sigma for each pixel is missing": _Loss(constant=lambda sigma: HALF_LOG_2PI),
    "the pixels are averaged, not summed: a hidden beta": _Loss(pixels="mean"),
    "the latent dimensions are averaged, not summed": _Loss(latent="mean"),
    "pixels and dimensions are averaged, not summed": _Loss(pixels="mean", latent="mean"),
    "the KL has the wrong sign: it is a cost": _Loss(sign=-1),
    "beta weighs nothing": lambda *inputs: _Loss()(*inputs[:-1], 1.0),
    "that is the ELBO; the loss is minus it": lambda *inputs: -_Loss()(*inputs),
    "the batch is summed, not averaged": lambda *inputs: _Loss()(*inputs) * len(inputs[2]),
}


def slerp(a, b, t):
    """(5.6)."""
    cosine = (a * b).sum(-1, keepdim=True) / (a.norm(dim=-1, keepdim=True) * b.norm(dim=-1, keepdim=True))
    angle = torch.acos(cosine)
    return (torch.sin((1 - t) * angle) * a + torch.sin(t * angle) * b) / torch.sin(angle)


def pairs_of_codes():
    generator = torch.Generator().manual_seed(3)
    a, b = torch.randn(2, 3, 5, generator=generator)
    return [(a, 2 * b, 0.25), (3 * b, a, 0.6)]


def _unit(a):
    return a / a.norm(dim=-1, keepdim=True)


def _right_angle(a, b, t):
    return math.cos(0.5 * math.pi * t) * a + math.sin(0.5 * math.pi * t) * b


def broken(betas, rates, distortions):
    """The neighbors whose slope is not between minus the two betas."""
    rows, found = list(zip(betas, rates, distortions, strict=True)), []
    for (a, rate_a, lost_a), (b, rate_b, lost_b) in itertools.pairwise(rows):
        if not -b <= (lost_b - lost_a) / (rate_b - rate_a) <= -a:
            found.append((a, b))
    return found


CURVES = [
    ([0.5, 0.8, 1.25, 2.0], [9.0, 8.0, 6.0, 4.0], [50.0, 53.0, 55.0, 58.2]),
    ([0.2, 0.4, 1.0, 3.0], [9.0, 7.0, 6.0, 4.0], [50.0, 51.0, 51.1, 54.0]),
    ([0.5, 1.0, 2.0], [8.0, 6.0, 4.0], [40.0, 45.0, 55.0]),
]


def _upside_down(betas, rates, distortions):
    return broken(betas, distortions, rates)


def _unsigned(betas, rates, distortions):
    return broken(betas, [-r for r in rates], distortions)


def _kept(betas, rates, distortions):
    return [pair for pair in itertools.pairwise(betas) if pair not in broken(betas, rates, distortions)]


BROKEN_SLIPS = {
    "the slope is the change of D over that of R, not the other way": _upside_down,
    "the slopes of the curve are negative": _unsigned,
    "these are the pairs that keep it": _kept,
}


def neighbors(broken_pairs):
    """Judge a function of lists, by the pairs that it finds on made-up curves."""
    for curve in CURVES:
        found, trouble = call(broken_pairs, curve)
        if trouble is not None:
            return trouble if isinstance(trouble, str) else "not filled in yet"
        if not isinstance(found, list | tuple):
            return f"your function returns {type(found).__name__}, expected a list of pairs (a, b)"
        if [tuple(pair) for pair in found] != broken(*curve):
            slip = [text for text, mistake in BROKEN_SLIPS.items() if list(found) == mistake(*curve)]
            words = f": {slip[0]}" if slip else ""
            return (
                f"for betas {curve[0]}, R {curve[1]}, D {curve[2]} you find {found}, right is {broken(*curve)}{words}"
            )
    return None


EXERCISES = {
    "5.1": Judged(
        "the hidden beta of a script",
        scripts,
        hint="r = 1 / pixels and k = weight in (5.4), with sigma = 1; then solve beta = 1",
        blanks=2,
    ),
    "5.2": Function(
        "a loss that hides nothing",
        _Loss(),
        losses,
        hint="sum over pixels and over dimensions, average over the batch only",
        slips=LOSS_SLIPS,
        tolerance=1e-3,
    ),
    "5.3": Function(
        "slerp",
        slerp,
        pairs_of_codes,
        hint="omega from the cosine, with keepdim=True; the weights are sines, divided by sin(omega)",
        slips={
            "that is the straight line": lambda a, b, t: (1 - t) * a + t * b,
            "the weights are exchanged: at t = 0 you should be at a": lambda a, b, t: slerp(b, a, t),
            "the angle is fixed at 90°; compute it from a and b": _right_angle,
            "the division by sin(omega) is missing": lambda a, b, t: (
                slerp(a, b, t) * torch.sin(torch.acos((_unit(a) * _unit(b)).sum(-1, keepdim=True)))
            ),
            "the cosine is not yet divided by the norms": lambda a, b, t: _by_angle(a, b, t, (a * b).sum(-1, True)),
            "the angle is that of unit vectors, but the ends keep their lengths": lambda a, b, t: slerp(
                _unit(a), _unit(b), t
            ),
        },
    ),
    "5.4": Numbers(
        "lengths in a hundred dimensions",
        {"the norm of a draw": 10.0, "the norm halfway": math.sqrt(50)},
        hint="the variance of each coordinate halfway is 1/4 + 1/4",
        slips={
            "that is the squared norm": (100.0, 50.0),
            "that is half of a draw's norm: the halves do not point the same way": (None, 5.0),
            "the straight line leaves the shell": (None, 10.0),
        },
        tolerance=0.1,
    ),
    "5.5": Judged(
        "pairs that break the slope",
        neighbors,
        hint="keep (a, b) unless -b <= (D_b - D_a) / (R_b - R_a) <= -a",
    ),
}


def _by_angle(a, b, t, cosine):
    angle = torch.acos(cosine)
    return (torch.sin((1 - t) * angle) * a + torch.sin(t * angle) * b) / torch.sin(angle)
