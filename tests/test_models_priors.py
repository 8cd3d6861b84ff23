"""Priors that choose, among Gaussians or codes, held to sums over their parts."""

import math

import pytest
import torch
from exact import generator, normal
from refusal import refuses
from torch import distributions as td

from vae_utils import models

D, d, K = 6, 3, 4
z = normal(5, d, seed=9)


def changed(prior):
    """The prior in double precision with all of its own parameters moved by something."""
    with torch.no_grad():
        for parameter in prior.double().parameters(recurse=False):
            parameter.add_(0.5 * normal(*parameter.shape, seed=parameter.ndim))
    return prior


def by_hand(logits, mu, sigma):
    """log sum_k w_k N(z; mu_k, sigma_k): (5,)."""
    parts = [td.Normal(mu[k], sigma[k]).log_prob(z).sum(-1) for k in range(K)]
    return torch.logsumexp(torch.stack(parts) + torch.log_softmax(logits, 0)[:, None], 0)


class TestMixture:
    def test_log_prob_is_the_sum_over_its_parts(self):
        prior = changed(models.MixturePrior(d, K))
        assert len(prior.logits.unique()) == K == len(prior.logvar[:, 0].unique())
        expected = by_hand(prior.logits, prior.mu, torch.exp(0.5 * prior.logvar))
        torch.testing.assert_close(prior().log_prob(z), expected)
        assert prior().batch_shape == () and prior().event_shape == (d,)
        torch.testing.assert_close(prior().log_prob(z.expand(2, 5, d)), expected.expand(2, 5))

    def test_samples_have_the_mean_of_the_mixture(self):
        prior, n = changed(models.MixturePrior(d, K)), 20_000
        weights = torch.softmax(prior.logits, 0)
        mean = weights @ prior.mu
        variance = weights @ (prior.mu**2 + prior.logvar.exp()) - mean**2
        torch.manual_seed(0)
        drawn = prior().sample((n,))
        assert drawn.shape == (n, d) and ((drawn.mean(0) - mean).abs() < 5 * (variance / n).sqrt()).all()
        torch.testing.assert_close(drawn.var(0), variance.detach(), rtol=0.05, atol=0)

    def test_one_part_is_a_gaussian_and_at_first_all_count_alike(self):
        single = changed(models.MixturePrior(d, 1))
        expected = td.Normal(single.mu[0], torch.exp(0.5 * single.logvar[0])).log_prob(z).sum(-1)
        torch.testing.assert_close(single().log_prob(z), expected)
        fresh = models.MixturePrior(d, K, seed=3)
        assert torch.equal(fresh().logits.softmax(-1), torch.full((K,), 1 / K))
        assert torch.equal(fresh.mu, torch.randn(K, d, generator=generator(3))) and not fresh.logvar.any()
        assert not torch.equal(fresh.mu, models.MixturePrior(d, K, seed=4).mu)

    def test_a_log_variance_gone_mad_is_clamped(self):
        prior = models.MixturePrior(d, K)
        with torch.no_grad():
            prior.logvar.fill_(-200)
        assert prior().log_prob(torch.zeros(1, d)).isfinite().all()

    def test_bad_sizes(self):
        refuses(lambda: models.MixturePrior(0, K), "latent_dim", "0", ">= 1", ValueError)
        refuses(lambda: models.MixturePrior(d, 0), "components", "0", ">= 1", ValueError)


