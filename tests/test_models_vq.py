"""Discrete codes, held to sums over every code."""

import itertools
import math
from functools import partial

import pytest
import torch
from refusal import refuses

from vae_utils import models, objectives, training
from vae_utils.distributions import Code
from vae_utils.evaluation import evaluate
from vae_utils.storage import load_model, save_model

LENGTH = 6
EVERY_ROW = torch.tensor(list(itertools.product((0.0, 1.0), repeat=LENGTH)))


def vq_model(codes=5, slots=2, **settings):
    torch.manual_seed(0)
    encoder, decoder = models.mlp([LENGTH, 8, slots * 3]), models.mlp([slots * 3, 8, LENGTH])
    model = models.VQVAE(encoder, decoder, models.BernoulliObservation(), slots, codes, width=3, **settings)
    with torch.no_grad():
        model.prior_module.logits.normal_()
    return model


def scalar_model(levels=(3, 2), slots=2):
    torch.manual_seed(0)
    width = slots * len(levels)
    networks = models.mlp([LENGTH, 8, width]), models.mlp([width, 8, LENGTH])
    model = models.FiniteScalarVAE(*networks, models.BernoulliObservation(), slots, levels)
    with torch.no_grad():
        model.prior_module.logits.normal_()
    return model


def bare(codebook, **settings):
    """A VQ-VAE of one slot with networks that change nothing, so that x itself is the vector."""
    codebook = torch.tensor(codebook)
    identity, observation = torch.nn.Identity(), models.GaussianObservation()
    model = models.VQVAE(identity, identity, observation, 1, *codebook.shape, **settings)
    with torch.no_grad():
        model.codebook.copy_(codebook)
    return model


