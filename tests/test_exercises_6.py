"""The exercises of chapter 6: right answers pass, and each wrong one is told what it is."""

import math

import torch
from judged import judged

from vae_utils.exercises.chapter_6 import EXERCISES, eigenvalues_of_the_chapter

LAMBDA = eigenvalues_of_the_chapter()
DIES = LAMBDA[2] / 0.4


def law(v, sigma2, beta):
    return 0.5 * torch.log(v / (beta * sigma2)).clamp(min=0).sum()


def counted(beta):
    return sum(value > 0.4 * beta for value in LAMBDA)


def letter(kl, minimum):
    return kl.sum(-1).mean().clamp(min=minimum)


RIGHT = [
    ("6.1", (law,)),
    ("6.1", (lambda v, s, b: sum(max(0.0, 0.5 * math.log(e / s / b)) for e in v.tolist()),)),
    ("6.2", (DIES, counted)),
    ("6.2", (round(DIES, 1), counted)),
    ("6.3", (letter,)),
    ("6.3", (lambda kl, m: max(m, kl.sum(1).mean().item()),)),
    ("6.4", (2.77, 16)),
    ("6.4", (math.log(16), 16.0)),
]
WRONG = [
    ("6.1", (lambda v, s, b: 0.5 * torch.log(v / (b * s)).sum(),), "costs nothing, not less"),
    ("6.1", (lambda v, s, b: 0.5 * torch.log(v / (b * s)).sum().clamp(min=0),), "clamp each dimension"),
    ("6.1", (lambda v, s, b: 2 * law(v, s, b),), "twice what it should be"),
    ("6.1", (lambda v, s, b: law(v, s, 1.0),), "it does not use beta"),
    ("6.1", (lambda v, s, b: law(v, s, b) / math.log(2),), "log2"),
    ("6.1", (lambda v, s, b: law(v, s, b) / len(v),), "a mean in place of a sum"),
    ("6.1", (lambda v, s, b: 0.5 * torch.log(v / (b * s)).clamp(min=0),), "not yet summed"),
    ("6.1", (lambda v, s, b: law(v, s, 1 / b),), "beta and sigma^2 multiply"),
    ("6.1", (lambda v, s, b: law(v, s**2, b),), "sigma2 is sigma^2 already"),
    ("6.2", (LAMBDA[2], counted), "that is the eigenvalue"),
    ("6.2", (LAMBDA[2] / 0.16, counted), "sigma^2 is 0.4, not sigma"),
    ("6.2", (LAMBDA[2] / math.sqrt(0.4), counted), "sigma its root"),
    ("6.2", (LAMBDA[1] / 0.4, counted), "the second dimension dies"),
    ("6.2", (LAMBDA[3] / 0.4, counted), "the fourth dimension dies"),
    ("6.2", (0.4 / LAMBDA[2], counted), "upside down"),
    ("6.2", (9.0, counted), "does not die at 9"),
    ("6.2", (DIES, lambda beta: 6), "does your training use beta"),
    ("6.2", (DIES, lambda beta: [].append(beta)), "is the `return` missing"),
    ("6.2", (DIES, lambda beta: 3), "counts 3, the law says 2"),
    ("6.2", (DIES, lambda beta: counted(beta / 0.4)), "the law says 3"),
    ("6.2", (DIES, lambda: 3), "keep the arguments"),
    ("6.3", (lambda kl, m: kl.sum(-1).clamp(min=m).mean(),), "each row is clamped by itself"),
    ("6.3", (lambda kl, m: kl.mean(0).clamp(min=m).sum(),), "each dimension is clamped by itself"),
    ("6.3", (lambda kl, m: kl.clamp(min=m).sum(-1).mean(),), "every number is clamped"),
    ("6.3", (lambda kl, m: kl.sum(-1).mean().clamp(max=m),), "min where max belongs"),
    ("6.3", (lambda kl, m: (kl.sum(-1).mean() - m).clamp(min=0),), "taken away"),
    ("6.3", (lambda kl, m: kl.sum(-1).mean(),), "you return 0.8"),
    ("6.3", (lambda kl, m: kl.mean().clamp(min=m),), "right is 0.8"),
    ("6.4", (4.0, 16), "those are bits"),
    ("6.4", (-2.77, 16), "the sign is turned"),
    ("6.4", (2.77, 2.77), "the perplexity is its exponential"),
    ("6.4", (16, 16), "the largest KL is not 16"),
]


test_a_right_answer_passes, test_a_wrong_answer_is_told_what_it_is = judged(
    EXERCISES,
    [(number, *answers) for number, answers in RIGHT],
    [(words, number, *answers) for number, answers, words in WRONG],
)
