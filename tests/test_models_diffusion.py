"""A diffusion as a VAE of many levels, held to chains drawn by hand, to formulas and to exact densities."""

import math
from itertools import pairwise

import pytest
import torch
from exact import DOUBLE, covariance, generator, normal
from refusal import refuses
from torch import distributions as td
from torch import nn

from vae_utils.distributions import DiagonalGaussian, GaussianMixture, alpha_sigma, log_snr_linear, noised, translate
from vae_utils.evaluation import evaluate
from vae_utils.models import Diffusion, LinearDenoiser, MixtureDenoiser, TimedNetwork, probability_flow, solve
from vae_utils.models import flow_log_likelihood as flow_log_p
from vae_utils.objectives import diffusion_elbo, elbo, level_weights, log_weights

D, T = 2, 4


def mixture(d=D):
    """Three components of unequal weight and spread, in double precision."""
    logits = torch.tensor([0.3, -0.5, 1.0], dtype=DOUBLE)
    return GaussianMixture(logits, DiagonalGaussian(2 * normal(3, d), normal(3, d, seed=1) - 2))


def exact_model(levels=T, first=4.0, last=-6.0, **settings):
    return Diffusion(MixtureDenoiser(mixture()), log_snr_linear(levels, first, last).double(), D, "x", **settings)


def wild_model(prediction="v"):
    """A network that has learned nothing, so that every term counts."""
    return Diffusion(TimedNetwork(D, (8,)), log_snr_linear(T, 3.0, -3.0), D, prediction).double()


X = mixture().sample((6,), generator=generator(1))


class TestChains:
    def test_z_1_stands_in_front_and_every_level_has_its_marginal(self):
        model, x = exact_model(), X[:1]
        z = model.posterior(x).sample((20_000,), generator=generator(0)).squeeze(1)
        for t in range(T):
            law, part = noised(x, model.log_snr[t]), z[:, t * D : (t + 1) * D]
            torch.testing.assert_close(part.mean(0), law.mean[0], atol=0.03, rtol=0)
            torch.testing.assert_close(part.var(0), law.sigma[0] ** 2, atol=0, rtol=0.04)

    def test_the_posterior_from_the_top_is_the_noising_from_the_bottom(self):
        """q(z_T | x) q(z_{T-1} | z_T, x) ... = q(z_1 | x) q(z_2 | z_1) ..., at any z."""
        model, z = exact_model(), normal(6, T * D, seed=2)
        parts = z.split(D, -1)
        signal = torch.sigmoid(model.log_snr)
        forward = noised(X, model.log_snr[0]).log_prob(parts[0])
        for t in range(1, T):
            kept = signal[t] / signal[t - 1]
            forward = forward + td.Normal(kept.sqrt() * parts[t - 1], (1 - kept).sqrt()).log_prob(parts[t]).sum(-1)
        torch.testing.assert_close(model.posterior(X).log_prob(z), forward)

    @pytest.mark.parametrize("prediction", ["v", "eps", "x"])
    def test_every_term_of_the_bound_is_its_formula(self, prediction):
        model = wild_model(prediction)
        with torch.no_grad():
            terms = elbo(model, X, generator=generator(3))
            parts, snr = terms.z.split(D, -1), model.log_snr.exp()
            for t in range(1, T):
                error = (X - model.denoise(parts[t], model.log_snr[t])).square().sum(-1)
                torch.testing.assert_close(terms.levels[:, t - 1], 0.5 * (snr[t - 1] - snr[t]) * error)
            alpha, sigma = alpha_sigma(model.log_snr[-1])
            top = 0.5 * ((alpha * X) ** 2 + sigma**2 - 1 - torch.log(sigma**2)).sum(-1)
            torch.testing.assert_close(terms.levels[:, -1], top)
            guess = model.denoise(parts[0], model.log_snr[0])
            law = td.Normal(guess, torch.sigmoid(-model.log_snr[0]).sqrt())
            torch.testing.assert_close(terms.reconstruction, law.log_prob(X).sum(-1))

    def test_the_sum_of_the_closed_terms_is_the_chain_drawn_by_brute_force(self):
        model, x = wild_model(), X[:1].expand(8000, D)
        with torch.no_grad():
            drawn = log_weights(model, x, 1, generator=generator(4))[0]
            closed = elbo(model, x, generator=generator(5)).elbo
        gap, spread = drawn.mean() - closed.mean(), math.hypot(drawn.std(), closed.std()) / math.sqrt(8000)
        assert abs(gap) < 3 * spread and spread < 0.2

    def test_one_network_may_say_eps_x_or_v(self):
        said = {name: Diffusion(Saying(name), log_snr_linear(T).double(), D, name) for name in ("x", "eps", "v")}
        bounds = {name: elbo(model, X, generator=generator(6)) for name, model in said.items()}
        for name in ("eps", "v"):
            torch.testing.assert_close(bounds[name].levels, bounds["x"].levels, atol=1e-6, rtol=1e-6)
            torch.testing.assert_close(bounds[name].reconstruction, bounds["x"].reconstruction, atol=1e-6, rtol=1e-6)


