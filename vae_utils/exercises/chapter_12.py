"""The exercises of chapter 12."""

import math

import torch
import torch.nn.functional as F
from torch import nn

from .exercise import Function, Judged, Numbers
from .words import described, shown


def best_critic(p, q):
    """Two densities on a grid, (G,) each -> D, and what each place adds to the Jensen-Shannon divergence, (G,) each."""
    m = (p + q) / 2
    return p / (p + q), 0.5 * (torch.xlogy(p, p / m) + torch.xlogy(q, q / m))


def densities():
    x = torch.linspace(-3, 4, 15)
    bell = torch.distributions.Normal(0.0, 1.0).log_prob(x).exp()
    other = torch.distributions.Normal(1.0, 1.5).log_prob(x).exp()
    boxes = torch.tensor([0.5, 0.5, 0.25, 0.0, 0.0]), torch.tensor([0.0, 0.0, 0.25, 0.25, 0.5])
    return [(bell, other), boxes]


def with_places(change):
    """D is right, and what each place adds is what `change` makes of it, p, q and their mean."""
    return lambda p, q: (best_critic(p, q)[0], change(best_critic(p, q)[1], p, q, (p + q) / 2))


CRITIC_SLIPS = {
    "this D is high for fakes: p and q have changed places": lambda p, q: (q / (p + q), best_critic(p, q)[1]),
    "p / q is the ratio; D is a probability, p / (p + q)": lambda p, q: (p / q, best_critic(p, q)[1]),
    "log(p / q) is the logit of D; D itself is p / (p + q)": lambda p, q: (torch.log(p / q), best_critic(p, q)[1]),
    "the mean m is (p + q) / 2: without the 2 all is too small by log 2": (
        with_places(lambda j, p, q, m: 0.5 * (torch.xlogy(p, p / (2 * m)) + torch.xlogy(q, q / (2 * m))))
    ),
    "each of the two KLs counts one half": with_places(lambda j, p, q, m: 2 * j),
    "this is KL(p || m) alone; that of q belongs to it": with_places(lambda j, p, q, m: 0.5 * torch.xlogy(p, p / m)),
    "this is KL(q || m) alone; that of p belongs to it": with_places(lambda j, p, q, m: 0.5 * torch.xlogy(q, q / m)),
    "this is KL(p || m), whole, without that of q": with_places(lambda j, p, q, m: torch.xlogy(p, p / m)),
    "each is compared with the other; both should be compared with their mean m": (
        with_places(lambda j, p, q, m: 0.5 * (torch.xlogy(p, p / q) + torch.xlogy(q, q / p)))
    ),
    "this is KL(p || q); compare both with their mean m": with_places(lambda j, p, q, m: torch.xlogy(p, p / q)),
    "the sign is turned: m belongs below the line": with_places(lambda j, p, q, m: -j),
    "where a density is 0 it adds nothing: 0 log 0 is 0, and torch.xlogy knows it": (
        with_places(lambda j, p, q, m: 0.5 * (p * torch.log(p / m) + q * torch.log(q / m)))
    ),
    "the logarithms are not yet weighed by their densities": (
        with_places(lambda j, p, q, m: 0.5 * (torch.log(p / m) + torch.log(q / m)))
    ),
}


SLOPE, THETA = math.hypot(1.2, -0.5), 2.5
CHARGE, R1 = 10 * (SLOPE - 1) ** 2, 0.5 * SLOPE**2


def two_losses(logit):
    """(B,) -> log(1 - D) and its slope in the logit, -log D and its slope, (B,) each, for D = sigmoid(logit)."""
    D = torch.sigmoid(logit)
    return -F.softplus(logit), -D, F.softplus(-logit), -torch.sigmoid(-logit)


def logits():
    return [(torch.tensor([-3.0, -0.5, 0.0, 1.0, 2.5, 4.0]),), (torch.tensor([-120.0, -1.5, 0.7, 120.0]),)]


def with_losses(**changes):
    """The right answer, but for the parts that are given."""

    def changed(logit):
        names = ("saturating", "its_slope", "other", "other_slope")
        right = dict(zip(names, two_losses(logit), strict=True))
        return tuple(changes[name](logit) if name in changes else right[name] for name in names)

    return changed


