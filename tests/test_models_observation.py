"""What a decoder's numbers mean: the likelihood for each name, its sigma, features, and pixels drawn in order."""

import itertools
import math

import pytest
import torch
from exact import generator, normal
from refusal import refuses
from torch import distributions as td

from vae_utils import models, training
from vae_utils.distributions import Bernoulli, ContinuousBernoulli, DiagonalGaussian
from vae_utils.models import conv_vae, mlp_autoencoder, mlp_vae


class TestObservations:
    params = normal(5, 4)

    def test_the_distribution_for_each_name(self):
        assert isinstance(models.observation_model()(self.params), Bernoulli)
        assert isinstance(models.observation_model("continuous_bernoulli")(self.params), ContinuousBernoulli)
        assert isinstance(models.observation_model("gaussian", 0.3)(self.params), DiagonalGaussian)
        levels = models.observation_model("levels", 0.3)
        assert isinstance(levels, models.DiscretizedGaussianObservation) and levels.levels == 256
        assert (levels.logvar / 2).exp().item() == pytest.approx(0.3)
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


class TestOptimalSigma:
    mean, x = normal(5, 4), normal(5, 4, seed=1)
    mse = (x - mean).square().mean()

    def trained(self, batches=1):
        observation = models.GaussianObservation("optimal").double()
        for _ in range(batches):
            observation(self.mean).log_prob(self.x)
        return observation

    def test_in_training_it_is_the_best_sigma_of_the_batch(self):
        best = self.trained()(self.mean).log_prob(self.x)
        torch.testing.assert_close(best, td.Normal(self.mean, self.mse.sqrt()).log_prob(self.x).sum(-1))
        torch.testing.assert_close(best.mean(), -2 * (torch.log(2 * math.pi * self.mse) + 1))
        for factor in (0.9, 1.1):
            other = models.GaussianObservation(factor * self.mse.sqrt().item()).double()
            assert other(self.mean).log_prob(self.x).mean() < best.mean()

    def test_the_gradient_of_the_mean_is_that_of_the_best_log_probability(self):
        mean = self.mean.clone().requires_grad_()
        self.trained()(mean).log_prob(self.x).sum().backward()
        expected = 20 * (self.x - self.mean) / (20 * self.mse)  # of -1/2 * 20 log mse
        torch.testing.assert_close(mean.grad, expected)

    def test_it_remembers_a_twentieth_of_each_batch_and_uses_it_later(self):
        for batches in (1, 2, 400):
            observation = self.trained(batches).eval()
            remembered = self.mse.log() * (1 - 0.95**batches)
            torch.testing.assert_close(observation.logvar, remembered)
            p = observation(self.mean)
            torch.testing.assert_close(p.sigma, torch.exp(0.5 * remembered).expand(5, 4))
            expected = td.Normal(self.mean, torch.exp(0.5 * remembered)).log_prob(self.x + 3).sum(-1)
            torch.testing.assert_close(p.log_prob(self.x + 3), expected)
            torch.testing.assert_close(observation.logvar, remembered)  # to evaluate is not to learn

    def test_what_it_remembers_travels_with_the_weights(self):
        observation, other = self.trained(), models.GaussianObservation("optimal").double()
        other.load_state_dict(observation.state_dict())
        assert not list(observation.parameters()) and other.logvar == observation.logvar != 0
        given = [each.eval()(self.mean).log_prob(self.x) for each in (observation, other)]
        assert torch.equal(*given)

    @pytest.mark.slow
    def test_after_training_it_is_the_noise_of_the_data(self):
        model, x = mlp_vae(3, 1, (), likelihood="gaussian", sigma="optimal"), 0.3 * normal(2000, 3).float()
        training.fit(model, x, steps=300, lr=1e-2, progress=False)
        assert torch.exp(0.5 * model.observation.logvar).item() == pytest.approx(0.3, rel=0.03)

    def test_a_perfect_mean_stays_finite(self):
        mean = self.x.clone().requires_grad_()
        log_p = self.trained()(mean).log_prob(self.x)
        log_p.sum().backward()
        torch.testing.assert_close(log_p, torch.full((5,), -2 * (math.log(2 * math.pi) - 20), dtype=torch.float64))
        assert (mean.grad == 0).all()


class Squares(torch.nn.Module):
    """Two lists of features, for which everything can be worked out by hand: the squares, and the sum."""

    def forward(self, x):
        return [x.square(), x.sum(-1, keepdim=True)]


class Itself(torch.nn.Module):
    def forward(self, x):
        return [x]


