"""The fixed posterior of a diffusion: composed from small steps, turned round by Bayes, and its schedules."""

import itertools
import math

import pytest
import torch
from exact import DOUBLE, normal
from refusal import refuses
from torch import distributions as td

from vae_utils.distributions import (
    PREDICTIONS,
    alpha_sigma,
    log_snr_cosine,
    log_snr_ddpm,
    log_snr_linear,
    noised,
    step_back,
    translate,
)
from vae_utils.distributions.noising import falling

SCHEDULES = {"linear": log_snr_linear, "cosine": log_snr_cosine, "ddpm": log_snr_ddpm}


def betas_of(log_snr):
    """The variances of the small steps q(z_t | z_{t-1}), from alpha_t^2 = prod (1 - beta)."""
    signal = torch.sigmoid(log_snr)
    return 1 - signal / torch.cat([signal.new_ones(1), signal[:-1]])


class TestLaws:
    def test_alpha_and_sigma(self):
        log_snr = torch.tensor([-3.0, 0.0, 2.0], dtype=DOUBLE)
        alpha, sigma = alpha_sigma(log_snr)
        torch.testing.assert_close(alpha**2 + sigma**2, torch.ones(3, dtype=DOUBLE))
        torch.testing.assert_close((alpha / sigma) ** 2, log_snr.exp())

    @pytest.mark.parametrize("schedule", SCHEDULES)
    def test_all_steps_at_once_are_the_small_steps_one_by_one(self, schedule):
        log_snr, x = SCHEDULES[schedule](12).double(), normal(4, 3)
        mean, variance = x, 0.0
        for level, beta in zip(log_snr, betas_of(log_snr), strict=True):
            mean, variance = torch.sqrt(1 - beta) * mean, (1 - beta) * variance + beta
            law = noised(x, level)
            torch.testing.assert_close(law.mean, mean)
            torch.testing.assert_close(law.sigma**2, variance.expand(4, 3))

    @pytest.mark.parametrize(("before", "log_snr"), [(2.0, 1.5), (0.5, -1.0), (-1.0, -4.0)])
    def test_a_step_back_is_bayes_on_a_grid(self, before, log_snr):
        """q(z_s | z_t, x) = q(z_t | z_s) q(z_s | x) / q(z_t | x), for x = 0.7 and z_t = -0.4."""
        before, log_snr, x = (torch.tensor([number], dtype=DOUBLE) for number in (before, log_snr, 0.7))
        z, grid = torch.tensor([-0.4], dtype=DOUBLE), torch.linspace(-9, 9, 20_001, dtype=DOUBLE).unsqueeze(-1)
        beta = 1 - torch.sigmoid(log_snr) / torch.sigmoid(before)
        ahead = td.Normal(torch.sqrt(1 - beta) * grid, torch.sqrt(beta)).log_prob(z).sum(-1)
        joint = (ahead + noised(x, before).log_prob(grid)).exp()
        posterior = joint / torch.trapezoid(joint, grid.squeeze(-1))
        torch.testing.assert_close(step_back(z, x, log_snr, before).log_prob(grid).exp(), posterior, atol=1e-9, rtol=0)

    def test_each_row_may_have_its_own_level(self):
        z, x, log_snr = normal(3, 2), normal(3, 2, seed=1), torch.tensor([[1.0], [0.0], [-2.0]], dtype=DOUBLE)
        together = step_back(z, x, log_snr, log_snr + 0.5)
        for i in range(3):
            alone = step_back(z[i], x[i], log_snr[i], log_snr[i] + 0.5)
            torch.testing.assert_close((together.mu[i], together.logvar[i]), (alone.mu, alone.logvar))
            torch.testing.assert_close(noised(x, log_snr).mu[i], noised(x[i], log_snr[i]).mu)


