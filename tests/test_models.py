"""The three distributions of each model: shapes, known values, seeds, bad and wild input."""

import math

import pytest
import torch
from refusal import refuses
from torch import distributions as td
from torch import nn

from vae_utils import models
from vae_utils.distributions import Bernoulli, ContinuousBernoulli, DiagonalGaussian, PointMass
from vae_utils.models import LinearVAE, conv_vae, mlp, mlp_autoencoder, mlp_vae
from vae_utils.objectives import elbo, importance_bound

DOUBLE = torch.float64
EVERY_MODEL = {
    "bernoulli": lambda: mlp_vae(784, 3, hidden=(8,)),
    "continuous_bernoulli": lambda: mlp_vae(784, 3, hidden=(8,), likelihood="continuous_bernoulli"),
    "gaussian": lambda: mlp_vae(784, 3, hidden=(8, 4), likelihood="gaussian", sigma=0.1),
    "shared sigma": lambda: mlp_vae(784, 3, hidden=(), likelihood="gaussian", sigma="shared"),
    "sigma per pixel": lambda: mlp_vae(784, 3, hidden=(8,), likelihood="gaussian", sigma="per_pixel"),
    "convolutional": lambda: conv_vae(3, channels=4),
    "linear": lambda: LinearVAE(784, 3),
    "autoencoder": lambda: mlp_autoencoder(784, 3, hidden=(8,)),
}


def normal(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=DOUBLE)


def parameters(model):
    return torch.cat([parameter.flatten() for parameter in model.state_dict().values()])


@pytest.fixture(params=EVERY_MODEL, ids=str)
def model(request):
    return EVERY_MODEL[request.param]()


class TestEveryModel:
    def test_shapes_of_the_three_distributions(self, model):
        x = torch.rand(5, 784)
        prior, posterior = model.prior(), model.posterior(x)
        assert prior.batch_shape == () and prior.event_shape == (3,)
        assert posterior.batch_shape == (5,) and posterior.event_shape == (3,)
        for z in (posterior.rsample(), posterior.rsample((2,))):
            likelihood = model.likelihood(z)
            assert likelihood.batch_shape == z.shape[:-1] and likelihood.event_shape == (784,)
            assert likelihood.log_prob(x).shape == z.shape[:-1] and likelihood.mean.shape == (*z.shape[:-1], 784)

    def test_the_prior_is_standard_normal(self, model):
        z = torch.randn(7, 3)
        truth = td.Normal(0.0, 1.0).log_prob(z).sum(-1)
        torch.testing.assert_close(model.prior().log_prob(z), truth)

    def test_every_parameter_learns(self, model):
        elbo(model, torch.rand(5, 784)).elbo.mean().backward()
        for name, parameter in model.named_parameters():
            assert parameter.grad is not None and parameter.grad.abs().sum() > 0, name

    @pytest.mark.parametrize("batch", [1, 4])
    @pytest.mark.parametrize("color", [0.0, 1.0])
    def test_black_white_and_lonely_images_stay_finite(self, model, color, batch):
        terms = elbo(model, torch.full((batch, 784), color))
        terms.elbo.sum().backward()
        assert all(term.isfinite().all() for term in terms)
        assert all(parameter.grad.isfinite().all() for parameter in model.parameters())

    def test_an_example_does_not_depend_on_its_batch(self, model):
        x, eps = torch.rand(4, 784), torch.randn(4, 3)
        together = elbo(model, x, eps=eps).elbo
        alone = torch.cat([elbo(model, x[i : i + 1], eps=eps[i : i + 1]).elbo for i in range(4)])
        torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-3)

    def test_bad_input(self, model):
        refuses(lambda: model.posterior(torch.rand(5, 783)), "x", "(5, 783)", "(..., 784)", ValueError)
        refuses(lambda: model.posterior([0.0]), "x", "list", "(..., 784)", TypeError)
        refuses(lambda: model.likelihood(torch.randn(5, 2)), "z", "(5, 2)", "(..., 3)", ValueError)


class TestWildInput:
    @pytest.mark.parametrize("logvar", [-50.0, 50.0, -1e6, 1e6])
    @pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
    def test_an_encoder_gone_mad_stays_finite(self, logvar, likelihood):
        model = mlp_vae(6, 2, hidden=(4,), likelihood=likelihood)
        with torch.no_grad():
            model.encoder[-1].bias[2:] = logvar
        for bound in (lambda x: elbo(model, x).elbo, lambda x: importance_bound(model, x, 3)):
            model.zero_grad()
            value = bound(torch.rand(3, 6))
            value.sum().backward()
            assert value.isfinite().all() and all(p.grad.isfinite().all() for p in model.parameters())

    def test_the_log_variance_is_clamped_and_no_more(self):
        model = mlp_vae(6, 2, hidden=())
        with torch.no_grad():
            model.encoder[0].weight.zero_()
        for asked, given in ((-50.0, -20.0), (-19.0, -19.0), (3.0, 3.0), (19.0, 19.0), (50.0, 20.0)):
            with torch.no_grad():
                model.encoder[0].bias[:] = torch.tensor([0.5, -0.5, asked, asked])
            q = model.posterior(torch.rand(1, 6))
            torch.testing.assert_close(q.logvar, torch.full((1, 2), given))
            torch.testing.assert_close(q.mu, torch.tensor([[0.5, -0.5]]))

    @pytest.mark.parametrize("logvar", [-50.0, 50.0])
    def test_a_decoder_gone_mad_stays_finite(self, logvar):
        observation = models.GaussianObservation("per_pixel")
        params = torch.cat([torch.zeros(1, 4), torch.full((1, 4), logvar)], -1).requires_grad_()
        value = observation(params).log_prob(torch.ones(1, 4))
        value.sum().backward()
        assert value.isfinite().all() and params.grad.isfinite().all()
        torch.testing.assert_close(observation(params).logvar, torch.full((1, 4), math.copysign(20.0, logvar)))


