"""What a critic says, against distances that are known; penalties of critics whose slope is known; slopes by hand."""

import math

import numpy as np
import pytest
import torch
from exact import DOUBLE, generator, normal
from refusal import refuses
from torch import nn

from vae_utils.objectives import (
    gradient_penalty,
    js_bound,
    non_saturating_loss,
    relativistic_loss,
    saturating_loss,
    slope_penalty,
    wasserstein_bound,
)

HALF_WAY = (torch.arange(4000, dtype=DOUBLE) + 0.5) / 4000
P, Q = torch.distributions.Normal(0.0, 1.0), torch.distributions.Normal(1.0, 1.5)
REAL, FAKE = (law.icdf(HALF_WAY)[:, None] for law in (P, Q))  # evenly many in each part of equal probability


def jensen_shannon():
    """By the integral over a grid: 0.0993."""
    x = torch.linspace(-12, 14, 20001, dtype=DOUBLE)
    p, q = P.log_prob(x).exp(), Q.log_prob(x).exp()
    m = (p + q) / 2
    parts = torch.special.xlogy(p, p / m) + torch.special.xlogy(q, q / m)
    return 0.5 * torch.trapezoid(parts, x).item()


def best(x):
    """The logit of p / (p + q)."""
    return (P.log_prob(x) - Q.log_prob(x)).squeeze(1)


def linear(*w):
    w = torch.tensor(w, dtype=DOUBLE)
    return lambda x: x.flatten(1) @ w + 3


class TestJensenShannon:
    def test_the_best_critic_finds_it(self):
        assert jensen_shannon() == pytest.approx(0.09929, abs=1e-5)
        assert js_bound(best, REAL, FAKE).item() == pytest.approx(jensen_shannon(), abs=1e-4)

    def test_any_other_critic_says_less(self):
        assert js_bound(lambda x: 0.5 * best(x), REAL, FAKE).item() == pytest.approx(0.08104, abs=1e-4)
        truth = jensen_shannon()
        others = (
            lambda x: 1.1 * best(x),
            lambda x: best(x) + 0.2,
            lambda x: best(x) - 0.2,
            lambda x: best(x) + 0.1 * x[:, 0].sin(),
        )
        assert all(js_bound(other, REAL, FAKE).item() < truth - 2e-4 for other in others)
        assert js_bound(lambda x: -best(x), REAL, FAKE) < 0

    def test_who_tells_nothing_says_zero(self):
        assert js_bound(lambda x: 0 * x, REAL, FAKE[:7]).item() == pytest.approx(0, abs=1e-12)

    def test_it_is_half_the_value_of_the_game_and_log_2(self):
        real, fake, D = normal(5, 2), normal(3, 2, seed=1), lambda x: torch.sigmoid(x.sum(1))
        value = D(real).log().mean() + (1 - D(fake)).log().mean()
        assert js_bound(lambda x: x.sum(1), real, fake).item() == pytest.approx((value / 2 + math.log(2)).item())

    @pytest.mark.parametrize("theta", [0.1, 1.0, 30.0])
    def test_lines_that_do_not_meet_are_log_2_apart_however_far(self, theta):
        """W1 is the distance between them."""
        height = torch.rand(40, 1, generator=generator(), dtype=DOUBLE)
        left, right = torch.cat([0 * height, height], 1), torch.cat([0 * height + theta, height], 1)
        sure = js_bound(lambda x: 1000 * (theta / 2 - x[:, 0]) / theta, left, right).item()
        assert sure == pytest.approx(math.log(2), abs=1e-12)
        assert wasserstein_bound(lambda x: -x[:, 0], left, right).item() == pytest.approx(theta)

    def test_a_critic_far_too_sure_stays_finite(self):
        real, fake = torch.tensor([[-1e6]]), torch.tensor([[1e6]])
        assert js_bound(lambda x: x, real, fake).item() == pytest.approx(-1e6)
        assert js_bound(lambda x: -x, real, fake).item() == pytest.approx(math.log(2))


