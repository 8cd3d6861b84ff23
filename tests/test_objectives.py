"""The bounds, held against torch.distributions, quadrature, Monte Carlo, finite differences and exact values."""

import math

import numpy as np
import pytest
import torch
from refusal import refuses
from scipy import integrate
from torch import distributions as td
from torch.autograd import gradcheck

from vae_utils import objectives as ob
from vae_utils.distributions import DiagonalGaussian, PointMass, UniformBox
from vae_utils.models import VQVAE, GaussianObservation, LinearVAE, mlp_autoencoder, mlp_vae

DOUBLE = torch.float64


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def normal(*shape, seed=0):
    return torch.randn(shape, generator=generator(seed), dtype=DOUBLE)


def covariance(d, seed=0, batch=()):
    root = normal(*batch, d, d, seed=seed)
    return root @ root.mT + 0.1 * torch.eye(d, dtype=DOUBLE)


def linear_vae(sigma=0.7, data_dim=6, latent_dim=3):
    """A LinearVAE in double precision whose posterior is far from exact."""
    model = LinearVAE(data_dim, latent_dim, sigma=sigma).double()
    with torch.no_grad():
        model.W.copy_(normal(data_dim, latent_dim, seed=1))
        model.V.copy_(0.3 * normal(latent_dim, data_dim, seed=2))
        model.b.copy_(normal(data_dim, seed=3))
        model.logvar.copy_(0.5 * normal(latent_dim, seed=4))
    return model


def sigma_points(batch, d):
    """2d noise vectors of mean 0 and covariance I: averages of quadratics over them are expectations, exactly."""
    points = math.sqrt(d) * torch.cat([torch.eye(d, dtype=DOUBLE), -torch.eye(d, dtype=DOUBLE)])
    return [point.expand(batch, d) for point in points]


def exact_terms(model, x):
    """Expected elbo, reconstruction and kl of a LinearVAE, without noise: the terms are quadratic in eps."""
    terms = [ob.elbo(model, x, eps=eps) for eps in sigma_points(len(x), model.latent_dim)]
    return [torch.stack(values).mean(0) for values in list(zip(*terms, strict=True))[:3]]


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

    def test_a_point_costs_nothing(self):
        prior = DiagonalGaussian(torch.zeros(3), torch.zeros(3))
        assert torch.equal(ob.kl_divergence(PointMass(torch.randn(4, 3)), prior), torch.zeros(4))

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