class Saying(nn.Module):
    """The best guess for the mixture, said as the model wants it."""

    def __init__(self, prediction):
        super().__init__()
        self.best, self.prediction = MixtureDenoiser(mixture()), prediction

    def forward(self, z, log_snr):
        return translate(self.best(z, log_snr), z, log_snr, "x", self.prediction)


class TestExactBounds:
    def test_for_gaussian_data_the_whole_bound_is_a_formula(self):
        """E |x - x^|^2 = sum_j l_j sigma^2 / (alpha^2 l_j + sigma^2), l_j the variances along the principal axes."""
        root = torch.tensor([[1.0, 0.0], [0.8, 0.3]], dtype=DOUBLE)
        x = normal(20_000, D) @ root.T + torch.tensor([0.5, -1.0], dtype=DOUBLE)
        model = Diffusion(LinearDenoiser(x), log_snr_linear(T, 3.0, -5.0).double(), D, "x")
        variances = torch.linalg.eigvalsh(x.T.cov())
        alpha2, sigma2 = torch.sigmoid(model.log_snr).unsqueeze(-1), torch.sigmoid(-model.log_snr).unsqueeze(-1)
        error = (variances * sigma2 / (alpha2 * variances + sigma2)).sum(-1)
        second = x.square().mean(0).sum()
        top = 0.5 * (alpha2[-1] * second + D * (sigma2[-1] - 1 - sigma2[-1].log()))
        steps = 0.5 * (model.log_snr.exp()[:-1] - model.log_snr.exp()[1:]) * error[1:]
        reconstruction = -0.5 * (D * torch.log(2 * math.pi * sigma2[0]) + error[0] / sigma2[0])
        expected = reconstruction - top - steps.sum()
        for terms in (elbo(model, x, generator=generator(1)), diffusion_elbo(model, x, generator=generator(2))):
            spread = terms.elbo.std() / math.sqrt(len(x))
            assert abs(terms.elbo.mean() - expected) < 3 * spread and spread < 0.1
        exact = td.MultivariateNormal(x.mean(0), x.T.cov()).log_prob(x).mean()
        assert expected < exact

    def test_the_gap_to_the_exact_density_halves_when_the_levels_double(self):
        """By quadrature over z in one dimension: E |x - x^(z_t)|^2 = E x^2 - E x^(z_t)^2, and no noise anywhere."""
        law, grid = mixture(1), torch.linspace(-9, 9, 2001, dtype=DOUBLE).unsqueeze(-1)
        p = law.log_prob(grid).exp()
        second, entropy = ((weight * p).sum() * 18 / 2000 for weight in (grid.squeeze(-1) ** 2, -law.log_prob(grid)))

        def gap(levels):
            model = Diffusion(MixtureDenoiser(law), log_snr_linear(levels, 9.0, -8.0).double(), 1, "x")
            error = torch.stack([second - (at(law, s).log_prob(grid).exp() @ model.denoise(grid, s) ** 2) * 18 / 2000
                                 for s in model.log_snr]).squeeze(-1)  # fmt: skip
            alpha2, sigma2 = torch.sigmoid(model.log_snr), torch.sigmoid(-model.log_snr)
            top = 0.5 * (alpha2[-1] * second + sigma2[-1] - 1 - sigma2[-1].log())
            steps = (level_weights(model.log_snr) * error[1:]).sum()
            reconstruction = -0.5 * (torch.log(2 * math.pi * sigma2[0]) + error[0] / sigma2[0])
            return -reconstruction + top + steps - entropy

        gaps = [gap(levels).item() for levels in (50, 100, 200)]
        assert all(1.85 < wide / narrow < 2.15 for wide, narrow in pairwise(gaps)), gaps
        assert gaps[0] > 0.1

    def test_evaluate_takes_either_bound(self):
        model, x = exact_model(first=1.0, last=-3.0), X.repeat(1000, 1)
        whole = evaluate(model, x, samples=4, batch_size=6000, generator=generator(1))
        cheap = evaluate(model, x, samples=8, batch_size=6000, generator=generator(2), objective=diffusion_elbo)
        for name in whole:
            assert cheap[name] == pytest.approx(whole[name], abs=0.05)


