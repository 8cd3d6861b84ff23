"""The exercises of chapter 6."""

import math

import torch

from .exercise import Function, Judged, Numbers

SIGMA2 = 0.4  # of exercise 6.2


def optimal_kl(eigenvalues, sigma2, beta):
    """(6.3), summed over the dimensions."""
    return sum(0.5 * math.log(v / (beta * sigma2)) for v in eigenvalues.tolist() if v > beta * sigma2)


def spectra():
    first, second = torch.tensor([8.9, 4.7, 2.6, 1.2, 0.6, 0.25]), torch.tensor([5.0, 0.9, 0.3])
    return [(first, 0.4, 1.0), (first, 0.4, 4.0), (second, 0.7, 2.5), (second, 3.0, 9.0)]


def _noise(eigenvalues, sigma2, beta):
    return 0.5 * torch.log(eigenvalues / (beta * sigma2))


def eigenvalues_of_the_chapter():
    """Of the data x of the chapter's exact law: variances along the principal axes, the largest first."""
    generator = torch.Generator().manual_seed(0)
    axes = torch.linalg.qr(torch.randn(12, 12, generator=generator)).Q
    spread = torch.tensor([3.0, 2.2, 1.6, 1.1, 0.8, 0.5] + 6 * [0.2])
    x = torch.randn(4000, 12, generator=generator) * spread @ axes.T
    return torch.linalg.eigvalsh(torch.cov(x.T, correction=0)).flip(0).tolist()


def _wrong_beta(beta, found):
    """The words for a wrong prediction; None for the right one."""
    right = found[2] / SIGMA2
    if abs(beta - right) <= 0.01 * right:
        return None
    slips = {
        "that is the eigenvalue; which beta makes beta sigma^2 as large?": found[2],
        "sigma^2 is 0.4, not sigma": found[2] / SIGMA2**2,
        "sigma^2 is 0.4, and sigma its root": found[2] / math.sqrt(SIGMA2),
        "there the second dimension dies, and one is left": found[1] / SIGMA2,
        "there the fourth dimension dies, and three are left": found[3] / SIGMA2,
        "that is the ratio upside down": SIGMA2 / found[2],
    }
    words = [text for text, wrong in slips.items() if abs(beta - wrong) <= 0.01 * wrong]
    return f"the third dimension does not die at {beta:.4g}" + (f": {words[0]}" if words else "")


def dying_third(last_beta, dimensions_in_use):
    """Judge the prediction, then what the reader's training counts at four fifths and five fourths of it."""
    found = eigenvalues_of_the_chapter()
    problem = _wrong_beta(float(last_beta), found)
    if problem:
        return problem
    for part, right in ((0.8, 3), (1.25, 2)):
        beta = part * found[2] / SIGMA2
        count = dimensions_in_use(beta)
        if count is None or not float(count) == right:
            return f"at beta = {beta:.1f} your training counts {count}, the law says {right}{_counted(count)}"
    return None


def _counted(count):
    if count is None:
        return ": is the `return` missing?"
    if count == 6:
        return ": does your training use beta, and is the KL averaged over the rows?"
    return ": is sigma the root of 0.4, and are the steps enough?"


def free_letter_kl(kl_per_dimension, minimum):
    """max(minimum, the batch's average of the summed KL)."""
    return max(minimum, kl_per_dimension.sum().item() / len(kl_per_dimension))


def letters():
    kl = torch.tensor([[0.1, 0.0, 0.9], [0.3, 0.2, 0.1]])
    return [(kl, 0.5), (kl, 0.7), (kl, 1.2)]


EXERCISES = {
    "6.1": Function(
        "the law of the linear VAE",
        optimal_kl,
        spectra,
        hint="a dimension below beta sigma^2 costs nothing, and its logarithm is negative",
        slips={
            "an unused dimension costs nothing, not less": lambda *inputs: _noise(*inputs).sum(),
            "clamp each dimension, not their sum": lambda *inputs: _noise(*inputs).sum().clamp(min=0),
            "beta and sigma^2 multiply": lambda v, s, b: 0.5 * torch.log(b * v / s).clamp(min=0).sum(),
            "sigma2 is sigma^2 already": lambda v, s, b: _noise(v, s**2, b).clamp(min=0).sum(),
            "the KL of each dimension is a logarithm": lambda v, s, b: 0.5 * (v / (b * s) - 1).clamp(min=0).sum(),
        },
    ),
    "6.2": Judged(
        "the beta at which the third dimension dies",
        dying_third,
        hint="lambda_3 = beta sigma^2; fit takes beta=beta, and sigma is the root of 0.4",
        blanks=2,
    ),
    "6.3": Function(
        "free nats for the whole letter",
        free_letter_kl,
        letters,
        hint="two sums, one max",
        slips={
            "each row is clamped by itself; average first": lambda kl, m: kl.sum(-1).clamp(min=m).mean(),
            "each dimension is clamped by itself; sum first": lambda kl, m: kl.mean(0).clamp(min=m).sum(),
            "every number is clamped by itself": lambda kl, m: kl.clamp(min=m).sum(-1).mean(),
            "the minimum is taken away, where the KL should not fall below it": lambda kl, m: (
                kl.sum(-1).mean() - m
            ).clamp(min=0),
            "min where max belongs": lambda kl, m: kl.sum(-1).mean().clamp(max=m),
            "the minimum is added to the KL": lambda kl, m: kl.sum(-1).mean() + m,
        },
    ),
    "6.4": Numbers(
        "the longest letter of a codebook",
        {"the largest KL": math.log(16), "the perplexity": 16.0},
        hint="all codes equally frequent; the perplexity is exp of the entropy",
        slips={
            "those are bits; nats take the natural logarithm": (4.0, None),
            "that is the entropy; the perplexity is its exponential": (None, math.log(16)),
        },
    ),
}