class TestElbo:
    model, x = linear_vae(), normal(4, 6, seed=5)

    def test_terms_are_what_they_say(self):
        eps = normal(4, 3, seed=6)
        terms = ob.elbo(self.model, self.x, eps=eps)
        mu = (self.x - self.model.b) @ self.model.V.T
        z = mu + torch.exp(self.model.logvar / 2) * eps
        torch.testing.assert_close(terms.z, z)
        decoded = td.Normal(z @ self.model.W.T + self.model.b, 0.7)
        torch.testing.assert_close(terms.reconstruction, decoded.log_prob(self.x).sum(-1))
        torch.testing.assert_close(terms.kl, ob.gaussian_kl(mu, self.model.logvar.expand(4, 3)))
        torch.testing.assert_close(terms.elbo, terms.reconstruction - terms.kl)

    @pytest.mark.parametrize("beta", [0.0, 0.5, 1.0, 4.0])
    def test_beta_weighs_the_kl_alone(self, beta):
        terms = ob.elbo(self.model, self.x, beta=beta, generator=generator())
        torch.testing.assert_close(terms.elbo, terms.reconstruction - beta * terms.kl)
        assert (terms.kl > 0).all()

    def test_elbo_and_gap_make_the_evidence(self):
        """log p(x) = ELBO + KL(q || p(z | x)), whatever q."""
        elbo, reconstruction, kl = exact_terms(self.model, self.x)
        gap = ob.kl_divergence(self.model.posterior(self.x), self.model.exact_posterior(self.x))
        assert (gap > 0.1).all()
        torch.testing.assert_close(elbo + gap, self.model.log_evidence(self.x))
        torch.testing.assert_close(elbo, reconstruction - kl)

    def test_the_bound_is_tight_at_the_optimum(self):
        x = normal(200, 3, seed=1) @ normal(3, 6, seed=2) + 0.3 * normal(200, 6, seed=3)
        model = LinearVAE(6, 3, sigma="shared").double().fit_exact(x)
        torch.testing.assert_close(exact_terms(model, x)[0], model.log_evidence(x))
        gap = ob.kl_divergence(model.posterior(x), model.exact_posterior(x))
        torch.testing.assert_close(gap, torch.zeros_like(gap))

    def test_the_noise_is_an_argument(self):
        first = ob.elbo(self.model, self.x, generator=generator(1))
        again = ob.elbo(self.model, self.x, generator=generator(1))
        other = ob.elbo(self.model, self.x, generator=generator(2))
        assert torch.equal(first.elbo, again.elbo) and not torch.equal(first.elbo, other.elbo)

    def test_gradients_are_those_of_finite_differences(self):
        model, eps = linear_vae(), normal(4, 3, seed=6)
        ob.elbo(model, self.x, eps=eps).elbo.sum().backward()
        for parameter in (model.W, model.V, model.b, model.logvar):
            flat, slope = parameter.data.view(-1), parameter.grad.view(-1)[1].item()
            values = []
            for step in (1e-5, -2e-5):
                flat[1] += step
                values.append(ob.elbo(model, self.x, eps=eps).elbo.sum().item())
            flat[1] += 1e-5
            assert slope == pytest.approx((values[0] - values[1]) / 2e-5, rel=1e-6)

    def test_a_label_reaches_all_three_distributions(self):
        seen = []

        class Labelled(LinearVAE):
            def prior(self, y=None):
                return seen.append(y) or super().prior()

            def posterior(self, x, y=None):
                return seen.append(y) or super().posterior(x)

            def likelihood(self, z, y=None):
                return seen.append(y) or super().likelihood(z)

        for bound in (ob.elbo, lambda *args: ob.log_weights(args[0], args[1], 2, args[2])):
            bound(Labelled(6, 3).double(), self.x, "label")
        ob.importance_bound(Labelled(6, 3).double(), self.x, 2, "label")
        ob.importance_weighted(Labelled(6, 3).double(), self.x, "label", k=2)
        assert seen == ["label"] * 12

    def test_an_autoencoder_has_no_kl(self):
        model, x = mlp_autoencoder(6, 2, hidden=(4,)), torch.rand(3, 6)
        terms = ob.elbo(model, x)
        assert torch.equal(terms.kl, torch.zeros(3)) and torch.equal(terms.elbo, terms.reconstruction)
        assert torch.equal(terms.z, model.encoder(x))
        with pytest.raises(NotImplementedError, match="no density"):
            ob.importance_bound(model, x, 5)

    @pytest.mark.parametrize(
        "bound", [ob.elbo, lambda m, x: ob.importance_bound(m, x, 2), lambda m, x: ob.importance_weighted(m, x, k=2)]
    )
    def test_bad_input(self, bound):
        refuses(lambda: bound(object(), self.x), "model", "object without prior, posterior, likelihood", "", TypeError)
        refuses(lambda: bound(self.model, self.x.tolist()), "x", "list", "(B, D)", TypeError)
        refuses(lambda: bound(self.model, self.x.long()), "x", "int64", "float tensor (B, D)", TypeError)
        refuses(lambda: bound(self.model, self.x[0]), "x", "(6,)", "(B, D)", ValueError)
        refuses(lambda: bound(self.model, self.x[:, :5]), "x", "(4, 5)", "(..., 6)", ValueError)
        refuses(lambda: bound(mlp_vae(8, 2, (4,)), self.x.float()), "x", "(4, 6)", "(..., 8)", ValueError)

    def test_bad_noise(self):
        refuses(lambda: ob.elbo(self.model, self.x, eps=normal(4, 2)), "eps", "(4, 2)", "(4, 3)", ValueError)
        refuses(lambda: ob.elbo(self.model, self.x, eps=0.5), "eps", "float", "(4, 3)", TypeError)

    def test_one_method_missing_is_named(self):
        class NoPrior:
            posterior = likelihood = print

        refuses(lambda: ob.elbo(NoPrior(), self.x), "model", "NoPrior without prior", "prior, posterior and", TypeError)


