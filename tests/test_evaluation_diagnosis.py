"""Which verdict on the latent space, and how many codes are in use, on models where the answer is known."""

import math

import pytest
import torch
from refusal import refuses
from torch import nn

from vae_utils import evaluation, models, training
from vae_utils.distributions import DiagonalGaussian
from vae_utils.evaluation import diagnosis
from vae_utils.evaluation.diagnosis import ADVICE


class Told(nn.Module):
    """q(z | x) = N(x, diag sigma^2), p(z) = N(0, I), p(x | z) = N(z, I): nothing has to be learned or estimated."""

    def __init__(self, sigma):
        super().__init__()
        self.sigma = nn.Parameter(torch.as_tensor(sigma))

    def prior(self, y=None):
        return DiagonalGaussian(torch.zeros(len(self.sigma)), torch.zeros(len(self.sigma)))

    def posterior(self, x, y=None):
        return DiagonalGaussian(x, 2 * self.sigma.log())

    def likelihood(self, z, y=None):
        return DiagonalGaussian(z, torch.zeros_like(z))

    def kl(self, size):
        """Of each dimension, when half of the rows have x_j = size_j and half -size_j."""
        return 0.5 * (size.square() + self.sigma.square() - 1) - self.sigma.log()


def both_ways(*sizes):
    return torch.tensor([sizes, [-size for size in sizes]])