class TestWasserstein:
    def test_no_critic_of_slope_one_passes_the_distance(self):
        """In one dimension W1 is the mean distance of equal ranks."""
        truth = (REAL - FAKE).abs().mean().item()
        critics = [lambda x, a=a: -(x - a).abs() for a in (-3.0, -2.0, 0.0)] + [lambda x: -x, torch.sin]
        said = [wasserstein_bound(critic, REAL, FAKE).item() for critic in critics]
        assert max(said) < truth + 1e-9 and said[1] == pytest.approx(
            truth
        )  # 1 + 1.5 x = x at -2, where the ranks cross

    def test_it_turns_its_sign_with_the_roles(self):
        real, fake = normal(5, 2), normal(3, 2, seed=1)
        one = wasserstein_bound(linear(1.0, 2.0), real, fake)
        assert one.item() == pytest.approx((real.mean(0) - fake.mean(0)).dot(torch.tensor([1.0, 2.0]).double()).item())
        assert wasserstein_bound(linear(1.0, 2.0), fake, real) == -one


class TestPenalties:
    @pytest.mark.parametrize("w", [(0.3, -0.4), (3.0, 4.0), (0.6, 0.8)])
    def test_a_linear_critic_has_the_same_slope_everywhere(self, w):
        critic, x, fake = linear(*w), normal(6, 2), normal(6, 2, seed=1)
        squared = w[0] ** 2 + w[1] ** 2
        assert slope_penalty(critic, x).item() == pytest.approx(squared / 2)
        assert slope_penalty(critic, x, 4.0).item() == pytest.approx(2 * squared)
        away = (squared**0.5 - 1) ** 2
        assert gradient_penalty(critic, x, fake).item() == pytest.approx(10 * away)
        assert gradient_penalty(critic, x, fake, strength=0.5).item() == pytest.approx(0.5 * away)
        above = away if squared > 1 else 0.0
        assert gradient_penalty(critic, x, fake, 1.0, one_sided=True).item() == pytest.approx(above)

    def test_slopes_that_differ_from_example_to_example(self):
        """f = |x|^2 / 2 has the slope x."""
        x = torch.tensor([[3.0, 4.0], [0.0, 1.0]], dtype=DOUBLE)
        assert slope_penalty(lambda x: x.square().sum(1) / 2, x, 2.0).item() == pytest.approx((25 + 1) / 2)
        assert gradient_penalty(lambda x: x.square().sum(1) / 2, x, x, 1.0).item() == pytest.approx((16 + 0) / 2)

    def test_the_norm_is_over_all_axes_of_an_example(self):
        pictures, w = normal(3, 2, 4), normal(8).tolist()
        squared = sum(number**2 for number in w)
        assert slope_penalty(linear(*w), pictures, 2.0).item() == pytest.approx(squared)
        penalty = gradient_penalty(linear(*w), pictures, -pictures, 1.0)
        assert penalty.item() == pytest.approx((squared**0.5 - 1) ** 2)

    def test_it_is_asked_between_the_two_one_place_for_each_pair(self):
        seen = []

        def critic(x):
            seen.append(x.detach().clone())
            return x.sum(1)

        real, fake = torch.zeros(400, 2, 3), torch.ones(400, 2, 3)
        gradient_penalty(lambda x: critic(x.flatten(1)), real, fake, generator=generator(0))
        (u,) = seen
        assert (u == u[:, :1]).all() and u.min() >= 0 and u.max() <= 1
        assert u[:, 0].mean().item() == pytest.approx(0.5, abs=0.05) and u[:, 0].var().item() == pytest.approx(
            1 / 12, abs=0.01
        )
        gradient_penalty(lambda x: critic(x.flatten(1)), real, fake, generator=generator(0))
        assert torch.equal(*seen)

    def test_it_trains_the_critic_and_nobody_else(self):
        critic, maker = nn.Linear(2, 1).double(), nn.Linear(2, 2).double()
        fake = maker(normal(4, 2))
        (slope_penalty(critic, fake) + gradient_penalty(critic, normal(4, 2), fake)).backward()
        w = critic.weight.detach()
        expected = w + 20 * (w.norm() - 1) * w / w.norm()
        torch.testing.assert_close(critic.weight.grad, expected)
        assert maker.weight.grad is None

    def test_a_flat_critic_has_a_gradient_of_numbers(self):
        critic = nn.Linear(2, 1)
        nn.init.zeros_(critic.weight)
        penalty = gradient_penalty(critic, torch.rand(3, 2), torch.rand(3, 2))
        penalty.backward()
        assert penalty.item() == 10 and critic.weight.grad.isfinite().all()

    def test_a_critic_that_looks_at_the_whole_batch(self):
        """R1 written out, as for a critic with minibatch deviation: the slope of the sum."""
        network = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1)).double()

        def critic(x):
            return network(torch.cat([x, x.std(0).mean().expand(len(x), 1)], 1)).squeeze(1)

        x = normal(5, 2).requires_grad_()
        (slope,) = torch.autograd.grad(critic(x).sum(), x)
        assert slope_penalty(critic, x, 4.0).item() == pytest.approx(2 * slope.square().sum(1).mean().item())

    def test_it_can_be_measured_without_a_gradient(self):
        x = normal(3, 2)
        with torch.no_grad():
            penalty = slope_penalty(linear(3.0, 4.0), x)
        assert penalty.item() == pytest.approx(12.5) and not penalty.requires_grad and not x.requires_grad

    def test_critics_it_cannot_judge(self):
        x = torch.rand(4, 2)
        mixing = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Linear(3, 1))
        refuses(lambda: slope_penalty(mixing, x), "critic", "BatchNorm1d", "LayerNorm", ValueError)
        refuses(lambda: gradient_penalty(mixing, x, x), "critic", "BatchNorm1d", "LayerNorm", ValueError)
        mixing.append(nn.BatchNorm2d(1))
        refuses(lambda: slope_penalty(mixing, x), "critic", "BatchNorm1d", "LayerNorm", ValueError)
        assert slope_penalty(mixing[:-1].eval(), x) >= 0
        for numb in (lambda x: x.detach().sum(1), lambda x: torch.ones(4), lambda x: nn.Linear(1, 1)(torch.ones(4, 1))):
            refuses(lambda numb=numb: slope_penalty(numb, x), "critic", "without a gradient", "differ", ValueError)

    def test_bad_input(self):
        x = torch.rand(4, 2)
        for penalty in (slope_penalty, lambda f, x, strength=1.0: gradient_penalty(f, x, x, strength)):
            refuses(lambda penalty=penalty: penalty(nn.Linear(2, 1), x, -1.0), "strength", "-1.0", ">= 0", ValueError)
            assert penalty(nn.Linear(2, 1), x, 0.0) == 0
            refuses(lambda penalty=penalty: penalty(nn.Linear(2, 2), x), "critic output", "(4, 2)", "(4,)", ValueError)
        refuses(lambda: slope_penalty(nn.Linear(2, 1), x[0]), "x", "(2,)", "(B, ...)", ValueError)
        refuses(lambda: slope_penalty(nn.Linear(2, 1), x.long()), "x", "int64", "float", TypeError)
        refuses(lambda: gradient_penalty(nn.Linear(2, 1), x, x[:1]), "fake", "(1, 2)", "(4, 2)", ValueError)
        refuses(lambda: gradient_penalty(nn.Linear(2, 1), x[0], x), "real", "(2,)", "(B, ...)", ValueError)


