"""The VAE itself and what builds one: wild input, sizes, seeds, bad arguments."""

import math

import pytest
import torch
from exact import parameters
from refusal import refuses
from torch import nn

from vae_utils import models
from vae_utils.distributions import PointMass
from vae_utils.models import LinearVAE, conv_vae, mlp, mlp_autoencoder, mlp_vae
from vae_utils.objectives import elbo, importance_bound


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
            lambda **seed: models.mlp_class_mean_vae(6, 2, classes=3, hidden=(4,), **seed),
            lambda **seed: models.mlp_conditional_vae(6, 2, classes=3, hidden=(4,), **seed),
            lambda **seed: models.sequence_vae(6, 2, 3, hidden=4, **seed),
            lambda **seed: models.VQVAE(None, None, None, slots=1, codes=4, width=2, **seed),
        ],
        ids=["mlp_vae", "mlp_autoencoder", "conv_vae", "LinearVAE", "class mean", "conditional", "sequence", "VQVAE"],
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

    def test_a_window_has_these_sizes_unless_told(self):
        told = models.WindowNetwork(2, 5, 3, reach=3, hidden=48, features=8, width=128, seed=0)
        assert torch.equal(parameters(models.WindowNetwork(2, 5, 3)), parameters(told))

    @pytest.mark.parametrize(("size", "height", "width"), [(4, 4, 4), (20, 20, 20), ((8, 16), 8, 16), ([12, 4], 12, 4)])
    @pytest.mark.parametrize("color", [False, True])
    def test_convolutions_take_any_multiple_of_four(self, size, height, width, color):
        planes = 3 if color else 1
        model = conv_vae(2, channels=3, size=size, color=color)
        x = torch.rand(2, planes * height * width)
        decoded = model.decoder.layers[:-1](torch.zeros(2, 2))
        assert decoded.shape == (2, planes, height, width) and model.data_dim == planes * height * width
        assert model.encoder[0](x).shape == decoded.shape
        assert model.posterior(x).batch_shape == (2,) and model.likelihood(torch.zeros(2, 2)).log_prob(x).shape == (2,)

    def test_planes_of_the_means_come_before_those_of_the_logvars(self):
        model = conv_vae(2, channels=3, likelihood="gaussian", sigma="per_pixel", size=4, color=True)
        with torch.no_grad():
            last = model.decoder.layers[-2]
            last.weight.zero_()
            last.bias.copy_(torch.arange(6.0))
        law = model.likelihood(torch.zeros(1, 2))
        assert law.mu.view(3, 16).unique(dim=1).tolist() == [[0], [1], [2]]
        assert law.logvar.view(3, 16).unique(dim=1).tolist() == [[3], [4], [5]]

    def test_convolutions_keep_images_apart(self):
        model, z = conv_vae(3, channels=4), torch.randn(2, 5, 3)
        decoded = model.likelihood(z).logits
        assert decoded.shape == (2, 5, 784)
        torch.testing.assert_close(decoded[1, 3], model.likelihood(z[1, 3]).logits, rtol=1e-4, atol=1e-5)
        assert sum(parameter.numel() for parameter in conv_vae(3, channels=8).parameters()) > sum(
            parameter.numel() for parameter in model.parameters()
        )

    def test_bad_input(self):
        for build in (mlp_vae, mlp_autoencoder):
            refuses(lambda build=build: build(0, 2), "data_dim", "0", ">= 1", ValueError)
            refuses(lambda build=build: build(6, "2"), "latent_dim", "'2'", "whole number", TypeError)
            refuses(lambda build=build: build(6, 2, hidden=(0,)), "hidden", "0", ">= 1", ValueError)
            refuses(lambda build=build: build(6, 2, likelihood="mse"), "likelihood", "'mse'", "bernoulli", ValueError)
            refuses(lambda build=build: build(6, 2, sigma=0.5), "sigma", "0.5", "1.0", ValueError)
        free = models.VAE(nn.Linear(6, 4), nn.Linear(2, 6), models.BernoulliObservation(), 2)
        refuses(lambda: free.posterior(torch.tensor(1.0)), "x", "()", "(..., n)", ValueError)
        for wrong in (dict, nn.ReLU(), "relu"):
            refuses(lambda wrong=wrong: mlp([2, 3], wrong), "activation", repr(wrong), "class of modules", TypeError)
        refuses(lambda: conv_vae(0), "latent_dim", "0", ">= 1", ValueError)
        refuses(lambda: conv_vae(2, channels=0), "channels", "0", ">= 1", ValueError)
        refuses(lambda: conv_vae(2, sigma="per_pixel"), "sigma", "'per_pixel'", "1.0", ValueError)
        for color in ("gray", 3, None):
            refuses(
                lambda color=color: conv_vae(2, size=8, color=color), "color", repr(color), "True or False", TypeError
            )
        for size in (30, 0, 2, -4, 28.0, (28,), (28, 30), (8, 8, 8), "28", True):
            for build in (conv_vae, models.ConvDecoder):
                refuses(lambda size=size, build=build: build(2, size=size), "size", repr(size), "multiple of 4")
