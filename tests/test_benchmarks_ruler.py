"""The ruler: known answers for its models, bounds that stay below, one unit for all rows, a page that says the file."""

import json
import math
import re
from itertools import product

import pytest
import torch
from refusal import refuses
from torch import nn

from benchmarks import densities, ruler, ruler_page
from vae_utils import models, objectives
from vae_utils.distributions import DiagonalGaussian, DiscretizedGaussian, kl_divergence, log_snr_linear
from vae_utils.evaluation import log_likelihood
from vae_utils.objectives import Terms


@pytest.fixture(scope="module")
def data():
    return ruler.parts()


def pictures_of(places, levels):
    """Every picture there is: (levels ** places, places)."""
    return torch.tensor([*product(range(levels), repeat=places)]) / (levels - 1)


def gray_pixels(mu, sigma):
    return DiscretizedGaussian(torch.as_tensor(mu), 2 * torch.as_tensor(sigma).log(), densities.LEVELS)


class TestPictures:
    def test_no_picture_is_in_two_parts(self, data):
        assert [len(part) for part in data] == [1097, 200, 500]
        rows = torch.cat(data)
        assert rows.mean() == pytest.approx(0.3053, abs=1e-4) and rows.shape == (1797, 64)
        parts = [{tuple(row.tolist()) for row in part} for part in data]
        assert not (parts[0] & parts[1] or parts[0] & parts[2] or parts[1] & parts[2])

    def test_all_pixels_are_levels(self, data):
        for part in data:
            torch.testing.assert_close(densities.levels_of(part) / 16, part, atol=0, rtol=0)
        assert densities.levels_of(data.test).unique().tolist() == [*range(17)]


class TestExact:
    def test_independent_pixels_by_hand(self):
        x = torch.zeros(3, 64)
        x[0, 0], x[1, 0] = 1.0, 1.0  # of three pictures two have level 16 in the first pixel
        first = {16: 3 / 20, 0: 2 / 20}  # one added to each count
        others = 63 * math.log(4 / 20)
        found = densities.IndependentPixels(x).log_prob(x)
        expected = [math.log(first[16]) + others, math.log(first[16]) + others, math.log(first[0]) + others]
        torch.testing.assert_close(found, torch.tensor(expected))

    def test_a_mixture_adds_up_to_one(self):
        table = torch.rand(3, 2, 17, generator=torch.Generator().manual_seed(0)) + 0.1
        mixture = densities.LevelMixture(torch.tensor([0.2, 0.3, 0.5]), table / table.sum(-1, keepdim=True))
        assert mixture.log_prob(pictures_of(2, 17)).exp().sum().item() == pytest.approx(1, abs=1e-5)

    def test_one_component_is_what_was_counted(self, data):
        x, pseudo = data.train[:100], 5.0
        marked = densities.indicators(x)
        prior = (marked.sum(0) + 1) / (100 + 17)
        table = (marked.sum(0) + pseudo * prior) / (100 + pseudo)
        found = densities.level_mixture(x, 1, pseudo, 0, steps=2).log_prob(data.valid[:9])
        torch.testing.assert_close(found, densities.indicators(data.valid[:9]) @ table.log())

    def test_pictures_of_one_level_are_told_from_others(self):
        x = torch.full((5, 64), 0.25)
        same, other = densities.level_mixture(x, 3, 1e-3, 0).log_prob(torch.stack([x[0], 1 - x[0]])).tolist()
        assert -1 < same < 0 and other < -64 * math.log(17)

    @pytest.mark.parametrize(
        ("changes", "name", "got"),
        [
            ({"x": torch.zeros(0, 64)}, "x", "(0, 64)"),
            ({"components": 6}, "components", "6"),
            ({"components": 0}, "components", "0"),
            ({"pseudo": 0.0}, "pseudo", "0.0"),
        ],
    )
    def test_what_no_mixture_can_be_made_of_is_refused(self, changes, name, got):
        given = {"x": torch.zeros(5, 64), "components": 2, "pseudo": 1.0, "seed": 0} | changes
        refuses(lambda: densities.level_mixture(**given), name, got)

    def test_em_climbs(self, data):
        x = data.train[:200]
        climbed = [densities.level_mixture(x, 5, 1e-3, 0, steps).log_prob(x).mean() for steps in (1, 2, 4, 8, 16)]
        assert climbed == sorted(climbed) and climbed[-1] > climbed[0] + 2

    def test_pixel_by_pixel_adds_up_to_one(self):
        model = densities.PixelByPixel(reach=1, hidden=8, features=2, seed=0, side=2, levels=3)
        with torch.no_grad():
            assert model.log_prob(pictures_of(4, 3)).exp().sum().item() == pytest.approx(1, abs=1e-5)


