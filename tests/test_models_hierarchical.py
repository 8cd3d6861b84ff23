"""Hierarchies held to linear Gaussian ones, where log p(x), the posterior of every level and each KL are known."""

import math
from functools import partial
from itertools import combinations
from types import SimpleNamespace

import pytest
import torch
from exact import DOUBLE, generator, normal
from refusal import refuses
from torch import distributions as td
from torch import nn

from vae_utils import models
from vae_utils.distributions import gaussian_kl
from vae_utils.evaluation import active_units, diagnose, evaluate, log_likelihood
from vae_utils.models import GaussianObservation, HierarchicalVAE, TopDownVAE, mlp_hierarchical_vae, mlp_top_down_vae
from vae_utils.objectives import elbo, importance_bound, level_elbo, linear_warmup
from vae_utils.training import fit

D, SIGMA = 3, 0.6
GAINS, VARIANCES = (1.5, -0.7), (0.4, 0.9)  # z_1 | z_2 ~ N(1.5 z_2, 0.4) and z_2 | z_3 ~ N(-0.7 z_3, 0.9)
W = torch.tensor([[1.0], [-2.0], [0.5]], dtype=DOUBLE)
x = normal(5, D, seed=2)


def line(slope, variance):
    """A network that says mu = slope @ input and log variance."""
    slope = torch.as_tensor(slope, dtype=DOUBLE).reshape(1, -1)
    network = nn.Linear(slope.shape[1], 2, dtype=DOUBLE)
    with torch.no_grad():
        network.weight.copy_(torch.cat([slope, torch.zeros_like(slope)]))
        network.bias.copy_(torch.tensor([0.0, math.log(variance)]))
    return network


def decoder(inputs):
    """W z_1, whatever else is read."""
    network = nn.Linear(inputs, D, bias=False, dtype=DOUBLE)
    with torch.no_grad():
        network.weight.zero_()[:, :1] = W
    return network


def down():
    return [line([gain], variance) for gain, variance in zip(GAINS, VARIANCES, strict=True)]


def joint():
    """The covariance of (z_1, z_2, z_3, x), all of mean 0."""
    second = GAINS[1] ** 2 + VARIANCES[1]
    first = GAINS[0] ** 2 * second + VARIANCES[0]
    z = torch.tensor(
        [
            [first, GAINS[0] * second, GAINS[0] * GAINS[1]],
            [GAINS[0] * second, second, GAINS[1]],
            [GAINS[0] * GAINS[1], GAINS[1], 1.0],
        ],
        dtype=DOUBLE,
    )
    across = W @ z[:1]
    return torch.cat([torch.cat([z, across.T], 1), torch.cat([across, W @ W.T * first + SIGMA**2 * torch.eye(D)], 1)])


def regression(of, on):
    """The best line from some coordinates of the joint to one of them, and the variance that it leaves: exact."""
    covariance = joint()
    slope = torch.linalg.solve(covariance[on][:, on], covariance[on, of])
    return slope, (covariance[of, of] - slope @ covariance[on, of]).item()


X = [3, 4, 5]  # where x stands in the joint


def plain():
    """Its posterior is the true one: q(z_1 | x) p(z_2 | z_1) p(z_3 | z_2), each a line."""
    up = [line(*regression(1, [0])), line(*regression(2, [1]))]
    return HierarchicalVAE(
        line(*regression(0, X)), decoder(1), GaussianObservation(SIGMA), up, down(), (1, 1, 1), data_dim=D
    ).double()


def residual():
    """The true posterior again, from the top: q(z_3 | x) q(z_2 | z_3, x) q(z_1 | z_2, x) as prior plus correction."""
    corrections = []
    for level in (0, 1):
        slope, variance = regression(level, [*X, level + 1])
        corrections.append(line(slope - torch.tensor([0.0, 0.0, 0.0, GAINS[level]]), variance / VARIANCES[level]))
    corrections.append(line(*regression(2, X)))
    parts = nn.Identity(), decoder(3), GaussianObservation(SIGMA), corrections, down(), (1, 1, 1)
    return TopDownVAE(*parts, data_dim=D).double()


