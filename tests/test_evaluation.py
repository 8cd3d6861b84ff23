"""Every number on a case whose answer is known."""

import math

import pytest
import torch
from exact import DOUBLE, generator, normal
from refusal import refuses
from torch import nn

from vae_utils import evaluation
from vae_utils.distributions import DiagonalGaussian
from vae_utils.evaluation import (
    active_units,
    evaluate,
    frechet_distance,
    kl_decomposition,
    log_likelihood,
    mutual_information,
    precision_recall,
)
from vae_utils.models import LinearVAE, mlp_vae
from vae_utils.objectives import elbo, importance_bound


def fitted(n=130):
    """Data and a LinearVAE whose posterior is exact, so that every weight is p(x)."""
    x = normal(n, 2) @ normal(2, 5, seed=1) + 0.4 * normal(n, 5, seed=2)
    return LinearVAE(5, 2, sigma="shared").double().fit_exact(x), x


class Labelled(nn.Module):
    """p(z) = q(z | x) = N(0, I) and p(x | z, y) = N(y, I), whatever z: every quantity can be written down."""

    def prior(self, y=None):
        return DiagonalGaussian(torch.zeros(2), torch.zeros(2))

    def posterior(self, x, y=None):
        return DiagonalGaussian(torch.zeros(len(x), 2), torch.zeros(2))

    def likelihood(self, z, y=None):
        return DiagonalGaussian(y.unsqueeze(-1).expand(*z.shape[:-1], 3), torch.zeros(3))


class TestEvaluate:
    def test_known_answer(self):
        x, y = torch.zeros(7, 3), torch.arange(7.0)
        truth = (-1.5 * math.log(2 * math.pi) - 1.5 * y.square()).mean().item()
        result = evaluate(Labelled(), x, y, batch_size=3, samples=2)
        assert result == pytest.approx({"elbo": truth, "reconstruction": truth, "kl": 0}, rel=1e-5)

    def test_average_of_the_terms_over_all_rows(self):
        model, x = fitted()
        terms = elbo(model, x, generator=generator())
        result = evaluate(model, x, generator=generator())
        for name, value in result.items():
            assert value == pytest.approx(getattr(terms, name).mean().item())
        assert result["elbo"] == pytest.approx(result["reconstruction"] - result["kl"])

    def test_chunks_do_not_show_in_what_has_no_noise(self):
        model, x = fitted()
        whole = model.posterior(x)
        kl = 0.5 * (whole.mu.square() + whole.variance - whole.logvar - 1).sum(-1).mean().item()
        for batch_size in (1, 7, 130, 1000):
            assert evaluate(model, x, batch_size=batch_size)["kl"] == pytest.approx(kl)

    @pytest.mark.slow
    def test_more_samples_tend_to_the_exact_elbo(self):
        """With an exact posterior the expected ELBO is the evidence."""
        model, x = fitted()
        truth = model.log_evidence(x).mean().item()
        few = abs(evaluate(model, x, generator=generator())["elbo"] - truth)
        many = abs(evaluate(model, x, samples=200, generator=generator())["elbo"] - truth)
        assert many < 0.03 and many < few

    def test_needs_no_gradient_and_leaves_none(self):
        modes = []
        model = mlp_vae(5, 2, hidden=(4,))
        model.encoder.register_forward_hook(lambda *_: modes.append(torch.is_grad_enabled()))
        evaluate(model, torch.rand(9, 5))
        assert modes == [False] and all(parameter.grad is None for parameter in model.parameters())

    def test_bad_input(self):
        model, x = fitted()
        refuses(lambda: evaluate(model, x, samples=0), "samples", "0", ">= 1", ValueError)
        refuses(lambda: evaluate(model, x, samples=1.5), "samples", "1.5", "whole number", TypeError)
        refuses(lambda: evaluate(model, x, batch_size=0), "batch_size", "0", ">= 1", ValueError)
        refuses(lambda: evaluate(model, x[:0]), "x", "no rows", "N >= 1", ValueError)
        refuses(lambda: evaluate(model, x.tolist()), "x", "list", "(N, D)", TypeError)
        refuses(lambda: evaluate(model, x[0]), "x", "(5,)", "(N, D)", ValueError)
        refuses(lambda: evaluate(model, x[:, :4]), "x", "(130, 4)", "(..., 5)", ValueError)
        refuses(lambda: evaluate(object(), x), "model", "object without", "posterior", TypeError)


