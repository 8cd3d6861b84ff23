"""Chapter 8: right answers pass, and wrong ones are told what is wrong."""

import pytest
import torch
import torch.nn.functional as F

from vae_utils import checks
from vae_utils.exercises.verdicts import find


def said(capsys, number, answer):
    checks.exercise(number, answer)
    return capsys.readouterr().out


def mean_and_sigma(levels, shares):
    mean = sum(float(a) * float(b) for a, b in zip(levels, shares, strict=True))
    return mean, sum(float(b) * (float(a) - mean) ** 2 for a, b in zip(levels, shares, strict=True)) ** 0.5


def energy(x, reduce="mean"):
    images = x.view(-1, 14, 14)
    parts = [(images[:, 1:] - images[:, :-1]) ** 2, (images[:, :, 1:] - images[:, :, :-1]) ** 2]
    return [getattr(part.flatten(1), reduce)(1) for part in parts]


def bisected(disturb):
    """Find by bisection how much of a disturbance makes the meter read 1."""

    def fake(soft, meter):
        low, high = 0.0, 8.0
        for _ in range(30):
            level = (low + high) / 2
            low, high = (level, high) if meter(disturb(soft, level)) < 1 else (low, level)
        return disturb(soft, high)

    return fake


def grain(soft, level):
    noise = torch.randn(soft.shape, generator=torch.Generator().manual_seed(3))
    return (soft + level * noise).clamp(0, 1)


def edges(soft, level):
    smooth = F.avg_pool2d(soft.view(-1, 1, 14, 14), 3, stride=1, padding=1).flatten(1)
    return (soft + level * (soft - smooth)).clamp(0, 1)


def specks(soft, level):
    chosen = torch.rand(soft.shape, generator=torch.Generator().manual_seed(0)) < level / 8
    return torch.where(chosen, 1 - soft, soft)


def shares_of(counts):
    return counts / counts.sum()


RIGHT = [
    ("8.1", mean_and_sigma),
    ("8.1", lambda a, p: ((p * a).sum(), ((p * a**2).sum() - (p * a).sum() ** 2).sqrt())),
    ("8.2", lambda x: sum(energy(x)) / 2),
    ("8.3", bisected(grain)),
    ("8.3", bisected(edges)),
    ("8.3", bisected(specks)),
    ("8.4", lambda c: torch.special.entr(shares_of(c)).sum().exp()),
    ("8.4", lambda c: torch.prod(shares_of(c) ** -shares_of(c))),
    ("8.4", lambda c: torch.distributions.Categorical(probs=c).entropy().exp()),
]
WRONG = [
    ("8.1", lambda a, p: (a.mean(), a.std(correction=0)), "different shares"),
    ("8.1", lambda a, p: (mean_and_sigma(a, p)[0], mean_and_sigma(a, p)[1] ** 2), "sigma is its root"),
    ("8.1", lambda a, p: ((p * a).sum(), ((p * a).sum() * (1 - (p * a).sum())).sqrt()), "the two levels 0 and 1 only"),
    ("8.1", lambda a, p: ((p * a).sum(), (p * a**2).sum().sqrt()), "around the mean"),
    ("8.1", lambda a, p: (p * a).sum(), "shape (2,)"),
    ("8.2", lambda x: sum(energy(x, "sum")) / 2, "a sum over the pixels"),
    ("8.2", lambda x: sum(energy(x)), "is a ½ missing"),
    ("8.2", lambda x: energy(x)[0], "only the steps down"),
    ("8.2", lambda x: energy(x)[1] / 2, "only half of the steps across"),
    ("8.2", lambda x: (sum(energy(x)) / 2).mean(), "averaged too"),
    ("8.2", lambda x: x.view(-1, 14, 14).diff(dim=1).abs().mean((1, 2)), "you return"),
    ("8.3", lambda soft, meter: soft, "these are the soft digits themselves"),
    ("8.3", lambda soft, meter: grain(soft, 0.2), "a fixed amount fits one softness only"),
    ("8.3", lambda soft, meter: bisected(grain)(soft, meter) * 1.2, "expected all in [0, 1]"),
    (
        "8.3",
        lambda soft, meter: bisected(lambda s, level: edges(1 - s, level))(soft, meter),
        "from that of the soft digit",
    ),
    ("8.3", lambda soft, meter: meter(soft), "expected a tensor of shape"),
    ("8.3", lambda soft, meter: [].append(soft), "is the `return` missing"),
    ("8.4", lambda c: torch.special.entr(shares_of(c)).sum(), "its exponential is asked"),
    ("8.4", lambda c: (c > 0).sum(), "counted in full"),
    ("8.4", lambda c: 1 / shares_of(c).square().sum(), "another count"),
    ("8.4", lambda c: torch.exp(-(shares_of(c) * shares_of(c).log()).sum()), "nan"),
]


@pytest.mark.parametrize(("number", "answer"), RIGHT)
def test_right_answers_pass(capsys, number, answer):
    assert said(capsys, number, answer) == f"✓ Exercise {number}, {find(number).name}\n"


@pytest.mark.parametrize(("number", "answer", "words"), WRONG)
def test_wrong_answers_are_told_why(capsys, number, answer, words):
    line = said(capsys, number, answer)
    assert line.startswith("✗") and words in line