def ladder():
    """Two levels. z_1 hears W^T x / W^T W with variance sigma^2 / W^T W, whatever z_2: that is the true posterior."""
    square = (W.T @ W).item()
    heard = line(W.T / square, SIGMA**2 / square)
    second = GAINS[0] ** 2 + VARIANCES[0]
    spread = W @ W.T * second + SIGMA**2 * torch.eye(D)
    slope = GAINS[0] * torch.linalg.solve(spread, W[:, 0])
    top = line(slope, 1 - GAINS[0] * (slope @ W[:, 0]).item())
    parts = nn.Identity(), decoder(2), GaussianObservation(SIGMA), [heard, top], down()[:1], (1, 1)
    return TopDownVAE(*parts, data_dim=D, merge="precision").double(), td.MultivariateNormal(torch.zeros(D), spread)


def evidence():
    return td.MultivariateNormal(torch.zeros(D, dtype=DOUBLE), joint()[3:, 3:]).log_prob(x)


@pytest.mark.parametrize("build", [plain, residual], ids=["plain", "residual"])
class TestThreeExactLevels:
    """With the true posterior every weight p(x, z) / q(z | x) is p(x), whatever z was drawn."""

    def test_every_weight_is_log_p(self, build):
        model = build()
        z = model.posterior(x).rsample((4,), generator=generator())
        weight = model.likelihood(z).log_prob(x) + model.prior().log_prob(z) - model.posterior(x).log_prob(z)
        torch.testing.assert_close(weight, evidence().expand(4, 5))
        torch.testing.assert_close(importance_bound(model, x, 3), evidence())
        torch.testing.assert_close(log_likelihood(model, x, 2), evidence())

    def test_the_elbo_is_log_p_on_average(self, build):
        model, rows = build(), x.repeat(4000, 1)
        terms = elbo(model, rows, generator=generator())
        found = terms.elbo.view(4000, 5)
        assert ((found.mean(0) - evidence()).abs() <= 5 * found.std(0) / 4000**0.5 + 1e-6).all()
        assert terms.levels.shape == (20_000, 3)
        torch.testing.assert_close(terms.levels.sum(-1), terms.kl)

    def test_the_posterior_of_each_level_is_the_true_one(self, build):
        model = build()
        z = model.posterior(x).rsample((50_000,), generator=generator())
        for level in range(3):
            slope, variance = regression(level, X)
            torch.testing.assert_close(z[..., level].mean(0), x @ slope, atol=0.02, rtol=0)
            torch.testing.assert_close(
                z[..., level].var(0), torch.full((5,), variance, dtype=DOUBLE), atol=0, rtol=0.03
            )
        torch.testing.assert_close(
            model.posterior(x).mean, torch.stack([x @ regression(j, X)[0] for j in range(3)], -1)
        )

    def test_the_prior_of_the_levels_together_is_the_joint(self, build):
        prior = build().prior()
        z = prior.sample((50_000,), generator=generator())
        torch.testing.assert_close(z.T.cov(), joint()[:3, :3], atol=0.05, rtol=0.05)
        exact = td.MultivariateNormal(torch.zeros(3, dtype=DOUBLE), joint()[:3, :3])
        torch.testing.assert_close(prior.log_prob(z[:9]), exact.log_prob(z[:9]))


def test_the_decoder_of_the_plain_form_sees_the_bottom_alone():
    z = normal(5, 3)
    mean = plain().likelihood(z).mean
    torch.testing.assert_close(mean, z[:, :1] @ W.T)
    every = mlp_top_down_vae(D, (1, 2))
    changed = torch.cat([z[:, :1], -z[:, 1:]], 1)
    assert not torch.equal(*(every.likelihood(some.float()).mean for some in (z, changed)))