class TestLogLikelihood:
    @pytest.mark.parametrize("k", [1, 7, 30])
    @pytest.mark.parametrize("chunk", [1, 4, 100])
    def test_is_exact_when_the_posterior_is(self, k, chunk):
        model, x = fitted()
        estimate = log_likelihood(model, x, k=k, chunk=chunk, batch_size=50)
        assert (estimate - model.log_evidence(x)).abs().max() < 1e-4

    def test_one_chunk_is_the_importance_bound(self):
        model, x = LinearVAE(5, 2).double(), normal(6, 5)
        ours = log_likelihood(model, x, k=9, generator=generator())
        torch.testing.assert_close(ours, importance_bound(model, x, 9, generator=generator()))

    @pytest.mark.parametrize("chunk", [1, 3, 4, 11])
    def test_chunks_hold_the_same_weights_as_one_piece(self, monkeypatch, chunk):
        """The weights drawn in chunks are recorded; the bound over all of them at once is the same."""
        model, x, drawn, original = LinearVAE(5, 2).double(), 2 * normal(6, 5), [], evaluation.likelihood.log_weights

        def recorded(*args, **kwargs):
            drawn.append(original(*args, **kwargs))
            return drawn[-1]

        monkeypatch.setattr(evaluation.likelihood, "log_weights", recorded)
        ours = log_likelihood(model, x, k=11, chunk=chunk, generator=generator())
        together = torch.cat(drawn)
        assert together.shape == (11, 6) and max(map(len, drawn)) == chunk
        torch.testing.assert_close(ours, together.logsumexp(0) - math.log(11))
        assert together.std(0).min() > 0.1

    def test_by_default_a_hundred_samples_of_a_hundred_rows_are_held_at_a_time(self, monkeypatch):
        model, x, shapes, original = LinearVAE(5, 2).double(), normal(250, 5), [], evaluation.likelihood.log_weights

        def recorded(*args, **kwargs):
            log_w = original(*args, **kwargs)
            shapes.append(tuple(log_w.shape))
            return log_w

        monkeypatch.setattr(evaluation.likelihood, "log_weights", recorded)
        log_likelihood(model, x)
        assert shapes == [(100, 100), (100, 100), (100, 50)]
        log_likelihood(model, x[:1], k=250)
        assert shapes[3:] == [(100, 1), (100, 1), (50, 1)]

    def test_needs_no_gradient(self):
        assert not log_likelihood(LinearVAE(5, 2), torch.rand(3, 5), k=2).requires_grad
        assert not active_units(LinearVAE(5, 2), torch.rand(3, 5)).requires_grad

    def test_rows_keep_their_order_and_labels(self):
        x, y = torch.zeros(7, 3), torch.arange(7.0)
        truth = -1.5 * math.log(2 * math.pi) - 1.5 * y.square()
        torch.testing.assert_close(log_likelihood(Labelled(), x, k=5, y=y, batch_size=3, chunk=2), truth)

    def test_never_above_the_evidence_on_average(self):
        model, x = LinearVAE(5, 2).double(), 2 * normal(60, 5)
        gaps = [
            (model.log_evidence(x) - log_likelihood(model, x, k=k, generator=generator())).mean().item()
            for k in (1, 20, 2_000)
        ]
        assert gaps[0] > gaps[1] > 0 and abs(gaps[2]) < 0.02

    def test_far_away_examples_stay_finite(self):
        model = LinearVAE(5, 2, sigma=0.1)
        assert log_likelihood(model, torch.full((2, 5), 1e4), k=5).isfinite().all()

    def test_bad_input(self):
        model, x = fitted()
        refuses(lambda: log_likelihood(model, x, k=0), "k", "0", ">= 1", ValueError)
        refuses(lambda: log_likelihood(model, x, k=1.5), "k", "1.5", "whole number", TypeError)
        refuses(lambda: log_likelihood(model, x, chunk=0), "chunk", "0", ">= 1", ValueError)
        refuses(lambda: log_likelihood(model, x, batch_size=-1), "batch_size", "-1", ">= 1", ValueError)
        refuses(lambda: log_likelihood(model, x[:0]), "x", "no rows", "N >= 1", ValueError)
        refuses(lambda: log_likelihood(model, None), "x", "NoneType", "(N, D)", TypeError)
        refuses(lambda: log_likelihood(model, x[:, :4]), "x", "(100, 4)", "(..., 5)", ValueError)