def at(law, log_snr):
    """The mixture after noise: its parts N(alpha m, alpha^2 s^2 + sigma^2)."""
    alpha, sigma = alpha_sigma(log_snr)
    variance = (alpha**2 * law.components.logvar.exp() + sigma**2).log()
    return GaussianMixture(law.logits, DiagonalGaussian(alpha * law.components.mu, variance))


class TestDenoisers:
    @pytest.mark.parametrize("log_snr", [5.0, 0.0, -4.0])
    @pytest.mark.parametrize("d", [1, 2, 5])
    def test_the_exact_one_has_the_score_of_the_noised_mixture(self, d, log_snr):
        law, log_snr = mixture(d), torch.tensor([[log_snr]], dtype=DOUBLE).expand(7, 1)
        z = normal(7, d, seed=4).requires_grad_()
        at(law, log_snr[0]).log_prob(z).sum().backward()
        guess = MixtureDenoiser(law)(z.detach(), log_snr)
        torch.testing.assert_close(translate(guess, z.detach(), log_snr, "x", "score"), z.grad)

    def test_each_row_at_its_own_level(self):
        denoiser, z, log_snr = MixtureDenoiser(mixture()), normal(3, D), normal(3, 1, seed=1)
        for i in range(3):
            one = slice(i, i + 1)
            torch.testing.assert_close(denoiser(z, log_snr)[one], denoiser(z[one], log_snr[one]))

    def test_the_linear_one_is_the_conditional_mean_of_a_gaussian(self):
        S = covariance(3, seed=2)
        x = normal(50, 3) @ torch.linalg.cholesky(S).T + 2
        m, S = x.mean(0), x.T.cov()
        z, log_snr = normal(5, 3, seed=1), torch.full((5, 1), 0.7, dtype=DOUBLE)
        a, s = alpha_sigma(log_snr[0])
        gain = a * S @ torch.linalg.inv(a**2 * S + s**2 * torch.eye(3, dtype=DOUBLE))
        expected = m + (z - a * m) @ gain.T
        torch.testing.assert_close(LinearDenoiser(x)(z, log_snr), expected)
        started = LinearDenoiser(x, hidden=(6,))
        torch.testing.assert_close(started(z, log_snr), expected)
        assert sum(p.numel() for p in started.parameters()) > 0
        assert torch.equal(started.network.frequencies, TimedNetwork(3).frequencies.double())
        assert torch.equal(started.network.layers[0].weight, TimedNetwork(3, (6,)).layers[0].weight.double())
        assert (LinearDenoiser(torch.ones(4, 2)).variances > 0).all()

    def test_what_its_network_sees_and_says_is_in_standard_units(self):
        """The network sees z at variance 1 in every direction, and 1 from it is one standard error of the guess."""
        x = normal(4000, D) @ torch.tensor([[2.0, 0.0], [1.0, 0.1]], dtype=DOUBLE).T
        denoiser, log_snr = LinearDenoiser(x, hidden=(4,)), torch.full((4000, 1), 1.3, dtype=DOUBLE)
        alpha, sigma = alpha_sigma(log_snr[0])
        z = alpha * x + sigma * normal(4000, D, seed=7)
        seen = []
        denoiser.network.forward = lambda at, level: seen.append((at, level)) or torch.ones_like(at)
        plain = LinearDenoiser(x)(z, log_snr)
        torch.testing.assert_close(
            seen_covariance(denoiser, z, log_snr, seen), torch.eye(2, dtype=DOUBLE), atol=0.1, rtol=0
        )
        torch.testing.assert_close(seen[0][0].mean(0), torch.zeros(2, dtype=DOUBLE), atol=0.1, rtol=0)
        assert torch.equal(seen[0][1], log_snr)
        errors = ((plain - x) @ denoiser.directions).square().mean(0)
        torch.testing.assert_close(
            ((denoiser(z, log_snr) - plain) @ denoiser.directions)[0] ** 2, errors, rtol=0.1, atol=0
        )

    def test_the_network_knows_the_time(self):
        network = TimedNetwork(1, (), span=4.0, waves=6)
        turns = network.frequencies / (2 * math.pi)
        assert turns.tolist() == pytest.approx([2.0**power / 4 for power in range(-1, 5)], rel=1e-5)
        with torch.no_grad():
            network.layers[0].weight.copy_(torch.tensor([[1.0, 0, 10, 0, 0, 0, 0, 0, 0, 100, 0, 0, 0]]))
            network.layers[0].bias.zero_()
        said = network(torch.tensor([[0.5]]), torch.tensor([[0.3]])).item()
        wave = [2 * math.pi * turn * 0.3 for turn in (1 / 4, 2 / 4)]
        assert said == pytest.approx(0.5 + 10 * math.sin(wave[0]) + 100 * math.cos(wave[1]), rel=1e-5)

    def test_one_time_for_all_as_along_a_flow(self):
        network, z = TimedNetwork(D, (8,), span=1).requires_grad_(False), normal(3, D).float()
        assert torch.equal(network(z, torch.tensor(0.3)), network(z, torch.full((3, 1), 0.3)))
        path = solve(network, z, torch.tensor([0.0, 0.3, 1.0]))
        torch.testing.assert_close(path[2] - path[1], 0.7 * network(path[1], torch.tensor([[0.3]] * 3)))

    def test_the_default_network(self):
        network, again, other = TimedNetwork(2), TimedNetwork(2), TimedNetwork(2, seed=1)
        assert [tuple(layer.weight.shape) for layer in network.layers[::2]] == [
            (128, 18),
            (128, 128),
            (128, 128),
            (2, 128),
        ]
        assert isinstance(network.layers[1], nn.ReLU) and isinstance(
            TimedNetwork(2, activation=nn.Tanh).layers[1], nn.Tanh
        )
        assert network.frequencies[0].item() == pytest.approx(math.pi / 16)
        assert torch.equal(network.layers[0].weight, again.layers[0].weight)
        assert not torch.equal(network.layers[0].weight, other.layers[0].weight)

    def test_bad_input(self):
        refuses(lambda: MixtureDenoiser("mixture"), "mixture", "str", "GaussianMixture", TypeError)
        refuses(
            lambda: MixtureDenoiser(mixture())(torch.zeros(1, 3), torch.zeros(1, 1)), "z", "(1, 3)", "2", ValueError
        )
        refuses(lambda: LinearDenoiser(torch.zeros(3)), "x", "(3,)", "(N, D)", ValueError)
        refuses(lambda: LinearDenoiser(torch.rand(5, 2))(torch.zeros(1, 3), torch.zeros(1, 1)), "z", "(1, 3)")
        network = TimedNetwork(2, (4,))
        refuses(lambda: network(torch.zeros(1, 3), torch.zeros(1, 1)), "z", "(1, 3)", "(..., 2)", ValueError)
        refuses(lambda: network(torch.zeros(1, 2), torch.zeros(1, 2)), "time", "(1, 2)", "(..., 1)", ValueError)
        refuses(lambda: TimedNetwork(0), "data_dim", "0", ">= 1", ValueError)
        refuses(lambda: TimedNetwork(1, span=0), "span", "0", "> 0", ValueError)
        refuses(lambda: TimedNetwork(1, waves=0), "waves", "0", ">= 1", ValueError)


