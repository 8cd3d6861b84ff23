"""Sequences with an autoregressive likelihood, held to sums over every row."""

import itertools

import pytest
import torch
from refusal import refuses

from vae_utils import models

LENGTH = 6
EVERY_ROW = torch.tensor(list(itertools.product((0.0, 1.0), repeat=LENGTH)))


def row_model(context=LENGTH - 1, **settings):
    return models.sequence_vae(LENGTH, 2, context, hidden=8, **settings).eval()


class TestSequences:
    @pytest.mark.parametrize("context", [0, 1, 3, LENGTH - 1])
    def test_probabilities_of_all_rows_add_up_to_one(self, context):
        z = torch.randn(1, 2).expand(len(EVERY_ROW), 2)
        total = row_model(context).likelihood(z).log_prob(EVERY_ROW).logsumexp(0)
        torch.testing.assert_close(total, torch.zeros(()), atol=1e-5, rtol=0)

    @pytest.mark.parametrize("context", [0, 2, LENGTH - 1])
    def test_a_bit_depends_on_the_context_before_it_and_on_nothing_else(self, context):
        network, x = row_model(context).observation.network, torch.zeros(1, LENGTH)
        before = network(torch.zeros(1, 2), x)
        for t in range(LENGTH):
            flipped = x.clone()
            flipped[0, t] = 1
            changed = (network(torch.zeros(1, 2), flipped) != before)[0].nonzero().flatten().tolist()
            assert set(changed) <= set(range(t + 1, t + 1 + context))
            assert bool(changed) == (context > 0 and t + 1 < LENGTH)

    def test_the_context_is_the_bits_before_as_signs_and_nothing_as_zero(self):
        network, seen = row_model(2).observation.network, []
        network.from_context.register_forward_hook(lambda module, inputs, output: seen.append(inputs[0]))
        network(torch.zeros(1, 2), torch.tensor([[1.0, 0.0, 0.0, 1.0, 1.0, 0.0]]))
        assert seen[0].tolist() == [[[0, 0], [0, 1], [1, -1], [-1, -1], [-1, 1], [1, 1]]]

    def test_what_the_context_says_is_added_to_what_z_says(self):
        network, z, x = (
            row_model(2).observation.network,
            torch.randn(1, 2),
            torch.tensor([[1.0, 0.0, 0.0, 1.0, 1.0, 0.0]]),
        )
        before = torch.tensor([[0.0, 0], [0, 1], [1, -1], [-1, -1], [-1, 1], [1, 1]])
        hidden = network.from_z(z) + before @ network.from_context.weight.T
        torch.testing.assert_close(network(z, x)[0], network.rest(hidden)[:, 0])

    def test_shapes(self):
        p = row_model(3).likelihood(torch.zeros(7, 4, 2))
        assert p.batch_shape == (7, 4) and p.event_shape == (LENGTH,)
        drawn = row_model(3).likelihood(torch.zeros(4, 2)).sample()
        assert drawn.shape == (4, LENGTH) and not drawn.requires_grad
        assert models.sequence_vae(LENGTH, 3, 2).encoder[-1].out_features == 6  # mu and logvar

    def test_samples_have_the_leading_dimensions_of_z_and_come_from_the_generator(self):
        p = row_model(3).double().likelihood(torch.zeros(7, 4, 2, dtype=torch.float64))
        first, again = (p.sample((2,), generator=torch.Generator().manual_seed(3)) for _ in range(2))
        assert first.shape == (2, 7, 4, LENGTH) and first.dtype == torch.float64 and torch.equal(first, again)
        assert not torch.equal(first, p.sample((2,), generator=torch.Generator().manual_seed(4)))
        assert not p.has_rsample
        with pytest.raises(NotImplementedError):
            p.mean  # noqa: B018

    def test_dropout_blanks_its_share_of_the_context(self):
        network, seen = row_model(3, dropout=0.3).observation.network.train(), []
        network.from_context.register_forward_hook(lambda module, inputs, output: seen.append(inputs[0]))
        torch.manual_seed(0)
        network(torch.zeros(3000, 2), torch.ones(3000, LENGTH))
        inner = seen[0][:, 3:]
        assert set(inner.unique().tolist()) == {0, 1} and (inner == 0).float().mean().item() == pytest.approx(
            0.3, abs=0.01
        )

    def test_no_dropout_unless_told(self):
        network, z = row_model(3).observation.network, torch.zeros(4, 2)
        logits = network(z, EVERY_ROW[20:24])
        assert torch.equal(network.train()(z, EVERY_ROW[20:24]), logits)
        assert models.ContextNetwork(2, 3).dropout == 0

    def test_as_wide_as_told_and_else_sixty_four(self):
        for width, model in ((8, row_model(3)), (64, models.sequence_vae(LENGTH, 2, 3))):
            assert [layer.out_features for layer in model.observation.network.rest[1::2]] == [width, 1]
            assert model.encoder[0].out_features == width == model.observation.network.from_z.out_features
        assert models.ContextNetwork(2, 3).from_z.out_features == 64

    @pytest.mark.parametrize("context", [0, 3])
    def test_leading_dimensions_of_z(self, context):
        model, x = row_model(context), EVERY_ROW[:4]
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
        logits = model.observation.network(z, EVERY_ROW[20:24])
        assert torch.equal(model.observation.network(z, EVERY_ROW[20:24]), logits)
        model.train()
        assert not torch.equal(model.observation.network(z, EVERY_ROW[20:24]), logits)

    def test_bad_arguments(self):
        refuses(lambda: models.sequence_vae(6, 2, 6), "context", "6", "less than length")
        refuses(lambda: models.sequence_vae(6, 2, 7), "context", "7", "less than length")
        refuses(lambda: models.sequence_vae(6, 2, -1), "context", "-1", "whole number")
        refuses(lambda: models.sequence_vae(6, 2, 3, dropout=1.0), "dropout", "1.0", "[0, 1)")
        refuses(lambda: models.sequence_vae(6, 2, 3, dropout=1.5), "dropout", "1.5", "[0, 1)")
        refuses(lambda: models.sequence_vae(6, 2, 3, dropout=-0.1), "dropout", "-0.1", "[0, 1)")
        refuses(lambda: models.sequence_vae(6, 0, 3), "latent_dim", "0", ">= 1")
        refuses(lambda: models.sequence_vae(0, 2, 0), "length", "0", ">= 1")
        refuses(lambda: row_model().likelihood(torch.zeros(4, 2)).log_prob(torch.zeros(4, 5)), "x", "(4, 5)", "6")
        refuses(lambda: row_model().likelihood(torch.zeros(4, 2)).log_prob(torch.full((4, 6), 2.0)), "x", "2", "[0, 1]")
        refuses(lambda: row_model().posterior(torch.zeros(2, 5)), "x", "(2, 5)", "6")
