"""What goes into a loss or comes out of it: free bits, schedules of beta, its hidden value, two gradient estimators."""

import math

import numpy as np
import pytest
import torch
from exact import DOUBLE, normal
from refusal import refuses
from torch import distributions as td
from torch import nn

from vae_utils import models
from vae_utils import objectives as ob


class TestFreeBits:
    kl = torch.tensor([[0.1, 2.0, 0.0], [0.3, 4.0, 0.0]], requires_grad=True)

    def test_average_first_then_the_floor(self):
        assert ob.free_bits_kl(self.kl, 0.5).item() == pytest.approx(0.5 + 3.0 + 0.5)
        assert ob.free_bits_kl(self.kl, 0.15).item() == pytest.approx(0.2 + 3.0 + 0.15)

    def test_without_a_floor_it_is_the_mean_kl(self):
        torch.testing.assert_close(ob.free_bits_kl(self.kl, 0), self.kl.sum(-1).mean())

    def test_no_gradient_below_the_floor(self):
        (slope,) = torch.autograd.grad(ob.free_bits_kl(self.kl, 0.5), self.kl)
        torch.testing.assert_close(slope, torch.tensor([[0.0, 0.5, 0.0], [0.0, 0.5, 0.0]]))

    def test_bad_input(self):
        refuses(lambda: ob.free_bits_kl(self.kl, -0.1), "minimum", "-0.1", ">= 0", ValueError)
        refuses(lambda: ob.free_bits_kl(self.kl, math.nan), "minimum", "nan", ">= 0", ValueError)
        refuses(lambda: ob.free_bits_kl(self.kl, "1"), "minimum", "'1'", "number", TypeError)
        refuses(lambda: ob.free_bits_kl(self.kl[0], 0.1), "kl_per_dimension", "(3,)", "(B, d)", ValueError)
        refuses(lambda: ob.free_bits_kl([1.0], 0.1), "kl_per_dimension", "list", "(B, d)", TypeError)


class TestFreeBitsElbo:
    """q(z | x) = N(x, 1), p(z) = N(0, 1): the KL of dimension j is x_j^2 / 2."""

    x = torch.tensor([[0.2, 2.0], [0.0, 4.0], [0.4, 0.0]])

    def model(self):
        encoder = nn.Linear(2, 4)
        with torch.no_grad():
            encoder.weight.copy_(torch.eye(4, 2))
            encoder.bias.zero_()
        return models.VAE(encoder, nn.Linear(2, 2), models.GaussianObservation(), 2)

    def test_every_dimension_has_its_nats_for_free(self):
        model, eps, kl = self.model(), torch.zeros(3, 2), (self.x.square() / 2).mean(0)
        plain = ob.elbo(model, self.x, eps=eps)
        for beta in (1.0, 0.5):
            terms = ob.free_bits_elbo(model, self.x, beta=beta, eps=eps, minimum=0.5)
            assert kl[0] < 0.5 < kl[1]
            torch.testing.assert_close(terms.kl, plain.kl)
            torch.testing.assert_close(terms.elbo - terms.reconstruction, -beta * (0.5 + kl[1]).expand(3))
        free = ob.free_bits_elbo(model, self.x, eps=eps, minimum=0.0)
        torch.testing.assert_close(free.elbo.mean(), plain.elbo.mean())
        again = ob.free_bits_elbo(model, self.x, eps=eps)
        torch.testing.assert_close(again.elbo, ob.free_bits_elbo(model, self.x, eps=eps, minimum=0.3).elbo)

    def test_the_prior_may_read_the_label(self):
        model, y = self.model(), torch.tensor([0, 1, 0])
        model.prior_module = models.ClassMeans(2, 2)
        with torch.no_grad():
            model.prior_module.in_units.copy_(torch.tensor([[0.0, 0.0], [0.0, 0.4]]))
        terms = ob.free_bits_elbo(model, self.x, y, eps=torch.zeros(3, 2), minimum=0.0)
        torch.testing.assert_close(terms.kl, torch.tensor([2.02, 0.0, 0.08]))

    def test_bad_input(self):
        model = self.model()
        refuses(lambda: ob.free_bits_elbo(model, self.x, minimum=-1.0), "minimum", "-1.0", ">= 0", ValueError)
        model.prior_module = models.MixturePrior(2, 3)
        refuses(
            lambda: ob.free_bits_elbo(model, self.x),
            "model",
            "the prior GaussianMixture",
            "DiagonalGaussian",
            TypeError,
        )