def seen_covariance(denoiser, z, log_snr, seen):
    denoiser(z, log_snr)
    return seen[0][0].T.cov()


class TestModel:
    def test_other_units_of_x_move_the_bound_by_the_log_of_the_scale(self):
        plain, moved = exact_model(), exact_model(shift=3.0, scale=0.5)
        for bound in (elbo, diffusion_elbo):
            ours, theirs = bound(plain, X, generator=generator(1)), bound(moved, 3 + X / 2, generator=generator(1))
            torch.testing.assert_close(theirs.kl, ours.kl)
            torch.testing.assert_close(theirs.reconstruction, ours.reconstruction + D * math.log(2))
        z = normal(6, T * D)
        torch.testing.assert_close(moved.likelihood(z).mean, 3 + plain.likelihood(z).mean / 2)

    def test_the_observation_sees_the_guess_in_the_units_of_x(self):
        seen = []
        model = exact_model(
            shift=3.0, scale=0.5, observation=lambda mean: seen.append(mean) or DiagonalGaussian(mean, mean)
        )
        z = normal(6, T * D)
        model.likelihood(z)
        torch.testing.assert_close(seen[0], 3 + model.denoise(z[:, :D], model.log_snr[0]) / 2)

    def test_fewer_levels(self):
        model = exact_model(9, shift=3.0, scale=0.5)
        fewer = model.thinned(5)
        assert torch.equal(fewer.log_snr, model.log_snr[::2]) and fewer.denoiser is model.denoiser
        assert (fewer.levels, fewer.latent_dim, fewer.data_dim, fewer.prediction) == (5, 10, 2, "x")
        assert (fewer.shift, fewer.scale, fewer.observation) == (3.0, 0.5, None)
        assert torch.equal(model.thinned(2).log_snr, model.log_snr[[0, -1]])
        refuses(lambda: model.thinned(1), "levels", "1", ">= 2", ValueError)
        refuses(lambda: model.thinned(10), "levels", "10", "<= 9", ValueError)

    def test_what_is_stored_is_what_was_learned(self):
        model = wild_model()
        assert set(model.state_dict()) == {name for name, _ in model.named_parameters()}

    def test_ancestral_samples_come_from_the_mixture(self):
        model, law = exact_model(60, 6.0, -8.0), mixture()
        with torch.no_grad():
            z = model.prior().sample((3000,), generator=generator(2))
            x = model.likelihood(z).mean
        truth = law.sample((3000,), generator=generator(3))
        torch.testing.assert_close(x.mean(0), truth.mean(0), atol=0.12, rtol=0)
        torch.testing.assert_close(x.T.cov(), truth.T.cov(), atol=0.1, rtol=0.1)

    def test_bad_input(self):
        network, log_snr = TimedNetwork(2, (4,)), log_snr_linear(3)
        refuses(lambda: Diffusion(network, log_snr.flip(0), 2), "log_snr", "[", "fall", ValueError)
        refuses(lambda: Diffusion(network, log_snr, 0), "data_dim", "0", ">= 1", ValueError)
        refuses(lambda: Diffusion(network, log_snr, 2, "score"), "prediction", "'score'", "'eps'", ValueError)
        refuses(lambda: Diffusion(network, log_snr, 2, scale=0), "scale", "0", "> 0", ValueError)
        refuses(lambda: Diffusion(network, log_snr, 2, shift=math.nan), "shift", "nan", "finite", ValueError)
        model = Diffusion(lambda z, log_snr: z[:, :1], log_snr, 2)
        refuses(lambda: model.likelihood(torch.zeros(1, 6)), "denoiser output", "(1, 1)", "(..., 2)", ValueError)