class TestLinearGaussian:
    def test_without_factors_the_pixels_are_independent(self, data):
        sigma2 = torch.linspace(0.01, 0.2, 64)
        model = densities.LinearGaussian(torch.zeros(64, 2), data.train.mean(0), sigma2)
        expected = gray_pixels(data.train.mean(0), sigma2.sqrt()).log_prob(data.valid[:5])
        torch.testing.assert_close(log_likelihood(model, data.valid[:5], 3), expected, atol=1e-4, rtol=1e-5)

    def test_one_factor_is_an_integral_over_it(self):
        generator = torch.Generator().manual_seed(0)
        W, b = 0.1 * torch.randn(64, 1, generator=generator), torch.full((64,), 0.5)
        model, x = densities.LinearGaussian(W, b, torch.tensor(0.02)), torch.full((1, 64), 0.5)
        z = torch.linspace(-6, 6, 2001).unsqueeze(-1)
        joint = model.likelihood(z).log_prob(x) + model.prior().log_prob(z)
        integral = joint.logsumexp(0) + math.log(12 / 2000)
        assert log_likelihood(model, x, 2000, generator=generator).item() == pytest.approx(integral.item(), abs=0.02)

    def test_the_turn_of_the_factors_changes_no_density(self):
        """W W^T is what counts, and the posterior is the exact one of the Gaussian before the cut."""
        W = torch.randn(64, 3, generator=torch.Generator().manual_seed(0))
        sigma2 = torch.linspace(0.5, 2, 64)
        model, x = densities.LinearGaussian(W, torch.zeros(64), sigma2), torch.randn(4, 64)
        torch.testing.assert_close(model.W @ model.W.T, W @ W.T, atol=1e-4, rtol=1e-4)
        scaled = model.W / sigma2.unsqueeze(-1)
        q, precision = model.posterior(x), torch.eye(3) + scaled.T @ model.W
        torch.testing.assert_close(torch.diag_embed(q.variance)[0], precision.inverse(), atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(q.mean, x @ scaled @ precision.inverse(), atol=1e-4, rtol=1e-4)

    def test_a_sigma_for_each_pixel_beats_one_for_all(self, data):
        x = data.train[:400]
        one, each = densities.probabilistic_pca(x, 8), densities.factor_analysis(x, 8, 0)
        found = [log_likelihood(m, x[:50], 20, generator=torch.Generator().manual_seed(0)).mean() for m in (one, each)]
        assert found[1] > found[0] + 2


def denoiser_of(mu, sigma):
    """A `LevelDenoiser` that expects N(mu, sigma^2), cut into levels, of every pixel, whatever the others are."""
    model = densities.LevelDenoiser(torch.rand(4, 64), (4,), seed=0)
    with torch.no_grad():
        model.network[-1].weight.zero_()
        model.network[-1].bias.copy_(torch.cat([mu, 2 * sigma.log()]))
    return model


class TestDiffusion:
    mu, sigma = torch.linspace(0, 1, 64), torch.linspace(0.05, 0.3, 64)

    def model(self):
        observation = models.DiscretizedGaussianObservation(17, 0.004)
        return models.Diffusion(
            denoiser_of(self.mu, self.sigma), log_snr_linear(50, 9.5, -10.0), 64, "x", observation, 0.5, 0.5
        )

    def test_the_guess_is_what_bayes_says(self):
        z, log_snr = torch.full((1, 64), 0.3), torch.full((1, 1), 1.2)
        alpha, sigma = torch.sigmoid(log_snr).sqrt().item(), torch.sigmoid(-log_snr).sqrt().item()
        steps = torch.arange(17) / 16
        prior = torch.stack([gray_pixels(self.mu[5:6], self.sigma[5:6]).log_prob(x.view(1)) for x in steps]).exp()
        joint = prior * torch.exp(-0.5 * ((0.3 - alpha * (2 * steps - 1)) / sigma) ** 2)
        expected = (joint * (2 * steps - 1)).sum() / joint.sum()
        assert denoiser_of(self.mu, self.sigma)(z, log_snr)[0, 5].item() == pytest.approx(expected.item(), abs=1e-4)

    def test_with_the_best_guess_the_bound_is_log_p(self):
        """Of independent pixels the best guess is known, and endlessly many levels leave no gap."""
        law = gray_pixels(self.mu, self.sigma)
        x = law.sample((40,), generator=torch.Generator().manual_seed(0))
        found = densities.bound(densities.endless, self.model(), x, 100, torch.Generator().manual_seed(1))
        gaps = found - law.log_prob(x)
        error = (gaps.std() / len(gaps) ** 0.5).item()
        assert abs(gaps.mean().item()) < 4 * error and error < 1.2

    def test_a_worse_guess_costs(self):
        law = gray_pixels(self.mu, self.sigma)
        x, model = law.sample((20,), generator=torch.Generator().manual_seed(0)), self.model()
        model.denoiser = denoiser_of(self.mu, 2 * self.sigma)
        found = densities.bound(densities.endless, model, x, 50, torch.Generator().manual_seed(1))
        assert found.mean() < law.log_prob(x).mean() - 5


class TestLatentDiffusion:
    def test_over_gaussian_codes_it_is_the_bound_with_that_gaussian(self, data):
        """The linear guess is the best for N(m, s^2), so the diffusion model is that prior, and the bound its ELBO."""
        vae, spread = ruler.plain(data.train, 0), torch.linspace(0.8, 1.2, ruler.LATENT)
        with torch.no_grad():
            vae.decoder[-1].weight.zero_()  # whatever z is, the likelihood is the same: less noise
        codes = 0.3 + spread * torch.randn(20_000, ruler.LATENT, generator=torch.Generator().manual_seed(0))
        inside = (codes - codes.mean(0)) / codes.std(0)
        prior = models.Diffusion(models.LinearDenoiser(inside), log_snr_linear(50, 10.0, -10.0), ruler.LATENT, "x")
        model, x = densities.LatentDiffusion(vae, prior, codes), data.valid[:20]
        found = densities.bound(densities.latent_bound, model, x, 300, torch.Generator().manual_seed(1))
        with torch.no_grad():
            q, gaussian = vae.posterior(x), DiagonalGaussian(codes.mean(0), 2 * codes.std(0).log())
            expected = vae.likelihood(q.mean).log_prob(x) - kl_divergence(q, gaussian)
        gaps = found - expected
        error = (gaps.std() / len(gaps) ** 0.5).item()
        assert abs(gaps.mean().item()) < 4 * error and error < 0.6


def test_the_bound_of_codes_is_below_the_sum_over_all_codes(data):
    torch.manual_seed(0)
    ends = models.mlp([64, 8, 4]), models.mlp([4, 8, 128])
    model = densities.gray(models.VQVAE(*ends, None, 2, 3, 2, 0, 64), data.train)
    x, every = data.valid[:20], torch.tensor([*product(range(3), repeat=2)])
    with torch.no_grad():
        joint = torch.stack([model.likelihood(z).log_prob(x) + model.prior().log_prob(z) for z in every])
        found = densities.bound(objectives.elbo, model, x, 1, torch.Generator())
        nearest = model.posterior(x).sample()
        own = model.likelihood(nearest).log_prob(x) + model.prior().log_prob(nearest)
    assert (found <= joint.logsumexp(0)).all()
    torch.testing.assert_close(found, own)


class TestOneUnit:
    """A model for which all levels of all pixels are alike says -64 log 17, whatever kind of model it is."""

    def know_nothing(self):
        independent = densities.IndependentPixels(torch.zeros(0, 64))
        mixture = densities.LevelMixture(torch.full((2,), 0.5), torch.full((2, 64, 17), 1 / 17))
        ordered = densities.PixelByPixel(reach=2, hidden=4, features=2, seed=0)
        with torch.no_grad():
            ordered.network.rest[1][-1].weight.zero_()
            ordered.network.rest[1][-1].bias.zero_()
        return {"independent": independent, "mixture": mixture, "autoregressive": ordered}

    @pytest.mark.parametrize("name", ["independent", "mixture", "autoregressive"])
    def test_of_exact_rows(self, name, data):
        each, elbo = ruler.score(ruler.ROWS[name], self.know_nothing()[name], data.test[:7])
        assert elbo is None and each.shape == (7,)
        torch.testing.assert_close(each, torch.full((7,), -64 * math.log(17)), atol=1e-3, rtol=0)
        assert ruler.NOTHING_KNOWN == pytest.approx(each[0].item(), abs=1e-3)

    def test_of_a_vae(self, data):
        """A sigma so large, with the mean in the middle, that all levels but the outer two are alike: these take the
        tails, half each. A picture of gray alone is then as improbable as can be; one of black has 64 log 2."""
        model = ruler.plain(data.train, 0)
        with torch.no_grad():
            for network in (model.encoder, model.decoder):
                network[-1].weight.zero_()
            model.encoder[-1].bias.zero_()
            model.decoder[-1].bias.copy_(torch.cat([torch.full((64,), 0.5), torch.full((64,), 2 * math.log(1e4))]))
        each, elbo = ruler.score(ruler.ROWS["vae"], model, torch.zeros(3, 64), samples=2)
        torch.testing.assert_close(each, torch.full((3,), -64 * math.log(2)), atol=0.01, rtol=0)
        assert elbo == pytest.approx(-64 * math.log(2), abs=0.01)


@pytest.fixture
def small(monkeypatch, data):
    monkeypatch.setattr(ruler, "STEPS", 6)
    monkeypatch.setattr(ruler, "EVERY", 2)
    return ruler.Parts(data.train[:120], data.valid[:20], data.test[:20])


@pytest.mark.slow
@pytest.mark.parametrize("name", ruler.ROWS)
def test_every_row_in_small(name, small):
    row = ruler.ROWS[name]
    model = row.train(small, 0)
    each, elbo = ruler.score(row, model, small.test, samples=3, draws=2)
    assert each.shape == (20,) and each.isfinite().all() and -600 < each.mean() < -60
    assert (elbo is None) == (row.kind == "exact")
    again, _ = ruler.score(row, row.train(small, 0), small.test, samples=3, draws=2)
    torch.testing.assert_close(each, again)


def test_a_row_that_is_not_there_is_refused_by_name(data):
    refuses(lambda: ruler.measure("nope", 0, data), "row", "'nope'", "blind-diffusion", ValueError)


class TestKeeper:
    def test_it_brings_back_the_weights_that_were_best(self, monkeypatch):
        monkeypatch.setattr(ruler, "EVERY", 2)
        model = nn.Linear(1, 1, bias=False)

        def judge(model, x, y=None, generator=None):
            said = -(model.weight[0] - 3).square().expand(len(x))
            return Terms(said, said, 0 * said, x)

        keeper = ruler.Keeper(model, torch.zeros(4, 1), judge)
        for step, weight in enumerate((3.0, 1.0, 2.0, 2.5, 2.9, 9.0)):  # looked at after every second: 1, 2.5, 9
            model.weight.data.fill_(weight)
            keeper(step, model)
        keeper.restore()
        assert model.weight.item() == 2.5 and keeper.step == 4


ENTRY = {"nats": -80.0, "over_pictures": 1.0, "elbo": None, "seconds": 2.0, "parameters": 3}


class TestFile:
    def test_pictures_are_averaged_over_the_seeds(self, tmp_path, monkeypatch):
        path = tmp_path / "ruler.json"
        monkeypatch.setattr(ruler, "RESULTS", path)
        ruler.keep("vae", 0, ENTRY, torch.tensor([-1.0, -2.0]))
        ruler.keep("independent", 0, ENTRY, torch.tensor([-5.0, -5.0]))
        ruler.keep("vae", 1, ENTRY, torch.tensor([-2.0, -6.0]))
        known = json.loads(path.read_text())
        assert [*known] == ["independent", "vae"]
        assert known["vae"]["pictures"] == [-1.5, -4.0] and [*known["vae"]["seeds"]] == ["0", "1"]
        assert known["vae"]["seeds"]["0"]["nats"] == -80.0 and known["vae"]["seeds"]["0"]["elbo"] is None
        assert [each.name for each in tmp_path.iterdir()] == ["ruler.json"]

    def test_only_what_is_missing_is_run(self, tmp_path, monkeypatch):
        done = []
        monkeypatch.setattr(ruler, "RESULTS", tmp_path / "ruler.json")
        monkeypatch.setattr(
            ruler, "measure", lambda name, seed, data: done.append((name, seed)) or (ENTRY, torch.zeros(2))
        )
        ruler.run(["vae"], seeds=(1,))
        ruler.run(["independent", "vae"])
        assert done == [("vae", 1), ("independent", 0), ("vae", 0), ("vae", 2)]


class TestPage:
    def test_it_is_what_the_script_writes(self):
        def words(text):
            return re.sub(r"<svg.*?</svg>", "<svg/>", text, flags=re.DOTALL)

        written = ruler_page.page(ruler.results())
        assert words(ruler_page.PAGE.read_text(encoding="utf8")) == words(written), (
            "run `python -m benchmarks.ruler_page`"
        )

    def test_every_row_and_seed_is_there(self):
        known = ruler.results()
        assert [*known] == [*ruler.ROWS]
        for name, row in known.items():
            assert [*row["seeds"]] == [str(seed) for seed in ruler.ROWS[name].seeds]
            assert len(row["pictures"]) == ruler.TEST
            mean = sum(entry["nats"] for entry in row["seeds"].values()) / len(row["seeds"])
            assert mean == pytest.approx(sum(row["pictures"]) / ruler.TEST, abs=0.01)

    @pytest.mark.parametrize("name", ["independent", "mixture"])
    def test_rows_that_take_no_time_say_it_again(self, name, data):
        entry, _ = ruler.measure(name, 0, data)
        known = ruler.results()[name]["seeds"]["0"]
        assert entry["nats"] == pytest.approx(known["nats"], abs=0.05)
        assert entry["held_out"] == pytest.approx(known["held_out"], abs=0.1)
        assert entry["parameters"] == known["parameters"]
