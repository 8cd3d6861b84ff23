"""Learned priors, held to sums over their parts, to integrals and to Jacobians."""

import copy
import math
import warnings

import pytest
import torch
from exact import generator, normal
from refusal import refuses
from torch import distributions as td

from vae_utils import models
from vae_utils.objectives import elbo
from vae_utils.training import fit

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
        assert torch.equal(models.MixturePrior(d, K).mu, torch.randn(K, d, generator=generator()))

    def test_a_log_variance_gone_mad_is_clamped(self):
        prior = models.MixturePrior(d, K)
        with torch.no_grad():
            prior.logvar.fill_(-200)
        assert prior().log_prob(torch.zeros(1, d)).isfinite().all()

    def test_bad_sizes(self):
        refuses(lambda: models.MixturePrior(0, K), "latent_dim", "0", ">= 1", ValueError)
        refuses(lambda: models.MixturePrior(d, 0), "components", "0", ">= 1", ValueError)


class TestMixtureAroundCodes:
    codes = normal(10, d)

    def test_it_starts_at_some_of_the_codes(self):
        prior = models.MixturePrior.around(self.codes, K, seed=1)
        chosen = [(self.codes == center).all(-1).nonzero().flatten().tolist() for center in prior.mu]
        assert all(len(each) == 1 for each in chosen) and len({each[0] for each in chosen}) == K
        assert (prior.logvar == -1.5).all() and not prior.logits.any() and prior.mu.dtype == self.codes.dtype
        assert torch.equal(prior.mu, models.MixturePrior.around(self.codes, K, seed=1).mu)
        assert not torch.equal(prior.mu, models.MixturePrior.around(self.codes, K, seed=2).mu)
        first = models.MixturePrior.around(self.codes, K)
        assert torch.equal(first.mu, models.MixturePrior.around(self.codes, K, seed=0).mu)
        assert (models.MixturePrior.around(self.codes, K, logvar=0.5).logvar == 0.5).all()
        every = models.MixturePrior.around(self.codes, 10)
        assert torch.equal(every.mu.sort(0).values, self.codes.sort(0).values)
        assert all(parameter.requires_grad for parameter in every.parameters())

    def test_fitted_after_training_it_leaves_the_reconstruction_and_lowers_the_kl(self):
        model, x = models.mlp_vae(D, d, hidden=(8,)), torch.rand(40, D, generator=generator()).round()
        eps, before = torch.randn(40, d, generator=generator()), model.state_dict()
        first = elbo(model, x, eps=eps)
        model.prior_module = models.MixturePrior.around(first.z.detach(), K)
        for network in (model.encoder, model.decoder):
            network.requires_grad_(False)
        at_the_start = elbo(model, x, eps=eps).kl.mean()
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            fit(model, x, steps=40, lr=5e-2, progress=False)
        last = elbo(model, x, eps=eps)
        assert torch.equal(last.reconstruction, first.reconstruction)
        assert last.kl.mean() < at_the_start - 0.1
        assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items() if name in before)

    def test_bad_input(self):
        around = models.MixturePrior.around
        refuses(lambda: around(self.codes, 11), "components", "11", "<= 10", ValueError)
        refuses(lambda: around(self.codes[0], 1), "codes", "(3,)", "(N, d)", ValueError)
        refuses(lambda: around(self.codes[None], 1), "codes", "(1, 10, 3)", "(N, d)", ValueError)
        refuses(lambda: around(self.codes / 0, 1), "codes", "NaN", "finite", ValueError)
        refuses(lambda: around(self.codes, 1, logvar=float("nan")), "logvar", "nan", "finite", ValueError)
        refuses(lambda: around(self.codes.tolist(), 1), "codes", "list", "float tensor", TypeError)