class TestSchedules:
    def test_linear_warmup_at_its_knots(self):
        beta = ob.linear_warmup(0.4)
        assert [beta(t) for t in (0.0, 0.1, 0.4, 0.7, 1.0)] == pytest.approx([0, 0.25, 1, 1, 1])
        beta = ob.linear_warmup(0.5, start=2.0, end=0.5)
        assert [beta(t) for t in (0.0, 0.25, 0.5, 1.0)] == pytest.approx([2, 1.25, 0.5, 0.5])
        assert ob.linear_warmup(1)(0.5) == 0.5

    def test_cyclical_warmup_at_its_knots(self):
        beta = ob.cyclical_warmup(4)
        for start in (0.0, 0.25, 0.5, 0.75):
            knots = [beta(start + t) for t in (0.0, 0.0625, 0.125, 0.2)]
            assert knots == pytest.approx([0, 0.5, 1, 1])
        assert beta(1.0) == 1.0
        assert ob.cyclical_warmup(1, ramp=1.0, end=3.0)(0.5) == pytest.approx(1.5)
        assert ob.cyclical_warmup(2, ramp=0.8, end=3.0)(0.7) == pytest.approx(1.5)
        assert ob.cyclical_warmup(3, ramp=1)(1.0) == pytest.approx(1)

    @pytest.mark.parametrize("share", [0, -0.1, 1.1, math.nan])
    def test_bad_shares(self, share):
        refuses(lambda: ob.linear_warmup(share), "fraction", f"{share}", "(0, 1]", ValueError)
        refuses(lambda: ob.cyclical_warmup(2, ramp=share), "ramp", f"{share}", "(0, 1]", ValueError)

    def test_bad_cycles(self):
        refuses(lambda: ob.cyclical_warmup(0), "cycles", "0", ">= 1", ValueError)
        refuses(lambda: ob.cyclical_warmup(2.5), "cycles", "2.5", "whole number", TypeError)


class TestEffectiveBeta:
    def test_the_hidden_beta_of_well_known_losses(self):
        mean_mse_of_faces = ob.effective_beta(1 / (3 * 64 * 64), 0.00025)
        weighted_mean_bce = ob.effective_beta(500 / (32 * 32), 1, kind="nll")
        kl_over_pixels = ob.effective_beta(1, 1 / 784, kind="nll")
        assert mean_mse_of_faces == pytest.approx(1.536)
        assert weighted_mean_bce == pytest.approx(2.048)
        assert kl_over_pixels == pytest.approx(1 / 784)

    @pytest.mark.parametrize("sigma", [0.3, 1.0, 2.0])
    def test_the_loss_is_a_multiple_of_the_negative_elbo(self, sigma):
        """a * R + b * KL has the gradient of c * (-reconstruction + beta KL) for one c: here, wherever z moves."""
        a, b = 0.2, 0.7
        x, kl = normal(5), normal(7, seed=1).exp()
        means = normal(7, 5, seed=2)
        error = (x - means).square().sum(-1)
        loss = a * error + b * kl
        beta = ob.effective_beta(a, b, sigma=sigma)
        objective = -td.Normal(means, sigma).log_prob(x).sum(-1) + beta * kl
        scale = (loss - loss[0])[1:] / (objective - objective[0])[1:]
        torch.testing.assert_close(scale, torch.full((6,), 2 * a * sigma**2, dtype=DOUBLE))

    def test_bad_input(self):
        refuses(lambda: ob.effective_beta(0, 1), "reconstruction_scale", "0", "> 0", ValueError)
        refuses(lambda: ob.effective_beta(-1, 1), "reconstruction_scale", "-1", "> 0", ValueError)
        refuses(lambda: ob.effective_beta(1, 1, sigma=-1), "sigma", "-1", "> 0", ValueError)
        refuses(lambda: ob.effective_beta(1, -1), "kl_scale", "-1", ">= 0", ValueError)
        refuses(lambda: ob.effective_beta(1, 1, sigma=0), "sigma", "0", "> 0", ValueError)
        refuses(lambda: ob.effective_beta(1, 1, kind="bce"), "kind", "'bce'", "'mse' or 'nll'", ValueError)
        refuses(lambda: ob.effective_beta("1", 1), "reconstruction_scale", "'1'", "number", TypeError)
        assert ob.effective_beta(1e-9, 0) == 0
        assert ob.effective_beta(0.5, 1, sigma=0.5) == 4


