"""Which verdict on the latent space, and how many codes are in use, on models where the answer is known."""

import math

import pytest
import torch
from refusal import refuses

from vae_utils import evaluation, models, training


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


class TestPerplexity:
    def test_perplexity_counts_codes(self):
        assert evaluation.perplexity(torch.arange(8).reshape(4, 2), 8) == pytest.approx(8)
        assert evaluation.perplexity(torch.full((9, 1), 3), 8) == pytest.approx(1)
        half = torch.tensor([0, 0, 0, 1])
        assert evaluation.perplexity(half, 2) == pytest.approx(math.exp(-0.75 * math.log(0.75) - 0.25 * math.log(0.25)))
        refuses(lambda: evaluation.perplexity(torch.tensor([0, 9]), 8), "z", "9", "0 to 7")