class TestFlowPrior:
    def moved(self, size, seed=0, **settings):
        """A flow in double precision, far from where it starts."""
        prior = models.FlowPrior(size, **settings).double()
        with torch.no_grad():
            for number, parameter in enumerate(prior.parameters()):
                parameter.add_(0.3 * normal(*parameter.shape, seed=seed + number))
        return prior

    def test_it_starts_as_the_standard_normal(self):
        for size in (2, 3, 8):
            law, some = models.FlowPrior(size)(), normal(6, size).float()
            torch.testing.assert_close(law.log_prob(some), td.Normal(0.0, 1.0).log_prob(some).sum(-1))
            assert law.has_rsample and law.batch_shape == () and law.event_shape == (size,)
            refuses(lambda law=law: law.log_prob(torch.zeros(5, 1)), "value", "(5, 1)", "(...,", ValueError)

    def test_it_integrates_to_one(self):
        axis = torch.linspace(-12, 12, 601, dtype=torch.float64)
        law = self.moved(2, layers=3, hidden=8)()
        with torch.no_grad():
            density = law.log_prob(torch.cartesian_prod(axis, axis)).exp()
        mass = density.sum() * (axis[1] - axis[0]) ** 2
        assert mass.item() == pytest.approx(1, abs=1e-3)
        normal_density = td.Normal(0.0, 1.0).log_prob(torch.cartesian_prod(axis, axis)).sum(-1).exp()
        assert (density - normal_density).abs().max() > 0.05

    @pytest.mark.parametrize("size", [2, 3, 5])
    def test_the_density_of_a_draw_is_that_of_its_noise_less_the_stretch(self, size):
        """log p(z) = log N(eps) - log |det dz / d eps|, with the Jacobian from autograd; and back again to eps."""
        law = self.moved(size, layers=3, hidden=7)()
        for eps in normal(4, size, seed=5):
            jacobian = torch.autograd.functional.jacobian(lambda noise: law.rsample((), noise), eps)
            expected = td.Normal(0.0, 1.0).log_prob(eps).sum() - torch.linalg.slogdet(jacobian)[1]
            drawn = law.rsample((), eps)
            torch.testing.assert_close(law.log_prob(drawn), expected)
            for layer in reversed(law.layers):
                drawn, _ = layer.inverse(drawn)
            torch.testing.assert_close(drawn, eps)
            assert (jacobian.abs() > 1e-9).any(0).all() and torch.linalg.slogdet(jacobian)[1].abs() > 0.01

    def test_draws_fall_where_the_density_says(self):
        law = self.moved(2, layers=3, hidden=8)()
        drawn = law.sample((40_000,), generator=generator())
        axis = torch.linspace(-12, 12, 601, dtype=torch.float64)
        grid = torch.cartesian_prod(axis, axis)
        with torch.no_grad():
            p = law.log_prob(grid).exp() * (axis[1] - axis[0]) ** 2
        mean = p @ grid
        torch.testing.assert_close(drawn.mean(0), mean, atol=0.05, rtol=0)
        for corner in torch.tensor([[1, 1], [1, -1], [-1, 1]]):
            share = ((drawn - mean) * corner > 0).all(-1).double().mean()
            torch.testing.assert_close(share, p @ ((grid - mean) * corner > 0).all(-1).double(), atol=0.01, rtol=0)
        torch.testing.assert_close(law.log_prob(drawn.view(4, 100, 100, 2)).flatten(), law.log_prob(drawn))
        assert drawn.dtype == torch.float64 and not drawn.requires_grad and law.rsample((2,)).requires_grad

    def test_every_coordinate_is_moved_and_a_scale_is_bounded(self):
        prior = self.moved(3, layers=3, hidden=4)
        assert len(prior.couplings) == 3 and [c.network[0].out_features for c in prior.couplings] == [4] * 3
        for sign in (1, -1):
            with torch.no_grad():
                prior.couplings[0].network[-1].bias.fill_(sign * 1e6)
            values, log_det = prior.couplings[0](normal(5, 3))
            torch.testing.assert_close(log_det, torch.full((5,), sign * 6.0, dtype=torch.float64))
            assert values.isfinite().all()

    @pytest.mark.slow
    def test_it_learns_a_bent_density(self):
        """z_2 near z_1^2: no Gaussian comes within a third of a nat of it."""
        first = torch.randn(1000, generator=generator())
        bent = torch.stack([first, first**2 + 0.3 * torch.randn(1000, generator=generator(1))], -1)
        prior = models.FlowPrior(2, hidden=16)
        optimizer = torch.optim.Adam(prior.parameters(), lr=1e-2)
        for _ in range(150):
            loss = -prior().log_prob(bent).mean()
            optimizer.zero_grad(), loss.backward(), optimizer.step()
        best = td.MultivariateNormal(bent.mean(0), bent.T.cov()).log_prob(bent).mean()
        assert -loss > best + 0.3

    def test_seeds_and_sizes(self):
        first, again, other = (models.FlowPrior(4, seed=seed).couplings[1].network[0].weight for seed in (1, 1, 2))
        assert torch.equal(first, again) and not torch.equal(first, other)
        assert len(models.FlowPrior(4).couplings) == 4 and first.shape == (48, 2)
        refuses(lambda: models.FlowPrior(1), "latent_dim", "1", ">= 2", ValueError)
        refuses(lambda: models.FlowPrior(2, layers=0), "layers", "0", ">= 1", ValueError)
        refuses(lambda: models.FlowPrior(2, hidden=0), "hidden", "0", ">= 1", ValueError)


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

    def test_the_encoder_is_saved_once_and_one_that_was_saved_twice_is_read(self):
        model, other = self.model(), self.model()
        changed(model.encoder[0]), changed(model.prior_module)
        state = model.state_dict()
        assert len(state) == sum(1 for _ in model.parameters())
        twice = {f"prior_module.{name}": value for name, value in state.items() if name.startswith("encoder.")}
        assert len(twice) == 4
        other.load_state_dict({**state, **twice})
        torch.testing.assert_close(other.prior().log_prob(z), model.prior().log_prob(z))
        copied = copy.deepcopy(model)
        assert copied.prior_module.encoder is copied.encoder and copied.encoder is not model.encoder

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