class TestFeatures:
    mean, x = normal(5, 4), normal(5, 4, seed=1)

    def errors(self, mean, x):
        """The mean squared error of each example in the pixels, in their squares and in their sum: (..., 3)."""
        pairs = [(x, mean), (x**2, mean**2), (x.sum(-1, keepdim=True), mean.sum(-1, keepdim=True))]
        return torch.stack([((a - b) ** 2).mean(-1) for a, b in pairs], -1)

    def test_the_formula(self):
        observation = models.FeatureObservation(Squares(), 2).double().eval()
        observation.logvar.copy_(torch.tensor([0.0, 1.0, -2.0]))
        errors = self.errors(self.mean, self.x)
        expected = -2 * (errors[:, 0] + errors[:, 1] / math.e + errors[:, 2] * math.e**2 + (0 + 1 - 2))
        torch.testing.assert_close(observation(self.mean).log_prob(self.x), expected)
        assert torch.equal(observation(self.mean).mean, self.mean)

    def test_features_that_are_the_pixels_count_them_twice(self):
        observation = models.FeatureObservation(Itself(), 1).double()
        log_p = observation(self.mean).log_prob(self.x)
        gaussian = models.GaussianObservation("optimal").double()(self.mean).log_prob(self.x)
        torch.testing.assert_close(log_p, 2 * (gaussian + 2 * math.log(2 * math.pi)))

    def test_in_training_each_list_has_its_best_sigma_and_remembers_it(self):
        observation = models.FeatureObservation(Squares(), 2).double()
        best = self.errors(self.mean, self.x).mean(0).log()
        log_p = observation(self.mean).log_prob(self.x)
        torch.testing.assert_close(log_p.mean(), -2 * (best + 1).sum())
        torch.testing.assert_close(observation.logvar, 0.05 * best)
        other = models.FeatureObservation(Squares(), 2).double()
        other.load_state_dict(observation.state_dict())
        later = [each.eval()(self.mean).log_prob(self.x + 1) for each in (observation, other)]
        assert torch.equal(*later)
        torch.testing.assert_close(observation.logvar, 0.05 * best)  # to evaluate is not to learn

    def test_the_gradient_of_the_mean_is_that_of_the_logs_of_the_errors(self):
        first, second = (self.mean.clone().requires_grad_() for _ in range(2))
        models.FeatureObservation(Squares(), 2).double()(first).log_prob(self.x).mean().backward()
        (-2 * self.errors(second, self.x).mean(0).log().sum()).backward()
        torch.testing.assert_close(first.grad, second.grad)

    @pytest.mark.parametrize("training", [False, True])
    def test_leading_dimensions_of_the_mean(self, training):
        observation, means = models.FeatureObservation(Squares(), 2).double().train(training), normal(3, 5, 4, seed=2)
        log_p = observation(means).log_prob(self.x)
        errors = self.errors(means, self.x)
        logvar = errors.mean((0, 1)).log() if training else torch.zeros(3, dtype=torch.float64)
        torch.testing.assert_close(log_p, -2 * (errors / logvar.exp() + logvar).sum(-1))
        single = observation.eval()(self.mean[0]).log_prob(self.x[0])
        torch.testing.assert_close(single, observation(self.mean).log_prob(self.x)[0])

    def test_features_that_never_differ_stay_finite(self):
        mean = self.x.clone().requires_grad_()
        log_p = models.FeatureObservation(Squares(), 2).double()(mean).log_prob(self.x)
        log_p.sum().backward()
        torch.testing.assert_close(log_p, torch.full((5,), 120.0, dtype=torch.float64))  # -D/2 * 3 * -20
        assert (mean.grad == 0).all()

    def test_bad_networks(self):
        trained = torch.nn.Linear(4, 4)
        refuses(lambda: models.FeatureObservation(trained, 1), "network", "would be trained", "frozen", ValueError)
        refuses(lambda: models.FeatureObservation(Squares(), 0), "layers", "0", ">= 1", ValueError)
        for layers in (1, 3):
            p = models.FeatureObservation(Squares(), layers).double()(self.mean)
            refuses(lambda p=p: p.log_prob(self.x), "network", "2 lists", f"layers = {layers}", ValueError)
        p = models.FeatureObservation(Squares(), 2)(self.mean)
        refuses(lambda: p.log_prob(self.x[:, :3]), "value", "(5, 3)", "4", ValueError)


def pixels(levels, side=2, reach=1):
    """An observation whose network has random weights large enough to matter."""
    network = models.WindowNetwork(2, side, levels, reach, hidden=8, features=3, width=7)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(3)
    return models.AutoregressiveObservation(network, side**2, levels).eval()


def every_picture(levels, places=4):
    return torch.tensor(list(itertools.product(range(levels), repeat=places))) / (levels - 1)