class TestVQ:
    def test_the_posterior_is_the_nearest_code(self):
        model = vq_model()
        vectors, z = model.vectors(EVERY_ROW), model.posterior(EVERY_ROW).sample()
        distance = (vectors.unsqueeze(-2) - model.codebook).square().sum(-1)
        assert torch.equal(z, distance.argmin(-1)) and z.shape == (64, 2)
        assert torch.equal(model.posterior(EVERY_ROW[5]).sample(), z[5])
        refuses(lambda: model.vectors(torch.tensor(1.0)), "x", "()", "(B, D)", ValueError)

    def test_the_first_codebook_is_drawn_by_its_seed(self):
        assert torch.equal(vq_model().codebook, vq_model(seed=0).codebook)
        assert not torch.equal(vq_model().codebook, vq_model(seed=1).codebook)

    @pytest.mark.parametrize("center", [0.0, 1e4])
    def test_the_nearest_of_many_is_found_wherever_the_codes_lie(self, center):
        model, z = bare([[center], [center + 0.5], [center + 1.0]]), torch.arange(60) % 3
        assert torch.equal(model.nearest((center + 0.5 * z).view(-1, 1, 1)).flatten(), z)

    @pytest.mark.parametrize("build", [vq_model, partial(vq_model, ema=0.5, restart=1), scalar_model])
    def test_the_bound_is_below_the_exact_sum_over_all_codes(self, build):
        model = build()
        terms = objectives.vq_elbo(model.eval(), EVERY_ROW)
        codes = len(model.codebook)
        pairs = torch.cartesian_prod(torch.arange(codes), torch.arange(codes))
        joint = torch.stack(
            [
                model.likelihood(pair.expand(64, 2)).log_prob(EVERY_ROW) + model.prior().log_prob(pair.expand(64, 2))
                for pair in pairs
            ]
        )
        bound = terms.reconstruction - terms.kl
        assert (bound < joint.logsumexp(0)).all()
        chosen = joint[terms.z[:, 0] * codes + terms.z[:, 1], torch.arange(64)]
        torch.testing.assert_close(bound, chosen)

    def test_the_importance_weight_of_a_certain_posterior_is_the_bound(self):
        model = vq_model()
        terms = objectives.vq_elbo(model, EVERY_ROW)
        with torch.no_grad():
            weights = objectives.log_weights(model, EVERY_ROW, 3)
        torch.testing.assert_close(weights, (terms.reconstruction - terms.kl).expand(3, 64))

    def test_the_bound_without_pulls_is_what_evaluation_finds(self):
        model = vq_model()
        terms = objectives.vq_elbo(model, EVERY_ROW)
        found = evaluate(model, EVERY_ROW)
        assert found["kl"] == pytest.approx(terms.kl.mean().item(), rel=1e-5)
        assert found["elbo"] == pytest.approx((terms.reconstruction - terms.kl).mean().item(), rel=1e-5)

    def test_a_prior_alone_learns_how_often_codes_come(self):
        """p(z_1) = (1/2, 1/2), and z_2 repeats it: log 2 nats, to independent slots 2 log 2."""
        codes = torch.tensor([[0, 0], [1, 1]]).repeat(50, 1)
        together, apart = models.AutoregressiveCodes(2, 2, hidden=6, width=4), models.IndependentCodes(2, 2)
        for prior, slots in ((together, 1), (apart, 2)):
            how = {"steps": 60, "lr": 5e-2, "objective": objectives.prior_of_codes, "progress": False}
            history = training.fit(prior, codes.float(), batch_size=100, **how)
            assert history["kl"][-1] == pytest.approx(slots * math.log(2), abs=0.05)
            terms = objectives.prior_of_codes(prior, codes.float(), beta=3.0)
            torch.testing.assert_close(terms.kl, -prior().log_prob(codes))
            torch.testing.assert_close(terms.elbo, -3 * terms.kl)
            torch.testing.assert_close(objectives.prior_of_codes(prior, codes.float()).elbo, -terms.kl)
            assert terms.reconstruction.tolist() == [0] * 100 and torch.equal(terms.z, codes)
        refuses(lambda: objectives.prior_of_codes(apart, codes.float(), beta=-1.0), "beta", "-1.0", ">= 0")
        for wrong in (codes + 0.5, codes * math.nan):
            refuses(lambda wrong=wrong: objectives.prior_of_codes(apart, wrong), "z", "not whole", "codes as floats")

    def test_the_prior_is_a_distribution_over_codes(self):
        pairs = torch.cartesian_prod(torch.arange(5), torch.arange(5))
        torch.testing.assert_close(vq_model().prior().log_prob(pairs).logsumexp(0), torch.zeros(()), atol=1e-5, rtol=0)

    def test_gradients_go_straight_through_to_the_encoder(self):
        model = vq_model()
        objectives.vq_elbo(model, EVERY_ROW, commitment=0.0).reconstruction.mean().backward()
        assert model.encoder[0].weight.grad.abs().sum() > 0 and model.codebook.grad is None

    def test_what_reaches_the_encoder_is_the_gradient_of_the_decoder_at_the_codes(self):
        model = vq_model()
        vectors = model.vectors(EVERY_ROW)
        codes = model.codebook[model.nearest(vectors)].detach().requires_grad_()
        (at_codes,) = torch.autograd.grad(model.decode(codes).log_prob(EVERY_ROW).sum(), codes)
        weights = [*model.encoder.parameters()]
        expected = torch.autograd.grad(vectors, weights, grad_outputs=at_codes)
        found = torch.autograd.grad(objectives.vq_elbo(model, EVERY_ROW).reconstruction.sum(), weights)
        for one, other in zip(found, expected, strict=True):
            torch.testing.assert_close(one, other)

    @pytest.mark.parametrize(("ema", "weight"), [(None, 1.25), (0.9, 0.25)])
    def test_codes_and_vectors_pull_at_each_other(self, ema, weight):
        model = vq_model(ema=ema).eval()
        terms = objectives.vq_elbo(model, EVERY_ROW)
        distance = (model.vectors(EVERY_ROW) - model.codebook[terms.z]).square().sum((-2, -1))
        expected = terms.reconstruction - terms.kl - weight * distance
        torch.testing.assert_close(terms.elbo, expected)

    def test_commitment_pulls_the_vectors_and_not_the_codes(self):
        """One vector at distance 1 from its code: d/dv of 0.3 (v - c)^2 is 0.6 (v - c), d/dc of (c - v)^2 is 2."""
        model, x = bare([[0.0, 0.0], [9.0, 9.0]]), torch.tensor([[1.0, 0.0]], requires_grad=True)
        terms = objectives.vq_elbo(model, x, commitment=0.3)
        pulls = terms.reconstruction - terms.kl - terms.elbo
        of_x, of_code = torch.autograd.grad(pulls.sum(), [x, model.codebook])
        torch.testing.assert_close(of_x, torch.tensor([[0.6, 0.0]]))
        torch.testing.assert_close(of_code, torch.tensor([[-2.0, 0.0], [0.0, 0.0]]))

    def test_beta_weighs_the_nats_of_the_codes(self):
        terms = objectives.vq_elbo(vq_model(), EVERY_ROW, beta=3.0, commitment=0.0)
        other = objectives.vq_elbo(vq_model(), EVERY_ROW, beta=1.0, commitment=0.0)
        torch.testing.assert_close(other.elbo - terms.elbo, 2 * terms.kl)

    def test_a_code_is_certain(self):
        z = torch.tensor([[1, 2], [3, 4]])
        q = Code(z)
        assert q.log_prob(z).tolist() == [0, 0] and q.log_prob(z.flip(0)).tolist() == [-math.inf] * 2
        assert q.batch_shape == (2,) and q.event_shape == (2,)
        many = Code(torch.zeros(7, 2, 3, dtype=torch.int64))
        assert many.batch_shape == (7, 2) and many.event_shape == (3,)
        drawn = q.sample((5,))
        assert drawn.shape == (5, 2, 2) and torch.equal(drawn[4], z) and torch.equal(q.sample(), z)

    def test_every_code_is_as_probable_as_any_other_at_first(self):
        model = models.VQVAE(None, None, None, slots=3, codes=4, width=2)
        prior = model.prior()
        assert prior.batch_shape == () and prior.event_shape == (3,) and model.codebook.shape == (4, 2)
        torch.testing.assert_close(prior.log_prob(torch.tensor([0, 3, 1])).item(), -3 * math.log(4))

    def test_codes_that_do_not_exist_are_named(self):
        model = vq_model()
        for z in ([[5, 0]], [[0, -1]]):
            refuses(
                lambda z=z: model.likelihood(torch.tensor(z)), "z", f"{min(z[0])} to {max(z[0])}", "0 to 4", ValueError
            )

    def test_a_prior_names_codes_that_it_does_not_have(self):
        apart, together = models.IndependentCodes(2, 5), models.AutoregressiveCodes(2, 5, hidden=6, width=4)
        for z in ([[5, 0]], [[0, 5]], [[0, -1]]):
            for prior, name in ((apart, "value"), (together, "x")):
                law, got = prior(), f"{min(z[0])} to {max(z[0])}"
                refuses(lambda z=z, law=law: law.log_prob(torch.tensor(z)), name, got, "0 to 4", ValueError)

    def test_a_prior_that_reads_the_codes_in_order_sums_to_one_and_draws_what_it_says(self):
        prior = models.AutoregressiveCodes(2, 5, hidden=6, width=4)
        with torch.no_grad():
            for parameter in prior.parameters():
                parameter.mul_(2)
        pairs = torch.cartesian_prod(torch.arange(5), torch.arange(5))
        exact = prior().log_prob(pairs)
        torch.testing.assert_close(exact.logsumexp(0), torch.zeros(()), atol=1e-5, rtol=0)
        drawn = prior().sample((20_000,), generator=torch.Generator().manual_seed(0))
        assert drawn.shape == (20_000, 2) and drawn.dtype == torch.int64
        found = torch.bincount(drawn[:, 0] * 5 + drawn[:, 1], minlength=25) / 20_000
        assert (found - exact.exp()).abs().max() < 0.02
        assert torch.equal(prior().log_prob(pairs.view(5, 5, 2)).flatten(), exact)
        assert prior().log_prob(pairs[7]) == exact[7]
        first = prior.logits(None, pairs)[:, 0]
        assert torch.equal(first, first[:1].expand(25, 5))  # the first slot is drawn before anything is known

    def test_slots_are_read_one_after_the_other(self):
        """With networks that change nothing, the 3 slots of 2 numbers are rounded to (0, 0), (10, 0) or (0, 10)."""
        model = models.VQVAE(torch.nn.Identity(), torch.nn.Identity(), models.GaussianObservation(), 3, 3, 2)
        with torch.no_grad():
            model.codebook.copy_(torch.tensor([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]]))
        x = torch.tensor([[1.0, 9.0, 8.0, -3.0, 2.0, 1.0], [0.0, 1.0, 1.0, 0.0, 9.0, 9.5]])
        z = model.posterior(x).sample()
        assert z.tolist() == [[2, 1, 0], [0, 0, 2]]
        assert torch.equal(model.posterior(x.expand(4, 2, 6)).sample(), z.expand(4, 2, 3))
        rounded = [[0.0, 10.0, 10.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0, 0.0, 10.0]]
        assert model.likelihood(z).mean.tolist() == rounded and model.likelihood(z[:, None]).mean.shape == (2, 1, 6)

    def test_bad_arguments(self):
        def build(slots=1, codes=2, width=1):
            return models.VQVAE(None, None, None, slots, codes, width)

        assert build().codebook.shape == (2, 1)
        refuses(lambda: build(slots=0), "slots", "0", ">= 1", ValueError)
        refuses(lambda: build(width=0), "width", "0", ">= 1", ValueError)
        refuses(lambda: build(codes=1), "codes", "1", ">= 2", ValueError)
        prior = models.IndependentCodes(1, 2)
        refuses(lambda: models.VQVAE(None, None, None, 1, 1, 1, prior=prior), "codes", "1", ">= 2", ValueError)
        for ema in (1.0, 2.0, -0.1):
            refuses(lambda ema=ema: vq_model(ema=ema), "ema", str(ema), "in [0, 1)", ValueError)
        assert vq_model(ema=0).ema == 0.0
        refuses(lambda: vq_model(restart=0), "restart", "0", ">= 1", ValueError)
        flat = models.mlp_vae(2, 1, (4,))
        refuses(lambda: objectives.vq_elbo(flat, EVERY_ROW), "model", "VAE", "a VQVAE", TypeError)
        for weight in ({"beta": -1.0}, {"commitment": -1.0}):
            refuses(lambda weight=weight: objectives.vq_elbo(vq_model(), EVERY_ROW, **weight), *weight, "-1.0", ">= 0")