class TestCodes:
    def test_counted_codes_are_as_probable_as_they_are_frequent(self):
        """Slot 0 has code 2 three times and code 0 once: with one more each, 2, 1 and 4 of 7."""
        prior = models.IndependentCodes(2, 3)
        prior.count(torch.tensor([[2, 0], [2, 0], [2, 0], [0, 0]]))
        each = torch.cartesian_prod(torch.arange(3), torch.arange(3))
        expected = torch.outer(torch.tensor([2.0, 1, 4]), torch.tensor([5.0, 1, 1])).flatten() / 49
        torch.testing.assert_close(prior().log_prob(each).exp(), expected)
        assert prior.logits.requires_grad
        refuses(lambda: prior.count(each[:, :1]), "z", "(9, 1)", "(..., 2)", ValueError)
        refuses(lambda: prior.count(each.float()), "z", "float32", "code numbers (..., 2)", TypeError)
        for wrong in (each - 1, each + 1):
            refuses(
                lambda wrong=wrong: prior.count(wrong), "z", f"{wrong.min()} to {wrong.max()}", "0 to 2", ValueError
            )

    @pytest.mark.parametrize("code", range(4))
    def test_each_code_and_the_nothing_before_the_first_has_a_vector_of_its_own(self, code):
        prior = models.AutoregressiveCodes(3, 4, hidden=6, width=5)
        prior().log_prob(torch.full((3,), code)).backward()
        assert prior.code.weight.grad.abs().sum(1).nonzero().flatten().tolist() == [0, code + 1]
        unless_told = models.AutoregressiveCodes(3, 4).memory
        assert (unless_told.input_size, unless_told.hidden_size) == (24, 96)

    @pytest.mark.parametrize("prior", [models.IndependentCodes, models.AutoregressiveCodes])
    def test_bad_sizes(self, prior):
        refuses(lambda: prior(0, 3), "slots", "0", ">= 1", ValueError)
        refuses(lambda: prior(2, 1), "codes", "1", ">= 2", ValueError)
