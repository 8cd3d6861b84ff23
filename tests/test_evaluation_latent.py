"""The KL in parts and the effective sample size, on cases whose answer is known."""

import math

import pytest
import torch
from refusal import refuses
from torch import nn

from vae_utils.distributions import DiagonalGaussian, PointMass, UniformBox
from vae_utils.evaluation import effective_sample_size, evaluate, kl_decomposition, mutual_information
from vae_utils.models import LinearVAE
from vae_utils.objectives import gaussian_kl


class Given(nn.Module):
    """q(z | x) = N(x, sigma^2 I): the posterior means are the data themselves."""

    def __init__(self, sigma, d):
        super().__init__()
        self.logvar, self.zeros = torch.full((d,), 2 * math.log(sigma)), torch.zeros(d)

    def prior(self, y=None):
        return DiagonalGaussian(self.zeros, self.zeros)

    def posterior(self, x, y=None):
        return DiagonalGaussian(x, self.logvar)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


class TestKLDecomposition:
    def test_codes_that_never_overlap_know_log_n(self):
        x = 100.0 * torch.arange(8).unsqueeze(-1)
        assert mutual_information(Given(1.0, 1), x, generator=generator()) == pytest.approx(math.log(8), abs=1e-6)

    def test_codes_that_are_all_alike_know_nothing(self):
        parts = kl_decomposition(Given(1.0, 3), torch.zeros(20, 3), generator=generator())
        assert parts.mutual_information == pytest.approx(0, abs=1e-6)
        assert parts.total_correlation == pytest.approx(0, abs=1e-6)
        assert parts.dimension_wise_kl.abs().max() < 1e-6 and parts.kl == pytest.approx(0, abs=1e-6)

    def test_one_wrong_posterior_for_all_is_dimension_wise(self):
        x = torch.tensor([[1.0, 0.0]]).expand(40, 2)
        parts = kl_decomposition(Given(0.5, 2), x, samples=400, generator=generator())
        truth = [0.5 * (1 + 0.25 - math.log(0.25) - 1), 0.5 * (0.25 - math.log(0.25) - 1)]
        assert parts.dimension_wise_kl.tolist() == pytest.approx(truth, abs=0.02)
        assert parts.marginal_kl == pytest.approx(sum(truth), abs=0.03)

    def test_gaussian_channel(self):
        """Means N(0, 1 - s^2) blurred by s: q(z) is the prior, and I = -log s."""
        s = 0.6
        x = math.sqrt(1 - s**2) * torch.randn(3000, 1, generator=generator())
        parts = kl_decomposition(Given(s, 1), x, generator=generator(1))
        assert parts.mutual_information == pytest.approx(-math.log(s), abs=0.03)
        assert parts.marginal_kl == pytest.approx(0, abs=0.01)

    @pytest.mark.slow
    def test_correlated_codes(self):
        """Two equal coordinates blurred by s: the aggregate is Gaussian with correlation 1 - s^2."""
        s = 0.5
        x = math.sqrt(1 - s**2) * torch.randn(3000, 1, generator=generator()).expand(-1, 2)
        parts = kl_decomposition(Given(s, 2), x, generator=generator(1))
        assert parts.total_correlation == pytest.approx(-0.5 * math.log(1 - (1 - s**2) ** 2), abs=0.04)
        assert parts.dimension_wise_kl.abs().max() < 0.02

    @pytest.mark.slow
    def test_parts_add_up_to_the_kl(self):
        model, x = LinearVAE(5, 3, sigma=0.5), torch.randn(60, 5, generator=generator())
        parts = kl_decomposition(model, x, samples=300, chunk=7, generator=generator())
        assert parts.kl == pytest.approx(evaluate(model, x)["kl"], abs=0.03)
        q = model.posterior(x)
        assert parts.kl == pytest.approx(gaussian_kl(q.mu, q.logvar).mean().item(), abs=0.03)
        assert parts.kl == pytest.approx(parts.mutual_information + parts.marginal_kl)

    def test_never_above_the_ceiling(self):
        x = torch.randn(50, 4, generator=generator())
        for sigma in (2.0, 0.5, 0.01):
            value = mutual_information(Given(sigma, 4), x, samples=20, generator=generator())
            assert -0.05 < value < math.log(50) + 1e-6

    def test_chunks_do_not_show(self):
        model, x = Given(0.7, 3), torch.randn(23, 3, generator=generator())
        whole = kl_decomposition(model, x, chunk=100, generator=generator(1))
        for chunk in (1, 5, 23):
            pieces = kl_decomposition(model, x, chunk=chunk, generator=generator(1))
            assert pieces[:3] == pytest.approx(whole[:3], abs=1e-5)

    def test_other_posteriors_of_independent_dimensions(self):
        class Box(Given):
            def posterior(self, x, y=None):
                return UniformBox(x - 0.5, x + 0.5)

        x = torch.tensor([[0.0], [10.0]])
        assert mutual_information(Box(1.0, 1), x, generator=generator()) == pytest.approx(math.log(2))

    def test_bad_input(self):
        class Points(Given):
            def posterior(self, x, y=None):
                return PointMass(x)

        x = torch.zeros(5, 2)
        refuses(lambda: kl_decomposition(Points(1.0, 2), x), "model", "PointMass", "independent", TypeError)
        refuses(lambda: kl_decomposition(Given(1.0, 2), x, samples=0), "samples", "0", ">= 1", ValueError)
        refuses(lambda: kl_decomposition(Given(1.0, 2), x, chunk=0), "chunk", "0", ">= 1", ValueError)
        refuses(lambda: kl_decomposition(Given(1.0, 2), x[:0]), "x", "no rows", "N >= 1", ValueError)
        refuses(lambda: mutual_information(Given(1.0, 2), x[0]), "x", "(2,)", "(N, D)", ValueError)
        refuses(lambda: mutual_information(Given(1.0, 2), None), "x", "NoneType", "(N, D)", TypeError)


class TestEffectiveSampleSize:
    def test_known_answers(self):
        equal, one, half = torch.zeros(10), torch.full((10,), -1e3), torch.full((10,), -1e3)
        one[3], half[:5] = 0.0, 0.0
        size = effective_sample_size(torch.stack([equal, one, half], 1))
        assert size.tolist() == pytest.approx([10, 1, 5])
        assert effective_sample_size(torch.tensor([[3.0], [1.0]]).log()).item() == pytest.approx(16 / 10)

    def test_a_common_factor_changes_nothing(self):
        log_w = torch.randn(20, 4, generator=generator())
        torch.testing.assert_close(effective_sample_size(log_w + 700), effective_sample_size(log_w), rtol=1e-3, atol=0)
        assert effective_sample_size(log_w - 7000).isfinite().all()

    def test_bad_input(self):
        refuses(lambda: effective_sample_size([1.0]), "log_w", "list", "(k, B)", TypeError)
        refuses(lambda: effective_sample_size(torch.zeros(3)), "log_w", "(3,)", "(k, B)", ValueError)