class TestFromTheTop:
    def test_the_kl_of_a_level_is_in_closed_form(self):
        """At the z_2 that was drawn, for a correction m to mu and log r to logvar: (m^2 / v + r - 1 - log r) / 2."""
        model = residual()
        terms = elbo(model, x, generator=generator())
        above = terms.z[:, 1:2]
        m, log_r = model.corrections[0](torch.cat([x, above], 1)).chunk(2, -1)
        expected = 0.5 * (m**2 / VARIANCES[0] + log_r.exp() - 1 - log_r)
        torch.testing.assert_close(terms.levels[:, 0], expected[:, 0])
        torch.testing.assert_close(terms.levels[:, 2], gaussian_kl(*model.corrections[2](x).chunk(2, -1)))

    @pytest.mark.parametrize("sizes", [(2, 1), (2, 3, 1)])
    def test_levels_whose_correction_is_nothing_cost_nothing_and_are_drawn_from_the_prior(self, sizes):
        model = mlp_top_down_vae(D, sizes, hidden=(8,))
        for network in model.corrections[:-1]:
            nn.init.zeros_(network[-1].weight), nn.init.zeros_(network[-1].bias)
        terms = elbo(model, x.float().sigmoid())
        assert (terms.levels[:, :-1] == 0).all() and (terms.levels[:, -1] > 0).all()
        z = terms.z
        for ours, theirs in zip(terms.q.laws(z)[1:], model.prior().laws(z)[1:], strict=True):
            assert torch.equal(ours.mu, theirs.mu) and torch.equal(ours.logvar, theirs.logvar)

    def test_the_ladder_multiplies_what_both_say(self):
        model, exact = ladder()
        torch.testing.assert_close(importance_bound(model, x, 3), exact.log_prob(x))
        z = model.posterior(x).sample((3,), generator=generator())
        mu, variance = z[..., 1:] * GAINS[0], VARIANCES[0]
        heard, spread = x @ W / (W.T @ W), SIGMA**2 / (W.T @ W).item()
        law = model.posterior(x).laws(z)[1]
        torch.testing.assert_close(law.sigma.square(), torch.full_like(mu, 1 / (1 / variance + 1 / spread)))
        torch.testing.assert_close(law.mu, (mu / variance + heard / spread) / (1 / variance + 1 / spread))

    def test_a_ladder_whose_two_sides_are_far_apart_stays_finite(self):
        model, _ = ladder()
        for logvar in (-200.0, 200.0):
            with torch.no_grad():
                model.corrections[0].bias[1] = logvar
            law = model.posterior(x).laws(torch.zeros(5, 2, dtype=DOUBLE))[1]
            assert law.logvar.isfinite().all() and law.mu.isfinite().all()
            expected = x @ W / (W.T @ W) if logvar < 0 else torch.zeros(5, 1, dtype=DOUBLE)
            torch.testing.assert_close(law.mu, expected, atol=1e-6, rtol=0)

    def test_a_new_bottom_under_a_held_top(self):
        """The steps of the chain are the laws of single levels: what the chapter resamples."""
        model = residual()
        z = model.posterior(x).sample(generator=generator())
        bottom = model.prior().steps[-1](z[:, 1:2]).sample((20_000,), generator=generator())
        torch.testing.assert_close(bottom.mean(0), GAINS[0] * z[:, 1:2], atol=0.03, rtol=0)
        torch.testing.assert_close(bottom.var(0), torch.full((5, 1), VARIANCES[0], dtype=DOUBLE), atol=0.03, rtol=0)


