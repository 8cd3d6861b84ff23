"""The exercises of chapter 10."""

import math

import torch

from ..distributions import DiagonalGaussian
from .exercise import Function, Judged, Numbers
from .words import described, shown


def information(counts):
    """How often two binned columns fall together, (a, b) -> I in nats, as it is, with no bias taken off."""
    p, rows, columns = shares(counts)
    return torch.xlogy(p, p / (rows * columns)).sum()


def shares(counts):
    p = counts / counts.sum()
    return p, p.sum(1, keepdim=True), p.sum(0)


def tables():
    """One with empty cells, one without, neither square."""
    first = torch.tensor([[12.0, 0.0, 3.0, 5.0], [1.0, 9.0, 2.0, 0.0], [0.0, 4.0, 8.0, 6.0]])
    return [(first,), (torch.tensor([[5.0, 1.0], [2.0, 9.0], [4.0, 3.0]]),)]


def entropies(counts):
    return [-torch.xlogy(part, part).sum() for part in shares(counts)]


def weighed_by_chance(counts):
    p, rows, columns = shares(counts)
    return torch.xlogy(rows * columns, p / (rows * columns)).sum()


INFORMATION_SLIPS = {
    "the table holds counts: divide it by its sum first": lambda counts: (
        counts.sum() * (information(counts) - counts.sum().log())
    ),
    "each logarithm is weighed by the share of its cell, not by its count": lambda counts: (
        counts.sum() * information(counts)
    ),
    "inside the logarithm, too, are shares, not counts": lambda counts: information(counts) - counts.sum().log(),
    "this is the entropy of the table": lambda counts: entropies(counts)[0],
    "p(a) is missing below p(a, b)": lambda counts: entropies(counts)[2] - entropies(counts)[0],
    "p(b) is missing below p(a, b)": lambda counts: entropies(counts)[1] - entropies(counts)[0],
    "the weight of a cell is p(a, b), not p(a) p(b)": weighed_by_chance,
    "it is a sum over the cells, not their average": lambda counts: information(counts) / counts.numel(),
}

MATRIX = ((1.2, 0.4, 0.1), (0.5, 0.6, 1.5))  # nats: rows are factors, columns codes
ENTROPIES = (1.6, 2.0)


def gaps(of):
    """What a rule makes of each row, over the entropy of its factor; and the mean."""
    first, second = (of(sorted(row, reverse=True)) / h for row, h in zip(MATRIX, ENTROPIES, strict=True))
    return first, second, (first + second) / 2


def best_of_two(row):
    return row[0] - row[1]


GAP_SLIPS = {
    "it is not yet divided by the entropy": (0.8, 0.9, 0.85),
    "this is the largest minus the mean of its row": gaps(lambda row: row[0] - sum(row) / 3),
    "this is the largest minus the smallest of its row": gaps(lambda row: row[0] - row[2]),
    "this is the largest alone; its rival belongs in": gaps(lambda row: row[0]),
    "this is the gap over the largest, not over the entropy": (0.8 / 1.2, 0.9 / 1.5, (0.8 / 1.2 + 0.6) / 2),
    "a gap belongs to a factor, which is a row; this compares within a column": (0.7 / 1.6, 0.2 / 2.0, 0.26875),
    "a gap belongs to a factor, which is a row; columns are codes": (0.7, 0.2, None),
    "it is the mean of the two gaps, not their sum": (None, None, 0.95),
}


def kl_parts(log_q, z):
    """log q(z_i | x_b) of each dimension at [i, b, j], (N, N, d); z (N, d) -> I, TC, the sum of the KL_j."""
    log_n = math.log(len(z))
    own = log_q.diagonal().sum(0)
    aggregate = log_q.sum(-1).logsumexp(1) - log_n
    marginals = log_q.logsumexp(1) - log_n
    prior = -0.5 * (math.log(2 * math.pi) + z**2)
    return _averages(own, aggregate, marginals, prior)


def _averages(own, aggregate, marginals, prior):
    together = (marginals - prior).sum(-1)
    return (own - aggregate).mean(), (aggregate - marginals.sum(-1)).mean(), together.mean()


def densities():
    found, generator = [], torch.Generator().manual_seed(0)
    for n, d in ((6, 3), (5, 2)):
        mu, logvar, eps = torch.randn(3, n, d, generator=generator)
        q = DiagonalGaussian(mu, logvar - 1)
        z = q.rsample(eps=eps)
        found.append((q.base_dist.log_prob(z.unsqueeze(1)), z))
    return found


def shifted(aggregate=0.0, marginals=0.0, prior=0.0):
    """The parts with what is missing put back, each in units of its constant."""

    def mistake(log_q, z):
        known, correlation, wise = kl_parts(log_q, z)
        log_n, d, half = math.log(len(z)), z.shape[1], 0.5 * math.log(2 * math.pi)
        a, m, p = aggregate * log_n, marginals * log_n * d, prior * half * d
        return known - a, correlation + a - m, wise + m - p

    return mistake


