"""The rows beside the paper's table: models by known answers, what is written down, the weights scored again."""

import math

import pytest
import torch
from torch import nn

from benchmarks import iwae, latents, page, paper
from vae_utils.distributions import DiagonalGaussian, GaussianMixture
from vae_utils.storage import save_model


def numbers(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def some_pictures(n=4):
    return torch.bernoulli(torch.full((n, 784), 0.3), generator=torch.Generator().manual_seed(0))


class TestPriors:
    def test_the_products_are_the_density_of_the_mixture(self):
        components = DiagonalGaussian(3 + 2 * numbers(7, 5), numbers(7, 5, seed=1) - 2)
        logits, z = numbers(7, seed=2), 3 + 2 * numbers(3, 4, 5, seed=3)
        quick, plain = (law(logits, components) for law in (latents.ProductMixture, GaussianMixture))
        assert torch.allclose(quick.log_prob(z), plain.log_prob(z), rtol=1e-4)

    def test_half_precision_outside_does_not_reach_the_density(self):
        components, z = DiagonalGaussian(numbers(6, 3), numbers(6, 3, seed=1)), numbers(9, 3, seed=2)
        law = latents.ProductMixture(numbers(6, seed=3), components)
        exact = law.log_prob(z)
        with torch.autocast("cpu", torch.bfloat16):
            assert torch.equal(law.log_prob(z), exact)

    def test_the_gradient_is_that_of_the_mixture(self):
        mu = numbers(4, 2).requires_grad_()
        components, z = DiagonalGaussian(mu, numbers(4, 2, seed=1)), numbers(6, 2, seed=2)
        grads = [
            torch.autograd.grad(law(numbers(4, seed=3), components).log_prob(z).sum(), mu)[0]
            for law in (latents.ProductMixture, GaussianMixture)
        ]
        assert torch.allclose(*grads, rtol=1e-3, atol=1e-4)

    def test_hidden_units_are_a_times_sigmoid_b(self):
        torch.manual_seed(0)
        network, x = latents.gated(6, 4, 3, 2), numbers(5, 6)
        for layer in (network[0], network[2]):
            a, b = (x @ layer.weight.T + layer.bias).chunk(2, -1)
            x = a * torch.sigmoid(b)
        assert torch.allclose(network(numbers(5, 6)), x @ network[4].weight.T + network[4].bias, atol=1e-6)
        bound = math.sqrt(6 / (6 + 4))
        assert 0.8 * bound < network[0].weight.abs().max() <= bound and not network[0].bias.any()

    @pytest.mark.parametrize("name", latents.PRIORS)
    def test_the_networks_have_the_sizes_of_the_paper(self, name):
        model = latents.PRIORS[name].model(torch.full((784,), 0.3))
        for network, ends in ((model.encoder, (784, 80)), (model.decoder, (40, 784))):
            linear = [layer for layer in network if isinstance(layer, nn.Linear)]
            assert [(layer.in_features, layer.out_features) for layer in linear] == [
                (ends[0], 600), (300, 600), (300, ends[1])
            ]  # fmt: skip
        assert torch.allclose(torch.sigmoid(model.decoder[-1].bias), torch.tensor(0.3))

    def test_the_vampprior_starts_at_pictures_and_is_the_mean_of_their_posteriors(self):
        model, x = latents.build_vamp(), torch.rand(600, 784, generator=torch.Generator().manual_seed(0))
        latents.start_at_pictures(model, x)
        z = numbers(2, 40)
        each = model.posterior(x[:500]).log_prob(z.unsqueeze(1))
        assert torch.allclose(model.prior().log_prob(z), each.logsumexp(1) - math.log(500), rtol=1e-4)

    def test_both_start_from_the_same_networks(self):
        normal, vamp = latents.build_gated(), latents.build_vamp()
        kept = vamp.state_dict()
        assert set(kept) == {*normal.state_dict(), "prior_module.inputs", "prior_module.logits"}
        assert all(torch.equal(value, kept[name]) for name, value in normal.state_dict().items())


class TestLevels:
    def plain(self):
        one = iwae.build(torch.full((784,), 0.3))
        plain = iwae.grow_two_layers(one).eval()
        with torch.no_grad():
            for network in (plain.encoder, plain.up[0], plain.down[0]):
                network[-1].weight += 0.05 * numbers(*network[-1].weight.shape)
                network[-1].bias += 0.1 * numbers(*network[-1].bias.shape)
        return plain

    def test_top_down_starts_with_the_generator_of_the_plain_model(self):
        plain = self.plain()
        grown, z = latents.grow_top_down(plain).eval(), numbers(5, 150)
        assert torch.allclose(grown.prior().log_prob(z), plain.prior().log_prob(z), rtol=1e-5)
        assert torch.allclose(grown.likelihood(z).logits, plain.likelihood(z).logits, atol=1e-4)
        assert not torch.equal(grown.decoder[0].weight, latents.build_top_down().decoder[0].weight)

    def test_top_down_starts_with_nearly_the_posterior_of_the_plain_model(self):
        plain, x = self.plain(), some_pictures()
        grown, first = latents.grow_top_down(plain).eval(), plain.posterior(x).first
        z = numbers(4, 150)
        (below, _), (top, _) = grown.posterior(x).laid_out(z)
        assert torch.allclose(below.mu, first.mu, atol=1e-4) and torch.allclose(below.logvar, first.logvar, atol=1e-4)
        at_mean = plain.posterior(x).steps[0](first.mu)
        assert torch.allclose(top.mu, at_mean.mu, atol=1e-4) and torch.allclose(top.logvar, at_mean.logvar, atol=1e-4)

    def test_the_correction_may_look_at_both_at_once(self):
        seen = numbers(3, 250)
        correction = latents.Correction()
        parts = correction.of_x(seen[:, :200]) + correction.of_above(seen[:, 200:]) + correction.of_both(seen)
        assert torch.equal(correction(seen), parts)

    def test_both_train_equally_from_the_same_weights(self):
        plain, top_down = latents.LEVELS.values()
        assert plain.stages == top_down.stages and plain.start == top_down.start == ("iwae-50-two-layers", None)
        assert latents.build_top_down().sizes == iwae.build_two_layers().sizes == (100, 50)

    def test_units_are_counted_level_by_level(self):
        model = latents.build_top_down()
        with torch.no_grad():
            model.corrections[1][1][-1].weight[:48] = 0
            model.decoder[0].weight.zero_()
        below, top = paper.units_by_level(model, some_pictures(64))
        assert top == 2 and 0 < below <= 100
        assert paper.units_by_level(iwae.build(), some_pictures(64)) == [50]


def test_a_row_may_start_from_committed_weights(tmp_path, monkeypatch):
    monkeypatch.setenv("VAE_CACHE", str(tmp_path))
    monkeypatch.setattr(paper, "FOLDER", tmp_path)
    model = paper.ROWS["vae-1"].model()
    save_model(model, paper.weights_file("vae-1"), {"row": "vae-1", "stages": [{"steps": 3}]}, half=True)
    row = paper.ROWS["vae-50"]._replace(start=("vae-1", None))
    begun, stages = paper.begin(row, some_pictures(), False)
    assert stages == [{"steps": 3}]
    assert torch.equal(begun.encoder[0].weight, model.encoder[0].weight.half().float())


def test_new_weights_meet_the_training_images_first(tmp_path, monkeypatch):
    monkeypatch.setenv("VAE_CACHE", str(tmp_path))
    seen = []
    row = paper.ROWS["vae-1"]._replace(stages=(), settle=lambda model, x: seen.append((model, x)))
    monkeypatch.setitem(paper.ROWS, "vae-1", row)
    x = some_pictures()
    model, _ = paper.train("vae-1", x)
    assert seen == [(model, x)]


def test_a_gain_is_the_mean_of_the_differences_with_its_error():
    found = paper.gain(torch.tensor([1.0, 2.0, 3.0, 6.0]), "normal")
    assert found["beside"] == "normal" and found["nats"] == 3.0
    assert found["standard_error"] == pytest.approx(math.sqrt(14 / 3) / 2)


def test_every_twentieth_image_is_scored_by_5000_samples(monkeypatch):
    asked = []
    monkeypatch.setattr(paper, "committed", lambda name: ("model", []))
    monkeypatch.setattr(paper, "test_images", lambda: torch.arange(10_000.0))
    monkeypatch.setattr(paper, "nll", lambda *arguments: asked.append(arguments))
    paper.some_nll.__wrapped__("vamp")
    model, x, samples = asked[0]
    assert model == "model" and samples == 5000 and len(x) == 500 and x[:3].tolist() == [0, 20, 40]


def entry(title, nll, paper_nll, gain=None, units=(20,)):
    stages = [{"epochs": 60, "bound": -90.0, "core_hours": 0.25}]
    return {
        "title": title, "paper": paper_nll, "nll": nll, "standard_error": 0.7, "images": 1000, "stages": stages,
        "steps": 14_100, "core_hours": 0.25, "active_units": list(units),
        "gain": gain and {"beside": "normal", "nats": gain[0], "standard_error": gain[1]},
    }  # fmt: skip


def priors(gain, error=0.05):
    return {
        "normal": entry("N(0, I)", 90.0, 88.56),
        "vamp": entry("VampPrior, K = 500", 90.0 - gain, 85.57, (gain, error)),
    }


class TestPage:
    def test_the_table_of_priors(self):
        lines = page.priors_section(priors(1.5)).replace("\N{NO-BREAK SPACE}", " ").splitlines()
        assert "| N(0, I) | 90.00 ± 0.70 | 88.56 | 20 | 14,100 | 15.0 |" in lines
        assert "| VampPrior, K = 500 | 88.50 ± 0.70 | 85.57 | 20 | 14,100 | 15.0 |" in lines
        assert "| **gain of the VampPrior** | **1.50 ± 0.05** | **2.99** | | | |" in lines
        assert len({line.count("|") for line in lines if line.startswith("|")}) == 1

    @pytest.mark.parametrize(
        ("gain", "words"),
        [
            (1.5, "gains 1.50 nats here, less than in the paper (2.99)"),
            (2.95, "gains 2.95 nats here, as much as in the paper"),
            (3.5, "gains 3.50 nats here, more than"),
            (-1.0, "loses 1.00 nats here, less than"),
            (0.05, "cannot be told apart; in the paper the gain is 2.99"),
            (-0.05, "cannot be told apart"),
        ],
    )
    def test_it_says_what_the_vampprior_gained(self, gain, words):
        assert words in page.priors_verdict(priors(gain))

    def test_one_prior_alone_is_no_comparison(self):
        assert page.NOT_RUN in page.priors_section({"normal": entry("N(0, I)", 90.0, 88.56)})


def levels(plain, top_down, error=0.01):
    stage = {"epochs": 2, "optimizer": "muon", "objective": "resampled", "k": 50, "bound": -83.0, "core_hours": 0.1}
    one = {"stages": [stage], "active_units_beside": [23, 5]}
    return {
        "from-the-bottom": entry("bottom", 82.0, None, (plain, error), (24, 6)) | one,
        "top-down": entry("top", 81.5, None, (top_down, error), (25, 7)) | one,
        "iwae-50-two-layers": entry("two layers", 82.96, 82.90) | {"core_hours": 3.9},
    }


class TestLevelsPage:
    def test_the_table_of_levels(self):
        text = page.levels_section(levels(-0.2, 0.3)).replace("\N{NO-BREAK SPACE}", " ")
        assert "| from the bottom, where both start | 81.80 |  | 23 | 5 |\n" in text
        assert "| bottom | 82.00 | 0.20 ± 0.01 | 24 | 6 |\n| top | 81.50 | −0.30 ± 0.01 | 25 | 7 |\n" in text
        flat = text.replace("\n", " ")
        assert "2 epochs of Muon on the importance-weighted bound with k = 50" in flat
        assert "That is 6.0 minutes of one core after 3.9 hours" in flat
        assert "has 82.96 ± 0.70, the paper's 82.90" in flat and "$q(z_1 | x)\\, q(z_2 | z_1)$" in flat

    @pytest.mark.parametrize(
        ("plain", "top_down", "words"),
        [
            (-0.1, 0.3, "is 0.40 nats better than the plain model after the same training"),
            (0.3, 0.1, "is 0.20 nats worse than"),
            (0.0, 0.02, "cannot be told apart from the plain model after the same training (−0.02 nats)"),
            (None, 0.03, "is 0.03 nats better than the plain model where it started"),
            (None, -0.016, "cannot be told apart from the plain model where it started (+0.02 nats)"),
        ],
    )
    def test_it_says_which_is_better(self, plain, top_down, words):
        entries = levels(plain or 0.0, top_down)
        if plain is None:
            del entries["from-the-bottom"]
        assert words in page.levels_section(entries)
        assert (page.WITHOUT_PLAIN in page.levels_section(entries)) is (plain is None)
        assert (page.WITH_PLAIN in page.levels_section(entries)) is (plain is not None)

    @pytest.mark.parametrize("missing", ["top-down", "iwae-50-two-layers"])
    def test_a_row_that_is_missing_leaves_no_comparison(self, missing):
        rows = levels(0.0, 0.1)
        del rows[missing]
        assert page.NOT_RUN in page.levels_section(rows)

    def test_one_epoch_is_one(self):
        stage = levels(0.0, 0.0)["top-down"]["stages"][0]
        assert page.leg(stage | {"epochs": 1}).startswith("one epoch of Muon on")


KEPT = {name: entry for name, entry in paper.results().items() if name in paper.every_row() and name not in paper.ROWS}


@pytest.mark.parametrize("name", KEPT)
def test_the_results_are_those_of_the_rows(name):
    row, found = paper.checked_row(name), KEPT[name]
    assert (found["title"], found["paper"], found["images"]) == (row.title, row.paper, 500)
    own = [paper.without_times(stage) for stage in found["stages"][-len(row.stages) :]]
    assert own == [{**stage._asdict(), "batch_size": paper.BATCH_SIZE, "seed": paper.SEED} for stage in row.stages]
    assert (found["gain"] or {}).get("beside") == row.beside
    assert paper.weights_file(name).stat().st_size < 3 * 2**20
