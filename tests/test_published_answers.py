"""Answers that others have published, on sets too large for the quick tests."""

import pytest
import torch

from vae_utils.evaluation import density_coverage, precision_recall


@pytest.mark.slow
def test_density_coverage_precision_and_recall_in_a_thousand_dimensions(monkeypatch):
    """Two draws of 10,000 from N(0, I), k = 5: precision .477, recall .471, density 1.056, coverage .974.

    Density is 1 in expectation and moves by some hundredths with the draw: a few points are near to very many. By
    products of matrices, whose rounding does not matter here.
    """
    cdist = torch.cdist
    monkeypatch.setattr(torch, "cdist", lambda a, b, compute_mode: cdist(a.float(), b.float()))
    noise = torch.Generator().manual_seed(0)
    real, generated = (torch.randn(10000, 1000, generator=noise) for _ in range(2))
    density, coverage = density_coverage(real, generated)
    assert density == pytest.approx(1.056, abs=0.08) and coverage == pytest.approx(0.974, abs=0.01)
    assert precision_recall(real, generated, neighbors=5) == pytest.approx((0.477, 0.471), abs=0.03)
