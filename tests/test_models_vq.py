"""Discrete codes, held to sums over every code."""

import itertools
import math

import torch

from vae_utils import models, objectives
from vae_utils.models.vq import Code

LENGTH = 6
EVERY_ROW = torch.tensor(list(itertools.product((0.0, 1.0), repeat=LENGTH)))


def vq_model(codes=5, slots=2):
    torch.manual_seed(0)
    encoder, decoder = models.mlp([LENGTH, 8, slots * 3]), models.mlp([slots * 3, 8, LENGTH])
    model = models.VQVAE(encoder, decoder, models.BernoulliObservation(), slots, codes, width=3)
    with torch.no_grad():
        model.prior_logits.normal_()
    return model


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