NEAR, FAR = [[1.0, 0.0], [2.0, 1.0], [0.0, 2.0]], [[9.0, 7.0]]  # of three vectors, and of one, with codes at 0 and 10


def step(model, *rows):
    objectives.vq_elbo(model, torch.tensor([row for part in rows for row in part])).elbo.sum().backward()


class TestAveragedCodes:
    def test_a_code_is_the_geometric_average_of_what_chose_it(self):
        """With decay 0.9: sums 0.9 c + 0.1 (1, 0) + ... over counts 0.9 + 0.1 * 3, and again in the next step."""
        model = bare([[0.0, 0.0], [10.0, 10.0]], ema=0.9)
        sums, counts = model.codebook.double(), torch.ones(2, 1, dtype=torch.float64)
        for near, far in ((NEAR, FAR), (NEAR[:1], FAR * 2), (NEAR, [])):
            step(model, near, far)
            for code, rows in enumerate((near, far)):
                total = torch.tensor(rows, dtype=torch.float64).sum(0) if rows else 0.0
                sums[code] = 0.9 * sums[code] + 0.1 * total
                counts[code] = 0.9 * counts[code] + 0.1 * len(rows)
            torch.testing.assert_close(model.codebook.double(), sums / counts)
            torch.testing.assert_close(model.counts.double(), counts.squeeze(-1))

    def test_the_first_step_moves_as_written_out(self):
        model = bare([[0.0, 0.0], [10.0, 10.0]], ema=0.9)
        step(model, NEAR)
        torch.testing.assert_close(model.codebook, torch.tensor([[0.3 / 1.2, 0.3 / 1.2], [10.0, 10.0]]))
        assert not model.codebook.requires_grad and not isinstance(model.codebook, torch.nn.Parameter)

    def test_a_code_that_is_never_chosen_stays_where_it_is_for_ever(self):
        model = bare([[0.0, 0.0], [0.1, 9.7]], ema=0.5)
        for _ in range(300):  # 0.5 ** 300 is no number in single precision
            step(model, NEAR)
        assert model.codebook[1].tolist() == torch.tensor([0.1, 9.7]).tolist() and model.counts[1] == 0
        torch.testing.assert_close(model.codebook[0], torch.tensor([1.0, 1.0]))
        step(model, FAR)
        torch.testing.assert_close(model.codebook[1], torch.tensor([9.0, 7.0]))

    def test_nothing_moves_in_eval_mode(self):
        model = bare([[0.0, 0.0], [10.0, 10.0]], ema=0.9, restart=1).eval()
        before = {name: value.clone() for name, value in model.state_dict().items()}
        step(model, NEAR)
        assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())

    @pytest.mark.parametrize("wrong", [math.nan, math.inf])
    def test_a_training_that_fails_leaves_the_codes_as_they_were(self, wrong):
        model = bare([[0.0, 0.0], [10.0, 10.0]], ema=0.9, restart=1)
        before = {name: value.clone() for name, value in model.state_dict().items()}
        with pytest.raises(FloatingPointError, match="step 0"):
            x = torch.tensor([*NEAR, [wrong, 1.0]])
            training.fit(model, x, steps=2, objective=objectives.vq_elbo, progress=False)
        assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())

    def test_the_batch_is_scored_by_the_codes_that_it_met(self):
        model = bare([[0.0, 0.0], [10.0, 10.0]], ema=0.9, restart=1)
        terms = objectives.vq_elbo(model, torch.tensor(NEAR))
        expected = models.GaussianObservation()(torch.zeros(3, 2)).log_prob(torch.tensor(NEAR))
        torch.testing.assert_close(terms.reconstruction, expected)

    def test_in_double_precision_under_autocast_and_after_a_journey(self, tmp_path):
        model = vq_model(ema=0.9, restart=3)
        with torch.autocast("cpu", torch.bfloat16):
            step(model, EVERY_ROW.tolist())
        assert model.codebook.dtype == model.counts.dtype == torch.float32
        other = vq_model(ema=0.9, restart=3)
        load_model(other, save_model(model, tmp_path / "vq.safetensors"))
        for each in (model, other):
            torch.manual_seed(1)
            step(each, EVERY_ROW.tolist())
        assert torch.equal(model.codebook, other.codebook) and torch.equal(model.unused, other.unused)
        double = vq_model(ema=0.9, restart=1).double()
        objectives.vq_elbo(double, EVERY_ROW.double()).elbo.sum().backward()
        assert double.codebook.dtype == double.counts.dtype == torch.float64


