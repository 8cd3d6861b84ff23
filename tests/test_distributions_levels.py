"""Gray levels under a Gaussian cut into bins: probabilities that add up, far into the tails."""

import math

import pytest
import torch
from exact import DOUBLE, generator
from refusal import refuses

from vae_utils.distributions import DiscretizedGaussian
from vae_utils.models import DiscretizedGaussianObservation

MU = torch.tensor([-3.0, 0.0, 0.31, 0.5, 1.0, 4.0], dtype=DOUBLE)


def phi(value):
    return 0.5 * math.erfc(-value / math.sqrt(2))


def table(mu, sigma, levels):
    """log P of every level for every mu: (levels, len(mu))."""
    x = torch.arange(levels, dtype=DOUBLE) / (levels - 1)
    law = DiscretizedGaussian(mu.unsqueeze(-1), torch.tensor(2 * math.log(sigma), dtype=mu.dtype), levels)
    return torch.stack([law.log_prob(torch.full((len(mu), 1), each, dtype=mu.dtype)) for each in x])


class TestDiscretizedGaussian:
    @pytest.mark.parametrize("levels", [2, 3, 17, 256])
    @pytest.mark.parametrize("sigma", [0.01, 0.2, 30.0])
    def test_the_levels_add_up_to_one(self, levels, sigma):
        torch.testing.assert_close(table(MU, sigma, levels).exp().sum(0), torch.ones(6, dtype=DOUBLE))

    def test_by_hand(self):
        """Three levels: bins up to 1/4, to 3/4, and above."""
        mu, sigma = 0.31, 0.2
        low, high = phi((0.25 - mu) / sigma), phi((0.75 - mu) / sigma)
        got = table(torch.tensor([mu], dtype=DOUBLE), sigma, 3).exp().squeeze(-1)
        assert got.tolist() == pytest.approx([low, high - low, 1 - high])

    def test_far_from_the_mean_it_is_the_tail(self):
        """log P of the middle bin is that of its nearer edge: Phi(-a) ~ exp(-a^2 / 2) / (a sqrt(2 pi))."""
        for mu, edge in ((-3.0, 0.25), (4.0, 0.75)):
            got = table(torch.tensor([mu]), 0.1, 3)[1].item()
            a = abs(mu - edge) / 0.1
            assert got == pytest.approx(-a * a / 2 - math.log(a * math.sqrt(2 * math.pi)), abs=2e-3)

    def test_many_pixels_add_up_and_an_x_between_two_levels_is_rounded(self):
        mu, logvar = torch.tensor([[0.2, 0.9]], dtype=DOUBLE), torch.tensor([[-2.0, -1.0]], dtype=DOUBLE)
        law = DiscretizedGaussian(mu, logvar, 5)
        x = torch.tensor([[0.25, 1.0]], dtype=DOUBLE)
        single = [DiscretizedGaussian(mu[:, i:], logvar[:, i:], 5) for i in range(2)]
        alone = DiscretizedGaussian(mu[:, :1], logvar[:, :1], 5).log_prob(x[:, :1]) + single[1].log_prob(x[:, 1:])
        torch.testing.assert_close(law.log_prob(x), alone)
        torch.testing.assert_close(law.log_prob(x + torch.tensor([0.1, -0.1])), alone)
        assert law.batch_shape == (1,) and law.event_shape == (2,) and not law.has_rsample

    def test_mean_and_samples(self):
        levels, sigma = 5, 0.3
        law = DiscretizedGaussian(MU.unsqueeze(-1), torch.tensor(2 * math.log(sigma), dtype=DOUBLE), levels)
        probabilities = table(MU, sigma, levels).exp()
        expected = (torch.linspace(0, 1, 5, dtype=DOUBLE).unsqueeze(-1) * probabilities).sum(0)
        torch.testing.assert_close(law.mean.squeeze(-1), expected)
        drawn = law.sample((20_000,), generator=generator(0)).squeeze(-1)
        for level in range(levels):
            torch.testing.assert_close((drawn == level / 4).double().mean(0), probabilities[level], atol=0.015, rtol=0)

    def test_samples_of_a_batch_are_told_apart(self):
        """(k, B, D) at once is what each row is alone."""
        mu, logvar = torch.rand(2, 3, 4, generator=generator(1)), torch.randn(2, 3, 4, generator=generator(2))
        law, x = DiscretizedGaussian(mu, logvar, 5), torch.tensor([0.0, 0.25, 0.75, 1.0])
        assert law.batch_shape == (2, 3) and law.event_shape == (4,) and law.log_prob(x).shape == (2, 3)
        for k, b in ((0, 0), (0, 2), (1, 1)):
            alone = DiscretizedGaussian(mu[k, b], logvar[k, b], 5)
            torch.testing.assert_close(law.log_prob(x)[k, b], alone.log_prob(x))
            torch.testing.assert_close(law.mean[k, b], alone.mean)

    def test_gradients_stay_finite_where_nothing_is_left(self):
        mu = torch.tensor([[0.0, 1.0, 0.5, 50.0]]).requires_grad_()
        logvar = torch.tensor([[-20.0, -20.0, 20.0, -8.0]]).requires_grad_()
        value = DiscretizedGaussian(mu, logvar, 17).log_prob(torch.tensor([[1.0, 0.0, 0.5, 0.5]]))
        value.sum().backward()
        assert value.isfinite().all() and mu.grad.isfinite().all() and logvar.grad.isfinite().all()

    def test_bad_input(self):
        law = DiscretizedGaussian(torch.zeros(2), torch.zeros(()), 3)
        refuses(lambda: law.log_prob(torch.zeros(1)), "value", "(1,)", "(..., 2)", ValueError)
        refuses(lambda: law.log_prob(torch.full((2,), 1.5)), "x", "1.5", "[0, 1]", ValueError)
        refuses(lambda: DiscretizedGaussian(torch.zeros(2), torch.zeros(3), 3), "logvar", "(3,)", "(2,)", ValueError)
        refuses(lambda: DiscretizedGaussian(torch.zeros(2), torch.zeros(2), 1), "levels", "1", ">= 2", ValueError)


class TestObservation:
    def test_its_three_sigmas(self):
        params, x = torch.tensor([[0.2, 0.7]]), torch.tensor([[0.5, 1.0]])
        given = DiscretizedGaussianObservation(3, 0.5)(params)
        torch.testing.assert_close(given.log_prob(x), DiscretizedGaussian(params, given.logvar, 3).log_prob(x))
        assert given.logvar[0, 0].item() == pytest.approx(math.log(0.25))
        shared = DiscretizedGaussianObservation(3)
        assert [tuple(each.shape) for each in shared.parameters()] == [()]
        assert shared(params).logvar.tolist() == [[0.0, 0.0]]
        own = DiscretizedGaussianObservation(3, "per_pixel")(params)
        assert own.mu.tolist() == params[:, :1].tolist() and own.logvar.tolist() == params[:, 1:].tolist()
        assert own.steps == 2

    def test_bad_input(self):
        refuses(lambda: DiscretizedGaussianObservation(3, "optimal"), "sigma", "'optimal'", "per_pixel", ValueError)
        refuses(lambda: DiscretizedGaussianObservation(1), "levels", "1", ">= 2", ValueError)
        assert DiscretizedGaussianObservation(2)(torch.zeros(1, 2)).steps == 1
        refuses(lambda: DiscretizedGaussianObservation(1), "levels", "1", ">= 2", ValueError)