@pytest.mark.parametrize("build", [plain, residual], ids=["plain", "residual"])
def test_the_top_may_have_a_learned_prior(build):
    """A mixture of two that are both N(0, 1) changes nothing; two that are not change the top and what hangs on it."""
    model = build()
    model.prior_module = models.MixturePrior(1, 2).double()
    with torch.no_grad():
        model.prior_module.mu.zero_()
    torch.testing.assert_close(importance_bound(model, x, 3), evidence())
    terms = elbo(model, x)
    torch.testing.assert_close(terms.levels.sum(-1), terms.kl)
    refuses(lambda: diagnose(model, x), "model", "Chain that begins with a GaussianMixture", "Chain of them", TypeError)
    with torch.no_grad():
        model.prior_module.mu.copy_(torch.tensor([[-5.0], [9.0]]))
    drawn = model.prior().sample((20_000,), generator=generator())
    assert drawn.shape == (20_000, 3) and not drawn.requires_grad
    chosen = drawn[:, 2] > 2
    for some, center in ((chosen, 9.0), (~chosen, -5.0)):
        assert some.double().mean().item() == pytest.approx(0.5, abs=0.02)
        middle = GAINS[1] * center
        assert drawn[some].mean(0).tolist() == pytest.approx([GAINS[0] * middle, middle, center], abs=0.1)


class TestDiagnosis:
    @pytest.mark.parametrize("build", [plain, residual], ids=["plain", "residual"])
    def test_every_number_of_three_levels(self, build):
        model, rows = build(), normal(20_000, D, seed=4) @ torch.linalg.cholesky(joint()[3:, 3:]).T
        found = diagnose(model, rows, generator=generator())
        expected = 0.5 * math.log(joint()[0, 0] / regression(0, X)[1])  # I(x; z) is that of z_1: the KL on average
        assert found.kl == pytest.approx(expected, abs=0.03)
        torch.testing.assert_close(found.kl_per_level, found.kl_per_dimension)
        assert found.kl_per_level.sum().item() == pytest.approx(found.kl)
        on = {plain: (X, [0], [1]), residual: ([*X, 1], [*X, 2], X)}[build]
        deviations = [regression(level, given)[1] ** 0.5 for level, given in enumerate(on)]
        assert found.sigma.tolist() == pytest.approx(deviations)
        assert found.active.all() and found.verdict == "healthy"
        shown = " ".join(f"{kl:.2f}" for kl in found.kl_per_level.tolist())
        assert f"KL per level: {shown}\n" in str(found)
        assert active_units(model, rows).all()

    def test_the_level_that_x_decides_pays_in_the_form_from_the_top(self):
        rows = normal(20_000, D, seed=4) @ torch.linalg.cholesky(joint()[3:, 3:]).T
        found = diagnose(residual(), rows, generator=generator())
        top = 0.5 * math.log(1 / regression(2, X)[1])
        middle = 0.5 * math.log(regression(1, [2])[1] / regression(1, [*X, 2])[1])
        assert found.kl_per_level[1:].tolist() == pytest.approx([middle, top], abs=0.02)

    def test_levels_of_several_dimensions_are_added_up(self):
        model = mlp_top_down_vae(D, (2, 3), hidden=(8,))
        found = diagnose(model, x.float().sigmoid(), batch_size=2, generator=generator())
        parts = [part.sum().item() for part in found.kl_per_dimension.split((2, 3))]
        assert found.kl_per_level.tolist() == pytest.approx(parts, rel=1e-5)
        assert found.sigma.shape == found.active.shape == (5,)

    def test_a_model_without_levels_tells_of_none(self):
        found = diagnose(models.mlp_vae(D, 2), x.float().sigmoid())
        assert found.kl_per_level is None and "level" not in str(found)


def test_where_only_one_law_has_levels_the_kl_is_that_of_the_sample():
    levels, flat = residual(), models.mlp_vae(D, 3).double()
    for q, p in ((levels, flat), (flat, levels)):
        mixed = SimpleNamespace(posterior=q.posterior, prior=p.prior, likelihood=levels.likelihood)
        terms = elbo(mixed, x, generator=generator())
        assert terms.levels is None
        torch.testing.assert_close(terms.kl, q.posterior(x).log_prob(terms.z) - p.prior().log_prob(terms.z))


