"""Laws that choose: a mixture of Gaussians and codes slot by slot, held to sums over what they choose from."""

import torch
from exact import DOUBLE, generator, normal
from refusal import refuses
from torch import distributions as td

from vae_utils.distributions import DiagonalGaussian, GaussianMixture, IndependentCategorical


class TestGaussianMixture:
    logits = torch.tensor([0.0, 1.0, -1.0], dtype=DOUBLE)
    mu = torch.tensor([[-9.0, 0.0], [0.0, 5.0], [9.0, -5.0]], dtype=DOUBLE)
    logvar = torch.tensor([[0.0, 1.0], [-1.0, 0.0], [0.5, 0.5]], dtype=DOUBLE)
    law = GaussianMixture(logits, DiagonalGaussian(mu, logvar))

    def test_log_prob_is_that_of_torch_whatever_stands_in_front(self):
        parts = td.Independent(td.Normal(self.mu, self.logvar.exp().sqrt()), 1)
        truth = td.MixtureSameFamily(td.Categorical(logits=self.logits), parts)
        for shape in [(2,), (3, 2), (4, 5, 2), (3, 3, 2)]:
            z = 5 * normal(*shape)
            torch.testing.assert_close(self.law.log_prob(z), truth.log_prob(z))
        assert self.law.batch_shape == () and self.law.event_shape == (2,)
        refuses(lambda: self.law.log_prob(normal(3, 3)), "value", "(3, 3)", "(..., 2)", ValueError)

    def test_draws_have_its_moments_and_its_weights(self):
        law, weights = self.law, self.logits.softmax(0)
        z = law.sample((40_000,), generator=generator())
        assert z.shape == (40_000, 2) and z.dtype == DOUBLE and not z.requires_grad and not law.has_rsample
        nearest = torch.cdist(z, self.mu).argmin(-1)
        torch.testing.assert_close(torch.bincount(nearest) / 40_000, weights.float(), atol=0.01, rtol=0)
        torch.testing.assert_close(law.mean, weights @ self.mu)
        torch.testing.assert_close(z.mean(0), law.mean, atol=0.1, rtol=0)
        own = z[nearest == 0]
        torch.testing.assert_close(own.var(0).log(), self.logvar[0], atol=0.06, rtol=0)
        assert law.sample((2, 3)).shape == (2, 3, 2) and law.sample().shape == (2,)

    def test_a_draw_has_no_path_to_the_parameters(self):
        leaves = [value.clone().requires_grad_() for value in (self.logits, self.mu, self.logvar)]
        law = GaussianMixture(leaves[0], DiagonalGaussian(*leaves[1:]))
        assert not law.sample((3,)).requires_grad and law.log_prob(self.mu).requires_grad


class TestIndependentCategorical:
    logits = torch.tensor([[0.0, 1.0, 2.0], [3.0, 0.0, -3.0]])
    law = IndependentCategorical(logits)
    pairs = torch.cartesian_prod(torch.arange(3), torch.arange(3))

    def test_a_code_is_as_probable_as_its_slots_together(self):
        law, pairs, p = self.law, self.pairs, self.logits.softmax(-1)
        torch.testing.assert_close(law.log_prob(pairs).exp(), (p[0][:, None] * p[1]).flatten())
        torch.testing.assert_close(law.log_prob(pairs.view(3, 3, 2)).flatten(), law.log_prob(pairs))
        torch.testing.assert_close(law.by_place(pairs[5]).exp(), torch.stack([p[0, 1], p[1, 2]]))
        assert law.batch_shape == () and law.event_shape == (2,)

    def test_codes_are_drawn_slot_by_slot_with_their_probabilities(self):
        z = self.law.sample((20_000,), generator=generator())
        assert z.shape == (20_000, 2) and z.dtype == torch.int64
        found = torch.bincount(3 * z[:, 0] + z[:, 1], minlength=9) / 20_000
        assert (found - self.law.log_prob(self.pairs).exp()).abs().max() < 0.012
        assert self.law.sample((4, 5)).shape == (4, 5, 2) and self.law.sample().shape == (2,)
