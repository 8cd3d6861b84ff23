"""The cheap bound of a diffusion, its limit, and the simple losses: each by hand, from known noise."""

import math

import pytest
import torch
from exact import DOUBLE, generator, normal
from refusal import refuses

from vae_utils.distributions import DiagonalGaussian, GaussianMixture, alpha_sigma, log_snr_linear, noised, translate
from vae_utils.models import Diffusion, MixtureDenoiser, TimedNetwork
from vae_utils.objectives import denoising, diffusion_elbo, elbo, flow_matching, level_weights
from vae_utils.objectives.diffusion import stratified
from vae_utils.training import fit

D, T = 2, 5
X = normal(4, D, seed=1)


def wild_model(prediction="v", levels=T, **settings):
    network = TimedNetwork(D, (8,))
    return (
        Diffusion(network, log_snr_linear(levels, 2.5, -3.0), D, prediction, **settings).double().requires_grad_(False)
    )


class TestStratified:
    def test_one_time_in_each_part_in_any_order(self):
        time = stratified(torch.zeros(50, 3), generator(0))
        assert time.shape == (50, 1) and (time.flatten() * 50).long().sort().values.tolist() == list(range(50))
        assert not torch.equal(time.flatten().argsort(), torch.arange(50)) and time.max() < 1
        assert torch.equal(time, stratified(torch.zeros(50, 3), generator(0)))

    def test_each_row_has_any_time(self):
        times = torch.stack([stratified(torch.zeros(4, 1), generator(seed)) for seed in range(1500)]).squeeze(-1)
        assert times.mean(0).tolist() == pytest.approx([0.5] * 4, abs=0.03)
        assert times.var(0).tolist() == pytest.approx([1 / 12] * 4, abs=0.006)


class TestBound:
    def test_level_weights(self):
        log_snr = torch.tensor([2.0, 0.5, -1.0], dtype=DOUBLE)
        expected = [(math.exp(2) - math.exp(0.5)) / 2, (math.exp(0.5) - math.exp(-1)) / 2]
        assert level_weights(log_snr).tolist() == pytest.approx(expected)

    @pytest.mark.parametrize("prediction", ["v", "eps", "x"])
    def test_one_level_a_row_by_hand(self, prediction):
        """Four rows, four steps: each row has another level, and counts for all of them."""
        model, eps = wild_model(prediction), normal(2, 4, D, seed=2)
        terms = diffusion_elbo(model, X, beta=0.5, eps=eps, generator=generator(3))
        levels = 1 + (4 * stratified(X, generator(3))).long().flatten()
        assert sorted(levels.tolist()) == [1, 2, 3, 4]
        snr, top = model.log_snr.exp(), noised(X, model.log_snr[-1])
        for i, t in enumerate(levels.tolist()):
            alpha, sigma = alpha_sigma(model.log_snr[t])
            z = alpha * X[i] + sigma * eps[1, i]
            error = (X[i] - model.denoise(z, model.log_snr[t])).square().sum()
            kl = 4 * (snr[t - 1] - snr[t]) / 2 * error
            kl = kl + 0.5 * (top.mu[i] ** 2 + top.sigma[i] ** 2 - 1 - top.logvar[i]).sum()
            z_1 = noised(X[i], model.log_snr[0]).rsample((), eps[0, i])
            reconstruction = model.observed(z_1).log_prob(X[i])
            torch.testing.assert_close(terms.z[i], z)
            torch.testing.assert_close(terms.kl[i], kl)
            torch.testing.assert_close(terms.reconstruction[i], reconstruction)
            torch.testing.assert_close(terms.elbo[i], reconstruction - 0.5 * kl)

    def test_its_mean_is_the_whole_bound(self):
        model, x = wild_model(), X[:1].expand(20_000, D)
        cheap, whole = diffusion_elbo(model, x, generator=generator(1)), elbo(model, x, generator=generator(2))
        for ours, theirs in ((cheap.elbo, whole.elbo), (cheap.kl, whole.kl)):
            spread = math.hypot(ours.std(), theirs.std()) / math.sqrt(20_000)
            assert abs(ours.mean() - theirs.mean()) < 3 * spread and spread < 0.05

    def test_two_levels_are_enough(self):
        model = wild_model(levels=2)
        x = X[:1].expand(20_000, D)
        cheap, whole = (bound(model, x, generator=generator(1)).kl for bound in (diffusion_elbo, elbo))
        assert cheap.mean().item() == pytest.approx(whole.mean().item(), rel=0.03)

    def test_the_limit_by_hand(self):
        model, eps = wild_model("eps", shift=1.0, scale=2.0), normal(2, 4, D, seed=2)
        terms = diffusion_elbo(model, 1 + 2 * X, eps=eps, generator=generator(3), limit=True)
        log_snr = 2.5 - 5.5 * stratified(X, generator(3))
        alpha, sigma = alpha_sigma(log_snr)
        z = alpha * X + sigma * eps[1]
        error = (eps[1] - model.denoiser(z, log_snr)).square().sum(-1)
        top = noised(X, model.log_snr[-1])
        top = 0.5 * (top.mu**2 + top.sigma**2 - 1 - top.logvar).sum(-1)
        torch.testing.assert_close(terms.z, z)
        torch.testing.assert_close(terms.kl, top + 0.5 * 5.5 * error)
        torch.testing.assert_close(terms.elbo, terms.reconstruction - terms.kl)

    def test_the_limit_is_what_many_levels_tend_to(self):
        law = GaussianMixture(torch.zeros(3), DiagonalGaussian(3 * normal(3, D), normal(3, D, seed=1) - 2))
        x, best = law.sample((20_000,), generator=generator(0)), MixtureDenoiser(law)
        few, many = (Diffusion(best, log_snr_linear(levels, 5.0, -6.0).double(), D, "x") for levels in (8, 1000))
        bounds = [diffusion_elbo(few, x, generator=generator(1), limit=limit).kl.mean() for limit in (True, False)]
        assert bounds[0].item() == pytest.approx(
            diffusion_elbo(many, x, generator=generator(1)).kl.mean().item(), abs=0.1
        )
        assert bounds[1] - bounds[0] > 1

    def test_bad_input(self):
        model = wild_model()
        refuses(lambda: diffusion_elbo(model, X, beta=-1), "beta", "-1", ">= 0", ValueError)
        refuses(lambda: diffusion_elbo(model, X[:, :1]), "x", "(4, 1)", "(..., 2)", ValueError)
        refuses(lambda: diffusion_elbo(model, X, eps=normal(4, D)), "eps", "(4, 2)", "(2, 4, 2)", ValueError)


