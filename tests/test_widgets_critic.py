"""The critic of chapter 12: what the page integrates, and the same by scipy and by `objectives`."""

import math
import warnings

import javascript
import numpy as np
import pytest
import torch
from scipy import special, stats

from vae_utils import objectives
from vae_utils.widgets import Critic

LAWS = Critic.constants["laws"]
CASES = [(target, *place) for target in LAWS for place in ((1, 1.5, 1), (1, 1.5, 0.5), (-3.2, 0.4, 0.3), (6, 3, 0.8))]


def quadrature(target, mean, width, strength):
    """JS, bound, W1 and both slopes, by Gauss and Legendre on each of many short pieces."""
    nodes, weights = np.polynomial.legendre.leggauss(4)
    half = 30 / 15_000
    x = (np.linspace(-30 + half, 30 - half, 15_000)[:, None] + half * nodes).ravel()
    dx = np.tile(half * weights, 15_000)
    parts, q = [stats.norm(*part) for part in LAWS[target]], stats.norm(mean, width)

    def logit(x):
        log_p = special.logsumexp([part.logpdf(x) for part in parts], axis=0) - math.log(len(parts))
        return log_p - q.logpdf(x)

    f, pdf = logit(x), np.mean([part.pdf(x) for part in parts], axis=0)
    apart = np.mean([part.cdf(x) for part in parts], axis=0) - q.cdf(x)
    slope = strength * np.abs(logit(x + 1e-5) - logit(x - 1e-5)) / 2e-5 * q.pdf(x)
    fooled = [pdf * np.logaddexp(0, -s * f) + q.pdf(x) * np.logaddexp(0, s * f) for s in (1, strength)]
    bounds = [math.log(2) - 0.5 * (loss * dx).sum() for loss in fooled]
    slopes = [(slope * special.expit(sign * strength * f) * dx).sum() for sign in (1, -1)]
    return [*bounds, (np.abs(apart) * dx).sum(), *slopes]


@pytest.fixture(scope="module")
def page():
    """What the page says of each case."""
    asked = [{"law": LAWS[t], "mean": m, "width": w, "strength": s} for t, m, w, s in CASES]
    return dict(zip(CASES, javascript.call("tests/js/probes.mjs", "criticized", asked), strict=True))


@pytest.mark.parametrize("case", CASES)
def test_the_page_integrates_as_scipy_does(page, case):
    got = [page[case][name] for name in ("js", "bound", "w1", "saturating", "other")]
    np.testing.assert_allclose(got, quadrature(*case), atol=1e-4)


def test_the_bound_is_the_one_of_the_objectives(page):
    """On quantiles of both laws, a mean is an integral."""
    u = (torch.arange(20_000, dtype=torch.float64) + 0.5) / 20_000
    real = torch.special.ndtri(u)[:, None]
    p, q = torch.distributions.Normal(0, 1), torch.distributions.Normal(1, 1.5)
    bound = objectives.js_bound(lambda x: 0.5 * (p.log_prob(x) - q.log_prob(x)), real, 1 + 1.5 * real)
    assert bound == pytest.approx(page["normal", 1, 1.5, 0.5]["bound"], abs=1e-4)


@pytest.mark.parametrize("target", LAWS)
def test_the_still_is_drawn_without_overflow_wherever_q_stands(target):
    with warnings.catch_warnings(), np.errstate(all="raise", under="ignore"):
        warnings.simplefilter("error")
        assert all("<svg" in Critic(target=target, mean=mean, width=0.3).still() for mean in (-8, 8))
