"""The exercises of chapter 1."""

import math

import torch
from torch.distributions import Normal

from .exercise import Function, Judged, numbers
from .words import described, shown


def uniform(*shape, seed):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def ranks(n):
    """n ranks evenly over (0, 1), in random order."""
    return (torch.randperm(n, generator=torch.Generator().manual_seed(1)) + 0.5) / n


def kind(answer):
    found = numbers(answer)
    return described(answer) if found is None else shown(found)


def waiting_time(u):
    return -torch.log1p(-u)


INVERSE_CDF = Function(
    "the machine of the bus stop",
    waiting_time,
    lambda: [(torch.tensor([0.1, 0.35, 0.8]),), (uniform(5, seed=1),)],
    slips={
        "this is the density at u; wanted is the waiting time whose rank is u": lambda u: torch.exp(-u),
        "this is F itself; wanted is its inverse": lambda u: 1 - torch.exp(-u),
        "one divided by, where a logarithm is needed": lambda u: 1 / (1 - u),
    },
)


def judge_waiting_time(machine):
    """Any machine whose draws follow the law will do, such as the one that reads the ranks backwards."""
    u = ranks(999).double()
    problem = INVERSE_CDF.problem(machine)
    if problem is None or not isinstance(problem, str):
        return problem
    made = numbers(machine(u.clone()))
    if made is not None and made.shape == u.shape:
        same_law = (made.sort().values - waiting_time(u).sort().values).abs().max() < 1e-3
        return None if same_law and torch.equal(made, numbers(machine(u.clone()))) else problem
    return problem


def judge_disc(fill_disc):
    u, v = ranks(20_000).double(), uniform(20_000, seed=2)
    answer = fill_disc(u.clone(), v.clone())
    points = numbers(answer)
    if points is None or points.shape != (len(u), 2):
        return f"your function returns {kind(answer)}, expected shape (n, 2): one point a row"
    if not torch.equal(points, numbers(fill_disc(u.clone(), v.clone()))):
        return "two calls with the same u and v return different points; all the chance is in u and v"
    return _uneven(points)


def _uneven(points):
    """Where the points do not fill the disc evenly; None if they do."""
    radius = points.norm(dim=1)
    if not radius.max() <= 1 + 1e-6:
        return f"a point is {radius.max():.2f} away from the center, expected at most 1"
    for r in (0.25, 0.5, 0.75):
        share = (radius < r).double().mean()
        if abs(share - r * r) > 0.01:
            return f"a share of {share:.2f} lies within {r} of the center, expected {r * r:.2f}{_radius_slip(radius)}"
    quadrants = (points[:, 0] > 0).int() + 2 * (points[:, 1] > 0).int()
    shares = torch.bincount(quadrants, minlength=4) / len(points)
    if (shares - 0.25).abs().max() > 0.015:
        listed = ", ".join(f"{share:.2f}" for share in shares)
        return f"the quadrants hold {listed} of the points, expected 0.25 each: does the angle go all the way round"
    turned = torch.atan2(points[:, 1], points[:, 0])
    if (torch.corrcoef(torch.stack([radius, turned]))[0, 1]).abs() > 0.05:
        return "the radius and the angle depend on each other, expected one from u and one from v"
    return None


def _radius_slip(radius):
    slips = {": the radius is v itself": 1.0, ": v is squared where its root is needed": 2.0}
    for words, power in slips.items():
        if abs((radius < 0.5).double().mean() - 0.5 ** (1 / power)) < 0.01:
            return words
    return ""


def log_density(x, mean, sigma):
    return Normal(mean, sigma).log_prob(x).sum(1)


def clouds():
    x, mean = torch.randn(2, 4, 7, generator=torch.Generator().manual_seed(12), dtype=torch.float64)
    return [(x, mean, 0.4), (x[:, :3], mean[:, :3], 1.5), (x, mean, 3.0)]


def squared_error(x, mean):
    return ((x - mean) ** 2).sum(1)


def three_terms(x, mean, sigma, logs, pis):
    return -squared_error(x, mean) / (2 * sigma**2) - logs * math.log(sigma) - pis / 2 * math.log(2 * math.pi)


DENSITY_SLIPS = {
    "the leftovers of all D pixels count: D times log sigma, not once": lambda x, m, s: three_terms(
        x, m, s, 1, x.shape[1]
    ),
    "D/2 times log 2π, not ½": lambda x, m, s: three_terms(x, m, s, x.shape[1], 1),
    "both constants count once for each of the D dimensions": lambda x, m, s: three_terms(x, m, s, 1, 1),
    "the term with log sigma has the wrong sign": lambda x, m, s: three_terms(x, m, s, -x.shape[1], x.shape[1]),
    "the term with log sigma is missing": lambda x, m, s: three_terms(x, m, s, 0, x.shape[1]),
    "this is the squared error alone: the two other terms of (1.6) are missing": lambda x, m, s: (
        -squared_error(x, m) / (2 * s**2)
    ),
    "the squared error is divided by sigma, not by its square": lambda x, m, s: (
        three_terms(x, m, s, x.shape[1], x.shape[1]) + squared_error(x, m) * (1 / (2 * s**2) - 1 / (2 * s))
    ),
    "this is the density; wanted is its logarithm": lambda x, m, s: log_density(x, m, s).exp(),
}