class TestSimple:
    @pytest.mark.parametrize("target", [None, "eps", "x", "v"])
    def test_the_error_by_hand(self, target):
        model, eps = wild_model("eps", shift=1.0, scale=2.0), normal(4, D, seed=2)
        terms = denoising(model, 1 + 2 * X, eps=eps, generator=generator(3), target=target)
        t = (stratified(X, generator(3)) * T).long().flatten()
        assert len(set(t.tolist())) == 4
        log_snr = model.log_snr[t].unsqueeze(-1)
        alpha, sigma = alpha_sigma(log_snr)
        z = alpha * X + sigma * eps
        said = translate(model.denoiser(z, log_snr), z, log_snr, "eps", target or "eps")
        wanted = {"x": X, "eps": eps, "v": alpha * eps - sigma * X, None: eps}[target]
        torch.testing.assert_close(terms.elbo, -(said - wanted).square().sum(-1))
        assert torch.equal(terms.reconstruction, terms.elbo) and terms.kl.tolist() == [0] * 4
        torch.testing.assert_close(terms.z, z)

    def test_the_bound_is_the_simple_loss_with_weights(self):
        """KL_t = 1/2 (SNR_{t-1} - SNR_t) |x error|^2 = 1/2 (SNR_{t-1} / SNR_t - 1) |eps error|^2, level by level."""
        model, levels = wild_model(), log_snr_linear(T, 2.5, -3.0).double()
        z = normal(6, D, seed=4)
        for t in range(1, T):
            guess, truth = model.denoise(z, levels[t]), normal(6, D, seed=5)
            errors = [(translate(guess, z, levels[t], "x", kind) - translate(truth, z, levels[t], "x", kind)) ** 2
                      for kind in ("x", "eps", "v")]  # fmt: skip
            snr = levels.exp()
            torch.testing.assert_close(errors[1], snr[t] * errors[0])
            torch.testing.assert_close(errors[2], errors[0] * (1 + snr[t]))
            of_eps = 0.5 * (snr[t - 1] / snr[t] - 1) * errors[1]
            torch.testing.assert_close(level_weights(levels)[t - 1] * errors[0], of_eps)

    def test_flow_matching_by_hand(self):
        seen, eps = [], normal(4, D, seed=2)
        terms = flow_matching(lambda x, t: seen.append((x, t)) or 2 * x, X, eps=eps, generator=generator(3))
        time = stratified(X, generator(3))
        x_t = (1 - time) * eps + time * X
        torch.testing.assert_close(seen[0], (x_t, time))
        torch.testing.assert_close(terms.elbo, -((2 * x_t - (X - eps)) ** 2).sum(-1))
        assert torch.equal(terms.reconstruction, terms.elbo) and terms.kl.tolist() == [0] * 4
        torch.testing.assert_close(terms.z, x_t)

    def test_they_train(self):
        x = 0.3 * normal(64, D).float() + 1
        for objective in (denoising, diffusion_elbo, flow_matching):
            network = TimedNetwork(D, (16,), span=1 if objective is flow_matching else 16)
            model = network if objective is flow_matching else Diffusion(network, log_snr_linear(8, 2.0, -4.0), D)
            history = fit(model, x, steps=40, batch_size=64, lr=2e-2, objective=objective, progress=False)
            assert history["loss"][-5:].mean() < history["loss"][:5].mean() - 1