LOSS_SLIPS = {
    "the logarithm of a D that rounds to 0 or 1 is infinite; softplus says the same of the logit": (
        with_losses(saturating=lambda f: torch.log(1 - torch.sigmoid(f)), other=lambda f: -torch.log(torch.sigmoid(f)))
    ),
    "log(1 - D) has its sign turned": with_losses(saturating=F.softplus),
    "this is log D; the second loss is -log D": with_losses(other=lambda f: -F.softplus(-f)),
    "the two losses have changed places": lambda f: (*two_losses(f)[2:], *two_losses(f)[:2]),
    "the two slopes have changed places": (
        with_losses(its_slope=lambda f: -torch.sigmoid(-f), other_slope=lambda f: -torch.sigmoid(f))
    ),
    "both slopes are negative: a higher logit makes either loss smaller": (
        with_losses(its_slope=torch.sigmoid, other_slope=lambda f: torch.sigmoid(-f))
    ),
    "these are slopes in D; by the chain rule the slope in the logit is D (1 - D) times as large": (
        with_losses(its_slope=lambda f: -1 / torch.sigmoid(-f), other_slope=lambda f: -1 / torch.sigmoid(f))
    ),
    "D (1 - D) is the slope of D; each loss has a factor of its own before it": (
        with_losses(
            its_slope=lambda f: torch.sigmoid(f) * torch.sigmoid(-f),
            other_slope=lambda f: torch.sigmoid(f) * torch.sigmoid(-f),
        )
    ),
    "the slope of -log D is D - 1, not -D": with_losses(other_slope=lambda f: -torch.sigmoid(f)),
    "the slope of log(1 - D) is -D, not D - 1": with_losses(its_slope=lambda f: -torch.sigmoid(-f)),
}


def steps():
    """A critic of 3 numbers that says one of each example, real and fake ones, and a strength."""
    noise = torch.Generator().manual_seed(0)
    for rows, others, strength in ((6, 4, 0.8), (5, 7, 3.0)):
        first, second = nn.Linear(3, 5), nn.Linear(5, 1)
        critic = nn.Sequential(first, nn.Tanh(), second, nn.Flatten(0)).double()
        with torch.no_grad():
            for parameter in critic.parameters():
                parameter.copy_(torch.randn(parameter.shape, generator=noise, dtype=torch.float64))
        real, fake = (torch.randn(n, 3, generator=noise, dtype=torch.float64) for n in (rows, others))
        yield critic, real, fake + 0.5, strength


def step_of_a_critic(critic_loss):
    """Exercise 12.4: the value of the loss, and the gradient that it has for the critic."""
    for critic, real, fake, strength in steps():
        loss = critic_loss(critic, real.clone(), fake.clone(), strength)
        if loss is None:
            return "your function returns nothing: is the `return` missing?"
        if not torch.is_tensor(loss):
            return f"your function returns {described(loss)}, expected a tensor with one number"
        if loss.ndim:
            return f"your function returns {shown(loss)}, expected a number: means over the batch, not yet taken"
        problem = _value(loss, critic, real, fake, strength) or _teaches(loss, critic, real, fake, strength)
        if problem:
            return problem


def slopes(critic, x):
    x = x.clone().requires_grad_()
    return torch.autograd.grad(critic(x).sum(), x, create_graph=True)[0]


def game(critic, real, fake):
    return F.softplus(-critic(real)).mean() + F.softplus(critic(fake)).mean()


def _value(loss, critic, real, fake, strength):
    right = game(critic, real, fake) + strength / 2 * slopes(critic, real).square().sum(1).mean()
    if _near(loss, right):
        return None
    words = next((text for text, wrong in _mistakes(critic, real, fake, strength).items() if _near(loss, wrong)), None)
    return f"your loss is {loss.item():.4g}, right is {right.item():.4g}" + (f": {words}" if words else "")


