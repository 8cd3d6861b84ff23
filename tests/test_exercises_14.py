"""Chapter 14: right answers pass, wrong ones are told what they are."""

import math

import torch
from judged import judged
from sklearn.metrics import roc_auc_score

from vae_utils.exercises.chapter_14 import EXERCISES


def by_ranks(usual, odd):
    """Mann and Whitney's U, from mid-ranks."""
    both = torch.cat([usual, odd])
    ranks = (both[:, None] > both).sum(1) + 0.5 * ((both[:, None] == both).sum(1) + 1)
    return (ranks[: len(usual)].sum() - len(usual) * (len(usual) + 1) / 2) / (len(usual) * len(odd))


def by_library(usual, odd):
    return roc_auc_score([1] * len(usual) + [0] * len(odd), torch.cat([usual, odd]))


def wins(usual, odd, draw=0.5):
    won = sum((u > o) + draw * (u == o) for u in usual for o in odd)
    return won / (len(usual) * len(odd))


RIGHT = [
    ("14.1", 1.536, 1.2394, 48),
    ("14.1", 0.00025 * 12288 / 2, math.sqrt(1.536), torch.tensor(48.0)),
    ("14.2", by_ranks),
    ("14.2", by_library),
    ("14.2", wins),
    ("14.3", lambda log_p, known: -torch.abs(known.sum() / len(known) - log_p)),
    ("14.3", lambda log_p, known: [-abs(each - known.mean()) for each in log_p]),
]
WRONG = [
    ("the ½ of the Gaussian", "14.1", 3.072, 1.24, 48),
    ("the ½ of the Gaussian", "14.1", 1.54, 1.7527, 48),
    ("the ½ of the Gaussian", "14.1", 1.54, 1.24, 96),
    ("three colors", "14.1", 0.512, 1.24, 48),
    ("three colors", "14.1", 1.536, 1.24, 16),
    ("sigma squared", "14.1", 1.536, 1.536, 48),
    ("not one over it", "14.1", 1.536, 0.8069, 48),
    ("divides the KL", "14.1", 1.536, 1.24, 6144),
    ("the first loss", "14.1", 1.536, 1.24, 0.012),
    ("upside down", "14.1", 1.536, 1.24, 1 / 48),
    ("should score lower", "14.2", lambda u, o: wins(o, u)),
    ("a draw, and counts one half", "14.2", lambda u, o: wins(u, o, 0.0)),
    ("not one", "14.2", lambda u, o: wins(u, o, 1.0)),
    ("divide by how many", "14.2", lambda u, o: wins(u, o) * len(u) * len(o)),
    ("the mean of the odd", "14.2", lambda u, o: (u > o.mean()).float().mean()),
    ("`.float()` makes numbers", "14.2", lambda u, o: (u[:, None] > o).mean()),
    ("is the `return` missing", "14.2", lambda u, o: [].append(u)),
    ("must be a low score", "14.3", lambda p, known: (p - known.mean()).abs()),
    ("take the absolute value", "14.3", lambda p, known: p - known.mean()),
    ("before the sign", "14.3", lambda p, known: known.mean() - p),
    ("not of those to be judged", "14.3", lambda p, known: -(p - p.mean()).abs()),
    ("not squared", "14.3", lambda p, known: -(p - known.mean()).square()),
    ("not the median", "14.3", lambda p, known: -(p - known.median()).abs()),
    ("does not use known", "14.3", lambda p, known: p),
]

test_a_right_answer_passes, test_a_wrong_answer_is_told_what_it_is = judged(EXERCISES, RIGHT, WRONG)
