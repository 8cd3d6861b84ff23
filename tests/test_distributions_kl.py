"""The KL divergences, held against torch.distributions, quadrature, Monte Carlo and finite differences."""

import math

import pytest
import torch
from exact import DOUBLE, covariance, generator, normal
from refusal import refuses
from scipy import integrate
from torch import distributions as td
from torch.autograd import gradcheck

from vae_utils import objectives as ob
from vae_utils.distributions import DiagonalGaussian, PointMass, UniformBox


class TestGaussianKL:
    mu, logvar, prior_mu, prior_logvar = (normal(5, 3, seed=seed) for seed in range(4))

    def test_is_that_of_torch(self):
        ours = ob.gaussian_kl_per_dimension(self.mu, self.logvar, self.prior_mu, self.prior_logvar)
        q = td.Normal(self.mu, self.logvar.exp().sqrt())
        p = td.Normal(self.prior_mu, self.prior_logvar.exp().sqrt())
        torch.testing.assert_close(ours, td.kl_divergence(q, p))

    def test_is_that_of_torch_for_the_standard_prior(self):
        q = td.Normal(self.mu, self.logvar.exp().sqrt())
        standard = td.kl_divergence(q, td.Normal(torch.zeros(3, dtype=DOUBLE), 1.0))
        torch.testing.assert_close(ob.gaussian_kl_per_dimension(self.mu, self.logvar), standard)
        torch.testing.assert_close(ob.gaussian_kl(self.mu, self.logvar), standard.sum(-1))

    def test_is_the_integral(self):
        for i in range(3):
            mu, logvar, m, s = (v[i, 0].item() for v in (self.mu, self.logvar, self.prior_mu, self.prior_logvar))
            q, p = td.Normal(mu, math.exp(logvar / 2)), td.Normal(m, math.exp(s / 2))

            def integrand(z, q=q, p=p):
                z = torch.tensor(z, dtype=DOUBLE)
                return (q.log_prob(z).exp() * (q.log_prob(z) - p.log_prob(z))).item()

            value, _ = integrate.quad(integrand, mu - 30, mu + 30, points=[mu], limit=200)
            ours = ob.gaussian_kl(*(torch.tensor([v], dtype=DOUBLE) for v in (mu, logvar, m, s)))
            assert ours.item() == pytest.approx(value, rel=1e-5)

    def test_is_the_monte_carlo_mean(self):
        q, p = DiagonalGaussian(self.mu, self.logvar), DiagonalGaussian(self.prior_mu, self.prior_logvar)
        z = q.sample((20_000,), generator=generator())
        log_ratio = q.log_prob(z) - p.log_prob(z)
        error = log_ratio.std(0) / math.sqrt(len(z))
        assert ((log_ratio.mean(0) - ob.kl_divergence(q, p)).abs() < 5 * error).all()

    def test_worked_example(self):
        kl = ob.gaussian_kl(torch.tensor([0.5], dtype=DOUBLE), torch.tensor([2 * math.log(0.8)], dtype=DOUBLE))
        assert round(kl.item(), 6) == 0.168144
        assert round(-0.3 - kl.item(), 6) == -0.468144

    def test_is_zero_only_at_the_prior_and_exact_beside_it(self):
        mu, logvar = self.prior_mu.float(), self.prior_logvar.float()
        assert (ob.gaussian_kl_per_dimension(mu, logvar, mu, logvar) == 0).all()
        small = torch.logspace(-4, -2, 20)
        beside = ob.gaussian_kl_per_dimension(torch.zeros(20), small)
        torch.testing.assert_close(beside, small**2 / 4 + small**3 / 12, rtol=5e-3, atol=0)
        assert (ob.gaussian_kl_per_dimension(torch.zeros(20), -small) > 0).all()

    def test_numbers_serve_as_prior(self):
        ours = ob.gaussian_kl(self.mu, self.logvar, 2, math.log(9))
        q, p = td.Normal(self.mu, self.logvar.exp().sqrt()), td.Normal(2.0, 3.0)
        torch.testing.assert_close(ours, td.kl_divergence(q, p).sum(-1))

    def test_gradients_are_those_of_finite_differences(self):
        inputs = [v.clone().requires_grad_() for v in (self.mu, self.logvar, self.prior_mu, self.prior_logvar)]
        assert gradcheck(ob.gaussian_kl, inputs)

    def test_shapes(self):
        assert ob.gaussian_kl_per_dimension(self.mu, self.logvar).shape == (5, 3)
        assert ob.gaussian_kl(self.mu, self.logvar).shape == (5,)
        assert ob.gaussian_kl(self.mu, self.logvar, self.mu[0], self.logvar[0]).shape == (5,)

    def test_bad_input(self):
        mu, logvar = self.mu, self.logvar
        refuses(lambda: ob.gaussian_kl(0.5, logvar), "mu", "float", "tensor", TypeError)
        refuses(lambda: ob.gaussian_kl(mu, 0.5), "logvar", "float", "tensor", TypeError)
        refuses(lambda: ob.gaussian_kl(mu.long(), logvar), "mu", "int64", "float tensor", TypeError)
        refuses(lambda: ob.gaussian_kl(mu, logvar[:, :2]), "logvar", "(5, 2)", "(5, 3)", ValueError)
        refuses(lambda: ob.gaussian_kl(mu[:, :2], logvar), "logvar", "(5, 3)", "(5, 2)", ValueError)
        refuses(lambda: ob.gaussian_kl(mu, logvar, prior_mu=mu[:, :2]), "prior_mu", "(5, 2)", "(5, 3)", ValueError)
        refuses(lambda: ob.gaussian_kl(mu, logvar, 0, logvar[:4]), "prior_logvar", "(4, 3)", "(5, 3)", ValueError)

    @pytest.mark.parametrize("logvar", [-50.0, 50.0])
    def test_wild_log_variances_stay_finite(self, logvar):
        mu = torch.full((1, 2), 30.0, requires_grad=True)
        spread = torch.full((1, 2), logvar, requires_grad=True)
        kl = ob.gaussian_kl(mu, spread)
        kl.sum().backward()
        assert kl.isfinite().all() and mu.grad.isfinite().all() and spread.grad.isfinite().all()