class TestVampPrior:
    inputs = torch.rand(K, D, generator=generator()).double()

    def model(self):
        torch.manual_seed(0)
        model = models.mlp_vae(D, d, hidden=(8,)).double()
        model.prior_module = models.VampPrior(model.encoder, self.inputs).double()
        return model

    def test_it_is_the_mean_of_the_posteriors_at_its_inputs(self):
        model = self.model()
        posteriors = model.posterior(self.inputs)
        densities = torch.stack(
            [td.Normal(posteriors.mu[k], posteriors.sigma[k]).log_prob(z).sum(-1) for k in range(K)]
        )
        torch.testing.assert_close(model.prior().log_prob(z), densities.logsumexp(0) - math.log(K))

    def test_its_weights_and_its_inputs_are_learned_and_the_encoder_is_the_model_s(self):
        model = self.model()
        prior = changed(model.prior_module)
        assert not torch.equal(prior.inputs, self.inputs)  # a copy: the data stay as they are
        q = model.posterior(prior.inputs)
        torch.testing.assert_close(model.prior().log_prob(z), by_hand(prior.logits, q.mu, q.sigma))
        assert prior.encoder is model.encoder
        model.prior().log_prob(z).sum().backward()
        for learned in (prior.inputs, prior.logits, model.encoder[0].weight):
            assert learned.grad.abs().sum() > 0

    def test_with_every_picture_as_its_input_it_is_the_aggregate_posterior(self):
        """Then the mean over the data of KL(q || p) is the mutual information: at most log N, and at least 0."""
        model = self.model()
        with torch.no_grad():
            for parameter in model.encoder.parameters():
                parameter.mul_(4)
            q = model.posterior(self.inputs)
            drawn = q.rsample((2000,), generator=generator())
            information = (q.log_prob(drawn) - model.prior().log_prob(drawn)).mean()
        assert 0.1 < information < math.log(K)

    @pytest.mark.parametrize("inputs", [torch.rand(D), torch.zeros(K, D, dtype=torch.int64), [[0.0] * D]])
    def test_bad_inputs(self, inputs):
        encoder = self.model().encoder
        refuses(lambda: models.VampPrior(encoder, inputs), "inputs", expected="(K, D)")


class TestLawsThatChoose:
    def test_draws_of_a_mixture_have_its_moments_and_its_weights(self):
        prior = models.MixturePrior(2, 3).double()
        with torch.no_grad():
            prior.logits.copy_(torch.tensor([0.0, 1.0, -1.0]))
            prior.mu.copy_(torch.tensor([[-9.0, 0.0], [0.0, 5.0], [9.0, -5.0]]))
            prior.logvar.copy_(torch.tensor([[0.0, 1.0], [-1.0, 0.0], [0.5, 0.5]]))
        law, weights = prior(), prior.logits.softmax(-1)
        z = law.sample((40_000,), generator=generator())
        assert z.shape == (40_000, 2) and z.dtype == torch.float64 and not z.requires_grad and not law.has_rsample
        nearest = torch.cdist(z, prior.mu).argmin(-1)
        torch.testing.assert_close(torch.bincount(nearest) / 40_000, weights.float(), atol=0.01, rtol=0)
        torch.testing.assert_close(law.mean, weights @ prior.mu)
        torch.testing.assert_close(z.mean(0), law.mean, atol=0.1, rtol=0)
        own = z[nearest == 0]
        torch.testing.assert_close(own.var(0).log(), prior.logvar[0], atol=0.06, rtol=0)
        assert law.sample((2, 3)).shape == (2, 3, 2) and law.sample().shape == (2,)

    def test_codes_are_drawn_slot_by_slot_with_their_probabilities(self):
        prior = models.IndependentCodes(2, 3)
        with torch.no_grad():
            prior.logits.copy_(torch.tensor([[0.0, 1.0, 2.0], [3.0, 0.0, -3.0]]))
        law, pairs = prior(), torch.cartesian_prod(torch.arange(3), torch.arange(3))
        p = prior.logits.softmax(-1)
        torch.testing.assert_close(law.log_prob(pairs).exp(), (p[0][:, None] * p[1]).flatten())
        z = law.sample((20_000,), generator=generator())
        assert z.shape == (20_000, 2) and z.dtype == torch.int64
        found = torch.bincount(3 * z[:, 0] + z[:, 1], minlength=9) / 20_000
        assert (found - law.log_prob(pairs).exp()).abs().max() < 0.012
        assert law.sample((4, 5)).shape == (4, 5, 2) and law.sample().shape == (2,)
        torch.testing.assert_close(law.log_prob(pairs.view(3, 3, 2)).flatten(), law.log_prob(pairs))