class TestVAE:
    def test_the_encoder_says_mu_and_logvar_side_by_side(self):
        model = models.VAE(nn.Identity(), nn.Identity(), models.BernoulliObservation(), 2)
        model.register_parameter("any", nn.Parameter(torch.zeros(1)))
        q = model.posterior(torch.tensor([[1.0, 2.0, 3.0, 4.0]]))
        torch.testing.assert_close(q.mu, torch.tensor([[1.0, 2.0]]))
        torch.testing.assert_close(q.logvar, torch.tensor([[3.0, 4.0]]))
        refuses(lambda: model.posterior(torch.zeros(1, 2)), "encoder output", "(1, 2)", "(..., 4)", ValueError)
        refuses(lambda: model.likelihood(torch.zeros(1, 4)), "z", "(1, 4)", "(..., 2)", ValueError)

    def test_an_autoencoder_says_one_point(self):
        model = models.Autoencoder(nn.Identity(), nn.Linear(2, 5), models.BernoulliObservation(), 2, data_dim=2)
        x = torch.randn(3, 2)
        assert isinstance(model.posterior(x), PointMass) and torch.equal(model.posterior(x).mean, x)
        refuses(lambda: model.posterior(torch.zeros(1, 3)), "x", "(1, 3)", "(..., 2)", ValueError)

    def test_bad_input(self):
        parts = (nn.Identity(), nn.Identity(), models.BernoulliObservation())
        refuses(lambda: models.VAE(*parts, 0), "latent_dim", "0", ">= 1", ValueError)
        refuses(lambda: models.VAE(*parts, 2.0), "latent_dim", "2.0", "whole number", TypeError)
        refuses(lambda: models.VAE(*parts, 2, data_dim=0), "data_dim", "0", ">= 1", ValueError)


class TestObservations:
    params = normal(5, 4)

    def test_the_distribution_for_each_name(self):
        assert isinstance(models.observation_model()(self.params), Bernoulli)
        assert isinstance(models.observation_model("continuous_bernoulli")(self.params), ContinuousBernoulli)
        assert isinstance(models.observation_model("gaussian", 0.3)(self.params), DiagonalGaussian)
        refuses(lambda: models.observation_model("poisson"), "likelihood", "'poisson'", "'gaussian'", ValueError)

    def test_sigma_is_the_standard_deviation(self):
        x = normal(5, 4, seed=1)
        truth = td.Normal(self.params, 0.3).log_prob(x).sum(-1)
        torch.testing.assert_close(
            models.GaussianObservation(0.3).double()(self.params).log_prob(x), truth, rtol=1e-6, atol=1e-6
        )
        assert models.GaussianObservation()(self.params).sigma.unique().item() == 1
        assert not list(models.GaussianObservation(0.3).parameters())

    def test_a_shared_sigma_is_one_learned_number_whose_optimum_is_the_root_mean_square_error(self):
        observation = models.GaussianObservation("shared").double()
        x = normal(5, 4, seed=1)
        assert [parameter.shape for parameter in observation.parameters()] == [()]
        assert observation(self.params).sigma.unique().item() == 1
        with torch.no_grad():
            observation.logvar.copy_((x - self.params).square().mean().log())
        observation(self.params).log_prob(x).sum().backward()
        assert abs(observation.logvar.grad) < 1e-10

    def test_per_pixel_takes_mean_and_logvar_side_by_side(self):
        mean, logvar = normal(5, 2, seed=1), normal(5, 2, seed=2)
        x = models.GaussianObservation("per_pixel")(torch.cat([mean, logvar], -1))
        torch.testing.assert_close(x.mu, mean)
        torch.testing.assert_close(x.logvar, logvar)

    def test_sigma_is_one_unless_told(self):
        builders = (
            lambda: mlp_vae(784, 2, (4,), likelihood="gaussian"),
            lambda: mlp_autoencoder(784, 2, (4,), likelihood="gaussian"),
            lambda: conv_vae(2, channels=2, likelihood="gaussian"),
        )
        for build in builders:
            assert (build().likelihood(torch.zeros(1, 2)).sigma == 1).all()
        assert (models.observation_model("gaussian")(self.params).sigma == 1).all()

    @pytest.mark.parametrize("sigma", [0, -1.0, math.nan, math.inf, "fixed", None, [1.0]])
    def test_bad_sigma(self, sigma):
        refuses(lambda: models.GaussianObservation(sigma), "sigma", repr(sigma), "> 0, 'shared' or 'per_pixel'")