class TestSolve:
    @pytest.mark.parametrize(("method", "factor"), [("euler", 1.1), ("heun", 1.1 + 0.005)])
    def test_exponential_growth(self, method, factor):
        start = torch.tensor([[1.0, -2.0]], dtype=DOUBLE)
        path = solve(lambda z, t: z, start, torch.linspace(0, 0.5, 6, dtype=DOUBLE), method)
        assert path.shape == (6, 1, 2)
        for step in range(6):
            torch.testing.assert_close(path[step], start * factor**step)

    def test_the_time_of_each_call_and_steps_of_any_length(self):
        """dz/dt = t: by Euler 1 * 0 + 2 * 1, by Heun exactly 3^2 / 2."""
        times, start = torch.tensor([0.0, 1.0, 3.0]), torch.zeros(1, 1)
        for method, end in (("euler", 2.0), ("heun", 4.5)):
            assert solve(lambda z, t: t.expand_as(z), start, times, method)[-1].item() == pytest.approx(end)
        refuses(lambda: solve(lambda z, t: z, start, times, "rk4"), "method", "'rk4'", "heun", ValueError)
        refuses(lambda: solve(lambda z, t: z, start, [0, 1]), "times", "list", "(S + 1,)", TypeError)


def gaussian_model(levels, **settings):
    """Gaussian data of known mean and covariance, with next to no noise at level 1 and nothing else at the top."""
    x = normal(200, D) @ torch.tensor([[0.6, 0.0], [0.4, 0.2]], dtype=DOUBLE).T + torch.tensor(
        [0.3, -0.2], dtype=DOUBLE
    )
    model = Diffusion(LinearDenoiser(x), log_snr_linear(levels, 14.0, -10.0).double(), D, "x", **settings)
    return model, td.MultivariateNormal(x.mean(0), x.T.cov())


