"""Sequences, discrete codes, coins and diagnoses, held to sums that can be written down in full."""

import itertools
import math

import pytest
import torch
from refusal import refuses

from vae_utils import data, evaluation, models, objectives, training
from vae_utils.models.vq import Code

LENGTH = 6
EVERY_ROW = torch.tensor(list(itertools.product((0.0, 1.0), repeat=LENGTH)))


def row_model(context=LENGTH - 1, **settings):
    return models.sequence_vae(LENGTH, 2, context, hidden=8, **settings).eval()


def vq_model(codes=5, slots=2):
    torch.manual_seed(0)
    encoder, decoder = models.mlp([LENGTH, 8, slots * 3]), models.mlp([slots * 3, 8, LENGTH])
    model = models.VQVAE(encoder, decoder, models.BernoulliObservation(), slots, codes, width=3)
    with torch.no_grad():
        model.prior_logits.normal_()
    return model


class TestSequences:
    @pytest.mark.parametrize("context", [0, 1, 3, LENGTH - 1])
    def test_probabilities_of_all_rows_add_up_to_one(self, context):
        z = torch.randn(1, 2).expand(len(EVERY_ROW), 2)
        total = row_model(context).likelihood(z).log_prob(EVERY_ROW).logsumexp(0)
        torch.testing.assert_close(total, torch.zeros(()), atol=1e-5, rtol=0)

    @pytest.mark.parametrize("context", [0, 2, LENGTH - 1])
    def test_a_bit_depends_on_the_context_before_it_and_on_nothing_else(self, context):
        network, x = row_model(context).decoder, torch.zeros(1, LENGTH)
        before = network(torch.zeros(1, 2), x)
        for t in range(LENGTH):
            flipped = x.clone()
            flipped[0, t] = 1
            changed = (network(torch.zeros(1, 2), flipped) != before)[0].nonzero().flatten().tolist()
            assert set(changed) <= set(range(t + 1, t + 1 + context))
            assert bool(changed) == (context > 0 and t + 1 < LENGTH)

    def test_leading_dimensions_of_z(self):
        model, x = row_model(3), EVERY_ROW[:4]
        z = torch.randn(7, 4, 2)
        each = torch.stack([model.likelihood(z[k]).log_prob(x) for k in range(7)])
        torch.testing.assert_close(model.likelihood(z).log_prob(x), each)

    def test_samples_have_the_frequencies_of_log_prob(self):
        torch.manual_seed(0)
        model = row_model(LENGTH - 1)
        z = torch.ones(1, 2)
        drawn = model.likelihood(z.expand(20_000, 2)).sample()
        weights = 2 ** torch.arange(LENGTH).flip(0)
        found = torch.bincount((drawn * weights).sum(1).long(), minlength=64) / 20_000
        exact = model.likelihood(z.expand(64, 2)).log_prob(EVERY_ROW).exp()
        assert (found - exact).abs().max() < 5 * (exact * (1 - exact) / 20_000).sqrt().max()

    def test_dropout_acts_in_training_alone(self):
        model, z = row_model(3, dropout=0.9), torch.zeros(4, 2)
        logits = model.decoder(z, EVERY_ROW[20:24])
        assert torch.equal(model.decoder(z, EVERY_ROW[20:24]), logits)
        model.train()
        assert not torch.equal(model.decoder(z, EVERY_ROW[20:24]), logits)

    def test_bad_arguments(self):
        refuses(lambda: models.sequence_vae(6, 2, 6), "context", "6", "less than length")
        refuses(lambda: models.sequence_vae(6, 2, -1), "context", "-1", "whole number")
        refuses(lambda: models.sequence_vae(6, 2, 3, dropout=1.0), "dropout", "1.0", "[0, 1)")
        refuses(lambda: row_model().likelihood(torch.zeros(2, 3, 2)).sample(), "z", "(2, 3, 2)", "(B, d)")
        refuses(lambda: row_model().posterior(torch.zeros(2, 5)), "x", "(2, 5)", "6")


