"""Frechet distance, precision and recall, on cases whose answer is known."""

import pytest
import torch
from refusal import refuses

from vae_utils.evaluation import frechet_distance, precision_recall


def normal(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


class TestFrechetDistance:
    def test_equal_sets_are_at_zero(self):
        a = normal(50, 4)
        assert frechet_distance(a, a[torch.randperm(50)]) == pytest.approx(0, abs=1e-9)

    def test_a_shift_costs_its_square(self):
        a = normal(60, 4) @ normal(4, 4, seed=1)
        shift = torch.tensor([1.0, -2.0, 0.0, 0.5])
        assert frechet_distance(a, a + shift) == pytest.approx(5.25)

    def test_a_stretch_costs_the_change_of_spread(self):
        a = normal(60, 3)
        a = a - a.mean(0)
        trace = torch.cov(a.T).trace().item()
        assert frechet_distance(a, 3 * a) == pytest.approx(4 * trace)

    def test_gaussians_with_unlike_axes(self):
        """In one dimension it is (m - n)^2 + (s - t)^2; a rotation of both changes nothing."""
        a = torch.tensor([[-1.0, -2.0], [1.0, 2.0], [-1.0, 2.0], [1.0, -2.0]], dtype=torch.float64)
        b = a.flip(1) + 1
        scale = 4 / 3  # of the unbiased variances 1 and 4
        truth = 2 + 2 * scale * (2 - 1) ** 2
        assert frechet_distance(a, b) == pytest.approx(truth)
        turn = torch.linalg.qr(normal(2, 2)).Q
        assert frechet_distance(a @ turn, b @ turn) == pytest.approx(truth)

    def test_covariances_that_do_not_commute(self):
        """Against the eigenvalues of S T, whose square roots sum to tr (S T)^(1/2)."""
        a, b = normal(80, 3) @ normal(3, 3, seed=1), normal(70, 3, seed=2) @ normal(3, 3, seed=3)
        S, T = torch.cov(a.T), torch.cov(b.T)
        cross = torch.linalg.eigvals(S @ T).real.sqrt().sum()
        truth = (a.mean(0) - b.mean(0)).square().sum() + S.trace() + T.trace() - 2 * cross
        assert frechet_distance(a, b) == pytest.approx(truth.item())
        assert frechet_distance(b, a) == pytest.approx(truth.item())

    def test_one_feature_and_fewer_examples_than_features(self):
        a = torch.tensor([[0.0], [2.0]])
        assert frechet_distance(a, 2 * a) == pytest.approx(1 + (2**0.5) ** 2)
        assert frechet_distance(normal(5, 20), normal(5, 20, seed=1)) > 0

    def test_bad_input(self):
        a = normal(5, 2)
        refuses(lambda: frechet_distance(a[:1], a), "real", "(1, 2)", "N >= 2", ValueError)
        refuses(lambda: frechet_distance(a, a[0]), "generated", "(2,)", "(N, F)", ValueError)
        refuses(lambda: frechet_distance(a, normal(5, 3)), "generated", "3 features", "2", ValueError)
        refuses(lambda: frechet_distance(a * torch.inf, a), "real", "not finite", "finite", ValueError)
        refuses(lambda: frechet_distance(a.long(), a), "real", "int64", "float tensor", TypeError)
        refuses(lambda: frechet_distance(a, a.tolist()), "generated", "list", "float tensor", TypeError)


class TestPrecisionRecall:
    def test_the_same_set_is_precise_and_complete(self):
        a = normal(40, 3)
        assert precision_recall(a, a.clone()) == (1.0, 1.0)

    def test_another_place_is_neither(self):
        assert precision_recall(normal(40, 3), normal(40, 3) + 100) == (0.0, 0.0)

    def test_one_cluster_of_two_is_precise_and_half_complete(self):
        two = torch.cat([normal(30, 2), normal(30, 2, seed=1) + 100])
        assert precision_recall(two, two[:30]) == (1.0, 0.5)
        assert precision_recall(two[:30], two) == (0.5, 1.0)

    def test_balls_on_a_line(self):
        """Real examples at 0, 1, 2, 10: with one neighbor the balls have radii 1, 1, 1, 8."""
        real = torch.tensor([[0.0], [1.0], [2.0], [10.0]])
        generated = torch.tensor([[-0.9], [-1.1], [3.0], [17.9], [18.1]])
        precision, recall = precision_recall(real, generated, neighbors=1)
        assert precision == pytest.approx(3 / 5)
        # radii of the generated: 0.2, 0.2, 3.9, 0.2, 0.2: only the one at 3 reaches real examples, and not the last
        assert recall == pytest.approx(3 / 4)

    def test_more_neighbors_reach_further(self):
        a, b = normal(60, 3), 1.5 * normal(60, 3, seed=1)
        values = [precision_recall(a, b, neighbors=k)[0] for k in (1, 3, 10)]
        assert values == sorted(values) and values[0] < values[2]

    @pytest.mark.parametrize("chunk", [1, 7, 100])
    def test_chunks_do_not_show(self, chunk):
        a, b = normal(40, 3), normal(30, 3, seed=1) + 1
        assert precision_recall(a, b, chunk=chunk) == precision_recall(a, b)

    def test_bad_input(self):
        a = normal(5, 2)
        refuses(lambda: precision_recall(a, a, neighbors=0), "neighbors", "0", ">= 1", ValueError)
        refuses(lambda: precision_recall(a, a, neighbors=5), "real", "(5, 2)", "N >= 6", ValueError)
        refuses(lambda: precision_recall(a, a, chunk=0), "chunk", "0", ">= 1", ValueError)
        refuses(lambda: precision_recall(a, normal(5, 3)), "generated", "3 features", "2", ValueError)
        refuses(lambda: precision_recall(a, a * torch.nan), "generated", "not finite", "finite", ValueError)
