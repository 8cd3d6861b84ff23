"""The exercises of chapter 4."""

import copy
import math

import torch
from torch import nn

from ..distributions import DiagonalGaussian
from ..models import VAE, GaussianObservation
from ..objectives import elbo, pathwise_gradient, score_function_gradient
from .exercise import Function, Judged
from .words import described


def reparameterize(mu, logvar, eps):
    """(B, d), (B, d), (B, d) -> (B, d)."""
    return DiagonalGaussian(mu, logvar).rsample(eps=eps)


def clouds():
    worked = torch.tensor([[[0.5]], [[math.log(0.64)]], [[1.2]]])
    return [tuple(worked), tuple(torch.randn(3, 8, 2, generator=torch.Generator().manual_seed(41)))]


CLOUD = {
    "logvar is used as if it were sigma": lambda mu, logvar, eps: mu + logvar * eps,
    "the noise is scaled by sigma and shifted by mu, not multiplied by both": lambda mu, logvar, eps: (
        mu * torch.exp(0.5 * logvar) * eps
    ),
    "mu and sigma have changed places": lambda mu, logvar, eps: torch.exp(0.5 * logvar) + mu * eps,
}


def judge_step(train_step):
    """Two steps of the reader's on small networks, held against two of minus the package's ELBO."""
    ours, theirs = _machine(), _machine()
    for step in (1, 2):
        x, eps = _batch(step)
        before = copy.deepcopy(ours)
        loss = train_step(ours["encoder"], ours["decoder"], ours["optimizer"], x, eps, SIGMA)
        right = _right_step(theirs, x, eps)
        problem = _loss_problem(loss, right, before, x, eps) or _weight_problem(ours, theirs, before, step)
        if problem:
            return problem
    return None


SIGMA = 0.6  # of p(x | z)
RATE = 0.05


def _machine():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(42)
        encoder = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 4))
        decoder = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 3))
    optimizer = torch.optim.SGD([*encoder.parameters(), *decoder.parameters()], lr=RATE)
    return {"encoder": encoder, "decoder": decoder, "optimizer": optimizer}


def _batch(step):
    generator = torch.Generator().manual_seed(430 + step)
    return torch.randn(5, 3, generator=generator), torch.randn(5, 2, generator=generator)


def _right_step(machine, x, eps):
    model = VAE(machine["encoder"], machine["decoder"], GaussianObservation(SIGMA), latent_dim=2)
    machine["optimizer"].zero_grad()
    loss = -elbo(model, x, eps=eps).elbo.mean()
    loss.backward()
    machine["optimizer"].step()
    return loss.item()


def _loss_problem(loss, right, before, x, eps):
    if loss is None:
        return "your function returns nothing: is the `return` missing?"
    try:
        got = torch.as_tensor(loss).detach().double()
    except Exception:
        return f"your function returns {described(loss)}, expected the loss, a number"
    if got.numel() != 1:
        return f"the loss has shape {tuple(got.shape)}, expected one number, the mean over the batch"
    if abs(got.item() - right) < 1e-3:
        return None
    slips = _wrong_losses(before, x, eps)
    slip = next((text for text, value in slips.items() if abs(got.item() - value) < 1e-3), None)
    return f"the loss of the first batch is {got.item():.3f}, right is {right:.3f}" + (f": {slip}" if slip else "")


@torch.no_grad()
def _wrong_losses(machine, x, eps):
    """Losses that readers arrive at, by what they did."""
    mu, logvar = machine["encoder"](x).chunk(2, dim=-1)
    kl = 0.5 * (mu**2 + logvar.exp() - logvar - 1)
    total, constant = kl.sum(-1), 0.5 * math.log(2 * math.pi * SIGMA**2)

    def error(z):
        return ((x - machine["decoder"](z)) ** 2).sum(-1)

    def loss(z, kl=total, constant=3 * constant, scale=2 * SIGMA**2):
        return (error(z) / scale + constant + kl).mean().item()

    z = mu + torch.exp(0.5 * logvar) * eps
    return {
        "the KL is missing": loss(z, kl=0.0),
        "the KL has the wrong sign; the loss is minus (reconstruction - KL)": loss(z, kl=-total),
        "the sign is turned: a loss is minus the ELBO": -loss(z),
        "the KL is a sum over the latent dimensions, not a mean": loss(z, kl=kl.mean(-1)),
        "the error is a sum over the dimensions of x, not a mean": loss(z, scale=6 * SIGMA**2),
        "the constant of log p(x | z) is missing, log sigma and ½ log 2π for each dimension of x": loss(
            z, constant=0.0
        ),
        "½ log 2π σ² is there once, and x has three dimensions": loss(z, constant=constant),
        "the error is divided by 2 sigma, not by 2 sigma squared": loss(z, scale=2 * SIGMA),
        "the ½ before the error is missing": loss(z, scale=SIGMA**2),
        "that is the squared error, which is no log-density, and no KL": loss(z, 0.0, 0.0, 1.0),
        "the squared error is no log-density: divide it by 2 sigma squared": loss(z, constant=0.0, scale=1.0),
        "exp(logvar) is the variance, and sigma its root": loss(mu + logvar.exp() * eps),
        "logvar is used as if it were sigma": loss(mu + logvar * eps),
        "eps is not used": loss(mu),
        "the batch is summed; expected its mean": 5 * loss(z),
    }


