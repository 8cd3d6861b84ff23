"""How good, and how varied, are generated examples? Measured on features (N, F), as of a small classifier."""

import torch

from ..arguments import float_tensor, whole_number


@torch.no_grad()
def frechet_distance(real, generated):
    """|m - n|^2 + tr(S + T - 2 (S T)^(1/2)) between two sets of features, (N, F) and (M, F): a float >= 0.

    m, n are the means and S, T the covariances: the squared Wasserstein distance between the two Gaussians with the
    same moments (Dowson & Landau 1982). On features of an Inception network it is the FID (Heusel et al. 2017); on
    other features its values compare with each other only. Biased upward for few examples: compare equal numbers.
    """
    real, generated = _features(real, generated, least=2)
    difference = real.mean(0) - generated.mean(0)
    S, T = torch.cov(real.T), torch.cov(generated.T)
    S, T = S.reshape(len(difference), -1), T.reshape(len(difference), -1)
    root = _square_root(S)
    cross = torch.linalg.eigvalsh(root @ T @ root).clamp(min=0).sqrt().sum()
    return (difference.square().sum() + torch.trace(S) + torch.trace(T) - 2 * cross).clamp(min=0).item()


def _square_root(matrix):
    values, vectors = torch.linalg.eigh(matrix)
    return (vectors * values.clamp(min=0).sqrt()) @ vectors.T


@torch.no_grad()
def precision_recall(real, generated, neighbors=3, chunk=500):
    """(precision, recall) of generated features (M, F) against real ones (N, F), two floats in [0, 1].

    Around each real example lies a ball that reaches to its k-th nearest real neighbor. Precision is the share of
    generated examples inside some ball: are they realistic? Recall is the same with the roles exchanged: is every kind
    of real example also made? (Kynkaanniemi et al. 2019.) One outlier among the real examples has a ball as large as
    its distance, and can lend precision to anything (Naeem et al. 2020). `chunk` rows of distances are held in memory
    at a time.
    """
    whole_number(neighbors, "neighbors")
    whole_number(chunk, "chunk")
    real, generated = _features(real, generated, least=neighbors + 1)
    return _covered(generated, real, neighbors, chunk), _covered(real, generated, neighbors, chunk)


@torch.no_grad()
def density_coverage(real, generated, neighbors=5, chunk=500):
    """(density, coverage) of generated features (M, F) against real ones (N, F), two floats >= 0, on the real balls.

    The balls are those of `precision_recall`. Density is the mean number of balls that a generated example lies in,
    over `neighbors`: 1 in expectation for two draws from one law, and above it where many balls overlap. Coverage is
    the share of real examples with a generated one inside their ball, at most 1, and about 1 - 2^-neighbors for two
    equally large draws from one law (Naeem et al. 2020). One outlier, with its large ball, now counts for one.
    """
    whole_number(neighbors, "neighbors")
    whole_number(chunk, "chunk")
    real, generated = _features(real, generated, least=neighbors + 1)
    radius = _radii(real, neighbors, chunk)
    balls, reached = 0, torch.zeros_like(radius, dtype=torch.bool)
    for some in generated.split(chunk):
        inside = _distances(some, real) <= radius
        balls, reached = balls + inside.sum().item(), reached | inside.any(0)
    return balls / (neighbors * len(generated)), reached.double().mean().item()


def _covered(points, centers, neighbors, chunk):
    """The share of `points` that lie within some center's ball."""
    radius = _radii(centers, neighbors, chunk)
    inside = [(_distances(some, centers) <= radius).any(1) for some in points.split(chunk)]
    return torch.cat(inside).double().mean().item()


def _radii(centers, neighbors, chunk):
    """The distance of each center to its k-th nearest other one."""
    return torch.cat([_distances(some, centers).kthvalue(neighbors + 1, dim=1).values for some in centers.split(chunk)])


def _distances(some, centers):
    """Exact, so that a point is at distance 0 from itself."""
    return torch.cdist(some, centers, compute_mode="donot_use_mm_for_euclid_dist")


def _features(real, generated, least):
    """Both in double precision. Raises TypeError or ValueError that names the one that does not fit."""
    for name, features in (("real", real), ("generated", generated)):
        float_tensor(features, name, "(N, F)")
        if features.ndim != 2 or len(features) < least:
            raise ValueError(f"{name}: got shape {tuple(features.shape)}, expected (N, F) with N >= {least}")
        if not features.isfinite().all():
            raise ValueError(f"{name}: got values that are not finite, expected finite features (N, F)")
    if generated.shape[1] != real.shape[1]:
        raise ValueError(f"generated: got {generated.shape[1]} features, expected {real.shape[1]}, as in real")
    return real.double(), generated.double()