class TestVQ:
    def test_the_posterior_is_the_nearest_code(self):
        model = vq_model()
        vectors, z = model.vectors(EVERY_ROW), model.posterior(EVERY_ROW).rsample()
        distance = (vectors.unsqueeze(-2) - model.codebook).square().sum(-1)
        assert torch.equal(z, distance.argmin(-1)) and z.shape == (64, 2)

    def test_the_bound_is_below_the_exact_sum_over_all_codes(self):
        model = vq_model()
        terms = objectives.vq_elbo(model, EVERY_ROW)
        pairs = torch.cartesian_prod(torch.arange(5), torch.arange(5))
        joint = torch.stack(
            [
                model.likelihood(pair.expand(64, 2)).log_prob(EVERY_ROW) + model.prior().log_prob(pair.expand(64, 2))
                for pair in pairs
            ]
        )
        bound = terms.reconstruction - terms.kl
        assert (bound < joint.logsumexp(0)).all()
        chosen = joint[terms.z[:, 0] * 5 + terms.z[:, 1], torch.arange(64)]
        torch.testing.assert_close(bound, chosen)

    def test_the_importance_weight_of_a_certain_posterior_is_the_bound(self):
        model = vq_model()
        terms = objectives.vq_elbo(model, EVERY_ROW)
        weights = objectives.log_weights(model, EVERY_ROW, 3)
        torch.testing.assert_close(weights, (terms.reconstruction - terms.kl).expand(3, 64))

    def test_the_prior_is_a_distribution_over_codes(self):
        pairs = torch.cartesian_prod(torch.arange(5), torch.arange(5))
        torch.testing.assert_close(vq_model().prior().log_prob(pairs).logsumexp(0), torch.zeros(()), atol=1e-5, rtol=0)

    def test_gradients_go_straight_through_to_the_encoder(self):
        model = vq_model()
        objectives.vq_elbo(model, EVERY_ROW, commitment=0.0).reconstruction.mean().backward()
        assert model.encoder[0].weight.grad.abs().sum() > 0 and model.codebook.grad is None

    def test_codes_and_vectors_pull_at_each_other(self):
        model = vq_model()
        terms = objectives.vq_elbo(model, EVERY_ROW, beta=1.0, commitment=0.25)
        distance = (model.vectors(EVERY_ROW) - model.codebook[terms.z]).square().sum((-2, -1))
        expected = terms.reconstruction - terms.kl - 1.25 * distance
        torch.testing.assert_close(terms.elbo, expected)

    def test_a_code_is_certain(self):
        z = torch.tensor([[1, 2], [3, 4]])
        q = Code(z)
        assert q.log_prob(z).tolist() == [0, 0] and q.log_prob(z.flip(0)).tolist() == [-math.inf] * 2

    def test_the_codebook_depends_on_the_seed_alone(self):
        def book(seed):
            return models.VQVAE(None, None, None, slots=1, codes=4, width=2, seed=seed).codebook

        assert torch.equal(book(3), book(3)) and not torch.equal(book(3), book(4))

    def test_perplexity_counts_codes(self):
        assert evaluation.perplexity(torch.arange(8).reshape(4, 2), 8) == pytest.approx(8)
        assert evaluation.perplexity(torch.full((9, 1), 3), 8) == pytest.approx(1)
        half = torch.tensor([0, 0, 0, 1])
        assert evaluation.perplexity(half, 2) == pytest.approx(math.exp(-0.75 * math.log(0.75) - 0.25 * math.log(0.25)))
        refuses(lambda: evaluation.perplexity(torch.tensor([0, 9]), 8), "z", "9", "0 to 7")


class TestCoins:
    def test_the_evidence_adds_up_to_one(self):
        torch.testing.assert_close(data.coin_evidence(EVERY_ROW).logsumexp(0), torch.zeros(()), atol=1e-5, rtol=0)

    def test_one_fair_coin_is_a_half_to_the_n(self):
        expected = torch.full((64,), -LENGTH * math.log(2))
        torch.testing.assert_close(data.coin_evidence(EVERY_ROW, coins=(0.5,)), expected)

    def test_rows_show_their_coins(self):
        x, which = data.coin_sequences(4000, length=50)
        assert x.shape == (4000, 50) and set(x.unique().tolist()) == {0.0, 1.0}
        for c, chance in enumerate(data.COINS):
            assert x[which == c].mean().item() == pytest.approx(chance, abs=0.01)
        assert torch.equal(x, data.coin_sequences(4000, length=50)[0])

    def test_bad_coins_are_named(self):
        for coins in ((), (0.0, 0.5), (0.5, 1.5)):
            with pytest.raises(ValueError, match="coins must be"):
                data.coin_sequences(5, coins=coins)


class TestDiagnose:
    def linear(self, sigma):
        spread = torch.tensor([3.0, 1.5, 0.4, 0.1])
        x = torch.randn(3000, 4, generator=torch.Generator().manual_seed(0)) * spread
        return models.LinearVAE(4, 3, sigma=sigma).fit_exact(x), x

    @pytest.mark.parametrize(
        ("sigma", "used", "verdict"),
        [(5.0, 0, "collapsed"), (2.0, 1, "partly collapsed"), (0.2, 3, "healthy"), (1e-3, 3, "nearly deterministic")],
    )
    def test_verdicts_on_the_linear_model(self, sigma, used, verdict):
        model, x = self.linear(sigma)
        found = evaluation.diagnose(model, x)
        assert (int(found.active.sum()), found.verdict) == (used, verdict)
        assert found.advice in str(found).replace("\n", " ") and verdict in str(found)

    def test_the_numbers_are_the_closed_forms(self):
        model, x = self.linear(0.2)
        eigenvalues = torch.linalg.eigvalsh(torch.cov(x.T, correction=0)).flip(0)[:3]
        found = evaluation.diagnose(model, x)
        expected = 0.5 * torch.log(eigenvalues / 0.04)
        torch.testing.assert_close(found.kl_per_dimension, expected, atol=1e-3, rtol=1e-3)
        assert found.kl == pytest.approx(expected.sum().item(), rel=1e-3)
        assert found.elbo == pytest.approx(model.log_evidence(x).mean().item(), abs=0.1)

    def test_a_decoder_that_ignores_z_makes_no_use_of_it(self):
        model, x = self.linear(5.0)
        assert evaluation.diagnose(model, x).use_of_z == pytest.approx(0, abs=1e-5)
        model, x = self.linear(0.2)
        assert evaluation.diagnose(model, x).use_of_z > 10

    def test_learned_collapse_is_seen(self):
        x = (torch.rand(500, 20, generator=torch.Generator().manual_seed(0)) < 0.5).float()
        model = models.mlp_vae(20, 3, hidden=(16,))
        training.fit(model, x, epochs=10, lr=1e-2, beta=20.0, progress=False)
        assert evaluation.diagnose(model, x).verdict == "collapsed"

    def test_what_it_cannot_judge_is_said(self):
        x = torch.rand(4, 12)
        with pytest.raises(TypeError, match="model: got the posterior PointMass"):
            evaluation.diagnose(models.mlp_autoencoder(12, 2), x)
        with pytest.raises(ValueError, match="x: got 1 example"):
            evaluation.diagnose(models.mlp_vae(12, 2), x[:1])
