"""The bounds on log p(x), held against exact values, sums over all codes and finite differences."""

import math
from functools import partial

import pytest
import torch
from exact import DOUBLE, generator, linear_vae, normal
from refusal import refuses
from torch import distributions as td

from vae_utils import objectives as ob
from vae_utils.distributions import DiagonalGaussian
from vae_utils.models import VQVAE, GaussianObservation, LinearVAE, mlp_autoencoder, mlp_class_mean_vae, mlp_vae


def sigma_points(batch, d):
    """2d noise vectors of mean 0 and covariance I: averages of quadratics over them are expectations, exactly."""
    points = math.sqrt(d) * torch.cat([torch.eye(d, dtype=DOUBLE), -torch.eye(d, dtype=DOUBLE)])
    return [point.expand(batch, d) for point in points]


def exact_terms(model, x):
    """Expected elbo, reconstruction and kl of a LinearVAE, without noise: the terms are quadratic in eps."""
    terms = [ob.elbo(model, x, eps=eps) for eps in sigma_points(len(x), model.latent_dim)]
    return [torch.stack(values).mean(0) for values in list(zip(*terms, strict=True))[:3]]


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

    def test_an_autoencoder_has_no_bound_but_a_reconstruction(self):
        model, x = mlp_autoencoder(6, 2, hidden=(4,)), torch.rand(3, 6)
        refuses(lambda: ob.elbo(model, x), "model", "Autoencoder", "density", ValueError)
        terms = ob.reconstruction(model, x)
        assert torch.equal(terms.kl, torch.zeros(3)) and torch.equal(terms.elbo, terms.reconstruction)
        assert torch.equal(terms.z, model.encoder(x))
        torch.testing.assert_close(terms.elbo, model.likelihood(model.encoder(x)).log_prob(x))
        with pytest.raises(NotImplementedError, match="no density"):
            ob.importance_bound(model, x, 5)

    def test_the_reconstruction_of_a_vae_is_that_of_its_elbo(self):
        eps = normal(4, 3)
        plain, alone = ob.elbo(self.model, self.x, eps=eps), ob.reconstruction(self.model, self.x, eps=eps)
        torch.testing.assert_close(alone.elbo, plain.reconstruction)
        assert torch.equal(alone.z, plain.z) and (alone.kl == 0).all() and isinstance(alone.q, DiagonalGaussian)

    def test_the_posterior_is_handed_on(self):
        terms = ob.elbo(self.model, self.x)
        torch.testing.assert_close(terms.kl, ob.gaussian_kl(terms.q.mu, terms.q.logvar))

    def test_a_model_of_plain_torch_distributions_is_a_model(self):
        class Plain:
            def prior(self, y=None):
                return td.Independent(td.Normal(torch.zeros(6), torch.ones(6)), 1)

            def posterior(self, x, y=None):
                return td.Independent(td.Normal(x, torch.ones_like(x)), 1)

            likelihood = posterior

        x = torch.rand(3, 6)
        assert ob.elbo(Plain(), x).elbo.shape == (3,) and ob.importance_bound(Plain(), x, 4).shape == (3,)

    @pytest.mark.parametrize("batch", [1, 6, 4])
    def test_a_likelihood_that_does_not_sum_over_its_pixels_is_refused(self, batch):
        """Also for one example, or as many as pixels, where the numbers would be broadcast without a word."""

        class Bare(LinearVAE):
            def likelihood(self, z, y=None):
                return td.Normal(super().likelihood(z).mean, 1.0)

        model, x = Bare(6, 3), torch.rand(batch, 6)
        for bound in (ob.elbo, ob.reconstruction, lambda m, x: ob.importance_bound(m, x, 2)):
            refuses(lambda bound=bound: bound(model, x), "model", "from the likelihood", "one for each", ValueError)

    def test_labels_of_shape_n_1_are_refused(self):
        model = mlp_class_mean_vae(6, 3, classes=4, hidden=())
        refuses(lambda: ob.elbo(model, torch.rand(5, 6), torch.zeros(5, 1).long()), "y", "(5, 1)", "(B,)", ValueError)

    @pytest.mark.parametrize("beta", [-1, -1e-9, math.nan, "1", None, torch.ones(1)])
    def test_a_wrong_beta_is_refused(self, beta):
        for bound in (ob.elbo, partial(ob.free_bits_elbo, minimum=0.1)):
            refuses(lambda bound=bound: bound(self.model, self.x, beta=beta), "beta", repr(beta), ">= 0")

    @pytest.mark.parametrize("likelihood", ["bernoulli", "continuous_bernoulli"])
    def test_pixels_outside_their_range_are_refused(self, likelihood):
        model = mlp_vae(6, 2, hidden=(4,), likelihood=likelihood)
        for x in (255 * torch.rand(3, 6) + 1, torch.randn(3, 6), 2 * torch.rand(3, 6) - 1.2):
            for bound in (ob.elbo, ob.reconstruction, lambda m, x: ob.importance_bound(m, x, 2)):
                refuses(lambda bound=bound, x=x: bound(model, x), "x", "values from", "[0, 1]", ValueError)
        assert ob.elbo(model, torch.full((2, 6), 1.00001)).elbo.isfinite().all()  # rounding

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

        class Generator:
            prior = likelihood = print

        refuses(
            lambda: ob.elbo(Generator(), self.x),
            "model",
            "Generator, which has no posterior, so no ELBO",
            "",
            TypeError,
        )


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
        kl = -model.prior_module.logits.log_softmax(-1).gather(1, z.T).sum(0)
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
        refuses(lambda: ob.elbo(model, self.x), "model", "Code, which has no path", "vq_elbo", TypeError)
        with torch.no_grad():
            plain = ob.elbo(model, self.x)
            bound = ob.importance_bound(model, self.x, 1)
        torch.testing.assert_close(plain.reconstruction, terms.reconstruction)
        torch.testing.assert_close(plain.kl, terms.kl)
        torch.testing.assert_close(bound, plain.elbo)

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