def _weight_problem(ours, theirs, before, step):
    """What is wrong with the weights after a step whose loss is right."""
    if all(_same(ours[part], before[part]) for part in ("encoder", "decoder")):
        return "the loss is right, and no weight has moved: backward, and the optimizer's step?"
    if _same(ours["encoder"], theirs["encoder"]) and _same(ours["decoder"], theirs["decoder"]):
        return None
    if step == 2:
        return "the first step is right, the second is not: the gradients of the first are still there (zero_grad)"
    if _same(ours["decoder"], theirs["decoder"]):
        return (
            "the loss and the decoder's step are right, the encoder's is not: was z cut off from it (detach, no_grad)?"
        )
    return "the loss is right, the step that the weights make is not"


def _same(ours, theirs):
    pairs = zip(ours.parameters(), theirs.parameters(), strict=True)
    return all(torch.allclose(a, b, atol=1e-5) for a, b in pairs)


def best_baseline(f_values, eps):
    """(n,), (n,) -> the constant b that gives (4.7) the smallest variance."""
    return (f_values * eps.square()).mean() / eps.square().mean()


def few_draws():
    """So few that the mean of eps squared is not yet 1."""
    eps = torch.randn(2, 30, generator=torch.Generator().manual_seed(44))
    return [((eps[0] - 2).square(), eps[0]), (torch.exp(0.5 * eps[1]), eps[1])]


BASELINE = {
    "that is the average loss, which is good and not the best": lambda f_values, eps: f_values.mean(),
    "the mean of eps squared is 1 only in the long run; divide by that of these draws": lambda f_values, eps: (
        f_values * eps**2
    ).mean(),
    "that is the mean of f times eps: the square is missing": lambda f_values, eps: (
        (f_values * eps).mean() / (eps**2).mean()
    ),
    "is it a sum over a mean?": lambda f_values, eps: (f_values * eps**2).sum() / (eps**2).mean(),
}


def variances(g):
    """Of one pathwise and one score-function draw of d/dmu E[g(z)], at mu = 0 and sigma = 1; and their means."""
    mu, logvar = torch.zeros(1), torch.zeros(1)
    eps = torch.randn(50_000, 1, generator=torch.Generator().manual_seed(45))
    draws = [
        estimate(lambda z: g(z).reshape(z.shape).squeeze(-1), mu, logvar, eps)
        for estimate in (pathwise_gradient, score_function_gradient)
    ]
    return [d.var().item() for d in draws], [d.mean().item() for d in draws]


NO_SLOPE = "its slope is zero wherever a draw lands, so the pathwise estimate is calm and wrong (0, right is {:.2f})"


def judge_wiggle(g):
    """The score function must have the smaller variance, and the pathwise estimate a slope to follow."""
    at_zero = g(torch.zeros(3, 1))
    if not isinstance(at_zero, torch.Tensor):
        return "expected a function that takes a tensor and returns one" + ("" if at_zero is not None else ", got None")
    leaf = torch.zeros(3, 1, requires_grad=True)
    if not g(leaf).requires_grad:
        slope = score_function_gradient(lambda z: g(z).squeeze(-1).float(), torch.zeros(1), torch.zeros(1), _noise())
        return NO_SLOPE.format(slope.mean()) + "; asked is one that is right and noisy"
    (pathwise, score), (_, mean) = variances(g)
    if pathwise == 0 and abs(mean) > 0.02:
        return NO_SLOPE.format(mean) + "; asked is one that is right and noisy"
    if not math.isfinite(pathwise) or not math.isfinite(score):
        return "its values or slopes are not finite"
    if not pathwise > score:
        return f"the variances are {pathwise:.3g} for the pathwise estimate and {score:.3g} for the score function"
    return None


def _noise():
    return torch.randn(50_000, 1, generator=torch.Generator().manual_seed(46))


EXERCISES = {
    "4.1": Function(
        "reparameterize", reparameterize, clouds, hint="exp(logvar / 2) is sigma; two operations remain", slips=CLOUD
    ),
    "4.2": Judged(
        "a training step",
        judge_step,
        hint="mu, logvar = encoder(x).chunk(2, dim=-1); z by (4.6); log p(x | z) with its constant; the KL by (3.4)",
    ),
    "4.3": Function("best baseline", best_baseline, few_draws, hint="weight f by eps squared", slips=BASELINE),
    "4.4": Judged("a noisy slope", judge_wiggle, hint="make g wiggle"),
}