class TestVQ:
    """A code is a whole number: q is a point, the ELBO is log p(x | z) + log p(z), and the rest are pulls."""

    def model(self):
        encoder, decoder = torch.nn.Linear(6, 4), torch.nn.Linear(4, 6)
        model = VQVAE(encoder, decoder, GaussianObservation(0.5), slots=2, codes=5, width=2).double()
        with torch.no_grad():
            for seed, parameter in enumerate(model.parameters()):
                parameter.copy_(normal(*parameter.shape, seed=seed))
        return model

    x = normal(4, 6, seed=5)

    def test_terms_are_the_elbo_and_the_pulls(self):
        model = self.model()
        vectors = model.encoder(self.x).view(4, 2, 2)
        distance = (vectors.unsqueeze(2) - model.codebook).square().sum(-1)
        z = distance.argmin(-1)
        assert len(z.unique()) > 1
        reconstruction = model.likelihood(z).log_prob(self.x)
        kl = -model.prior_logits.log_softmax(-1).gather(1, z.T).sum(0)
        for beta, commitment in ((1.0, 0.25), (0.5, 2.0)):
            terms = ob.vq_elbo(model, self.x, beta=beta, commitment=commitment)
            torch.testing.assert_close(terms.reconstruction, reconstruction)
            torch.testing.assert_close(terms.kl, kl)
            pulls = (1 + commitment) * distance.min(-1).values.sum(-1)
            torch.testing.assert_close(terms.elbo, reconstruction - beta * kl - pulls)
            assert torch.equal(terms.z, z)
        torch.testing.assert_close(ob.vq_elbo(model, self.x).elbo, reconstruction - kl - 1.25 * pulls / 3)

    def test_the_bound_itself_is_that_of_every_other_model(self):
        model, terms = self.model(), ob.vq_elbo(self.model(), self.x)
        plain = ob.elbo(model, self.x)
        torch.testing.assert_close(plain.reconstruction, terms.reconstruction)
        torch.testing.assert_close(plain.kl, terms.kl)
        torch.testing.assert_close(ob.importance_bound(model, self.x, 1), plain.elbo)

    def test_the_decoders_gradient_goes_straight_through_to_the_encoder(self):
        model = self.model()
        vectors = model.encoder(self.x).view(4, 2, 2).detach()
        model.encoder.forward = lambda x: leaf.flatten(-2)
        leaf = vectors.clone().requires_grad_()
        z = model.nearest(vectors)
        chosen = model.codebook[z].detach().requires_grad_()
        model.observation(model.decoder(chosen.flatten(-2))).log_prob(self.x).sum().backward()
        ob.vq_elbo(model, self.x, commitment=0.3).elbo.sum().backward()
        torch.testing.assert_close(leaf.grad, chosen.grad - 0.6 * (vectors - chosen.detach()))
        pull = torch.zeros_like(model.codebook).index_add(0, z.flatten(), 2 * (vectors - chosen.detach()).flatten(0, 1))
        torch.testing.assert_close(model.codebook.grad, pull)