def log_mixture(x, centers, sigma):
    each = Normal(centers, sigma).log_prob(x[:, None]).sum(2)
    return torch.logsumexp(each, 1) - math.log(len(centers))


def mixtures():
    x, centers = torch.randn(2, 5, 3, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    far = torch.full((1, 2), 40.0, dtype=torch.float64)
    return [(x, centers[:4], 0.7), (x[:2, :2], centers[:, :2], 1.5), (far, centers[:3, :2], 0.5)]


def each_bell(x, centers, sigma):
    return Normal(centers, sigma).log_prob(x[:, None]).sum(2)


MIXTURE_SLIPS = {
    "this is the average of the logs; wanted is the log of the average": lambda x, c, s: each_bell(x, c, s).mean(1),
    "this is the sum of the bells; for the average log k is missing": lambda x, c, s: each_bell(x, c, s).logsumexp(1),
    "log k has the wrong sign": lambda x, c, s: each_bell(x, c, s).logsumexp(1) + math.log(len(c)),
    "far from every bell exp gives 0, and its log is minus infinity: torch.logsumexp does not": lambda x, c, s: (
        each_bell(x, c, s).exp().mean(1).log()
    ),
    "this is the nearest bell alone; all of them add up": lambda x, c, s: (
        each_bell(x, c, s).max(1).values - math.log(len(c))
    ),
    "this is the density; wanted is its logarithm": lambda x, c, s: each_bell(x, c, s).exp().mean(1),
}


def samples():
    """Three laws that no machine knows beforehand."""
    u = uniform(3, 501, seed=4)
    humps = torch.where(u[1] < 0.3, -2.0, 1.0) + 0.3 * Normal(0.0, 1.0).icdf(uniform(501, seed=5))
    return {"waiting times": waiting_time(u[0]), "two humps": humps, "the numbers 3 to 4": 3 + u[2]}


def judge_learned_machine(learn_machine):
    z = Normal(0.0, 1.0).icdf(torch.cat([ranks(400), torch.tensor([1e-7, 1 - 1e-7])]).double())
    for name, sample in samples().items():
        g = learn_machine(sample.clone())
        if not callable(g):
            return f"learn_machine returns {described(g)}, expected a function of z"
        answer = g(z.clone())
        made = numbers(answer)
        if made is None or made.shape != z.shape:
            return f"the machine returns {kind(answer)}, expected shape (402,), as z"
        if not torch.equal(made, numbers(g(z.clone()))):
            return "the machine gives two answers for the same z; all the chance is in z"
        if problem := _foreign(made, z, sample):
            return f"for a sample of {name}, {problem}"
    return None


def _foreign(made, z, sample):
    """What is wrong with the law of the draws; None if their ranks in the sample are those of z."""
    ordered, wanted = sample.sort().values, Normal(0.0, 1.0).cdf(z)
    share = 0.5 * (torch.searchsorted(ordered, made) + torch.searchsorted(ordered, made, right=True)) / len(sample)
    if (share.sort().values - wanted.sort().values).abs().max() < 0.006:
        return None
    bell = sample.mean() + sample.std() * z
    if torch.allclose(made, bell, atol=0.02):
        return "the mean and the spread are right, and the shape is still a bell"
    if torch.equal(made, sample[(wanted * len(sample)).long().clamp(max=len(sample) - 1)]):
        return "the sample is not in order: rank 0.25 belongs to the point a quarter of the way along"
    if made.min() < sample.min() - 0.1 or made.max() > sample.max() + 0.1:
        ends = f"the data end at {sample.min():.2f} and {sample.max():.2f}"
        return f"the draws go from {made.min():.2f} to {made.max():.2f}, where {ends}"
    middle = ((made > ordered[len(sample) // 4]) & (made < ordered[3 * len(sample) // 4])).double().mean()
    return f"{middle:.2f} of the draws lie in the middle half of the data, or their ranks are uneven, expected 0.50"


EXERCISES = {
    "1.1": Judged("inverse CDF", judge_waiting_time, hint="Set u = 1 - exp(-x) and solve for x"),
    "1.2": Judged("an even disc", judge_disc, hint="the rank function of the radius is F(r) = r²; invert it"),
    "1.3": Function(
        "Gaussian log-density", log_density, clouds, hint="(1.6) has three terms, and two hold D", slips=DENSITY_SLIPS
    ),
    "1.4": Function(
        "a mixture of bells",
        log_mixture,
        mixtures,
        hint="a table (B, k) of log-densities by (1.6), torch.logsumexp over its bells, minus log k",
        slips=MIXTURE_SLIPS,
    ),
    "1.5": Judged(
        "a machine from data",
        judge_learned_machine,
        hint="sort the sample; the rank of z is Φ(z); hand back the point of the sample that has this rank",
    ),
}