def over_the_codes(log_q, z):
    return kl_parts(log_q.transpose(0, 1), z)


def product_of_marginals(log_q, z):
    known, correlation, wise = kl_parts(log_q, z)
    return known + correlation, 0 * correlation, wise


def logs_averaged(log_q, z):
    prior = -0.5 * (math.log(2 * math.pi) + z**2)
    return _averages(log_q.diagonal().sum(0), log_q.sum(-1).mean(1), log_q.mean(1), prior)


PARTS_SLIPS = {
    "the aggregate is an average of N densities: subtract log N, here and in each dimension": shifted(1, 1),
    "log N is missing from the aggregate": shifted(aggregate=1),
    "log N is missing from the dimensions of the aggregate": shifted(marginals=1),
    "the ½ log 2π of the prior is missing": shifted(prior=1),
    "the sum runs over the codes; at one code it should run over the posteriors, dimension 1": over_the_codes,
    "q(z) mixes products, it is no product of its dimensions: sum over j before logsumexp": product_of_marginals,
    "this averages the logarithms; the aggregate is the logarithm of an average": logs_averaged,
}


def gaussians():
    found, generator = [], torch.Generator().manual_seed(0)
    for batch, d in ((4, 3), (3, 2)):
        mu, logvar = torch.randn(2, batch, d, generator=generator)
        found.append((mu, logvar, torch.linalg.qr(torch.randn(d, d, generator=generator)).Q))
    return found


def turned(mu, logvar, R):
    """mu, logvar (B, d), R (d, d) -> mean (B, d) and covariance (B, d, d) of R z."""
    return mu @ R.T, R @ torch.diag_embed(logvar.exp()) @ R.T


MEANS = {
    "it is turned back: in rows, R z is z @ R.T": lambda mu, logvar, R: mu @ R,
    "it is not turned": lambda mu, logvar, R: mu,
}
COVARIANCES = {
    "it is turned back: R stands on the left, its transpose on the right": lambda m, v, R: turned(m, v, R.T)[1],
    "sigma stands where the variance belongs": lambda m, v, R: turned(m, 0.5 * v, R)[1],
    "logvar is the logarithm of the variance": lambda m, v, R: R @ torch.diag_embed(v) @ R.T,
    "it is not turned": lambda m, v, R: torch.diag_embed(v.exp()),
    "R is needed on both sides": lambda m, v, R: R @ torch.diag_embed(v.exp()),
    "R is needed on both sides, its transpose on the right": lambda m, v, R: R @ torch.diag_embed(v.exp()) @ R,
    "only its diagonal is kept": lambda m, v, R: torch.diag_embed(turned(m, v, R)[1].diagonal(dim1=1, dim2=2)),
}


def rotation(turn):
    """Exercise 10.3: the mean and the covariance of R z for z ~ N(mu, diag exp(logvar))."""
    for given in gaussians():
        answer = turn(*(content.clone() for content in given))
        if answer is None:
            return "your function returns nothing: is the `return` missing?"
        if not (isinstance(answer, tuple | list) and len(answer) == 2 and all(map(torch.is_tensor, answer))):
            got = shown(answer) if torch.is_tensor(answer) else described(answer)
            return f"your function returns {got}, expected two tensors, the mean and the covariance"
        for name, got, right, slips in zip(
            ("mean", "covariance"), answer, turned(*given), (MEANS, COVARIANCES), strict=True
        ):
            if got.shape != right.shape:
                return f"the {name} has {shown(got)}, expected {shown(right)}"
            if not _near(got, right):
                slip = next((text for text, wrong in slips.items() if _near(got, wrong(*given))), None)
                return f"the {name} is not right" + (f": {slip}" if slip else "")
    return None


def _near(got, right):
    return torch.allclose(got.double(), right.double(), atol=1e-4)


EXERCISES = {
    "10.1": Function(
        "information in a table",
        information,
        tables,
        hint="the sum over cells of p log p / (p_a p_b), in which an empty cell is 0",
        slips=INFORMATION_SLIPS,
    ),
    "10.2": Numbers(
        "the gaps of a matrix",
        dict(zip(("the gap of the first factor", "the gap of the second", "the MIG"), gaps(best_of_two), strict=True)),
        hint="each row alone: the largest minus the second largest, over the entropy of its factor",
        slips=GAP_SLIPS,
    ),
    "10.3": Judged("a posterior, turned", rotation, hint="of A z the mean is A mu and the covariance A S A^T"),
    "10.4": Function(
        "three parts of the KL",
        kl_parts,
        densities,
        hint="log q(z) is logsumexp over the N posteriors minus log N; log q(z | x) stands on the diagonal",
        slips=PARTS_SLIPS,
    ),
}