class TestImportanceBound:
    model, x = linear_vae(), normal(4, 6, seed=5)

    def test_weights_average_to_the_evidence(self):
        """E_q[w] = p(x): held against the exact value within five standard errors."""
        log_w = ob.log_weights(self.model, self.x, 20_000, generator=generator())
        assert log_w.shape == (20_000, 4)
        ratio = torch.exp(log_w - self.model.log_evidence(self.x))
        assert ((ratio.mean(0) - 1).abs() < 5 * ratio.std(0) / math.sqrt(len(ratio))).all()

    def test_one_weight_is_the_joint_over_the_posterior(self):
        eps = normal(2, 4, 3, seed=7)
        q, p = self.model.posterior(self.x), self.model.exact_posterior(self.x)
        z = q.rsample((2,), eps=eps)
        truth = self.model.log_evidence(self.x) + p.log_prob(z) - q.log_prob(z)
        torch.testing.assert_close(ob.log_weights(self.model, self.x, 2, eps=eps), truth)

    def test_one_sample_is_the_elbo(self):
        bounds = [
            ob.importance_bound(self.model, self.x, 1, eps=eps.unsqueeze(0))
            for eps in sigma_points(4, self.model.latent_dim)
        ]
        torch.testing.assert_close(torch.stack(bounds).mean(0), exact_terms(self.model, self.x)[0])

    @pytest.mark.parametrize("k", [2, 5])
    def test_rises_with_k(self, k):
        """On any noise: the bound with k samples is at least the average of those that leave one sample out."""
        eps = normal(k, 4, 3, seed=8)
        full = ob.importance_bound(self.model, self.x, k, eps=eps)
        fewer = [
            ob.importance_bound(self.model, self.x, k - 1, eps=torch.cat([eps[:i], eps[i + 1 :]])) for i in range(k)
        ]
        assert (full > torch.stack(fewer).mean(0)).all()

    def test_tends_to_the_evidence(self):
        gaps = []
        for k in (1, 30, 3_000):
            runs = torch.stack([ob.importance_bound(self.model, self.x, k, generator=generator(s)) for s in range(12)])
            gaps.append((self.model.log_evidence(self.x) - runs.mean(0)).mean().item())
        assert gaps[0] > 2 * gaps[1] > 0 and abs(gaps[2]) < 0.05

    def test_every_weight_is_the_evidence_when_the_posterior_is_exact(self):
        x = normal(200, 3, seed=1) @ normal(3, 6, seed=2) + 0.3 * normal(200, 6, seed=3)
        model = LinearVAE(6, 3, sigma="shared").double().fit_exact(x)
        log_w = ob.log_weights(model, x, 3, generator=generator())
        torch.testing.assert_close(log_w, model.log_evidence(x).expand(3, -1))
        torch.testing.assert_close(ob.importance_bound(model, x, 3, generator=generator()), model.log_evidence(x))

    def test_objective_is_the_bound_on_the_same_noise(self):
        eps = normal(5, 4, 3, seed=9)
        terms = ob.importance_weighted(self.model, self.x, eps=eps, k=5)
        torch.testing.assert_close(terms.elbo, ob.importance_bound(self.model, self.x, 5, eps=eps))
        q = self.model.posterior(self.x)
        z = q.rsample((5,), eps=eps)
        log_ratio = q.log_prob(z) - self.model.prior().log_prob(z)
        torch.testing.assert_close(terms.z, z)
        torch.testing.assert_close(terms.kl, log_ratio.mean(0))
        torch.testing.assert_close(terms.reconstruction, self.model.likelihood(z).log_prob(self.x).mean(0))
        assert (terms.elbo > terms.reconstruction - terms.kl).all()
        one = ob.importance_weighted(self.model, self.x, generator=generator(), k=1)
        torch.testing.assert_close(one.elbo, one.reconstruction - one.kl)
        same = ob.importance_weighted(self.model, self.x, generator=generator(), k=1)
        assert torch.equal(one.elbo, same.elbo)

    def test_bad_input(self):
        for bound in (ob.log_weights, ob.importance_bound, lambda m, x, k: ob.importance_weighted(m, x, k=k)):
            refuses(lambda bound=bound: bound(self.model, self.x, 0), "k", "0", ">= 1", ValueError)
            refuses(lambda bound=bound: bound(self.model, self.x, 2.0), "k", "2.0", "whole number", TypeError)
            refuses(lambda bound=bound: bound(self.model, self.x, True), "k", "True", "whole number", TypeError)
        weighted = ob.importance_weighted
        for beta in (0.5, 2.0):
            refuses(
                lambda beta=beta: weighted(self.model, self.x, beta=beta, k=2), "beta", f"{beta}", "1.0", ValueError
            )


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
