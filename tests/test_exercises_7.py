"""Chapter 7: right answers pass, and wrong ones are told what is wrong."""

import math

import pytest
import torch

from vae_utils import checks, objectives
from vae_utils.exercises.verdicts import find

Terms, kl_divergence = objectives.Terms, objectives.kl_divergence


def said(capsys, number, answer):
    checks.exercise(number, answer)
    return capsys.readouterr().out


def hybrid(model, x, y, beta=1.0, alpha=0.5, draw="rsample", from_q=False, swap=False, weigh=True, with_kl=True):
    """The mixture, and what readers make of it."""
    q, prior = model.posterior(x, y), model.prior(y)
    z = getattr(q, draw)()
    other = q if from_q else prior
    asked = getattr(other, draw)(() if other.mu.shape == q.mu.shape else (len(x),))
    reconstruction, kl = model.likelihood(z, y).log_prob(x), kl_divergence(q, prior)
    bound = reconstruction - (beta * kl if with_kl else 0)
    alpha, rest = (1 - alpha, alpha) if swap else (alpha, 1 - alpha)
    if not weigh:
        alpha = rest = 1.0
    return Terms(alpha * bound + rest * model.likelihood(asked, y).log_prob(x), reconstruction, kl, z)


def in_one_line(model, x, y, beta=1.0, alpha=0.5):
    terms, prior = objectives.elbo(model, x, y, beta=beta), model.prior(y)
    z = prior.rsample((len(x),)) if prior.mu.ndim == 1 else prior.rsample()
    return terms._replace(elbo=alpha * terms.elbo + (1 - alpha) * model.likelihood(z, y).log_prob(x))


def averaged(model, x, y, beta=1.0, alpha=0.5):
    terms = hybrid(model, x, y, beta, alpha)
    return terms._replace(elbo=terms.elbo.mean())


def kl_weighted(model, x, y, beta=1.0, alpha=0.5):
    terms = hybrid(model, x, y, beta, alpha)
    return terms._replace(kl=alpha * beta * terms.kl)


def by_hand(mu, logvar, y, means, spreads):
    ratio = (logvar - spreads[y]).exp()
    return 0.5 * (ratio - ratio.log() - 1 + (mu - means[y]) ** 2 * (-spreads[y]).exp()).sum(-1)


RIGHT = [
    ("7.1", math.sqrt(math.sqrt(1.5) - 1)),
    ("7.1", 0.47),
    ("7.1", torch.tensor(0.4741)),
    ("7.2", lambda p: -(p * p.log()).sum()),
    ("7.2", lambda p: torch.special.entr(p).sum()),
    ("7.2", lambda p: -sum(float(each) * math.log(each) for each in p)),
    ("7.3", by_hand),
    ("7.3", lambda mu, logvar, y, m, s: objectives.gaussian_kl(mu, logvar, m[y], s[y])),
    ("7.4", hybrid),
    ("7.4", in_one_line),
]
WRONG = [
    ("7.1", 0.2247, "s squared"),
    ("7.1", 0.605, "is Var(y | x) missing"),
    ("7.1", -0.4741, "the sign is turned"),
    ("7.1", 0.5, "too large"),
    ("7.2", lambda p: -p.min().log(), "the average is asked"),
    ("7.2", lambda p: torch.tensor(float(len(p))).log(), "equally frequent classes only"),
    ("7.2", lambda p: -p.log().mean(), "as often as it comes"),
    ("7.2", lambda p: (p * p.log()).sum(), "the sign is turned"),
    ("7.2", lambda p: -(p * p.log2()).sum(), "log2 in place"),
    ("7.2", lambda p: -(p * p.log()), "not yet summed"),
    ("7.2", lambda p: -(p * p.log()).mean(), "a mean in place of a sum"),
    ("7.3", lambda mu, logvar, y, m, s: by_hand(mu, logvar, torch.arange(len(y)), m, s), "look the label up"),
    ("7.3", lambda mu, logvar, y, m, s: by_hand(m[y], s[y], torch.arange(len(y)), mu, logvar), "turned around"),
    ("7.3", lambda mu, logvar, y, m, s: by_hand(mu, logvar, y, m, 0 * s), "own variance is not used"),
    ("7.3", lambda mu, logvar, y, m, s: 2 * by_hand(mu, logvar, y, m, s), "½ missing"),
    ("7.3", lambda mu, logvar, y, m, s: by_hand(mu, logvar, y, m, s).mean(), "averaged too"),
    ("7.4", lambda *a, **k: hybrid(*a, swap=True, **k), "the two weights are exchanged"),
    ("7.4", lambda *a, **k: hybrid(*a, from_q=True, **k), "still comes from q"),
    ("7.4", lambda *a, **k: hybrid(*a, with_kl=False, **k), "lacks its KL"),
    ("7.4", lambda *a, **k: hybrid(*a, weigh=False, **k), "not weighted"),
    ("7.4", lambda *a, beta=1.0, **k: hybrid(*a, **k), "beta is not used"),
    ("7.4", lambda *a, **k: hybrid(*a, draw="sample", **k), "rsample in place of sample"),
    ("7.4", averaged, "one number per example"),
    ("7.4", kl_weighted, "kl is not that of the bound"),
    ("7.4", lambda *a, **k: hybrid(*a, **k).elbo, "expected objectives.Terms"),
    ("7.4", lambda *a, **k: [].append(a), "is the `return` missing"),
    ("7.4", 3.0, "raised TypeError"),
]


@pytest.mark.parametrize(("number", "answer"), RIGHT)
def test_right_answers_pass(capsys, number, answer):
    assert said(capsys, number, answer) == f"✓ Exercise {number}, {find(number).name}\n"


@pytest.mark.parametrize(("number", "answer", "words"), WRONG)
def test_wrong_answers_are_told_why(capsys, number, answer, words):
    line = said(capsys, number, answer)
    assert line.startswith("✗") and words in line