class TestWeightsOfTheLevels:
    def test_each_level_is_weighed_by_its_own(self):
        model = residual()
        plain_terms = elbo(model, x, generator=generator())
        terms = level_elbo(model, x, beta=(0.5, 2.0, 0.0), generator=generator())
        expected = terms.reconstruction - 0.5 * terms.levels[:, 0] - 2 * terms.levels[:, 1]
        torch.testing.assert_close(terms.elbo, expected)
        assert torch.equal(terms.kl, plain_terms.kl) and torch.equal(terms.reconstruction, plain_terms.reconstruction)
        for one, many in ((1.0, (1.0, 1, 1.0)), (0.3, (0.3, 0.3, 0.3))):
            alike = level_elbo(model, x, beta=one, generator=generator()).elbo
            torch.testing.assert_close(alike, level_elbo(model, x, beta=many, generator=generator()).elbo)
            torch.testing.assert_close(alike, elbo(model, x, beta=one, generator=generator()).elbo)
        eps = normal(5, 3)
        assert torch.equal(level_elbo(model, x, eps=eps).elbo, elbo(model, x, eps=eps).elbo)
        assert evaluate(model, x, generator=generator(), objective=level_elbo)["kl"] == pytest.approx(
            plain_terms.kl.mean().item()
        )

    def test_bad_weights_and_models(self):
        for beta in ((1.0, 1.0), (1.0,) * 4, ()):
            refuses(lambda beta=beta: level_elbo(residual(), x, beta=beta), "beta", str(beta), "3 levels", ValueError)
        refuses(lambda: level_elbo(residual(), x, beta=(1.0, -1.0, 1.0)), "beta", "-1", ">= 0", ValueError)
        refuses(lambda: level_elbo(residual(), x, beta=(1.0, "1", 1.0)), "beta", "'1'", ">= 0", TypeError)
        flat = models.mlp_vae(D, 2)
        refuses(lambda: level_elbo(flat, x.float().sigmoid()), "model", "DiagonalGaussian", "Chain", TypeError)
        refuses(lambda: elbo(residual(), x, beta=(1.0, 1.0, 1.0)), "beta", "(1.0, 1.0, 1.0)", ">= 0", TypeError)

    def test_weights_may_be_a_list(self):
        bits = x.float().sigmoid().round()
        histories = [
            fit(
                mlp_top_down_vae(D, (2, 1), hidden=(8,)), bits, steps=3, objective=level_elbo, beta=beta, progress=False
            )
            for beta in ([1.0, lambda progress: 0.5], (1.0, 0.5))
        ]
        assert histories[0]["beta_2"].tolist() == [0.5] * 3
        assert histories[0]["loss"].tolist() == histories[1]["loss"].tolist()

    def test_a_training_weighs_and_records_every_level(self):
        model, bits = mlp_top_down_vae(D, (2, 1), hidden=(8,)), x.float().sigmoid().round()
        beta = (2.0, linear_warmup(0.5))
        history = fit(model, bits, steps=4, objective=level_elbo, beta=beta, batch_size=5, progress=False)
        assert history["beta_1"].tolist() == [2.0] * 4 and history["beta_2"].tolist() == [0.0, 0.5, 1.0, 1.0]
        kl = history["kl_1"] + history["kl_2"]
        assert history["kl"] == pytest.approx(kl) and (history["kl_1"] > 0).all()
        weighed = history["beta_1"] * history["kl_1"] + history["beta_2"] * history["kl_2"]
        assert history["loss"] == pytest.approx(weighed - history["reconstruction"], rel=1e-4)
        flat = fit(models.mlp_vae(D, 2), bits, steps=1, progress=False)
        assert flat.terms == ("loss", "elbo", "reconstruction", "kl", "beta")
        wrong = (1.0, -1.0)
        refuses(
            lambda: fit(model, bits, steps=1, objective=level_elbo, beta=wrong), "beta", "-1.0", "progress", ValueError
        )


