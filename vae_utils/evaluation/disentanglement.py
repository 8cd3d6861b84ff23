"""Does one code mean one factor? Three answers, from factors (N, F) that are known and codes (N, d), in nats.

Codes are one vector a row, such as the posterior means. A tensor of whole numbers holds classes, one of floats
holds measurements; each is refused where it has no rows, other rows than its partner, or values that are not finite.
"""

import math
from typing import NamedTuple

import torch

from ..arguments import whole_number
from ..randomness import generator_at


@torch.no_grad()
def information_matrix(factors, codes, bins=20):
    """I(factor_i; code_j) of the histograms: (N, F), (N, d) -> (F, d), nats. Rows are factors, columns codes.

    I = sum_ab p_ab log p_ab / (p_a p_b) - (b_i - 1) (b_j - 1) / 2N,   p: shares of the N rows, b: classes that occur.
    A column of floats is cut into `bins` classes of equal count by its ranks: no increasing map of it changes them.
    Equal values share the class of their middle rank, so a constant is one class and tells nothing. A column of whole
    numbers is its own classes. What is subtracted is the bias of a histogram of independent columns (Miller 1955):
    without it noise would know something. It leaves noise at 0 on average, hence at times below, and takes the same
    from columns that do depend on each other: of equal ones it leaves log b - (b - 1)^2 / 2N. Cutting only loses.
    """
    factors, codes = _pair(factors, codes)
    of_factors, of_codes = _classes(factors, bins), _classes(codes, bins)
    return torch.stack([torch.stack([_information(one, other) for other in of_codes]) for one in of_factors])


@torch.no_grad()
def factor_entropies(factors, bins=20):
    """H(factor_i) = -sum_a p_a log p_a of the same histograms: (N, F) -> (F,), nats. At most log `bins` for floats."""
    counts = [torch.bincount(column).double() for column in _classes(_columns(factors, "factors"), bins)]
    return torch.stack([_entropy(count / count.sum()) for count in counts])


@torch.no_grad()
def mig(factors, codes, bins=20):
    """The mutual information gap of each factor, (N, F), (N, d) -> (F,); its mean is the MIG (Chen et al. 2018).

    (I(factor_i; best code) - I(factor_i; second-best code)) / H(factor_i),   both as in `information_matrix`.
    1: one code knows the factor and no other knows anything of it. 0: two codes know it equally well, or none does.
    A single code has no rival: its second is 0. Raises ValueError for a factor that does not vary.
    """
    information = information_matrix(_varying(factors), codes, bins)
    return _gaps(information) / factor_entropies(factors, bins)


class DCI(NamedTuple):
    """disentanglement, completeness: in [0, 1]. informativeness: at most 1. importances (F, d): each row sums to 1."""

    disentanglement: float
    completeness: float
    informativeness: float
    importances: torch.Tensor


@torch.no_grad()
def dci(factors, codes, trees=10, depth=8, points=2000, seed=0):
    """How each factor is predicted from all codes, (N, F), (N, d) -> `DCI` (Eastwood & Williams 2018).

    R_ij: importance of code j in a random forest that predicts factor i; 0 where it has nothing to split on.
    disentanglement: sum_j rho_j (1 - H_F(R_1j, ..., R_Fj)), does a code matter to one factor only? rho_j is its share
    of all importance, H_n the entropy of the shares in units of log n: 1 where they are equal, 0 where one has all.
    completeness: mean_i (1 - H_d(R_i1, ..., R_id)), is a factor in one code only?
    informativeness: mean_i of R^2, or for whole-number factors accuracy, on the quarter of the rows left out.
    At most `points` rows, drawn by `seed`, are used. A forest sees what is not linear; codes that are copies share its
    attention. Raises ValueError for a factor that does not vary.
    """
    factors, codes = _pair(_varying(factors), codes)
    for name, value in (("trees", trees), ("depth", depth)):
        whole_number(value, name)
    rows = torch.randperm(len(codes), generator=generator_at(seed))[: whole_number(points, "points", least=8)]
    if len(codes) < 8:
        raise ValueError(f"codes: got {len(codes)} rows, expected 8 or more, a quarter of them to be left out")
    factors, codes = factors.cpu()[rows], codes.cpu()[rows].double()
    importances, scores = zip(*(_forest(factor, codes, trees, depth, seed) for factor in factors.T), strict=True)
    R = torch.stack(importances)
    weights = R.sum(0) / R.sum().clamp(min=1e-12)
    return DCI((weights * _focus(R.T)).sum().item(), _focus(R).mean().item(), sum(scores) / len(scores), R)


@torch.no_grad()
def sap(factors, codes):
    """The gap between the best and the second-best score of a single code, (N, F), (N, d) -> (F,) (Kumar et al. 2018).

    Score of code j for a factor of floats: its squared correlation, the R^2 of the best line. For whole numbers: how
    well one threshold on the code tells two classes apart, 2 * balanced accuracy - 1, averaged over all pairs of
    classes; 0 is guessing, 1 no mistake. A single code has no rival: its second is 0. Raises ValueError for a factor
    that does not vary.
    """
    factors, codes = _pair(_varying(factors), codes)
    if factors.is_floating_point():
        return _gaps(_squared_correlations(factors.double(), codes.double()))
    return _gaps(torch.stack([_separations(classes, codes) for classes in _classes(factors, bins=2)]))