class TestRestart:
    @pytest.mark.parametrize("ema", [None, 0.9])
    def test_a_dead_code_and_no_other_is_put_onto_an_encoder_output(self, ema):
        model = bare([[0.0, 0.0], [10.0, 10.0], [90.0, 90.0]], ema=ema, restart=3)
        for wanted in (1, 2):
            step(model, NEAR, FAR if wanted == 2 else [])
            assert model.unused.tolist() == [0, 0 if wanted == 2 else 1, wanted]
            assert model.codebook[2].tolist() == [90.0, 90.0]
        before = model.codebook.detach().clone()
        step(model, NEAR)
        assert model.codebook[2].tolist() in NEAR and model.unused.tolist() == [0, 1, 0]
        assert torch.equal(model.codebook[1], before[1])
        assert torch.equal(model.codebook[0], before[0]) == (ema is None)
        if ema is not None:
            assert model.counts[2] == 1 and model.counts[1] != 1

    def test_no_two_are_put_onto_the_same_output_and_the_rest_wait(self):
        model = bare([[0.0, 0.0]] + [[90.0, 90.0 + i] for i in range(5)], restart=1)
        step(model, NEAR)
        placed = model.codebook[1:4].tolist()
        assert sorted(placed) == sorted(NEAR) and model.codebook[4:].tolist() == [[90.0, 93.0], [90.0, 94.0]]
        assert model.unused.tolist() == [0, 0, 0, 0, 1, 1]
        step(model, NEAR)
        assert all(code in NEAR for code in model.codebook[4:].tolist())

    def test_which_output_is_drawn_by_the_seed_of_the_training(self):
        found = []
        for seed in (0, 0, 1, 2, 3):
            model = vq_model(codes=40, restart=1)
            training.fit(model, EVERY_ROW, steps=1, seed=seed, objective=objectives.vq_elbo, lr=1e-9, progress=False)
            found.append(model.codebook.detach().clone())
        assert torch.equal(found[0], found[1]) and not all(torch.equal(found[0], other) for other in found[2:])

    def test_codes_come_to_life(self):
        """Far from all vectors every code but the nearest is dead: after one step as many live as the data has."""
        model = bare([[50.0, 50.0 + i] for i in range(4)], ema=0.9, restart=1)
        step(model, NEAR)
        with torch.no_grad():
            assert len(model.posterior(torch.tensor(NEAR)).sample().unique()) == 3