def _mistakes(critic, real, fake, strength):
    """What the known mistakes lead to."""
    played, slope = game(critic, real, fake), slopes(critic, real)
    squared, half = slope.square().sum(1), strength / 2
    turned = F.softplus(critic(real)).mean() + F.softplus(-critic(fake)).mean()
    sums = F.softplus(-critic(real)).sum() + F.softplus(critic(fake)).sum()
    return {
        "the penalty is missing": played,
        "the ½ before the penalty is missing": played + strength * squared.mean(),
        "strength is not used": played + 0.5 * squared.mean(),
        "R1 asks for the slope at real examples, not at fakes": played
        + half * slopes(critic, fake).square().sum(1).mean(),
        "R1 has no 1 in it; (|slope| - 1)² is the other penalty": played + half * (squared.sqrt() - 1).square().mean(),
        "the slope is not yet squared": played + half * squared.sqrt().mean(),
        "the squares are averaged over the axes; a squared length is their sum": played + half * slope.square().mean(),
        "the squares are summed over the batch, too; the penalty is a mean over it": played + half * squared.sum(),
        "this is the slope of the mean over the batch; that of the sum has each example's own in its row": (
            played + half * squared.mean() / len(real) ** 2
        ),
        "the penalty is subtracted; it is a cost": played - half * squared.mean(),
        "real and fake have changed places: the critic should say much for real ones": turned + half * squared.mean(),
        "the sign of the game is turned; softplus(-f) is -log D, a cost": half * squared.mean() - played,
        "both halves of the game count in full": 0.5 * played + half * squared.mean(),
        "sums over the batch in place of means": sums + half * squared.mean(),
        "this is the slope of D, not of its logit f": (
            played + half * (squared * (torch.sigmoid(critic(real)) * torch.sigmoid(-critic(real))) ** 2).mean()
        ),
        "the fakes are not asked": F.softplus(-critic(real)).mean() + half * squared.mean(),
    }


def _teaches(loss, critic, real, fake, strength):
    penalty = strength / 2 * slopes(critic, real).square().sum(1).mean()
    of_game, of_penalty = _gradient(game(critic, real, fake), critic), _gradient(penalty, critic)
    found = _gradient(loss, critic)
    if _near(found, of_game + of_penalty):
        return None
    if _near(found, of_game):
        return "the value is right, but the penalty teaches nothing: the slope needs a graph, create_graph=True"
    if not found.any():
        return "the value is right, but no gradient reaches the critic: something is detached, or under no_grad"
    return "the value is right, but its gradient for the critic is not: something is detached"


def _gradient(value, critic):
    leaves = list(critic.parameters())
    if not value.requires_grad:
        return torch.zeros(sum(leaf.numel() for leaf in leaves), dtype=torch.float64)
    found = torch.autograd.grad(value, leaves, retain_graph=True, allow_unused=True)
    pairs = zip(leaves, found, strict=True)
    return torch.cat([(torch.zeros_like(leaf) if grad is None else grad).flatten() for leaf, grad in pairs])


def _near(a, b):
    return torch.allclose(a.detach().double(), b.detach(), atol=1e-5)


EXERCISES = {
    "12.1": Function(
        "the best critic",
        best_critic,
        densities,
        hint="D = p / (p + q), and with m = (p + q) / 2 a place adds ½ p log(p / m) + ½ q log(q / m)",
        slips=CRITIC_SLIPS,
    ),
    "12.2": Numbers(
        "two penalties and two distances",
        {
            "the gradient penalty": CHARGE,
            "R1": R1,
            "the Jensen-Shannon divergence of the two lines": math.log(2),
            "their Wasserstein distance": THETA,
        },
        hint="a linear critic w x has the slope |w| everywhere, and lines that do not meet leave D nothing to guess",
        slips={
            "the strength, 10, is missing": (CHARGE / 10, None, None, None),
            "|w| is the length of w, the root of the sum of squares": (10 * (1.7 - 1) ** 2, 0.5 * 1.7**2, None, None),
            "|w|² stands where |w| belongs": (10 * (SLOPE**2 - 1) ** 2, 0.5 * SLOPE**4, None, None),
            "the distance of the slope from 1 is squared": (10 * (SLOPE - 1), None, None, None),
            "R1 is ½ |w|², with no 1 taken off": (None, 0.5 * (SLOPE - 1) ** 2, None, None),
            "the ½ of R1 is missing": (None, SLOPE**2, None, None),
            "the slope is not yet squared": (None, 0.5 * SLOPE, None, None),
            "the two do not overlap, so D = 1 or 0 everywhere, and JS is as large as it gets": (None, None, 0.0, None),
            "JS has the two halves: 2 log 2 is the whole game": (None, None, 2 * math.log(2), None),
            "JS does not see how far": (None, None, THETA, None),
            "all mass goes straight across, and W1 is the way, not its square": (None, None, None, THETA**2),
            "this is JS; W1 sees how far": (None, None, None, math.log(2)),
        },
    ),
    "12.3": Function(
        "two losses of a generator",
        two_losses,
        logits,
        hint="log(1 - D) = -softplus(f) and -log D = softplus(-f); the slope of softplus is the sigmoid",
        slips=LOSS_SLIPS,
    ),
    "12.4": Judged(
        "a critic's loss with R1",
        step_of_a_critic,
        hint="x = real.clone().requires_grad_(), then torch.autograd.grad(critic(x).sum(), x, create_graph=True)",
    ),
}