def _gaps(scores):
    """Largest minus second largest of each row: (F, d) -> (F,). A row of one has 0 as its second."""
    ordered = scores.sort(1, descending=True).values
    return ordered[:, 0] - ordered[:, 1] if ordered.shape[1] > 1 else ordered[:, 0]


def _information(one, other):
    """The information between two columns of classes (N,), less the bias of its histogram."""
    size, width = (int(column.max()) + 1 for column in (one, other))
    joint = torch.bincount(one * width + other, minlength=size * width).reshape(size, width).double() / len(one)
    plain = _entropy(joint.sum(1)) + _entropy(joint.sum(0)) - _entropy(joint)
    return plain - (size - 1) * (width - 1) / (2 * len(one))


def _entropy(shares, dim=None):
    return -torch.xlogy(shares, shares).sum(dim)


def _classes(columns, bins):
    """The classes of each column (N, F), counted from 0 without a gap: F tensors (N,)."""
    whole_number(bins, "bins", least=2)
    if columns.is_floating_point():
        columns = torch.stack([_binned(column.contiguous(), bins) for column in columns.T], 1)
    return [column.unique(return_inverse=True)[1] for column in columns.T]


def _binned(column, bins):
    """floor(bins * middle rank / N), the middle rank of a value being half-way through its equals."""
    ordered = column.sort().values
    below, up_to = torch.searchsorted(ordered, column), torch.searchsorted(ordered, column, right=True)
    return bins * (below + up_to) // (2 * len(column))


def _focus(importances):
    """1 - the entropy of each row's shares over log of how many there are: (a, b) -> (a,). A row of 0 has no focus."""
    count = importances.shape[1]
    if count == 1:
        return torch.ones(len(importances), dtype=importances.dtype)
    total = importances.sum(1, keepdim=True)
    shares = torch.where(total > 0, importances / total.clamp(min=1e-12), 1 / count)
    return 1 - _entropy(shares, 1) / math.log(count)


def _forest(factor, codes, trees, depth, seed):
    """A forest from codes (N, d) to a factor (N,): the importances (d,) and its score on the last quarter of rows."""
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    of_floats = factor.is_floating_point()
    x, y = codes.numpy(), (factor.double() if of_floats else factor).numpy()
    kind = RandomForestRegressor if of_floats else RandomForestClassifier
    kept = len(x) - len(x) // 4
    forest = kind(trees, max_depth=depth, max_features=None, random_state=seed).fit(x[:kept], y[:kept])
    return torch.from_numpy(forest.feature_importances_), float(forest.score(x[kept:], y[kept:]))


def _squared_correlations(factors, codes):
    """(F, d); 0 where a code does not vary."""
    factors, codes = (_unit(columns - columns.mean(0)) for columns in (factors, codes))
    power = factors.square().sum(0)[:, None] * codes.square().sum(0)
    return (factors.T @ codes).square() / torch.where(power > 0, power, 1.0)


def _unit(columns):
    """Columns brought into [-1, 1], so that no square is too large or too small for the computer."""
    most = columns.abs().amax(0)
    return columns / torch.where(most > 0, most, 1.0)


def _separations(classes, codes):
    """How well one threshold on a code tells two classes apart, averaged over the pairs: (N,), (N, d) -> (d,)."""
    belongs = torch.nn.functional.one_hot(classes).double()
    return torch.stack([_apart(code, belongs / belongs.sum(0)) for code in codes.T])


def _apart(code, belongs):
    """The largest distance between two classes' shares below a threshold, averaged over the pairs of classes."""
    count = belongs.shape[1]
    ordered, order = code.sort()
    last_of_equals = torch.cat([ordered.diff() > 0, torch.ones_like(ordered[:1], dtype=torch.bool)])
    below = belongs[order].cumsum(0)[last_of_equals]
    return sum((below - own).abs().amax(0).sum() for own in below.T.unsqueeze(2)) / (count * (count - 1))


def _pair(factors, codes):
    factors, codes = _columns(factors, "factors"), _columns(codes, "codes")
    if len(codes) != len(factors):
        raise ValueError(f"codes: got {len(codes)} rows, expected {len(factors)}, as in factors")
    return factors, codes


def _columns(values, name):
    """The values themselves. Raises TypeError or ValueError unless they are (N, columns), real and finite."""
    if not torch.is_tensor(values) or values.is_complex():
        got = f"a tensor of {values.dtype}" if torch.is_tensor(values) else type(values).__name__
        raise TypeError(f"{name}: got {got}, expected a tensor (N, columns) of floats or whole numbers")
    if values.ndim != 2 or 0 in values.shape:
        raise ValueError(f"{name}: got shape {tuple(values.shape)}, expected (N, columns) with both >= 1")
    if not values.isfinite().all():
        raise ValueError(f"{name}: got values that are NaN or infinite, expected finite ones")
    return values


def _varying(factors):
    """The factors themselves. Raises ValueError if a column is constant."""
    constant = (_columns(factors, "factors") == factors[:1]).all(0)
    if constant.any():
        column = constant.nonzero()[0].item()
        raise ValueError(f"factors: got a column {column} that is the same in all rows, expected ones that vary")
    return factors