class TestBuilders:
    def test_sizes_of_a_perceptron(self):
        layers = mlp([7, 5, 3], nn.Tanh)
        assert [type(layer) for layer in layers] == [nn.Linear, nn.Tanh, nn.Linear]
        assert [(layer.in_features, layer.out_features) for layer in layers[::2]] == [(7, 5), (5, 3)]
        assert [type(layer) for layer in mlp([4, 3, 2])] == [nn.Linear, nn.ReLU, nn.Linear]
        refuses(lambda: mlp([7]), "sizes", "[7]", "input and the output", ValueError)
        refuses(lambda: mlp([7, 0]), "sizes", "0", ">= 1", ValueError)
        refuses(lambda: mlp([7, 2.5]), "sizes", "2.5", "whole number", TypeError)

    @pytest.mark.parametrize(("build", "codes"), [(mlp_vae, 2), (mlp_autoencoder, 1)])
    def test_hidden_layers_mirror_each_other(self, build, codes):
        def sizes(network):
            return [tuple(layer.weight.shape[::-1]) for layer in network if isinstance(layer, nn.Linear)]

        model = build(9, 2, hidden=(6, 4), activation=nn.Tanh)
        assert sizes(model.encoder) == [(9, 6), (6, 4), (4, 2 * codes)]
        assert sizes(model.decoder) == [(2, 4), (4, 6), (6, 9)]
        assert isinstance(model.encoder[1], nn.Tanh) and isinstance(model.decoder[1], nn.Tanh)
        wide = build(9, 2, hidden=(6,), likelihood="gaussian", sigma="per_pixel")
        assert sizes(wide.decoder) == [(2, 6), (6, 18)]
        assert sizes(build(9, 2).encoder)[0] == (9, 400)

    @pytest.mark.parametrize(
        "build",
        [
            lambda **seed: mlp_vae(6, 2, hidden=(4,), **seed),
            lambda **seed: mlp_autoencoder(6, 2, hidden=(4,), **seed),
            lambda **seed: conv_vae(2, channels=2, **seed),
            lambda **seed: LinearVAE(6, 2, **seed),
        ],
        ids=["mlp_vae", "mlp_autoencoder", "conv_vae", "LinearVAE"],
    )
    def test_weights_depend_on_the_seed_alone(self, build):
        before = torch.random.get_rng_state()
        first = build()
        torch.rand(3)
        assert torch.equal(parameters(first), parameters(build(seed=0)))
        assert not torch.equal(parameters(first), parameters(build(seed=1)))
        torch.random.set_rng_state(before)
        build(seed=5)
        assert torch.equal(before, torch.random.get_rng_state())
        for seed in (-1, 0.5):
            refuses(lambda seed=seed: build(seed=seed), "seed", repr(seed), "whole number >= 0")

    def test_groups_of_examples_keep_their_shape(self):
        model, x = mlp_vae(6, 2, hidden=(4,)), torch.rand(3, 5, 6)
        q = model.posterior(x)
        assert q.batch_shape == (3, 5)
        torch.testing.assert_close(q.mu[1], model.posterior(x[1]).mu)
        torch.testing.assert_close(q.logvar[1], model.posterior(x[1]).logvar)

    def test_thirty_two_channels_unless_told(self):
        assert torch.equal(parameters(conv_vae(2)), parameters(conv_vae(2, channels=32)))
        assert models.ConvDecoder(2).layers[0].out_features == 64 * 49

    def test_convolutions_keep_images_apart(self):
        model, z = conv_vae(3, channels=4), torch.randn(2, 5, 3)
        decoded = model.decoder(z)
        assert decoded.shape == (2, 5, 784)
        torch.testing.assert_close(decoded[1, 3], model.decoder(z[1, 3]), rtol=1e-4, atol=1e-5)
        assert sum(parameter.numel() for parameter in conv_vae(3, channels=8).parameters()) > sum(
            parameter.numel() for parameter in model.parameters()
        )

    def test_bad_input(self):
        for build in (mlp_vae, mlp_autoencoder):
            refuses(lambda build=build: build(0, 2), "data_dim", "0", ">= 1", ValueError)
            refuses(lambda build=build: build(6, "2"), "latent_dim", "'2'", "whole number", TypeError)
            refuses(lambda build=build: build(6, 2, hidden=(0,)), "hidden", "0", ">= 1", ValueError)
            refuses(lambda build=build: build(6, 2, likelihood="mse"), "likelihood", "'mse'", "bernoulli", ValueError)
        refuses(lambda: conv_vae(0), "latent_dim", "0", ">= 1", ValueError)
        refuses(lambda: conv_vae(2, channels=0), "channels", "0", ">= 1", ValueError)
        refuses(lambda: conv_vae(2, sigma="per_pixel"), "sigma", "'per_pixel'", "'shared'", ValueError)


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
