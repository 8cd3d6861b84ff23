"""Chapter 12: right answers pass, wrong ones are told what they are."""

import math

import torch
import torch.nn.functional as F
from judged import judged

from vae_utils.exercises.chapter_12 import EXERCISES
from vae_utils.objectives import js_bound, slope_penalty

xlogy, sigmoid = torch.special.xlogy, torch.sigmoid


def by_entropy(p, q):
    """m (log 2 - H(D))."""
    D = p / (p + q)
    return D, (p + q) / 2 * (math.log(2) + xlogy(D, D) + xlogy(1 - D, 1 - D))


def by_value(p, q):
    """The game's value at D, half of it, and log 2 of the mean density."""
    D = sigmoid(torch.log(p) - torch.log(q))
    return [D, 0.5 * (xlogy(p, D) + xlogy(q, 1 - D)) + math.log(2) * (p + q) / 2]


def places(change):
    return lambda p, q: (p / (p + q), change(p, q, (p + q) / 2))


def losses(f, **changes):
    parts = {"a": -F.softplus(f), "da": -sigmoid(f), "b": F.softplus(-f), "db": sigmoid(f) - 1, **changes}
    return tuple(parts.values())


def by_autograd(f):
    f = f.clone().requires_grad_()
    found = []
    for loss in (F.logsigmoid(-f), -F.logsigmoid(f)):
        found += [loss, torch.autograd.grad(loss.sum(), f)[0]]
    return found


def slope_at(critic, x, graph=True):
    x = x.clone().requires_grad_()
    return torch.autograd.grad(critic(x).sum(), x, create_graph=graph)[0]


def played(critic, real, fake):
    return F.softplus(-critic(real)).mean() + F.softplus(critic(fake)).mean()


def charged(charge, at=0):
    """The game and strength / 2 times what `charge` makes of the slopes (B, 3)."""
    return lambda c, r, f, s: played(c, r, f) + s / 2 * charge(slope_at(c, (r, f)[at]))


def squared(slope):
    return slope.square().sum(1).mean()


def by_package(critic, real, fake, strength):
    return 2 * math.log(2) - 2 * js_bound(critic, real, fake) + slope_penalty(critic, real, strength)


def by_norm(critic, real, fake, strength):
    return played(critic, real, fake) + strength * slope_at(critic, real).norm(dim=1).pow(2).mean() / 2


def of_the_probability(c, r, f, s):
    return played(c, r, f) + s / 2 * squared(slope_at(lambda x: sigmoid(c(x)), r))


def under_no_grad(c, r, f, s):
    penalty = s / 2 * squared(slope_at(c, r))
    with torch.no_grad():
        return played(c, r, f) + penalty