class TestDiagnose:
    @pytest.mark.parametrize(("rows", "crossed"), [(2, 1.0), (2000, 0.5)])
    def test_every_row_gets_the_z_of_a_random_other_one(self, rows, crossed):
        """Sorted rows: half of them 3, then half -3. A pair that crosses costs (3 + 3)^2 / 2 nats."""
        x = both_ways(3.0).repeat_interleave(rows // 2, 0)
        found = evaluation.diagnose(Told([0.1]), x, generator=torch.Generator().manual_seed(0))
        assert found.use_of_z == pytest.approx(18 * crossed, rel=0.1)

    def test_a_posterior_as_wide_as_the_limit_is_no_point_yet(self, monkeypatch):
        model, x = Told([0.03]), both_ways(1.0)
        found = evaluation.diagnose(model, x)
        assert found.verdict == "nearly deterministic"
        monkeypatch.setattr(diagnosis, "EXACT_SIGMA", found.sigma.item())
        assert evaluation.diagnose(model, x).verdict == "healthy"

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

    def test_every_number_of_two_rows_far_apart(self):
        """Posteriors like points: the wrong z costs half its squared distance, 2 |x|^2."""
        x, model = both_ways(3.0, 1.0), Told([1e-6, 2e-6])
        found, kl = evaluation.diagnose(model, x), model.kl(x[0]).detach()
        at_best = -math.log(2 * math.pi)
        assert found.reconstruction == pytest.approx(at_best, abs=1e-4)
        assert found.elbo == pytest.approx(at_best - kl.sum().item(), rel=1e-5)
        assert found.kl == pytest.approx(kl.sum().item(), rel=1e-5)
        torch.testing.assert_close(found.kl_per_dimension, kl)
        torch.testing.assert_close(found.sigma, model.sigma.detach())
        assert found.use_of_z == pytest.approx(2 * (9 + 1), rel=1e-4)
        assert found.active.tolist() == [True, True]
        assert not found.kl_per_dimension.requires_grad and not found.sigma.requires_grad

    @pytest.mark.parametrize(
        ("sizes", "sigmas", "verdict"),
        [
            ((0.19**0.5,), (1.0,), "collapsed"),  # 0.095 nats in all
            ((0.21**0.5,), (1.0,), "healthy"),  # 0.105 nats
            ((0.015**0.5,) * 20, (1.0,) * 20, "collapsed"),  # 0.15 nats, of which no dimension has 0.01
            ((0.015**0.5, 2.0), (1.0, 1.0), "partly collapsed"),  # a mean that moves, for less than 0.01 nats
            ((0.025**0.5, 2.0), (1.0, 1.0), "healthy"),
            ((0.0, 2.0), (0.5, 1.0), "partly collapsed"),  # nats, but a mean that stays
            ((2.0, 2.0), (0.049, 0.049), "nearly deterministic"),
            ((2.0, 2.0), (0.049, 0.051), "healthy"),
            ((0.0, 2.0), (1.0, 0.049), "nearly deterministic"),  # an unused dimension has no say
        ],
    )
    def test_verdicts_on_either_side_of_each_limit(self, sizes, sigmas, verdict):
        assert evaluation.diagnose(Told(sigmas), both_ways(*sizes)).verdict == verdict

    def test_what_is_printed(self):
        numbers = {"elbo": -10.126, "reconstruction": -8.0, "kl": 2.126, "use_of_z": 1.504}
        tensors = {"kl_per_dimension": [2.0, 0.126], "sigma": [0.3, 1.0], "active": [True, False]}
        tensors = {name: torch.tensor(values) for name, values in tensors.items()}
        for verdict, advice in ADVICE.items():
            lines = str(evaluation.Diagnosis(**numbers, **tensors, verdict=verdict)).split("\n")
            assert lines[:4] == [
                f"verdict: {verdict}",
                "ELBO -10.13 = reconstruction -8.00 - KL 2.13 nats",
                "KL per dimension: 2.00 0.13",
                "1 of 2 dimensions active; the wrong z costs 1.50 nats of reconstruction",
            ]
            assert " ".join(lines[4:]) == advice and 60 < max(map(len, lines[4:])) <= 84

    def test_a_decoder_that_ignores_z_makes_no_use_of_it(self):
        model, x = self.linear(5.0)
        assert evaluation.diagnose(model, x).use_of_z == pytest.approx(0, abs=1e-5)
        model, x = self.linear(0.2)
        assert evaluation.diagnose(model, x).use_of_z > 10

    @pytest.mark.slow
    def test_learned_collapse_is_seen(self):
        x = (torch.rand(500, 20, generator=torch.Generator().manual_seed(0)) < 0.5).float()
        model = models.mlp_vae(20, 3, hidden=(16,))
        training.fit(model, x, epochs=10, lr=1e-2, beta=20.0, progress=False)
        assert evaluation.diagnose(model, x).verdict == "collapsed"

    def test_what_it_cannot_judge_is_said(self):
        x = torch.rand(4, 12)
        certain, odd = models.mlp_autoencoder(12, 2), models.mlp_vae(12, 2)
        refuses(lambda: evaluation.diagnose(certain, x), "model", "posterior PointMass", "DiagonalGaussian", TypeError)
        odd.prior = lambda y: certain.posterior(x)
        refuses(lambda: evaluation.diagnose(odd, x), "model", "prior PointMass", "DiagonalGaussian", TypeError)
        refuses(lambda: evaluation.diagnose(models.mlp_vae(12, 2), x[:1]), "x", "1 example", "at least 2", ValueError)


class TestPerplexity:
    def test_perplexity_counts_codes(self):
        assert evaluation.perplexity(torch.arange(8).reshape(4, 2), 8) == pytest.approx(8)
        assert evaluation.perplexity(torch.full((9, 1), 3), 8) == pytest.approx(1)
        half = torch.tensor([0, 0, 0, 1])
        assert evaluation.perplexity(half, 2) == pytest.approx(math.exp(-0.75 * math.log(0.75) - 0.25 * math.log(0.25)))
        for wrong in ([0, 8], [0, 9], [-1, 0], [-1, 8]):
            got = f"codes from {min(wrong)} to {max(wrong)}"
            refuses(lambda wrong=wrong: evaluation.perplexity(torch.tensor(wrong), 8), "z", got, "0 to 7", ValueError)
        refuses(lambda: evaluation.perplexity(torch.arange(0), 8), "z", "no codes", "0 to 7", ValueError)
        refuses(lambda: evaluation.perplexity(torch.zeros(3), 8), "z", "torch.float32", "whole numbers", TypeError)
        refuses(lambda: evaluation.perplexity([0, 1], 8), "z", "list", "whole numbers", TypeError)
        assert evaluation.perplexity(torch.tensor([3]), 8) == pytest.approx(1)
