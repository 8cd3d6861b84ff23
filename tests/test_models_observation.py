"""What a decoder's numbers mean: the likelihood for each name, and its sigma."""

import math

import pytest
import torch
from exact import normal
from refusal import refuses
from torch import distributions as td

from vae_utils import models
from vae_utils.distributions import Bernoulli, ContinuousBernoulli, DiagonalGaussian
from vae_utils.models import conv_vae, mlp_autoencoder, mlp_vae


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
        refuses(lambda: models.GaussianObservation(sigma), "sigma", repr(sigma), "'shared', 'optimal', 'per_pixel'")
