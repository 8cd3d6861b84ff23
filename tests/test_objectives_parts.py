"""The three parts of the KL, from a minibatch and weighted one by one."""

import math
from functools import partial

import pytest
import torch
from exact import DOUBLE, generator, linear_vae, normal
from refusal import refuses
from torch import distributions as td

from vae_utils import models
from vae_utils import objectives as ob
from vae_utils.distributions import DiagonalGaussian
from vae_utils.evaluation import kl_decomposition
from vae_utils.training import fit

ESTIMATORS = ("stratified", "weighted")
X, EPS = normal(12, 6, seed=5), normal(12, 3, seed=6)
MODEL = linear_vae()


def parts_of(x, eps, n, estimator):
    q = MODEL.posterior(x)
    return ob.minibatch_kl_parts(q, MODEL.prior(), q.rsample(eps=eps), n, estimator)


def standard(d):
    return DiagonalGaussian(torch.zeros(d, dtype=DOUBLE), torch.zeros(d, dtype=DOUBLE))


class TestMinibatchParts:
    @pytest.mark.parametrize("estimator", ESTIMATORS)
    def test_they_add_up(self, estimator):
        parts = parts_of(X, EPS, 1000, estimator)
        q = MODEL.posterior(X)
        z = q.rsample(eps=EPS)
        whole = parts.mutual_information + parts.total_correlation + parts.dimension_wise_kl.sum(-1)
        torch.testing.assert_close(whole, q.log_prob(z) - MODEL.prior().log_prob(z))
        assert [tuple(part.shape) for part in parts] == [(12,), (12,), (12, 3)]

    @pytest.mark.parametrize(("estimator", "own", "other"), [("stratified", 1 / 50, 49 / 50), ("weighted", 0.01, 0.01)])
    def test_two_examples_by_hand(self, estimator, own, other):
        """Of n = 50, for z_0 = (1, 0): q(z | x_0) = N(0, I), q(z | x_1) = N((3, 1), I)."""
        q = DiagonalGaussian(torch.tensor([[0.0, 0], [3, 1]], dtype=DOUBLE), torch.zeros(2, dtype=DOUBLE))
        z = torch.tensor([[1.0, 0], [3, 1]], dtype=DOUBLE)
        parts = ob.minibatch_kl_parts(q, standard(2), z, 50, estimator)
        heights = [[math.exp(-1 / 2), 1], [math.exp(-4 / 2), math.exp(-1 / 2)]]  # times (2 pi)^(-1/2): of x_b, in j
        together = own * math.exp(-1 / 2) + other * math.exp(-5 / 2)
        alone = [own * a + other * b for a, b in zip(*heights, strict=True)]
        assert parts.mutual_information[0] == pytest.approx(-1 / 2 - math.log(together))
        assert parts.total_correlation[0] == pytest.approx(math.log(together / alone[0] / alone[1]))
        expected = [math.log(alone[0]) + 1 / 2, math.log(alone[1])]
        assert parts.dimension_wise_kl[0].tolist() == pytest.approx(expected)

    def test_with_all_the_data_the_stratified_parts_are_exact(self):
        q = MODEL.posterior(X)
        exact = kl_decomposition(MODEL, X, generator=generator(7))
        parts = ob.minibatch_kl_parts(q, MODEL.prior(), q.rsample(generator=generator(7)), 12)
        assert parts.mutual_information.mean().item() == pytest.approx(exact.mutual_information)
        assert parts.total_correlation.mean().item() == pytest.approx(exact.total_correlation)
        torch.testing.assert_close(parts.dimension_wise_kl.mean(0), exact.dimension_wise_kl)

    def test_two_that_are_all_the_data_weigh_the_same(self):
        parts = parts_of(X[:2], torch.zeros(2, 3).double(), 2, "stratified")
        q = MODEL.posterior(X[:2])
        aggregate = torch.stack([q.log_prob(row) for row in q.mu]).logsumexp(1) - math.log(2)
        torch.testing.assert_close(parts.mutual_information, q.log_prob(q.mu) - aggregate)

    def test_the_weighted_estimate_is_off_by_the_logarithm_of_n(self):
        """Of the same batch as if it were all the data: I by + log n, each q(z_j) by - log n, hence TC."""
        exact, weighted = parts_of(X, EPS, 12, "stratified"), parts_of(X, EPS, 1000, "weighted")
        log_n, same = math.log(1000), torch.ones(12, dtype=DOUBLE)
        off = weighted.dimension_wise_kl - exact.dimension_wise_kl
        torch.testing.assert_close(weighted.mutual_information - exact.mutual_information, log_n * same)
        torch.testing.assert_close(weighted.total_correlation - exact.total_correlation, (3 - 1) * log_n * same)
        torch.testing.assert_close(off, -log_n * same.expand(3, 12).T)

    def test_the_trap(self):
        """Five dimensions that know nothing of each other: the weighted total correlation is (5 - 1) log n.

        Means N(0, 1 - 0.5^2) blurred by 0.5: over all x the aggregate is N(0, I).
        """
        n, q = (
            10_000,
            DiagonalGaussian(math.sqrt(0.75) * normal(512, 5), torch.full((5,), math.log(0.25), dtype=DOUBLE)),
        )
        z = q.rsample(eps=normal(512, 5, seed=1))
        found = [ob.minibatch_kl_parts(q, standard(5), z, n, name).total_correlation for name in ESTIMATORS]
        stratified, weighted = (each.mean().item() for each in found)
        assert abs(stratified) < 0.5
        assert weighted == pytest.approx(4 * math.log(n), abs=0.5) and 4 * math.log(n) > 36

    def test_the_gradient_is_off_too_and_the_stratified_one_is_nearer(self):
        """z = A x + noise, whose aggregate is N(0, A A^T + sigma^2 I), hence of known total correlation."""
        A = (math.sqrt(0.75) * (torch.eye(5) + torch.eye(5).roll(1, 0).tril())).double().requires_grad_()
        whole = A @ A.T + 0.25 * torch.eye(5)
        exact = 0.5 * (whole.diagonal().log().sum() - torch.logdet(whole))
        q = DiagonalGaussian(normal(800, 5) @ A.T, torch.full((5,), math.log(0.25), dtype=DOUBLE))
        z = q.rsample(eps=normal(800, 5, seed=1))
        found = [ob.minibatch_kl_parts(q, standard(5), z, 10_000, name).total_correlation.mean() for name in ESTIMATORS]
        true, one, other = (torch.autograd.grad(t, A, retain_graph=True)[0].flatten() for t in (exact, *found))
        stratified, weighted = (torch.cosine_similarity(true, slope, dim=0) for slope in (one, other))
        assert stratified > 0.95 and weighted < stratified
        assert one.norm() == pytest.approx(true.norm().item(), rel=0.25)

    def test_the_mean_of_the_stratified_density_is_the_aggregate(self):
        """Over every batch of 2 that holds x_0, of n = 12: the densities, not their logarithms, average exactly."""
        q = MODEL.posterior(X)
        z = q.rsample(eps=EPS)
        own = q.log_prob(z)[0]
        densities = []
        for other in range(1, 12):
            rows = torch.tensor([0, other])
            some = DiagonalGaussian(q.mu[rows], q.logvar[rows])
            known = ob.minibatch_kl_parts(some, MODEL.prior(), z[rows], 12).mutual_information[0]
            densities.append((own - known).exp())
        exact = parts_of(X, EPS, 12, "stratified").mutual_information[0]
        torch.testing.assert_close(torch.stack(densities).mean(), (own - exact).exp())

    def test_a_lonely_example_does_no_harm(self):
        for n, estimator in ((1, "stratified"), (100, "stratified"), (100, "weighted")):
            parts = parts_of(X[:1], EPS[:1], n, estimator)
            assert parts.mutual_information.item() == pytest.approx(math.log(n))
            assert parts.total_correlation.item() == pytest.approx(2 * math.log(n))

    def test_plain_torch_distributions_will_do(self):
        q, p = MODEL.posterior(X), MODEL.prior()
        plain = td.Independent(td.Normal(q.mu, q.sigma), 1), td.Independent(td.Normal(p.mu, p.sigma), 1)
        z = q.rsample(eps=EPS)
        torch.testing.assert_close(ob.minibatch_kl_parts(*plain, z, 50), ob.minibatch_kl_parts(q, p, z, 50))

    def test_bad_input(self):
        q, p = MODEL.posterior(X), MODEL.prior()
        z = q.rsample(eps=EPS)
        full = td.MultivariateNormal(q.mu, torch.eye(3, dtype=DOUBLE))
        refuses(lambda: ob.minibatch_kl_parts(full, p, z, 50), "q", "MultivariateNormal", "independent", TypeError)
        refuses(lambda: ob.minibatch_kl_parts(q, full, z, 50), "p", "MultivariateNormal", "independent", TypeError)
        refuses(lambda: ob.minibatch_kl_parts(q, p, z.tolist(), 50), "z", "list", "(B, d)", TypeError)
        refuses(lambda: ob.minibatch_kl_parts(q, p, z[:, :2], 50), "z", "(12, 2)", "(12, 3)", ValueError)
        refuses(lambda: ob.minibatch_kl_parts(q, p, z[:1], 50), "z", "(1, 3)", "a row for each row of q", ValueError)
        more = torch.cat([z, z])
        refuses(lambda: ob.minibatch_kl_parts(q, p, more, 50), "z", "(24, 3)", "(12, 3)", ValueError)
        groups = DiagonalGaussian(q.mu.view(2, 6, 3), q.logvar.view(2, 6, 3))
        refuses(lambda: ob.minibatch_kl_parts(groups, p, groups.mu, 50), "z", "(2, 6, 3)", "(B, d)", ValueError)
        refuses(lambda: ob.minibatch_kl_parts(p, p, z[0], 50), "z", "(3,)", "(B, d)", ValueError)
        for size in (1, 4):
            other = DiagonalGaussian(torch.zeros(size), torch.zeros(size))
            refuses(
                lambda other=other: ob.minibatch_kl_parts(q, other, z, 50), "p", f"{other.mu.numel()} dim", "3, as in q"
            )
        refuses(lambda: ob.minibatch_kl_parts(q, p, z, 11), "n", "11", ">= 12", ValueError)
        refuses(lambda: ob.minibatch_kl_parts(q, p, z, 50.0), "n", "50.0", "whole number", TypeError)
        refuses(lambda: ob.minibatch_kl_parts(q, p, z, 50, "mss"), "estimator", "'mss'", "'stratified' or", ValueError)