class TestFullGaussianKL:
    def test_is_that_of_torch(self):
        mu, m, S, P = normal(4, 3), normal(4, 3, seed=1), covariance(3, 2, (4,)), covariance(3, 3, (4,))
        truth = td.kl_divergence(td.MultivariateNormal(mu, S), td.MultivariateNormal(m, P))
        torch.testing.assert_close(ob.full_gaussian_kl(mu, S, m, P), truth)

    def test_standard_prior_unless_given(self):
        mu, S = normal(4, 3), covariance(3, 2)
        prior = td.MultivariateNormal(torch.zeros(3, dtype=DOUBLE), torch.eye(3, dtype=DOUBLE))
        truth = td.kl_divergence(td.MultivariateNormal(mu, S), prior)
        torch.testing.assert_close(ob.full_gaussian_kl(mu, S), truth)

    def test_diagonal_case(self):
        mu, logvar, m, s = (normal(5, 3, seed=seed) for seed in range(4))
        full = ob.full_gaussian_kl(mu, torch.diag_embed(logvar.exp()), m, torch.diag_embed(s.exp()))
        torch.testing.assert_close(full, ob.gaussian_kl(mu, logvar, m, s))

    def test_one_covariance_serves_a_batch_on_either_side(self):
        mu, S = normal(4, 3), covariance(3, 1)
        shared = ob.full_gaussian_kl(mu, S, mu[0], covariance(3, 2))
        each = ob.full_gaussian_kl(mu, S.expand(4, 3, 3), mu[:1].expand(4, 3), covariance(3, 2).expand(4, 3, 3))
        torch.testing.assert_close(shared, each)
        assert ob.full_gaussian_kl(mu[0], S).shape == ()
        assert ob.full_gaussian_kl(mu[0], S, mu, S).shape == (4,)
        many = covariance(3, 5, (4,))
        one_by_one = torch.stack([ob.full_gaussian_kl(mu[0], each, mu[1], S) for each in many])
        torch.testing.assert_close(ob.full_gaussian_kl(mu[0], many, mu[1], S), one_by_one)
        one_by_one = torch.stack([ob.full_gaussian_kl(mu[0], S, mu[1], each) for each in many])
        torch.testing.assert_close(ob.full_gaussian_kl(mu[0], S, mu[1], many), one_by_one)

    def test_does_not_change_under_a_linear_map(self):
        mu, m, S, P, A = normal(3), normal(3, seed=1), covariance(3, 2), covariance(3, 3), normal(3, 3, seed=4)
        mapped = ob.full_gaussian_kl(A @ mu, A @ S @ A.T, A @ m, A @ P @ A.T)
        torch.testing.assert_close(mapped, ob.full_gaussian_kl(mu, S, m, P))

    def test_gradients_are_those_of_finite_differences(self):
        root = normal(3, 3, seed=2).requires_grad_()
        mu, m = normal(2, 3).requires_grad_(), normal(2, 3, seed=1).requires_grad_()

        def kl(mu, root, m):
            return ob.full_gaussian_kl(mu, root @ root.T + torch.eye(3, dtype=DOUBLE), m, covariance(3, 3))

        assert gradcheck(kl, (mu, root, m))

    def test_rounding_is_no_asymmetry(self):
        S = (1e4 * covariance(3)).float()
        S[0, 1] *= 1 + 1e-6
        assert ob.full_gaussian_kl(torch.zeros(3), S).isfinite()

    def test_bad_input(self):
        mu, S = normal(4, 3), covariance(3)
        skewed = S + torch.eye(3, dtype=DOUBLE)[[1, 2, 0]]
        refuses(lambda: ob.full_gaussian_kl([0.0], S), "mu", "list", "float tensor", TypeError)
        refuses(lambda: ob.full_gaussian_kl(torch.tensor(0.5), S), "mu", "shape ()", "(..., d)", ValueError)
        refuses(lambda: ob.full_gaussian_kl(mu, 2.0), "covariance", "float", "(..., 3, 3)", TypeError)
        refuses(lambda: ob.full_gaussian_kl(mu, S[:2]), "covariance", "(2, 3)", "(..., 3, 3)", ValueError)
        refuses(lambda: ob.full_gaussian_kl(mu, skewed), "covariance", "not symmetric", "symmetric", ValueError)
        refuses(lambda: ob.full_gaussian_kl(mu, -S), "covariance", "not positive definite", "positive", ValueError)
        refuses(lambda: ob.full_gaussian_kl(mu, S, mu, -S), "prior_covariance", "not positive", "positive", ValueError)
        refuses(lambda: ob.full_gaussian_kl(mu, S, mu[:, :2]), "prior_mu", "(4, 2)", "(..., 3)", ValueError)
        refuses(lambda: ob.full_gaussian_kl(mu, S * math.nan), "covariance", "not symmetric", "symmetric", ValueError)
        refuses(lambda: ob.full_gaussian_kl(mu, 0 * S), "covariance", "not positive definite", "positive", ValueError)
        refuses(lambda: ob.full_gaussian_kl(mu, covariance(4)), "covariance", "(4, 4)", "(..., 3, 3)", ValueError)
        half_bad = torch.stack([S, S, S, -S])
        refuses(lambda: ob.full_gaussian_kl(mu, half_bad), "covariance", "not positive definite", "", ValueError)