class TestStart:
    CLOUDS = torch.tensor([[0.0, 0.0], [0.0, 9.0], [9.0, 0.0]])

    def rows(self):
        return self.CLOUDS.repeat(20, 1) + 0.1 * torch.randn(60, 2, generator=torch.Generator().manual_seed(0))

    @pytest.mark.parametrize("ema", [None, 0.9])
    def test_codes_start_at_the_centers_of_the_clouds(self, ema):
        model, rows = bare([[70.0, 70.0]] * 3, ema=ema, restart=5), self.rows()
        step(model, rows.tolist())
        model.start_codebook(rows)
        means = torch.stack([rows[i::3].mean(0) for i in range(3)])
        order = torch.cdist(means, model.codebook.detach()).argmin(1)
        assert sorted(order.tolist()) == [0, 1, 2]
        torch.testing.assert_close(model.codebook.detach()[order], means)
        assert model.unused.tolist() == [0, 0, 0] and isinstance(model.codebook, torch.nn.Parameter) == (ema is None)
        if ema is not None:
            assert model.counts.tolist() == [1, 1, 1]

    def test_the_first_step_does_not_undo_the_start(self):
        model, rows = bare([[70.0, 70.0]] * 3, ema=0.9), self.rows()
        model.start_codebook(rows)
        before = model.codebook.clone()
        step(model, rows.tolist())
        torch.testing.assert_close(model.codebook, before)  # the centers are the means already

    def test_the_seed_decides_and_the_vectors_of_all_slots_count(self):
        found = []
        for seed in ({"seed": 0}, {}, {"seed": 1}):
            model = vq_model(codes=7)
            model.double().start_codebook(EVERY_ROW.double(), **seed)
            found.append(model.codebook.detach())
        assert torch.equal(found[0], found[1]) and not torch.equal(found[0], found[2])
        model = vq_model(codes=7)
        refuses(lambda: model.start_codebook(EVERY_ROW[:3]), "x", "6 vectors", "at least 7", ValueError)
        six = vq_model(codes=6)
        six.start_codebook(EVERY_ROW[:3])
        assert sorted(six.nearest(six.vectors(EVERY_ROW[:3])).flatten().tolist()) == [*range(6)]
        model.start_codebook(EVERY_ROW[:4])