class TestTCElbo:
    @pytest.mark.parametrize("estimator", ESTIMATORS)
    def test_with_three_weights_of_one_it_is_the_elbo(self, estimator):
        plain = ob.elbo(MODEL, X, eps=EPS)
        terms = ob.tc_elbo(MODEL, X, eps=EPS, n=500, estimator=estimator)
        for ours, expected in zip(terms[:4], plain[:4], strict=True):
            torch.testing.assert_close(ours, expected)

    @pytest.mark.parametrize("estimator", ESTIMATORS)
    @pytest.mark.parametrize(
        ("weights", "factors"),
        [
            ({"beta": 6.0}, (0, 5, 0)),
            ({"beta": 0.0}, (0, -1, 0)),
            ({"information": 0.5}, (-0.5, 0, 0)),
            ({"dimension_wise": 3.0}, (0, 0, 2)),
            ({"information": 0.0, "beta": 4.0, "dimension_wise": 2.0}, (-1, 3, 1)),
        ],
    )
    def test_each_weight_weighs_its_part(self, weights, factors, estimator):
        plain, parts = ob.elbo(MODEL, X, eps=EPS), parts_of(X, EPS, 500, estimator)
        terms = ob.tc_elbo(MODEL, X, eps=EPS, n=500, estimator=estimator, **weights)
        three = (parts.mutual_information, parts.total_correlation, parts.dimension_wise_kl.sum(-1))
        expected = plain.elbo - sum(factor * part for factor, part in zip(factors, three, strict=True))
        torch.testing.assert_close(terms.elbo, expected)
        torch.testing.assert_close(terms.kl, plain.kl)
        torch.testing.assert_close(terms.reconstruction, plain.reconstruction)

    def test_the_stratified_estimator_is_the_one_unless_told_otherwise(self):
        found = [
            ob.tc_elbo(MODEL, X, beta=4.0, eps=EPS, n=500, **how).elbo for how in ({}, {"estimator": "stratified"})
        ]
        assert torch.equal(*found)

    def test_the_noise_is_an_argument(self):
        first, again, other = (ob.tc_elbo(MODEL, X, generator=generator(seed), n=12).elbo for seed in (1, 1, 2))
        assert torch.equal(first, again) and not torch.equal(first, other)

    def test_gradients_are_those_of_finite_differences(self):
        model = linear_vae()
        of = partial(ob.tc_elbo, model, X, beta=5.0, eps=EPS, n=40, information=2.0, dimension_wise=0.5)
        of().elbo.sum().backward()
        for parameter in (model.W, model.V, model.b, model.logvar):
            flat, slope = parameter.data.view(-1), parameter.grad.view(-1)[1].item()
            values = []
            for step in (1e-5, -2e-5):
                flat[1] += step
                values.append(of().elbo.sum().item())
            flat[1] += 1e-5
            assert slope == pytest.approx((values[0] - values[1]) / 2e-5, rel=1e-5)

    def test_a_label_reaches_the_prior(self):
        model, y = models.mlp_class_mean_vae(6, 3, 2, hidden=(4,)).double(), torch.arange(12) % 2
        with torch.no_grad():
            model.prior_module.in_units.copy_(torch.tensor([[0.0, 0, 0], [0.1, 0, 0]]))
        x = X.sigmoid()
        plain = ob.elbo(model, x, y, eps=EPS)
        torch.testing.assert_close(ob.tc_elbo(model, x, y, eps=EPS, n=12).elbo, plain.elbo)
        twice = ob.tc_elbo(model, x, y, eps=EPS, n=12, beta=2.0, information=2.0, dimension_wise=2.0)
        ratio = plain.q.log_prob(plain.z) - model.prior(y).log_prob(plain.z)
        torch.testing.assert_close(twice.elbo, plain.elbo - ratio)

    def test_fit_takes_it_and_beta_weighs_the_total_correlation(self):
        """Codes that start as one and the same, with a total correlation that is dear or free."""
        x, left = normal(200, 2, seed=1), []
        for beta in (0.0, 20.0):
            model = models.LinearVAE(3, 2, sigma=0.3).double()
            with torch.no_grad():
                model.V.copy_(torch.tensor([[1.0, 1, 0], [1, 1, 0]]))
                model.logvar.fill_(-3)
            data = torch.cat([x, x.sum(1, keepdim=True)], 1)
            objective = partial(ob.tc_elbo, n=200)
            history = fit(model, data, steps=30, batch_size=50, lr=0.03, beta=beta, objective=objective, progress=False)
            assert history["beta"][0] == beta and len(history["kl"]) == 30
            left.append(kl_decomposition(model, data, generator=generator()).total_correlation)
        assert left[1] < 0.5 * left[0]

    def test_bad_input(self):
        for name in ("information", "beta", "dimension_wise"):
            for wrong, error in ((-0.5, ValueError), (math.nan, ValueError), ("1", TypeError)):
                refuses(lambda: ob.tc_elbo(MODEL, X, n=50, **{name: wrong}), name, repr(wrong), ">= 0", error)  # noqa: B023
        refuses(lambda: ob.tc_elbo(MODEL, X, n=11), "n", "11", ">= 12", ValueError)
        refuses(lambda: ob.tc_elbo(MODEL, X, n=50, estimator="exact"), "estimator", "'exact'", "'weighted'", ValueError)
        refuses(lambda: ob.tc_elbo(MODEL, X, n=50, eps=EPS[:1]), "eps", "(1, 3)", "(12, 3)", ValueError)
        refuses(lambda: ob.tc_elbo(object(), X, n=50), "model", "object", "posterior", TypeError)
        refuses(lambda: ob.tc_elbo(MODEL, X.tolist(), n=50), "x", "list", "(B, D)", TypeError)
        mixed, x = models.mlp_vae(6, 2, hidden=()), torch.full((4, 6), 0.5)
        mixed.prior_module = models.MixturePrior(2, 3)
        refuses(
            lambda: ob.tc_elbo(mixed, x, n=50),
            "model",
            "the prior GaussianMixture",
            "independent dimensions",
            TypeError,
        )
        point = models.mlp_autoencoder(6, 2, hidden=(4,))
        refuses(lambda: ob.tc_elbo(point, x, n=50), "model", "Autoencoder", "density", ValueError)
