"""Modes of a known mixture, counted on points placed by hand; density and coverage, where they are known."""

import math

import pytest
import torch
from exact import DOUBLE, normal
from refusal import refuses

from vae_utils.evaluation import Modes, count_modes, density_coverage, precision_recall

ANGLES = torch.arange(8, dtype=DOUBLE) * math.pi / 4
RING = 2 * torch.stack([ANGLES.cos(), ANGLES.sin()], 1)


def at(center, n, away=0.0):
    """n points at `away` to the right of a center of the ring."""
    return RING[center].expand(n, 2) + torch.tensor([away, 0.0], dtype=DOUBLE)


class TestModes:
    def test_samples_of_the_mixture_itself(self):
        """1 - exp(-3^2 / 2) of a Gaussian in the plane lie within three standard deviations."""
        samples = RING.repeat(2500, 1) + 0.1 * normal(20000, 2)
        found = count_modes(samples, RING, 0.1)
        assert found.found == 8 and found.good == pytest.approx(1 - math.exp(-4.5), abs=0.003)
        assert found.reverse_kl == pytest.approx(0, abs=1e-9) and found.counts.shape == (8,)
        assert found.counts.sum() == round(20000 * found.good)

    def test_one_mode_alone_costs_the_logarithm_of_their_number(self):
        found = count_modes(at(3, 50), RING, 0.1)
        assert isinstance(found, Modes) and found[:2] == (1, 1.0)
        assert found.reverse_kl == pytest.approx(math.log(8)) and found.counts.tolist() == [0, 0, 0, 50, 0, 0, 0, 0]

    def test_a_mode_counts_from_twenty_good_samples_on(self):
        samples = torch.cat([at(0, 20), at(2, 19), at(4, 21)])
        assert count_modes(samples, RING, 0.1).found == 2
        assert count_modes(samples, RING, 0.1, least=19).found == 3
        assert count_modes(samples, RING, 0.1, least=21).found == 1

    def test_good_ends_at_three_standard_deviations(self):
        samples = torch.cat([at(0, 30, 0.299), at(0, 10, 0.301)])
        found = count_modes(samples, RING, 0.1)
        assert found.good == 0.75 and found.counts[0] == 30
        assert count_modes(samples, RING, 0.1, within=2.0).good == 0
        assert count_modes(samples, RING, 0.2).good == 1
        assert count_modes(torch.tensor([[0.75]]), torch.tensor([[0.0]]), 0.25).good == 1  # the border belongs to it

    def test_all_samples_weigh_in_the_reverse_kl(self):
        """Three in four by one center, one in four, far from good, by another."""
        found = count_modes(torch.cat([at(0, 30), at(4, 10, -9.0)]), RING, 0.1)
        assert found.good == 0.75 and found.found == 1
        assert found.reverse_kl == pytest.approx(0.75 * math.log(6) + 0.25 * math.log(2))

    def test_unequal_weights(self):
        centers = torch.tensor([[0.0], [1.0], [9.0]])
        samples = torch.tensor([[0.0], [0.0], [1.0], [1.0]])
        found = count_modes(samples, centers, 0.1, weights=torch.tensor([3.0, 1.0, 1.0]), least=2)
        assert found.found == 2 and found.reverse_kl == pytest.approx(
            0.5 * math.log(0.5 / 0.6) + 0.5 * math.log(0.5 / 0.2)
        )

    def test_wide_noise_finds_every_mode_by_a_single_hit(self):
        noise = 1.5 * normal(2500, 2)
        assert count_modes(noise, RING, 0.05).found == 0 and count_modes(noise, RING, 0.05, least=1).found == 8
        assert count_modes(noise, RING, 0.05).good < 0.1

    def test_bad_input(self):
        x = normal(5, 2)
        refuses(lambda: count_modes(x[:0], RING, 0.1), "samples", "(0, 2)", "n >= 1", ValueError)
        refuses(lambda: count_modes(x, RING[:0], 0.1), "centers", "(0, 2)", "n >= 1", ValueError)
        refuses(lambda: count_modes(x[:, :1], RING, 0.1), "samples", "(5, 1)", "(..., 2)", ValueError)
        refuses(lambda: count_modes(x[0], RING, 0.1), "samples", "(2,)", "(n, D)", ValueError)
        refuses(lambda: count_modes(x[None], RING, 0.1), "samples", "(1, 5, 2)", "(n, D)", ValueError)
        refuses(lambda: count_modes(x * torch.nan, RING, 0.1), "samples", "NaN", "finite", ValueError)
        refuses(lambda: count_modes(x.long(), RING, 0.1), "samples", "int64", "float", TypeError)
        refuses(lambda: count_modes(x, RING.tolist(), 0.1), "centers", "list", "float", TypeError)
        for name, wrong in (("sigma", 0.0), ("within", 0.0), ("least", 0)):
            given = {"sigma": 0.1, name: wrong}
            refuses(lambda given=given: count_modes(x, RING, **given), name, str(wrong), "", ValueError)
        for wrong in (torch.ones(7), torch.zeros(8), -torch.ones(8), torch.ones(8, 1), torch.ones(0)):
            refuses(lambda wrong=wrong: count_modes(x, RING, 0.1, weights=wrong), "weights", "", "(8,)", ValueError)