class TestFiniteScalars:
    def test_the_grid(self):
        model = scalar_model((3, 2))
        expected = [[a, b] for a in (-2 / 3, 0.0, 2 / 3) for b in (-0.5, 0.5)]
        torch.testing.assert_close(model.codebook, torch.tensor(expected))
        assert scalar_model((4,)).codebook.flatten().tolist() == [-0.75, -0.25, 0.25, 0.75]
        assert len(scalar_model((4, 4, 2)).codebook) == 32 == scalar_model((4, 4, 2)).prior_module.logits.shape[1]
        assert torch.equal(model.nearest(model.codebook.view(-1, 1, 2)).flatten(), torch.arange(6))

    def test_levels_are_equal_parts_of_what_tanh_can_say(self):
        model = models.FiniteScalarVAE(torch.nn.Identity(), None, None, 1, (4, 2))
        x = torch.tensor([[0.549, -9.0], [0.5494, 9.0], [-0.01, 0.01], [-0.55, -0.01]])  # atanh(1/2) = 0.5493
        assert model.posterior(x).sample().flatten().tolist() == [4, 7, 3, 0]
        vectors = model.vectors(torch.randn(100, 2))
        assert vectors.abs().max() < 1

    def test_nothing_pulls_and_nothing_moves(self):
        model = scalar_model()
        before = model.codebook.clone()
        terms = objectives.vq_elbo(model, EVERY_ROW, commitment=5.0)
        torch.testing.assert_close(terms.elbo, terms.reconstruction - terms.kl)
        terms.elbo.sum().backward()
        assert torch.equal(model.codebook, before) and not model.codebook.requires_grad
        assert "codebook" not in model.state_dict() and "codebook" not in dict(model.named_parameters())
        with pytest.raises(TypeError, match=r"^model: got a FiniteScalarVAE.*expected"):
            model.start_codebook(EVERY_ROW)

    def test_bad_levels(self):
        for levels, got in (((4, 1), "1"), ((), "none"), ((2.5,), "2.5"), (4, "4")):
            refuses(lambda levels=levels: models.FiniteScalarVAE(None, None, None, 2, levels), "levels", got, ">= 2")
