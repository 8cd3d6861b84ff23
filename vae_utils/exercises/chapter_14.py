"""The exercises of chapter 14."""

import math

import torch

from .exercise import Function, Numbers

PIXELS, CODES, WEIGHT = 3 * 64 * 64, 128, 0.00025
BETA = WEIGHT * PIXELS / 2
MEANS = PIXELS / (2 * CODES)


def auroc(usual, odd):
    """P(score of a usual picture > score of an odd one), where a draw counts one half: (n,), (m,) -> ()."""
    above = (usual[:, None] > odd).float()
    return (above + 0.5 * (usual[:, None] == odd).float()).mean()


def scores():
    noise = torch.Generator().manual_seed(0)
    usual, odd = torch.randn(7, generator=noise) + 1, torch.randn(5, generator=noise)
    return [(usual, odd), (usual.round(), odd.round()), (odd.round() - 4, usual.round() - 4)]


AUROC_SLIPS = {
    "this is the share of odd ones above; an odd picture should score lower": lambda usual, odd: auroc(odd, usual),
    "where two scores are equal it is a draw, and counts one half": (
        lambda usual, odd: (usual[:, None] > odd).float().mean()
    ),
    "where two scores are equal it is a draw, and counts one half, not one": (
        lambda usual, odd: (usual[:, None] >= odd).float().mean()
    ),
    "this counts the pairs; divide by how many there are": lambda usual, odd: auroc(usual, odd) * len(usual) * len(odd),
    "this compares with the mean of the odd ones; compare with each": lambda usual, odd: auroc(usual, odd.mean()[None]),
}


def typicality(log_p, known):
    """-|log p(x) - mean log p of pictures known to be usual|: (n,), (m,) -> (n,)."""
    return -(log_p - known.mean()).abs()


def log_likelihoods():
    noise = torch.Generator().manual_seed(1)
    known = 50 * torch.randn(9, generator=noise) - 600
    return [(120 * torch.randn(6, generator=noise) - 580, known), (torch.tensor([3.0, -2.0, 8.0]), known / 100)]


TYPICALITY_SLIPS = {
    "a score is high for what is usual; here a large distance must be a low score": (
        lambda log_p, known: (log_p - known.mean()).abs()
    ),
    "too high is odd, too: take the absolute value": lambda log_p, known: log_p - known.mean(),
    "too high is odd, too: take the absolute value before the sign": lambda log_p, known: known.mean() - log_p,
    "the middle is that of the pictures known to be usual, not of those to be judged": (
        lambda log_p, known: -(log_p - log_p.mean()).abs()
    ),
    "the distance is not squared here": lambda log_p, known: -((log_p - known.mean()) ** 2),
    "the middle is the mean here, not the median": lambda log_p, known: -(log_p - known.median()).abs(),
}


EXERCISES = {
    "14.1": Numbers(
        "the beta in somebody's loss",
        {
            "beta for the summed KL": BETA,
            "the sigma at which that loss is the ELBO": math.sqrt(BETA),
            "beta where both terms are means": MEANS,
        },
        hint="multiply the loss by D / 2: then the squared error is that of sigma = 1, and beta stands before the KL",
        slips={
            "the ½ of the Gaussian is missing": (2 * BETA, math.sqrt(2 * BETA), 2 * MEANS),
            "D counts three colors": (BETA / 3, math.sqrt(BETA / 3), MEANS / 3),
            "this is sigma squared": (None, BETA, None),
            "at a smaller sigma the error weighs more; sigma squared is beta, not one over it": (
                None, 1 / math.sqrt(BETA), None,
            ),
            "the mean over the latent dimensions divides the KL": (None, None, PIXELS / 2),
            "the weight 0.00025 belongs to the first loss": (None, None, WEIGHT * MEANS),
            "it is upside down: D is above the line, the number of codes below": (None, None, 1 / MEANS),
        },
    ),
    "14.2": Function(
        "the area under the ROC curve",
        auroc,
        scores,
        hint="compare by broadcasting, usual[:, None] > odd, and take the mean over all pairs; a draw is one half",
        slips=AUROC_SLIPS,
    ),
    "14.3": Function(
        "a score that knows too good from good",
        typicality,
        log_likelihoods,
        hint="how far is log p from the mean of `known`, in either direction? The farther, the lower the score",
        slips=TYPICALITY_SLIPS,
    ),
}  # fmt: skip