class TestPixelsInOrder:
    z = torch.tensor([[0.7, -1.2]])

    @pytest.mark.parametrize("levels", [2, 3])
    def test_probabilities_of_all_pictures_add_up_to_one(self, levels):
        p = pixels(levels)(self.z.expand(levels**4, 2))
        torch.testing.assert_close(p.log_prob(every_picture(levels)).logsumexp(0), torch.zeros(()), atol=1e-5, rtol=0)

    @pytest.mark.parametrize("levels", [2, 3])
    def test_samples_have_the_frequencies_of_log_prob(self, levels):
        count, n = levels**4, 20_000
        observation = pixels(levels)
        drawn = observation(self.z).sample((n,), generator=generator())[:, 0] * (levels - 1)
        assert drawn.shape == (n, 4) and torch.equal(drawn, drawn.round())
        found = torch.bincount((drawn * levels ** torch.arange(4).flip(0)).sum(1).long(), minlength=count) / n
        exact = observation(self.z.expand(count, 2)).log_prob(every_picture(levels)).exp()
        assert ((found - exact).abs() < 5 * (exact * (1 - exact) / n).sqrt() + 1 / n).all()
        assert exact.max() > 2 / count  # far from uniform

    @pytest.mark.parametrize("reach", [1, 2, 5])
    @pytest.mark.parametrize("levels", [2, 5])
    def test_one_pixel_at_a_time_is_the_same_network(self, levels, reach):
        network = pixels(levels, side=4, reach=reach).network
        z, x = torch.randn(6, 2, generator=generator()), torch.rand(6, 16, generator=generator(1))
        together = network(z, x)
        for t in range(16):
            torch.testing.assert_close(network.at(t, z, x), together[:, t])

    def test_the_window_is_above_and_to_the_left(self):
        network, x = models.WindowNetwork(2, 3, 2, reach=1), torch.arange(1.0, 10.0).view(1, 9)
        windows = network.windows(x)
        assert windows.shape == (1, 9, 4)
        assert windows[0, 4].tolist() == [1, 2, 3, 4]  # of pixel 5, in the middle
        assert windows[0, 0].tolist() == [0, 0, 0, 0] and windows[0, 8].tolist() == [5, 6, 0, 8]

    @pytest.mark.parametrize("reach", [1, 2])
    def test_a_pixel_depends_on_the_window_before_it_and_on_nothing_else(self, reach):
        network, x = pixels(3, side=4, reach=reach).network, torch.full((1, 16), 0.5)
        before = network(self.z, x)
        for s in range(16):
            changed = x.clone()
            changed[0, s] = 1
            moved = (network(self.z, changed) != before)[0].any(-1).nonzero().flatten().tolist()
            rows, columns = s // 4, s % 4
            near = [t for t in range(s + 1, 16) if t // 4 - rows <= reach and abs(t % 4 - columns) <= reach]
            assert moved == near

    def test_z_speaks_to_each_pixel(self):
        network, x = pixels(3).network, torch.zeros(1, 4)
        assert (network(self.z, x) != network(self.z + 1, x)).any(-1).all()

    def test_leading_dimensions_of_z(self):
        observation, z = pixels(3), torch.randn(3, 5, 2, generator=generator())
        x = every_picture(3)[40:45]
        each = torch.stack([observation(z[k]).log_prob(x) for k in range(3)])
        torch.testing.assert_close(observation(z).log_prob(x), each)
        assert observation(z).sample((2,)).shape == (2, 3, 5, 4)

    def test_gray_between_two_levels_is_rounded_and_what_is_no_gray_refused(self):
        p = pixels(3)(self.z)
        between = torch.tensor([[0.2, 0.3, 0.7, 0.8]])
        assert torch.equal(p.log_prob(between), p.log_prob(torch.tensor([[0.0, 0.5, 0.5, 1.0]])))
        refuses(lambda: p.log_prob(torch.full((1, 4), 1.5)), "x", "1.5", "[0, 1]", ValueError)
        refuses(lambda: p.log_prob(torch.zeros(1, 5)), "x", "(1, 5)", "4", ValueError)

    def test_bad_networks(self):
        def of(network, length=4, levels=3):
            return models.AutoregressiveObservation(network, length, levels)(self.z)

        x = torch.zeros(1, 4)
        for network, levels, scored, drawn in (
            (models.WindowNetwork(2, 2, 5), 4, "5 logits", "5 logits"),
            (models.WindowNetwork(2, 2, 5), 2, "(1, 4, 5)", "(1, 5)"),
            (models.WindowNetwork(2, 2, 2), 3, "4 logits", "1 logits"),
            (lambda z, x: torch.zeros(1, 3, 3), 3, "(1, 3, 3)", None),
        ):
            p = of(network, levels=levels)
            refuses(lambda p=p: p.log_prob(x), "network", scored, error=ValueError)
            if drawn:
                refuses(p.sample, "network", drawn, error=ValueError)
        refuses(lambda: of(None, length=0), "length", "0", ">= 1", ValueError)
        refuses(lambda: of(None, levels=1), "levels", "1", ">= 2", ValueError)
        refuses(lambda: models.WindowNetwork(2, 2, 1), "levels", "1", ">= 2", ValueError)
        refuses(lambda: models.WindowNetwork(2, 2, 3, reach=0), "reach", "0", ">= 1", ValueError)
        refuses(lambda: models.WindowNetwork(2, 0, 3), "side", "0", ">= 1", ValueError)