class TestPredictions:
    def said(self):
        x, eps, log_snr = normal(5, 3), normal(5, 3, seed=1), normal(5, 1, seed=2)
        alpha, sigma = torch.sigmoid(log_snr).sqrt(), torch.sigmoid(-log_snr).sqrt()
        all_four = {"x": x, "eps": eps, "v": alpha * eps - sigma * x, "score": -eps / sigma}
        return alpha * x + sigma * eps, log_snr, all_four

    @pytest.mark.parametrize(("source", "target"), [*itertools.product(PREDICTIONS, PREDICTIONS)])
    def test_one_guess_in_four_ways(self, source, target):
        z, log_snr, said = self.said()
        assert set(said) == set(PREDICTIONS)
        got = translate(said[source], z, log_snr, source, target)
        torch.testing.assert_close(got, said[target], atol=1e-6, rtol=1e-6)

    def test_the_score_is_the_gradient_of_the_log_density(self):
        x, log_snr = normal(4, 2), normal(4, 1, seed=3)
        z = normal(4, 2, seed=1).requires_grad_()
        noised(x, log_snr).log_prob(z).sum().backward()
        torch.testing.assert_close(translate(x, z.detach(), log_snr, "x", "score"), z.grad)

    def test_an_unknown_way_is_refused(self):
        z, log_snr, said = self.said()
        refuses(lambda: translate(said["x"], z, log_snr, "noise", "x"), "source", "'noise'", "eps", ValueError)
        refuses(lambda: translate(said["x"], z, log_snr, "x", "V"), "target", "'V'", "score", ValueError)


class TestSchedules:
    @pytest.mark.parametrize("levels", [2, 5, 100, 1000])
    @pytest.mark.parametrize("schedule", SCHEDULES)
    def test_they_fall(self, schedule, levels):
        log_snr = SCHEDULES[schedule](levels)
        assert log_snr.shape == (levels,) and log_snr.dtype == torch.float32
        assert falling(log_snr) is log_snr

    def test_linear(self):
        assert log_snr_linear(5).tolist() == [8.0, 4.0, 0.0, -4.0, -8.0]
        assert log_snr_linear(3, 2.0, 1.0).tolist() == [2.0, 1.5, 1.0]

    def test_ddpm_has_the_steps_of_the_paper(self):
        signal = torch.sigmoid(log_snr_ddpm(1000).double())
        product = math.prod(1 - (1e-4 + (0.02 - 1e-4) * t / 999) for t in range(1000))
        assert signal[0].item() == pytest.approx(1 - 1e-4) and signal[-1].item() == pytest.approx(product, rel=1e-4)
        assert betas_of(log_snr_ddpm(100).double())[0].item() == pytest.approx(1e-3, rel=1e-3)
        assert betas_of(log_snr_ddpm(100).double())[-1].item() == pytest.approx(0.2, rel=1e-4)
        assert betas_of(log_snr_ddpm(10).double())[-1].item() == pytest.approx(0.999, rel=1e-3)

    def test_cosine_has_the_formula_of_the_paper(self):
        T = 50
        f = [math.cos((t / T + 0.008) / 1.008 * math.pi / 2) ** 2 for t in range(T + 1)]
        signal = torch.sigmoid(log_snr_cosine(T).double())
        assert signal[:-1].tolist() == pytest.approx([each / f[0] for each in f[1:-1]], rel=1e-4)
        assert betas_of(log_snr_cosine(T).double())[-1].item() == pytest.approx(0.999, rel=1e-3)

    def test_bad_numbers(self):
        for schedule in SCHEDULES.values():
            refuses(lambda schedule=schedule: schedule(1), "levels", "1", ">= 2", ValueError)
            refuses(lambda schedule=schedule: schedule(2.5), "levels", "2.5", "whole number", TypeError)
        refuses(lambda: log_snr_linear(3, 1.0, 1.0), "last", "1.0", "< first", ValueError)
        refuses(lambda: log_snr_linear(3, 1.0, 2.0), "last", "2.0", "< first", ValueError)
        refuses(lambda: log_snr_linear(3, math.inf), "first", "inf", "> last", ValueError)
        refuses(lambda: falling([1.0, 0.0]), "log_snr", "list", "(T,)", TypeError)
        refuses(lambda: falling(torch.zeros(1)), "log_snr", "(1,)", "T >= 2", ValueError)
        refuses(lambda: falling(torch.tensor(1.0)), "log_snr", "()", "T >= 2", ValueError)
        refuses(lambda: falling(torch.tensor([[2.0, 1.0], [1.0, 0.0]])), "log_snr", "(2, 2)", "T >= 2", ValueError)
        for bad in ([0.0, 1.0], [1.0, 1.0], [math.inf, 0.0], [math.nan, 0.0]):
            refuses(lambda bad=bad: falling(torch.tensor(bad)), "log_snr", "[", "fall", ValueError)