class TestLosses:
    def test_their_slopes_in_the_logit(self):
        """Saturating: -D. Non-saturating: D - 1."""
        for loss, slope in ((saturating_loss, lambda D: -D), (non_saturating_loss, lambda D: D - 1)):
            logit = torch.tensor([[-6.0], [0.0], [2.0]], dtype=DOUBLE, requires_grad=True)
            loss(lambda x: x, logit).backward()
            torch.testing.assert_close(3 * logit.grad, slope(torch.sigmoid(logit.detach())))

    def test_their_values(self):
        logit = torch.tensor([[-1.0], [0.5]], dtype=DOUBLE)
        D = torch.sigmoid(logit)
        assert saturating_loss(lambda x: x, logit).item() == pytest.approx((1 - D).log().mean().item())
        assert non_saturating_loss(lambda x: x, logit).item() == pytest.approx(-D.log().mean().item())
        assert saturating_loss(lambda x: x, 1e6 * logit).isfinite()

    def test_the_saturating_game_is_that_of_the_bound(self):
        real, fake = normal(5, 2), normal(5, 2, seed=1).requires_grad_()
        (bound,) = torch.autograd.grad(js_bound(linear(1.0, -0.5), real, fake), fake)
        (loss,) = torch.autograd.grad(saturating_loss(linear(1.0, -0.5), fake), fake)
        torch.testing.assert_close(2 * bound, loss)

    def test_relativistic_by_hand(self):
        real, fake = torch.tensor([[2.0], [0.0]]), torch.tensor([[-1.0], [1.0]])
        by_hand = (math.log(1 + math.exp(-3)) + math.log(1 + math.e)) / 2
        assert relativistic_loss(lambda x: x, real, fake).item() == pytest.approx(by_hand)
        assert relativistic_loss(lambda x: 0 * x, real, fake).item() == pytest.approx(math.log(2))

    def test_only_differences_count_in_it(self):
        real, fake = normal(5, 2), normal(5, 2, seed=1)
        same = relativistic_loss(linear(1.0, 2.0), real, fake)
        moved = relativistic_loss(lambda x: linear(1.0, 2.0)(x) + 40, real, fake)
        assert same.item() == pytest.approx(moved.item())

    def test_bad_input(self):
        x, f = torch.rand(4, 2), nn.Linear(2, 1)
        for value in (js_bound, wasserstein_bound, relativistic_loss):
            refuses(lambda value=value: value(f, x.numpy(), x), "real", "ndarray", "float", TypeError)
            refuses(lambda value=value: value(f, x, x.long()), "fake", "int64", "float", TypeError)
            refuses(lambda value=value: value(f, x[0], x), "real", "(2,)", "(B, ...)", ValueError)
            refuses(lambda value=value: value(f, x, x[:0]), "fake", "", "", ValueError)
            refuses(lambda value=value: value(lambda x: x, x, x), "critic output", "(4, 2)", "one number", ValueError)
            refuses(lambda value=value: value(lambda x: x.sum(), x, x), "critic output", "()", "one number", ValueError)
            refuses(lambda value=value: value(lambda x: 0.0, x, x), "critic output", "float", "tensor", TypeError)
        refuses(lambda: js_bound(f, x[:0], x), "real", "no examples", "one or more", ValueError)
        refuses(lambda: relativistic_loss(f, x, x[:3]), "fake", "(3, 2)", "(4, 2)", ValueError)
        for loss in (saturating_loss, non_saturating_loss):
            refuses(lambda loss=loss: loss(f, x[0]), "fake", "(2,)", "(B, ...)", ValueError)
            assert loss(f, x).shape == ()


def test_a_critic_trained_by_the_bound_comes_near_it_from_below():
    """The logit of two Gaussians is a square."""
    network, x = nn.Linear(2, 1).double(), torch.cat([REAL, FAKE])
    optimizer = torch.optim.LBFGS(network.parameters(), max_iter=40)

    def critic(x):
        return network(torch.cat([x, x.square()], 1))

    def loss():
        optimizer.zero_grad()
        value = -js_bound(critic, REAL, FAKE)
        value.backward()
        return value

    optimizer.step(loss)
    assert js_bound(critic, REAL, FAKE).item() == pytest.approx(jensen_shannon(), abs=1e-4)
    np.testing.assert_allclose(critic(x).detach().squeeze(1), best(x), atol=0.02)