class TestBuilt:
    def test_every_network_has_its_sizes_and_its_own_weights(self):
        model = mlp_hierarchical_vae(20, (6, 4, 2), hidden=(16, 8))
        shapes = [tuple(layer.weight.shape) for layer in model.modules() if isinstance(layer, nn.Linear)]
        ends = [(16, 20), (8, 16), (12, 8), (8, 6), (16, 8), (20, 16)]
        assert shapes == [*ends, (8, 6), (8, 8), (8, 4), (4, 8), (8, 4), (12, 8), (8, 2), (8, 8)]
        model = mlp_top_down_vae(20, (6, 4, 2), hidden=(16, 8))
        shapes = [tuple(layer.weight.shape) for layer in model.modules() if isinstance(layer, nn.Linear)]
        ends = [(16, 20), (8, 16), (8, 12), (16, 8), (20, 16)]
        corrections = [(8, 12), (12, 8), (8, 10), (8, 8), (4, 8)]
        assert shapes == [*ends, *corrections, (8, 4), (12, 8), (8, 2), (8, 8)]
        assert isinstance(model.encoder[-1], nn.ReLU) and model.sizes == (6, 4, 2) and model.latent_dim == 12
        heard = mlp_top_down_vae(20, (6, 4), hidden=(8,), merge="precision").corrections
        assert [heard[0][0].in_features, heard[1][0].in_features] == [8, 8]
        first, second = mlp_hierarchical_vae(20, (6, 4), hidden=(8,)).up[0][::2]
        assert first.weight.shape == (8, 6) and second.weight.shape == (8, 8)

    @pytest.mark.parametrize("build", [mlp_hierarchical_vae, partial(mlp_top_down_vae, merge="precision")])
    def test_no_two_networks_start_alike(self, build):
        """All layers take four numbers to four, or to eight: from one stream twice, some would be equal."""
        every = [weight[:4] for weight in build(4, (4, 4, 4), hidden=(4,)).parameters() if weight.ndim == 2]
        same = [torch.equal(a, b) for a, b in combinations([w for w in every if w.shape == (4, 4)], 2)]
        assert len(same) > 20 and not any(same)

    @pytest.mark.parametrize("build", [mlp_hierarchical_vae, mlp_top_down_vae])
    def test_levels_of_unlike_lengths_stand_in_their_places(self, build):
        model, rows = build(D, (3, 1, 2), hidden=(8,)), x.float().sigmoid()
        q, p = model.posterior(rows), model.prior()
        z = q.rsample(generator=generator())
        parts = [[part for _, part in law.laid_out(z)] for law in (q, p)]
        for one, other, wanted in zip(*parts, z.split((3, 1, 2), -1), strict=True):
            assert torch.equal(one, wanted) and torch.equal(other, wanted)
        top = p.laid_out(z)[-1][0]
        assert top.mu.tolist() == [0.0, 0.0] and top.logvar.tolist() == [0.0, 0.0]
        assert elbo(model, rows).levels.shape == (5, 3) and q.mean.shape == (5, 6)

    @pytest.mark.parametrize("build", [mlp_hierarchical_vae, mlp_top_down_vae])
    def test_the_weights_depend_on_the_seed_alone(self, build):
        first, again, other = (
            torch.cat([p.flatten() for p in build(5, (2, 2), seed=seed).parameters()]) for seed in (3, 3, 4)
        )
        assert torch.equal(first, again) and not torch.equal(first, other)
        lower, another = (build(5, (2, 2), hidden=(8,), seed=seed).down[0][0].weight for seed in (3, 4))
        stream = build(2, (2, 2), hidden=(8,), seed=3).encoder[0].weight  # the same shape, drawn first
        assert not torch.equal(lower, another) and not torch.equal(lower, stream)
        assert build(5, (2, 2)).encoder[0].out_features == 400
        assert torch.equal(build(5, (2, 2)).down[0][0].weight, build(5, (2, 2), seed=0).down[0][0].weight)
        model = build(5, (5, 5), hidden=(10,), activation=nn.Tanh, likelihood="gaussian", sigma="per_pixel")
        assert isinstance(model.down[0][1], nn.Tanh) and not torch.equal(
            model.down[0][0].weight, model.decoder[0].weight[:, :5]
        )
        assert model.likelihood(torch.zeros(1, 10)).base_dist.scale.shape == (1, 5)

    def test_one_level_is_a_plain_vae(self):
        model, flat = mlp_hierarchical_vae(5, (2,), hidden=(8,), seed=1), models.mlp_vae(5, 2, hidden=(8,), seed=1)
        rows = x.float().sigmoid().repeat(1, 2)[:, :5]
        ours, theirs = (elbo(each, rows, generator=generator()) for each in (model, flat))
        torch.testing.assert_close(ours.elbo, theirs.elbo)
        assert torch.equal(ours.levels[:, 0], ours.kl)

    def test_bad_input(self):
        linear = nn.Linear(1, 2)
        ends = nn.Linear(D, 2), nn.Linear(1, D), GaussianObservation(1.0)
        refuses(lambda: HierarchicalVAE(*ends, [], [linear], (1, 1)), "up", "0 networks", "1", ValueError)
        refuses(lambda: HierarchicalVAE(*ends, [linear] * 2, [linear], (1, 1)), "up", "2 networks", "1", ValueError)
        refuses(lambda: HierarchicalVAE(*ends, [linear], [], (1, 1)), "down", "0 networks", "1", ValueError)
        refuses(lambda: HierarchicalVAE(*ends, linear, [linear], (1, 1)), "up", "Linear", "a list of 1", TypeError)
        refuses(lambda: TopDownVAE(*ends, [linear], [linear], (1, 1)), "corrections", "1 networks", "2", ValueError)
        refuses(lambda: TopDownVAE(*ends, [linear] * 2, [], (1, 1)), "down", "0 networks", "1", ValueError)
        refuses(lambda: mlp_top_down_vae(D, (1, 1), merge="sum"), "merge", "'sum'", "residual", ValueError)
        refuses(lambda: mlp_top_down_vae(D, (1, 1), hidden=()), "hidden", "no width", "one or more", ValueError)
        for build in (mlp_hierarchical_vae, mlp_top_down_vae):
            refuses(lambda build=build: build(D, (2, 0)), "sizes", "0", ">= 1", ValueError)
            refuses(lambda build=build: build(D, (2, 1.5)), "sizes", "1.5", "whole number", TypeError)
            refuses(lambda build=build: build(D, ()), "sizes", "()", "for each level", ValueError)
            refuses(lambda build=build: build(D, 2), "sizes", "2", "for each level", TypeError)
        refuses(lambda: HierarchicalVAE(*ends, [], [], ()), "sizes", "()", "for each level", ValueError)
        model = HierarchicalVAE(nn.Linear(D, 3), *ends[1:], [linear], [linear], (1, 1))
        refuses(lambda: model.posterior(x.float()), "encoder output", "(5, 3)", "(..., 2)", ValueError)
        model = HierarchicalVAE(*ends, [nn.Linear(1, 3)], [nn.Linear(1, 4)], (1, 1), data_dim=D)
        z = torch.zeros(5, 2)
        refuses(lambda: model.posterior(x.float()).log_prob(z), "up output", "(5, 3)", "(..., 2)", ValueError)
        refuses(lambda: model.prior().log_prob(z), "down output", "(5, 4)", "(..., 2)", ValueError)
        model = TopDownVAE(*ends, [nn.Linear(3, 3), nn.Linear(2, 3)], [linear], (1, 1))
        refuses(lambda: model.posterior(x.float()), "corrections output", "(5, 3)", "(..., 2)", ValueError)