RIGHT = [
    ("12.1", by_entropy),
    ("12.1", by_value),
    ("12.1", lambda p, q: torch.stack(by_entropy(p, q)).numpy()),
    ("12.2", 0.9, 0.845, 0.693, 2.5),
    ("12.2", torch.tensor(0.9), 1.69 / 2, math.log(2), 5 / 2),
    ("12.3", losses),
    ("12.3", by_autograd),
    ("12.4", by_package),
    ("12.4", by_norm),
    ("12.4", charged(squared)),
]
WRONG = [
    ("p and q have changed places", "12.1", lambda p, q: (q / (p + q), by_entropy(p, q)[1])),
    ("D is a probability", "12.1", lambda p, q: (p / q, by_entropy(p, q)[1])),
    ("the logit of D", "12.1", lambda p, q: (p.log() - q.log(), by_entropy(p, q)[1])),
    ("too small by log 2", "12.1", lambda p, q: (p / (p + q), 0.5 * (xlogy(p, p / (p + q)) + xlogy(q, q / (p + q))))),
    ("counts one half", "12.1", places(lambda p, q, m: xlogy(p, p / m) + xlogy(q, q / m))),
    ("KL(p || m) alone", "12.1", places(lambda p, q, m: xlogy(p, p / m) / 2)),
    ("KL(q || m) alone", "12.1", places(lambda p, q, m: xlogy(q, q / m) / 2)),
    ("whole, without that of q", "12.1", places(lambda p, q, m: xlogy(p, p / m))),
    ("with their mean m", "12.1", places(lambda p, q, m: (xlogy(p, p / q) + xlogy(q, q / p)) / 2)),
    ("this is KL(p || q)", "12.1", places(lambda p, q, m: xlogy(p, p / q))),
    ("m belongs below the line", "12.1", places(lambda p, q, m: (xlogy(p, m / p) + xlogy(q, m / q)) / 2)),
    ("0 log 0 is 0", "12.1", places(lambda p, q, m: (p * (p / m).log() + q * (q / m).log()) / 2)),
    ("weighed by their densities", "12.1", places(lambda p, q, m: ((p / m).log() + (q / m).log()) / 2)),
    ("expected", "12.1", lambda p, q: p / (p + q)),
    ("is the `return` missing", "12.1", lambda p, q: [].append(p)),
    ("the strength, 10", "12.2", 0.09, 0.845, 0.693, 2.5),
    ("the length of w", "12.2", 4.9, 0.845, 0.693, 2.5),
    ("the length of w", "12.2", 0.9, 1.445, 0.693, 2.5),
    ("|w|² stands", "12.2", 4.76, 0.845, 0.693, 2.5),
    ("from 1 is squared", "12.2", 3.0, 0.845, 0.693, 2.5),
    ("no 1 taken off", "12.2", 0.9, 0.045, 0.693, 2.5),
    ("the ½ of R1 is missing", "12.2", 0.9, 1.69, 0.693, 2.5),
    ("not yet squared", "12.2", 0.9, 0.65, 0.693, 2.5),
    ("as large as it gets", "12.2", 0.9, 0.845, 0.0, 2.5),
    ("the whole game", "12.2", 0.9, 0.845, 1.386, 2.5),
    ("JS does not see how far", "12.2", 0.9, 0.845, 2.5, 2.5),
    ("not its square", "12.2", 0.9, 0.845, 0.693, 6.25),
    ("W1 sees how far", "12.2", 0.9, 0.845, 0.693, 0.693),
    ("log2 in place", "12.2", 0.9, 0.845, 1.0, 2.5),
    ("rounds to 0 or 1", "12.3", lambda f: losses(f, a=(1 - sigmoid(f)).log(), b=-sigmoid(f).log())),
    ("log(1 - D) has its sign turned", "12.3", lambda f: losses(f, a=F.softplus(f))),
    ("this is log D", "12.3", lambda f: losses(f, b=F.logsigmoid(f))),
    ("the two losses have changed places", "12.3", lambda f: (*losses(f)[2:], *losses(f)[:2])),
    ("the two slopes have changed places", "12.3", lambda f: losses(f, da=sigmoid(f) - 1, db=-sigmoid(f))),
    ("both slopes are negative", "12.3", lambda f: losses(f, da=sigmoid(f), db=1 - sigmoid(f))),
    ("slopes in D", "12.3", lambda f: losses(f, da=-1 / (sigmoid(-f)), db=-1 / sigmoid(f))),
    ("the slope of D", "12.3", lambda f: losses(f, da=sigmoid(f) * sigmoid(-f), db=sigmoid(f) * sigmoid(-f))),
    ("D - 1, not -D", "12.3", lambda f: losses(f, db=-sigmoid(f))),
    ("-D, not D - 1", "12.3", lambda f: losses(f, da=sigmoid(f) - 1)),
    ("expected", "12.3", lambda f: losses(f)[::2]),
    ("is the `return` missing", "12.3", lambda f: [].append(f)),
    ("the penalty is missing", "12.4", lambda c, r, f, s: played(c, r, f)),
    ("the ½ before the penalty", "12.4", charged(lambda slope: 2 * squared(slope))),
    ("strength is not used", "12.4", lambda c, r, f, s: charged(squared)(c, r, f, 1.0)),
    ("not at fakes", "12.4", charged(squared, at=1)),
    ("no 1 in it", "12.4", charged(lambda slope: (slope.norm(dim=1) - 1).square().mean())),
    ("not yet squared", "12.4", charged(lambda slope: slope.norm(dim=1).mean())),
    ("over the axes", "12.4", charged(lambda slope: slope.square().mean())),
    ("summed over the batch", "12.4", charged(lambda slope: slope.square().sum())),
    ("the slope of the mean", "12.4", charged(lambda slope: squared(slope / len(slope)))),
    ("it is a cost", "12.4", charged(lambda slope: -squared(slope))),
    ("should say much for real ones", "12.4", lambda c, r, f, s: by_norm(lambda x: -c(x), r, f, s)),
    ("the sign of the game", "12.4", lambda c, r, f, s: by_norm(c, r, f, s) - 2 * played(c, r, f)),
    ("count in full", "12.4", lambda c, r, f, s: by_norm(c, r, f, s) - played(c, r, f) / 2),
    (
        "sums over the batch",
        "12.4",
        lambda c, r, f, s: F.softplus(-c(r)).sum() + F.softplus(c(f)).sum() + s / 2 * squared(slope_at(c, r)),
    ),
    ("the slope of D", "12.4", of_the_probability),
    ("the fakes are not asked", "12.4", lambda c, r, f, s: by_norm(c, r, f, s) - F.softplus(c(f)).mean()),
    ("right is", "12.4", lambda c, r, f, s: 7 * by_norm(c, r, f, s)),
    ("create_graph", "12.4", lambda c, r, f, s: played(c, r, f) + s / 2 * squared(slope_at(c, r, graph=False))),
    ("no gradient reaches", "12.4", lambda c, r, f, s: by_norm(c, r, f, s).detach()),
    ("no gradient reaches", "12.4", under_no_grad),
    ("something is detached", "12.4", lambda c, r, f, s: by_norm(c, r, f, s) + F.softplus(c(f)).mean().detach()
     - F.softplus(c(f)).mean()),
    ("is the `return` missing", "12.4", lambda c, r, f, s: [].append(c)),
    ("type float", "12.4", lambda c, r, f, s: by_norm(c, r, f, s).item()),
    ("not yet taken", "12.4", lambda c, r, f, s: F.softplus(-c(r))),
    ("raised", "12.4", lambda c, r, f, s: torch.autograd.grad(c(r).sum(), r)[0]),
]  # fmt: skip


test_a_right_answer_passes, test_a_wrong_answer_is_told_what_it_is = judged(EXERCISES, RIGHT, WRONG)