class TestGradientEstimators:
    """f(z) = sum (z - c)^2 under N(mu, sigma^2): d/dmu E f = 2 (mu - c), and every moment is a polynomial."""

    c, sigma = 2.0, 0.8
    logvar = torch.tensor([2 * math.log(0.8)], dtype=DOUBLE)
    mu = torch.tensor([0.5], dtype=DOUBLE)
    nodes, weights = (torch.tensor(v) for v in np.polynomial.hermite_e.hermegauss(12))
    eps, weights = nodes.unsqueeze(-1), (weights / weights.sum()).unsqueeze(-1)

    def f(self, z):
        return (z - self.c).square().sum(-1)

    def mean_and_variance(self, estimates):
        mean = (self.weights * estimates).sum()
        return mean.item(), ((self.weights * estimates.square()).sum() - mean**2).item()

    def test_pathwise(self):
        mean, variance = self.mean_and_variance(ob.pathwise_gradient(self.f, self.mu, self.logvar, self.eps))
        assert mean == pytest.approx(2 * (0.5 - self.c))
        assert variance == pytest.approx(4 * self.sigma**2)

    @pytest.mark.parametrize("baseline", [0.0, 3.0])
    def test_score_function(self, baseline):
        estimates = ob.score_function_gradient(self.f, self.mu, self.logvar, self.eps, baseline)
        mean, variance = self.mean_and_variance(estimates)
        a, s = 0.5 - self.c, self.sigma
        square = a**4 + 18 * a**2 * s**2 + 15 * s**4 - 2 * baseline * (a**2 + 3 * s**2) + baseline**2
        assert mean == pytest.approx(2 * a)
        assert variance == pytest.approx(square / s**2 - 4 * a**2)

    def test_worked_numbers(self):
        """mu 0.5, sigma 0.8, eps 1.2: z = 1.46 and dz/dmu = 1, so that f = 0.3 z has the slope 0.3."""
        seen = []
        slope = ob.pathwise_gradient(
            lambda z: seen.append(z) or 0.3 * z.sum(-1), self.mu, self.logvar, torch.tensor([[1.2]], dtype=DOUBLE)
        )
        assert seen[0].item() == pytest.approx(1.46) and slope.item() == pytest.approx(0.3)

    def test_shapes_and_dimensions_apart(self):
        mu, logvar = normal(3), normal(3, seed=1)
        eps = normal(50, 3, seed=2)
        pathwise = ob.pathwise_gradient(self.f, mu, logvar, eps)
        torch.testing.assert_close(pathwise, 2 * (mu + torch.exp(logvar / 2) * eps - self.c))
        score = ob.score_function_gradient(self.f, mu, logvar, eps)
        z = mu + torch.exp(logvar / 2) * eps
        torch.testing.assert_close(score, self.f(z).unsqueeze(-1) * (z - mu) / logvar.exp())

    def test_noise_may_come_in_groups(self):
        mu, logvar, eps = normal(3), normal(3, seed=1), normal(4, 5, 3, seed=2)
        for estimator in (ob.pathwise_gradient, ob.score_function_gradient):
            together = estimator(self.f, mu, logvar, eps)
            torch.testing.assert_close(together, torch.stack([estimator(self.f, mu, logvar, group) for group in eps]))
            refuses(
                lambda estimator=estimator: estimator(torch.sum, mu, logvar, eps),
                "f", "shape ()", "(4, 5)", ValueError,
            )  # fmt: skip

    def test_nothing_else_gets_a_gradient(self):
        mu, logvar = self.mu.clone().requires_grad_(), self.logvar.clone().requires_grad_()
        for estimator in (ob.pathwise_gradient, ob.score_function_gradient):
            assert not estimator(self.f, mu, logvar, self.eps).requires_grad
        assert mu.grad is None and logvar.grad is None

    def test_bad_input(self):
        for estimator in (ob.pathwise_gradient, ob.score_function_gradient):
            refuses(
                lambda estimator=estimator: estimator(torch.sum, self.mu, self.logvar, self.eps),
                "f", "shape ()", "(12,)", ValueError,
            )  # fmt: skip
            refuses(
                lambda estimator=estimator: estimator(torch.square, self.mu, self.logvar, self.eps),
                "f", "shape (12, 1)", "(12,)", ValueError,
            )  # fmt: skip

    def test_parameters_and_noise_that_do_not_fit_are_named(self):
        for estimator in (ob.pathwise_gradient, ob.score_function_gradient):
            for name, wrong in (("mu", [0.0]), ("logvar", None), ("eps", 0.5)):
                given = {"mu": self.mu, "logvar": self.logvar, "eps": self.eps, name: wrong}
                refuses(lambda e=estimator, given=given: e(self.f, **given), name, type(wrong).__name__, "", TypeError)
            refuses(
                lambda e=estimator: e(self.f, torch.zeros(7), self.logvar, self.eps),
                "mu",
                "(7,)",
                "(12, 1)",
                ValueError,
            )
            flat = normal(12)
            refuses(lambda e=estimator, flat=flat: e(self.f, flat, flat, flat), "eps", "(12,)", "(n, d)", ValueError)

    def test_the_path_is_found_inside_no_grad(self):
        outside = ob.pathwise_gradient(self.f, self.mu, self.logvar, self.eps)
        with torch.no_grad():
            assert torch.equal(ob.pathwise_gradient(self.f, self.mu, self.logvar, self.eps), outside)