class TestDensityCoverage:
    def test_balls_on_a_line(self):
        """Real examples at 0, 1, 2, 10: with one neighbor the balls have radii 1, 1, 1, 8, with two 2, 1, 2, 9."""
        real = torch.tensor([[0.0], [1.0], [2.0], [10.0]])
        generated = torch.tensor([[-0.9], [-1.1], [2.5], [17.9], [18.1]])
        density, coverage = density_coverage(real, generated, neighbors=1)
        assert density == pytest.approx((1 + 0 + 2 + 1 + 0) / 5) and coverage == pytest.approx(3 / 4)
        density, coverage = density_coverage(real, generated, neighbors=2)
        assert density == pytest.approx((1 + 1 + 2 + 1 + 1) / (2 * 5)) and coverage == pytest.approx(3 / 4)

    def test_the_same_set_covers_itself_and_lies_in_k_balls_and_its_own(self):
        a = normal(40, 3)
        density, coverage = density_coverage(a, a.clone(), neighbors=4)
        assert density == pytest.approx(5 / 4) and coverage == 1

    def test_another_place_is_neither_and_one_of_two_clusters_half(self):
        two = torch.cat([normal(30, 2), normal(30, 2, seed=1) + 100])
        assert density_coverage(two, two - 1000) == (0.0, 0.0)
        assert density_coverage(two, two[:30])[1] == 0.5

    def test_two_draws_from_one_law(self):
        a, b = normal(1500, 2), normal(1500, 2, seed=1)
        for k in (1, 3, 5):
            density, coverage = density_coverage(a, b, neighbors=k)
            assert density == pytest.approx(1, abs=0.06) and coverage == pytest.approx(1 - 2**-k, abs=0.03)

    def test_an_outlier_lends_precision_but_hardly_density(self):
        """One real example far away has a ball that holds all the rubbish around it."""
        real = torch.cat([normal(200, 2), torch.tensor([[100.0, 0.0]], dtype=DOUBLE)])
        rubbish = normal(200, 2, seed=1) + torch.tensor([60.0, 0.0])
        density, coverage = density_coverage(real, rubbish)
        assert precision_recall(real, rubbish, neighbors=5)[0] == 1
        assert density == pytest.approx(1 / 5) and coverage == pytest.approx(1 / 201)

    @pytest.mark.parametrize("chunk", [1, 7, 100])
    def test_chunks_do_not_show(self, chunk):
        a, b = normal(40, 3), normal(30, 3, seed=1) + 0.5
        assert density_coverage(a, b, chunk=chunk) == density_coverage(a, b)

    def test_bad_input(self):
        a = normal(5, 2)
        refuses(lambda: density_coverage(a, a, neighbors=0), "neighbors", "0", ">= 1", ValueError)
        refuses(lambda: density_coverage(a, a), "real", "(5, 2)", "N >= 6", ValueError)
        refuses(lambda: density_coverage(a, a, neighbors=1, chunk=0), "chunk", "0", ">= 1", ValueError)
        refuses(lambda: density_coverage(a, normal(5, 3), 1), "generated", "3 features", "2", ValueError)
        refuses(lambda: density_coverage(a, a * torch.nan, 1), "generated", "not finite", "finite", ValueError)
