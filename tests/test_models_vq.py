"""Discrete codes, held to sums over every code."""

import itertools
import math

import torch
from refusal import refuses

from vae_utils import models, objectives
from vae_utils.distributions import Code

LENGTH = 6
EVERY_ROW = torch.tensor(list(itertools.product((0.0, 1.0), repeat=LENGTH)))


def vq_model(codes=5, slots=2):
    torch.manual_seed(0)
    encoder, decoder = models.mlp([LENGTH, 8, slots * 3]), models.mlp([slots * 3, 8, LENGTH])
    model = models.VQVAE(encoder, decoder, models.BernoulliObservation(), slots, codes, width=3)
    with torch.no_grad():
        model.prior_module.logits.normal_()
    return model


class TestVQ:
    def test_the_posterior_is_the_nearest_code(self):
        model = vq_model()
        vectors, z = model.vectors(EVERY_ROW), model.posterior(EVERY_ROW).sample()
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
        with torch.no_grad():
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