class TestActiveUnits:
    def test_counts_what_the_exact_law_says(self):
        x = normal(400, 5) * torch.tensor([3.0, 2.0, 1.0, 0.3, 0.1], dtype=DOUBLE)
        values = torch.linalg.eigvalsh(torch.cov(x.T, correction=0)).flip(0)
        for sigma, used in ((1.5, 2), (0.6, 3), (4.0, 0)):
            assert (values > sigma**2).sum() == used
            model = LinearVAE(5, 4, sigma=sigma).double().fit_exact(x)
            assert active_units(model, x).tolist() == [True] * used + [False] * (4 - used)

    def test_threshold_is_on_the_variance_of_the_means(self):
        model = LinearVAE(5, 2).double()
        x = torch.zeros(4, 5, dtype=DOUBLE)
        x[:2, 0], x[:, 1] = 2.0, 5.0
        with torch.no_grad():
            model.V.zero_()
            model.V[0, 0], model.V[1, 1] = 0.5, 1.0
        assert active_units(model, x, threshold=0.24).tolist() == [True, False]
        assert active_units(model, x, threshold=0.26).tolist() == [False, False]
        x[:, 0] = 7.0
        assert active_units(model, x, threshold=0).tolist() == [False, False]
        x[:2, 0] = 9.0
        for slope, used in ((0.09, False), (0.11, True)):
            with torch.no_grad():
                model.V[0, 0] = slope
            assert active_units(model, x)[0].item() is used

    def test_bad_input(self):
        model, x = fitted()
        refuses(lambda: active_units(model, x, threshold=-1), "threshold", "-1", ">= 0", ValueError)
        refuses(lambda: active_units(model, x, threshold="low"), "threshold", "'low'", "number", TypeError)
        refuses(lambda: active_units(model, x[0]), "x", "(5,)", "(N, D)", ValueError)
        refuses(lambda: active_units(model, x[:, :4]), "x", "(130, 4)", "(..., 5)", ValueError)


class TestDecomposition:
    def test_by_default_each_row_is_drawn_once(self):
        x = normal(30, 5)
        model = LinearVAE(5, 2).double()
        for score in (kl_decomposition, mutual_information):
            once = score(model, x, samples=1, generator=generator())
            assert str(score(model, x, generator=generator())) == str(once)
            assert str(score(model, x, samples=2, generator=generator())) != str(once)

    def test_needs_no_gradient(self):
        parts = kl_decomposition(LinearVAE(5, 2), torch.rand(9, 5))
        assert not parts.dimension_wise_kl.requires_grad


class TestQuality:
    def test_rounding_never_makes_a_distance_negative(self):
        for seed in range(20):
            features = 100 * normal(30, 4, seed=seed)
            assert 0 <= frechet_distance(features, features.clone()) < 1e-6

    def test_three_neighbors_unless_told(self):
        real, generated = normal(60, 2), 1.5 * normal(60, 2, seed=1)
        default = precision_recall(real, generated)
        assert default == precision_recall(real, generated, neighbors=3)
        assert default != precision_recall(real, generated, neighbors=2)
        assert default != precision_recall(real, generated, neighbors=4)

    def test_the_rim_of_a_ball_belongs_to_it(self):
        real = torch.tensor([[0.0], [1.0], [2.0], [3.0]])
        rim, beyond = torch.tensor([[-1.0], [4.0]]), torch.tensor([[-1.01], [4.01]])
        assert precision_recall(real, rim, neighbors=1)[0] == 1
        assert precision_recall(real, beyond, neighbors=1)[0] == 0

    @pytest.mark.parametrize("score", [frechet_distance, precision_recall])
    def test_bad_features(self, score):
        real = normal(60, 3)
        refuses(lambda: score(real[:, 0], real), "real", "(60,)", "(N, F)", ValueError)
        refuses(lambda: score(real.view(10, 6, 3), real), "real", "(10, 6, 3)", "(N, F)", ValueError)
        refuses(lambda: score(real, real[:, :2]), "generated", "2 features", "3, as in real", ValueError)
        refuses(lambda: score(real[:, :2], real), "generated", "3 features", "2, as in real", ValueError)
        refuses(lambda: score(real, real.tolist()), "generated", "list", "(N, F)", TypeError)
        refuses(lambda: score(real, real * math.nan), "generated", "not finite", "finite", ValueError)