class TestUniformKL:
    @pytest.mark.parametrize(("low", "high"), [(-1.0, 1.0), (0.3, 0.5), (-4.0, 0.2), (1.0, 3.0)])
    def test_is_the_integral(self, low, high):
        def integrand(z):
            return (-math.log(high - low) + 0.5 * z * z + 0.5 * math.log(2 * math.pi)) / (high - low)

        value, _ = integrate.quad(integrand, low, high)
        ours = ob.uniform_kl(torch.tensor([low], dtype=DOUBLE), torch.tensor([high], dtype=DOUBLE))
        assert ours.item() == pytest.approx(value, rel=1e-9)

    def test_against_any_gaussian(self):
        low, high, m, s = -0.5, 2.0, 0.6, 1.3
        p = td.Normal(m, s)
        value, _ = integrate.quad(
            lambda z: (-math.log(high - low) - p.log_prob(torch.tensor(z, dtype=DOUBLE)).item()) / (high - low),
            low,
            high,
        )
        as_tensor = [torch.tensor([v], dtype=DOUBLE) for v in (low, high, m, 2 * math.log(s))]
        ours = ob.kl_divergence(UniformBox(*as_tensor[:2]), DiagonalGaussian(*as_tensor[2:]))
        assert ours.item() == pytest.approx(value, rel=1e-6)

    def test_sums_over_the_last_dimension(self):
        low, high = torch.tensor([[-1.0, 0.0]]), torch.tensor([[1.0, 2.0]])
        parts = ob.uniform_kl(low[:, :1], high[:, :1]) + ob.uniform_kl(low[:, 1:], high[:, 1:])
        torch.testing.assert_close(ob.uniform_kl(low, high), parts)

    def test_gradients_are_those_of_finite_differences(self):
        low = normal(4, 2).requires_grad_()
        width = (normal(4, 2, seed=1).abs() + 0.2).requires_grad_()
        assert gradcheck(lambda low, width: ob.uniform_kl(low, low + width), (low, width))

    def test_bad_input(self):
        one = torch.ones(2)
        refuses(lambda: ob.uniform_kl(one, one), "low", "not below high", "low < high", ValueError)
        refuses(lambda: ob.uniform_kl(torch.tensor([0.0, 2.0]), one), "low", "not below", "low < high", ValueError)
        refuses(lambda: ob.uniform_kl(0.0, one), "low", "float", "tensor", TypeError)
        refuses(lambda: ob.uniform_kl(one, torch.ones(3)), "high", "(3,)", "(2,)", ValueError)