class TestFlow:
    def test_by_euler_it_is_ddim(self):
        """z_s = alpha_s x^ + sigma_s eps^ from level to level, at the end x^(z_1)."""
        model, noise = exact_model(), normal(5, D, seed=3)
        path, z = probability_flow(model, noise), noise
        for t in range(T)[::-1]:
            alpha, sigma = alpha_sigma(model.log_snr[t])
            torch.testing.assert_close(path[T - 1 - t], z / alpha)
            guess = model.denoise(z, model.log_snr[t])
            eps = (z - alpha * guess) / sigma
            alpha, sigma = alpha_sigma(model.log_snr[t - 1])
            z = alpha * guess + sigma * eps
        torch.testing.assert_close(path[-1], guess)
        assert path.shape == (T + 1, 5, D)

    @pytest.mark.parametrize(("method", "order"), [("euler", 2), ("heun", 4)])
    def test_the_order_of_the_error(self, method, order):
        """For Gaussian data the way of every point is known: u - m grows as sqrt(l + r^2) along the axes."""
        noise, errors = normal(50, D, seed=3), []
        for levels in (101, 201):
            model, law = gaussian_model(levels)
            lam, axes = torch.linalg.eigh(law.covariance_matrix)
            ratio2 = torch.exp(-model.log_snr[[0, -1]])
            u = noise * (1 + ratio2[1]).sqrt()
            exact = law.mean + ((u - law.mean) @ axes * ((lam + ratio2[0]) / (lam + ratio2[1])).sqrt()) @ axes.T
            errors.append((probability_flow(model, noise, method)[-2] - exact).abs().mean())
        assert errors[0] / errors[1] == pytest.approx(order, rel=0.1)

    def test_other_units_of_x(self):
        plain, moved = exact_model(), exact_model(shift=3.0, scale=0.5)
        noise = normal(5, D)
        torch.testing.assert_close(probability_flow(moved, noise), 3 + probability_flow(plain, noise) / 2)
        torch.testing.assert_close(flow_log_p(moved, 3 + X / 2), flow_log_p(plain, X) + D * math.log(2))
        refuses(lambda: probability_flow(plain, normal(5, 3)), "noise", "(5, 3)", "(..., 2)", ValueError)

    def test_the_likelihood_is_that_of_the_data(self):
        model, law = gaussian_model(120)
        x = law.mean + normal(20, D, seed=8) @ law.scale_tril.T
        assert (flow_log_p(model, x) - law.log_prob(x)).abs().max() < 0.03
        assert flow_log_p(model, x).shape == (20,) and not flow_log_p(model, x).requires_grad
        mixed, points = exact_model(100, 12.0, -9.0), X[:3]
        assert (flow_log_p(mixed, points) - mixture().log_prob(points)).abs().max() < 0.05

    @pytest.mark.parametrize(("method", "order"), [("euler", 2), ("heun", 4)])
    def test_the_order_of_its_error(self, method, order):
        errors = []
        for levels in (41, 81):
            model, law = gaussian_model(levels)
            x = law.mean + normal(20, D, seed=8) @ law.scale_tril.T
            errors.append((flow_log_p(model, x, method) - law.log_prob(x)).abs().mean())
        assert errors[0] / errors[1] == pytest.approx(order, rel=0.2)
