"""The linear VAE against Bayes' rule, quadrature and the moments of the data."""

import math

import pytest
import torch
from exact import DOUBLE, normal, parameters
from refusal import refuses
from torch import distributions as td

from vae_utils.models import LinearVAE


class TestLinearVAE:
    def random(self, sigma=0.7):
        model = LinearVAE(5, 2, sigma=sigma).double()
        with torch.no_grad():
            for seed, parameter in enumerate((model.W, model.V, model.b, model.logvar)):
                parameter.copy_(normal(*parameter.shape, seed=seed))
        return model

    def data(self, n=300, noise=0.3):
        scales = torch.tensor([3.0, 1.5, 0.8, 0.4, 0.2], dtype=DOUBLE)
        rotation = torch.linalg.qr(normal(5, 5, seed=9)).Q
        return (normal(n, 5) * scales + noise * normal(n, 5, seed=1)) @ rotation + 2

    def test_log_evidence_is_the_marginal_gaussian(self):
        model, x = self.random(), normal(4, 5, seed=5)
        covariance = model.W @ model.W.T + 0.49 * torch.eye(5)
        torch.testing.assert_close(model.log_evidence(x), td.MultivariateNormal(model.b, covariance).log_prob(x))

    def test_log_evidence_is_the_integral_over_z(self):
        model, x = LinearVAE(2, 1, sigma=0.5).double(), normal(3, 2, seed=5)
        with torch.no_grad():
            model.W.copy_(normal(2, 1, seed=3))
        z = torch.linspace(-9, 9, 4001, dtype=DOUBLE).view(-1, 1, 1).expand(-1, 3, 1)
        joint = (model.likelihood(z).log_prob(x) + model.prior().log_prob(z)).exp()
        torch.testing.assert_close(model.log_evidence(x), torch.trapezoid(joint, dx=18 / 4000, dim=0).log())

    def test_exact_posterior_is_bayes(self):
        """log p(x) = log p(x | z) + log p(z) - log p(z | x) for every z."""
        model, x, z = self.random(), normal(4, 5, seed=5), normal(7, 4, 2, seed=6)
        joint = model.likelihood(z).log_prob(x) + model.prior().log_prob(z)
        evidence = joint - model.exact_posterior(x).log_prob(z)
        torch.testing.assert_close(evidence, model.log_evidence(x).expand(7, 4))

    def test_single_precision_with_a_small_sigma(self):
        double = self.random(sigma=0.01)
        single = LinearVAE(5, 2, sigma=0.01)
        single.load_state_dict(double.state_dict())
        x = 3 * torch.randn(4, 5)
        truth = LinearVAE(5, 2, sigma=0.01).double()
        truth.load_state_dict(single.state_dict())
        torch.testing.assert_close(
            single.log_evidence(x).double(), truth.log_evidence(x.double()), rtol=1e-6, atol=1e-3
        )
        ours, exact = single.exact_posterior(x), truth.exact_posterior(x.double())
        assert ours.mean.dtype == torch.float32 and single.log_evidence(x).dtype == torch.float32
        torch.testing.assert_close(ours.mean.double(), exact.mean, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(ours.covariance_matrix.double(), exact.covariance_matrix, rtol=1e-4, atol=1e-12)

    def test_fit_exact_matches_the_moments_of_the_data(self):
        x = self.data()
        model = LinearVAE(5, 2, sigma="shared").double()
        assert model.fit_exact(x) is model
        values = torch.linalg.eigvalsh(torch.cov(x.T, correction=0)).flip(0)
        torch.testing.assert_close(model.b.data, x.mean(0))
        assert model.sigma2.item() == pytest.approx(values[2:].mean().item())
        fitted = torch.linalg.eigvalsh(model.W @ model.W.T).flip(0)[:2] + model.sigma2
        torch.testing.assert_close(fitted.data, values[:2])

    @pytest.mark.parametrize("sigma", ["shared", 0.5])
    def test_nothing_beats_fit_exact(self, sigma):
        x = self.data()
        model = LinearVAE(5, 2, sigma=sigma).double().fit_exact(x)
        model.log_evidence(x).mean().backward()
        for name, parameter in model.named_parameters():
            if parameter.grad is not None:
                assert parameter.grad.abs().max() < 1e-8, name
        best = model.log_evidence(x).mean().item()
        for seed in range(5):
            with torch.no_grad():
                step = 0.05 * normal(5, 2, seed=seed)
                model.W += step
                assert model.log_evidence(x).mean() < best
                model.W -= step

    def test_fit_exact_sets_the_exact_posterior(self):
        x = self.data()
        model = LinearVAE(5, 2, sigma="shared").double().fit_exact(x)
        q, p = model.posterior(x), model.exact_posterior(x)
        torch.testing.assert_close(q.mu, p.mean)
        torch.testing.assert_close(torch.diag_embed(q.variance), p.covariance_matrix)

    def test_a_dimension_is_used_exactly_when_its_eigenvalue_exceeds_sigma_squared(self):
        x = self.data()
        values = torch.linalg.eigvalsh(torch.cov(x.T, correction=0)).flip(0)
        for used in range(5):
            sigma = math.sqrt((values[used] + (values[used - 1] if used else 2 * values[0])).item() / 2)
            model = LinearVAE(5, 4, sigma=sigma).double().fit_exact(x)
            columns = model.W.square().sum(0) > 1e-9
            assert columns.tolist() == [True] * used + [False] * (4 - used)
            assert torch.equal(model.logvar < -1e-9, columns) and torch.equal(model.V.square().sum(1) > 1e-9, columns)
            assert not model.W[:, used:].any() and not model.V[used:].any() and not model.logvar[used:].any()

    def test_two_wide_rows_are_enough_for_a_given_sigma(self):
        x = normal(2, 300)
        model = LinearVAE(300, 1, sigma=0.1).double().fit_exact(x)
        fitted = (x - model.b) @ model.W
        assert fitted[0].item() == pytest.approx(-fitted[1].item()) and abs(fitted[0].item()) > 1

    @pytest.mark.parametrize("unit", [1e-6, 1e6])
    def test_the_unit_of_the_data_does_not_matter(self, unit):
        x = self.data()
        model, scaled = (LinearVAE(5, 2, sigma="shared").double().fit_exact(data) for data in (x, unit * x))
        assert scaled.sigma2.item() == pytest.approx(unit**2 * model.sigma2.item())
        shifted = scaled.log_evidence(unit * x) + 5 * math.log(unit)
        torch.testing.assert_close(shifted, model.log_evidence(x))
        refuses(lambda: LinearVAE(5, 2, sigma="shared").double().fit_exact(unit * x[:3]), "x", "rank <= 2", "higher")

    def test_nan_in_gives_nan_out(self):
        model, x = self.random(), torch.full((2, 5), math.nan, dtype=DOUBLE)
        assert model.log_evidence(x).isnan().all() and model.exact_posterior(x).mean.isnan().all()

    def test_single_precision_fits_too(self):
        x = self.data().float()
        model = LinearVAE(5, 2, sigma="shared").fit_exact(x)
        best = LinearVAE(5, 2, sigma="shared").double().fit_exact(x.double())
        torch.testing.assert_close(model.log_evidence(x).double(), best.log_evidence(x.double()), rtol=1e-4, atol=1e-4)

    def test_starts_near_zero_with_a_standard_posterior(self):
        model = LinearVAE(200, 50)
        assert model.W.std().item() == pytest.approx(0.1, rel=0.05)
        assert model.V.std().item() == pytest.approx(0.1, rel=0.05)
        assert not model.b.any() and not model.logvar.any() and model.sigma2 == 1

    def test_bad_input(self):
        x = self.data()
        refuses(lambda: LinearVAE(0, 1), "data_dim", "0", ">= 1", ValueError)
        refuses(lambda: LinearVAE(3, 0), "latent_dim", "0", ">= 1", ValueError)
        refuses(lambda: LinearVAE(3, 3), "latent_dim", "3", "less than data_dim = 3", ValueError)
        refuses(lambda: LinearVAE(3, 4), "latent_dim", "4", "less than data_dim = 3", ValueError)
        refuses(lambda: LinearVAE(3, 2, sigma="per_pixel"), "sigma", "'per_pixel'", "'shared'", ValueError)
        refuses(lambda: LinearVAE(3, 2, sigma=-1), "sigma", "-1", "> 0", ValueError)
        model = LinearVAE(5, 2, sigma="shared").double()
        untouched = parameters(model)
        refuses(lambda: model.fit_exact(x.tolist()), "x", "list", "(N, 5)", TypeError)
        refuses(lambda: model.fit_exact(x[:, :4]), "x", "(300, 4)", "(N, 5)", ValueError)
        refuses(lambda: model.fit_exact(torch.rand(9, 6)), "x", "(9, 6)", "(N, 5)", ValueError)
        refuses(lambda: model.fit_exact(torch.rand(9, 5, 2)), "x", "(9, 5, 2)", "(N, 5)", ValueError)
        refuses(lambda: model.fit_exact(x[0]), "x", "(5,)", "(N, 5)", ValueError)
        refuses(lambda: model.fit_exact(x[:1]), "x", "(1, 5)", "N >= 2", ValueError)
        refuses(lambda: model.fit_exact(x[:3]), "x", "rank <= 2", "higher rank", ValueError)
        refuses(lambda: model.fit_exact(torch.ones_like(x)), "x", "rank <= 2", "higher rank", ValueError)
        assert torch.equal(untouched, parameters(model))
        for method in (model.log_evidence, model.exact_posterior, model.posterior):
            refuses(lambda method=method: method(x[:, :4]), "x", "(300, 4)", "(..., 5)", ValueError)