class TestKLDivergence:
    def test_between_diagonal_and_full_gaussians(self):
        mu, logvar, m, S = normal(4, 3), normal(4, 3, seed=1), normal(3, seed=2), covariance(3, 3)
        diagonal, full = DiagonalGaussian(mu, logvar), td.MultivariateNormal(m, S)
        as_full = td.MultivariateNormal(mu, torch.diag_embed(logvar.exp()))
        torch.testing.assert_close(ob.kl_divergence(diagonal, full), td.kl_divergence(as_full, full))
        torch.testing.assert_close(ob.kl_divergence(full, diagonal), td.kl_divergence(full, as_full))

    def test_between_diagonal_gaussians(self):
        mu, logvar, m, s = (normal(4, 3, seed=seed) for seed in range(4))
        ours = ob.kl_divergence(DiagonalGaussian(mu, logvar), DiagonalGaussian(m, s))
        torch.testing.assert_close(ours, ob.gaussian_kl(mu, logvar, m, s))

    def test_close_to_the_prior_it_is_exact_in_single_precision(self):
        prior = DiagonalGaussian(torch.zeros(1), torch.zeros(1))
        close = ob.kl_divergence(DiagonalGaussian(torch.zeros(1), torch.full((1,), 1e-4)), prior)
        assert close.item() == pytest.approx(2.5e-9, rel=5e-3)

    def test_a_point_is_infinitely_far_from_any_density(self):
        point, prior = PointMass(torch.randn(4, 3)), DiagonalGaussian(torch.zeros(3), torch.zeros(3))
        refuses(lambda: ob.kl_divergence(point, prior, torch.zeros(4, 3)), "q", "PointMass", "density", ValueError)
        with pytest.raises(NotImplementedError):  # nor does importing this package teach torch a false formula
            td.kl_divergence(point, prior)

    def test_without_a_closed_form_a_sample_serves(self):
        weights, means = torch.tensor([0.3, 0.7], dtype=DOUBLE), torch.tensor([[-1.0], [1.5]], dtype=DOUBLE)
        parts = DiagonalGaussian(means, torch.zeros_like(means))
        p = td.MixtureSameFamily(td.Categorical(weights), parts)
        q = DiagonalGaussian(torch.tensor([0.2], dtype=DOUBLE), torch.tensor([-0.5], dtype=DOUBLE))
        z = q.sample((40_000,), generator=generator())
        estimates = ob.kl_divergence(q, p, z)
        torch.testing.assert_close(estimates, q.log_prob(z) - p.log_prob(z))
        grid = torch.linspace(-10, 10, 20_001, dtype=DOUBLE).unsqueeze(-1)
        truth = torch.trapezoid(q.log_prob(grid).exp() * (q.log_prob(grid) - p.log_prob(grid)), dx=1e-3)
        assert abs(estimates.mean() - truth) < 5 * estimates.std() / math.sqrt(len(z))
        refuses(lambda: ob.kl_divergence(q, p), "z", "None", "MixtureSameFamily", ValueError)
