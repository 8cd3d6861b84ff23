"""MIG, DCI and SAP on codes whose answer is known."""

import math

import pytest
import torch
from exact import DOUBLE, normal
from refusal import refuses
from scipy import stats

from vae_utils import evaluation as ev

N = 4000
FACTORS = normal(N, 3)
NOISE = normal(N, 3, seed=1)
METRICS = (ev.information_matrix, ev.mig, ev.dci, ev.sap)

HALF = torch.tensor([0, 0, 0, 0, 1, 1, 1, 1])
QUARTER = torch.tensor([0, 0, 1, 1, 2, 2, 3, 3])
ODD, MIDDLE = torch.tensor([0, 1, 0, 1, 0, 1, 0, 1]), torch.tensor([0, 0, 1, 1, 0, 0, 1, 1])


def turned(angle):
    """Two Gaussian factors turned by an angle, the third as it is."""
    c, s = math.cos(angle), math.sin(angle)
    return FACTORS @ torch.tensor([[c, s, 0], [-s, c, 0], [0, 0, 1]], dtype=DOUBLE)


class TestInformationMatrix:
    def test_whole_numbers_by_hand(self):
        """Two factors, three codes: QUARTER knows HALF and MIDDLE, and ODD knows nothing."""
        factors, codes = torch.stack([HALF, QUARTER], 1), torch.stack([HALF, ODD, MIDDLE], 1)
        plain = math.log(2) * torch.tensor([[1, 0, 0], [1, 0, 1]], dtype=DOUBLE)
        bias = torch.tensor([[1], [3]]) / 16  # (2 - 1) (2 - 1) and (4 - 1) (2 - 1), over 2 * 8
        torch.testing.assert_close(ev.information_matrix(factors, codes), plain - bias)
        torch.testing.assert_close(ev.information_matrix(codes, factors), (plain - bias).T)

    def test_an_uneven_table_by_hand(self):
        one, other = torch.tensor([[0, 0, 0, 0, 1, 1, 1, 1], [2, 2, 2, 7, 7, 7, 7, 7]]).unsqueeze(2)
        table = [(3, 4, 3), (1, 4, 5), (4, 4, 5)]  # how often together, and each alone, of 8
        plain = sum(both / 8 * math.log(both * 8 / (a * b)) for both, a, b in table)
        assert ev.information_matrix(one, other).item() == pytest.approx(plain - 1 / 16)

    def test_floats_are_cut_into_bins_of_equal_count(self):
        ramp = torch.arange(60.0).exp().unsqueeze(1)[torch.randperm(60, generator=torch.Generator().manual_seed(0))]
        for bins in (2, 3, 20):
            same = ev.information_matrix(ramp, ramp, bins).item()
            assert same == pytest.approx(math.log(bins) - (bins - 1) ** 2 / 120)
            assert ev.factor_entropies(ramp, bins).item() == pytest.approx(math.log(bins))
        assert ev.factor_entropies(ramp).item() == pytest.approx(math.log(20))

    def test_equal_values_share_the_bin_of_their_middle_rank(self):
        """Of 8 rows in 4 bins: ranks 0 to 3 have the middle 2, which is bin 1; ranks 4 to 7 are bins 2, 2, 3, 3."""
        column = torch.tensor([5.0, 5, 5, 5, 6, 7, 8, 9]).unsqueeze(1)
        assert ev.factor_entropies(column, 4).item() == pytest.approx(0.5 * math.log(2) + 0.5 * math.log(4))
        bins = torch.tensor([1, 1, 1, 1, 2, 2, 3, 3]).unsqueeze(1)
        assert ev.information_matrix(column, bins, 4).item() == pytest.approx(1.5 * math.log(2) - 4 / 16)

        for sign in (1.0, -1.0):  # the middle of ranks 1 to 3 lies in the upper half, that of rank 0 in the lower
            most_alike = sign * torch.tensor([1.0, 2, 2, 2]).unsqueeze(1)
            quarter = 0.25 * math.log(4) + 0.75 * math.log(4 / 3)
            assert ev.factor_entropies(most_alike, 2).item() == pytest.approx(quarter)

    def test_a_constant_tells_nothing(self):
        codes = torch.cat([torch.ones(N, 1), NOISE[:, :1].float()], 1)
        assert ev.information_matrix(FACTORS, codes)[:, 0].tolist() == [0, 0, 0]

    @pytest.mark.parametrize("bins", [5, 20])
    def test_noise_knows_nothing_once_its_bias_is_taken_off(self, bins):
        """2N times what is left varies as a chi-square of (bins - 1)^2 degrees of freedom, for each of 64 pairs."""
        factors, codes = normal(10_000, 8), normal(10_000, 8, seed=1)
        information = ev.information_matrix(factors, codes, bins)
        freedom = (bins - 1) ** 2
        error = math.sqrt(2 * freedom / 64) / 20_000
        assert abs(information.mean().item()) < 4 * error < 0.3 * freedom / 20_000

    def test_of_two_gaussians_it_is_nearly_the_true_one_and_the_bins_lose_some(self):
        correlated = (0.8 * FACTORS + 0.6 * NOISE)[:, :1]
        truth = -0.5 * math.log(1 - 0.8**2)
        assert truth - 0.05 < ev.information_matrix(FACTORS[:, :1], correlated).item() < truth

    def test_any_increasing_map_leaves_it_and_so_does_a_mirror(self):
        codes = 0.9 * FACTORS + 0.4 * NOISE
        expected = ev.information_matrix(FACTORS, codes)
        for moved in (3 * codes - 5, codes**3, codes.exp(), -codes, 1e-8 * codes):
            torch.testing.assert_close(ev.information_matrix(FACTORS, moved), expected, rtol=0, atol=1e-12)
        torch.testing.assert_close(ev.information_matrix(FACTORS, codes[:, [2, 0, 1]]), expected[:, [2, 0, 1]])


class TestEntropies:
    def test_by_hand(self):
        factors = torch.stack([HALF, QUARTER, torch.tensor([0, 0, 0, 0, 0, 0, 5, 5])], 1)
        uneven = -0.75 * math.log(0.75) - 0.25 * math.log(0.25)
        assert ev.factor_entropies(factors).tolist() == pytest.approx([math.log(2), math.log(4), uneven])


class TestMIG:
    ONE = (math.log(20) - 361 / (2 * N)) / math.log(20)  # what the bias leaves of one code for each factor

    @pytest.mark.parametrize("codes", [FACTORS, -FACTORS, FACTORS[:, [1, 2, 0]] ** 3], ids=["same", "mirror", "cube"])
    def test_one_code_for_each_factor(self, codes):
        information = ev.information_matrix(FACTORS, codes)
        assert information.max(1).values.tolist() == pytest.approx(3 * [self.ONE * math.log(20)])
        assert ev.mig(FACTORS, codes).tolist() == pytest.approx(3 * [self.ONE], abs=0.01)

    def test_a_turn_of_45_degrees_leaves_nothing(self):
        straight, turn, little = (ev.mig(FACTORS, turned(angle)) for angle in (0, math.pi / 4, math.pi / 9))
        assert turn[:2].abs().max() < 0.02
        assert (little[:2] > 0.1).all() and (little[:2] < 0.5 * straight[:2]).all()
        assert turn[2] == pytest.approx(straight[2].item(), abs=0.01)

    def test_a_copy_of_every_code_leaves_nothing(self):
        assert ev.mig(FACTORS, torch.cat([FACTORS, FACTORS.flip(1)], 1)).tolist() == [0, 0, 0]

    def test_noise(self):
        assert (ev.mig(FACTORS, NOISE).abs() < 0.01).all()

    def test_whole_numbers_by_hand(self):
        """Of QUARTER two codes know as much; of HALF one does. A matrix read by columns would say otherwise."""
        factors, codes = torch.stack([HALF, QUARTER], 1), torch.stack([HALF, ODD, MIDDLE], 1)
        assert ev.mig(factors, codes).tolist() == pytest.approx([1, 0])
        little = (3 - 1) / 16 / math.log(2)  # between two codes as good, or as bad, one of which has more classes
        assert ev.mig(codes, factors).tolist() == pytest.approx([little, little, 1 - little])

    def test_the_gap_is_to_the_second_and_in_units_of_the_entropy(self):
        """Shares of information in both codes: log 2 and 1/4 of the rows; the entropy is log 4."""
        codes = torch.stack([HALF, ODD, torch.tensor([0, 0, 1, 1, 1, 1, 1, 1])], 1)
        second = 0.25 * math.log(4) + 0.75 * math.log(4 / 3)
        assert ev.mig(QUARTER[:, None], codes).item() == pytest.approx((math.log(2) - second) / math.log(4))

    def test_a_single_code_has_no_rival(self):
        assert ev.mig(QUARTER[:, None], HALF[:, None]).item() == pytest.approx((math.log(2) - 3 / 16) / math.log(4))

    def test_bins_are_handed_on(self):
        expected = (ev.information_matrix(FACTORS, FACTORS, 7).diag() / math.log(7)).tolist()
        assert ev.mig(FACTORS[:, :1], FACTORS[:, :1], bins=7).item() == pytest.approx(expected[0], rel=1e-4)
        assert ev.mig(FACTORS[:, :1], FACTORS[:, :1]).item() == pytest.approx(self.ONE)


BITS = torch.randint(2, (600, 2), generator=torch.Generator().manual_seed(0))


class TestDCI:
    def test_one_code_for_each_factor(self):
        for codes in (BITS, 5 - 3 * BITS.double(), BITS.flip(1)):
            found = ev.dci(BITS, codes)
            assert found[:3] == pytest.approx((1, 1, 1))
        assert found.importances.tolist() == [[0, 1], [1, 0]]

    def test_floats(self):
        found = ev.dci(FACTORS[:1200], 2 * FACTORS[:1200, [1, 2, 0]] ** 3)
        assert min(found[:3]) > 0.97 and found.importances[0, 2] > 0.98

    def test_copies_cost_completeness(self):
        """Two codes share each of three factors, of six codes: 1 - log 2 / log 6."""
        found = ev.dci(FACTORS[:1200], torch.cat([FACTORS, FACTORS], 1)[:1200])
        assert found.completeness == pytest.approx(1 - math.log(2) / math.log(6), abs=0.05)
        assert found.disentanglement > 0.97

    def test_one_code_for_two_factors_costs_disentanglement(self):
        both = 2 * BITS[:, :1] + BITS[:, 1:]
        found = ev.dci(BITS, torch.cat([both, torch.zeros_like(both)], 1))
        assert found[:3] == pytest.approx((0, 1, 1))
        assert ev.dci(BITS, both)[:3] == pytest.approx((0, 1, 1))
        assert ev.dci(both, BITS).disentanglement == 1

    def test_the_scores_are_those_of_the_importances(self):
        mixed = torch.tensor([[1.0, 0.2, 0, 0.5], [0, 1, 0.1, 0.5], [0.4, 0, 1, 0.2]], dtype=DOUBLE)
        found = ev.dci(FACTORS[:800], FACTORS[:800] @ mixed)
        R = found.importances.numpy()
        assert R.shape == (3, 4) and R.sum(1) == pytest.approx(1)
        by_code = sum(R[:, j].sum() / 3 * (1 - stats.entropy(R[:, j], base=3)) for j in range(4))
        by_factor = sum(1 - stats.entropy(R[i], base=4) for i in range(3)) / 3
        assert found[:2] == pytest.approx((by_code, by_factor)) and 0.05 < by_code < 0.95

    def test_noise_does_not_predict_what_was_left_out(self):
        found = ev.dci(FACTORS[:800], NOISE[:800])
        assert found.informativeness < 0.05 and found.disentanglement < 0.05 and found.completeness < 0.05
        assert ev.dci(BITS, NOISE[:600]).informativeness == pytest.approx(0.5, abs=0.1)

    def test_codes_that_are_constant(self):
        assert ev.dci(BITS, torch.zeros(600, 3))[:2] == pytest.approx((0, 0))

    def test_what_is_not_linear_is_seen(self):
        assert ev.dci(BITS[:, :1] ^ BITS[:, 1:], BITS).informativeness == 1

    def test_which_rows_and_which_forest(self, monkeypatch):
        fitted = []

        class Forest:
            def __init__(self, trees, max_depth, max_features, random_state):
                self.settings = (trees, max_depth, max_features, random_state)

            def fit(self, x, y):
                fitted.append((self.settings, x[:, 0].tolist(), y.tolist()))
                self.feature_importances_ = x[:1, 0] * 0 + 1
                return self

            def score(self, x, y):
                fitted.append((x[:, 0].tolist(), y.tolist()))
                return len(y) / 10

        monkeypatch.setattr("sklearn.ensemble.RandomForestClassifier", Forest)
        rows = torch.arange(90).unsqueeze(1)
        found = ev.dci(rows, rows, trees=3, depth=4, points=21, seed=5)
        (settings, kept, target), (left_out, wanted) = fitted
        assert settings == (3, 4, None, 5) and kept == target and left_out == wanted
        assert (len(kept), len(left_out)) == (16, 5) and len({*kept, *left_out}) == 21
        assert kept != sorted(kept) and found.informativeness == 0.5
        ev.dci(rows, rows, seed=5)
        (settings, kept, _), (left_out, _) = fitted[2:]
        assert settings == (10, 8, None, 5) and (len(kept), len(left_out)) == (68, 22)
        ev.dci(rows[:8], rows[:8])
        assert fitted[4][0] == (10, 8, None, 0)
        many = torch.arange(3000).unsqueeze(1)
        ev.dci(many, many)
        assert len(fitted[6][1]) == 1500 and len(fitted[7][0]) == 500

    def test_the_same_seed_gives_the_same_and_the_global_state_stays(self):
        before = torch.get_rng_state()
        factors, codes = FACTORS[:200], (FACTORS + NOISE)[:200]
        first, again, other = (ev.dci(factors, codes, seed=seed) for seed in (3, 3, 4))
        assert first[:3] == again[:3] and first[:3] != other[:3]
        assert torch.equal(before, torch.get_rng_state())

    def test_bad_input(self):
        refuses(lambda: ev.dci(FACTORS, FACTORS, trees=0), "trees", "0", ">= 1", ValueError)
        refuses(lambda: ev.dci(FACTORS, FACTORS, depth=0.5), "depth", "0.5", "whole number", TypeError)
        refuses(lambda: ev.dci(FACTORS, FACTORS, points=7), "points", "7", ">= 8", ValueError)
        refuses(lambda: ev.dci(FACTORS[:7], FACTORS[:7]), "codes", "7 rows", "8 or more", ValueError)
        refuses(lambda: ev.dci(FACTORS, FACTORS, seed=-1), "seed", "-1", ">= 0", ValueError)


class TestSAP:
    a = torch.tensor([1.0, 1, -1, -1])
    b = torch.tensor([1.0, -1, 1, -1])

    def test_squared_correlations_by_hand(self):
        """Factors 3a + 4b and 2a + b + 5 against codes a, b and a constant: 16/25 - 9/25, and 4/5 - 1/5."""
        factors = torch.stack([3 * self.a + 4 * self.b, 2 * self.a + self.b + 5], 1)
        codes = torch.stack([self.a - 7, -10 * self.b, torch.ones(4)], 1)
        assert ev.sap(factors, codes).tolist() == pytest.approx([7 / 25, 3 / 5])
        assert ev.sap(1e-3 * factors, 1e-4 * codes).tolist() == pytest.approx([7 / 25, 3 / 5])
        assert ev.sap(codes[:, :2], factors).tolist() == pytest.approx([4 / 5 - 9 / 25, 16 / 25 - 1 / 5])

    def test_a_single_code_has_no_rival(self):
        assert ev.sap(3 * self.a[:, None] + 4 * self.b[:, None], self.b[:, None]).item() == pytest.approx(16 / 25)

    def test_known_answers(self):
        assert ev.sap(FACTORS, FACTORS.flip(1) * -2).tolist() == pytest.approx(3 * [1], abs=0.01)
        assert ev.sap(FACTORS, torch.cat([FACTORS, FACTORS], 1)).tolist() == pytest.approx(3 * [0], abs=1e-12)
        assert ev.sap(FACTORS, turned(math.pi / 4))[:2].max() < 0.08  # of two that are both near 1/2
        assert ev.sap(FACTORS, turned(math.pi / 6))[:2].tolist() == pytest.approx([0.5, 0.5], abs=0.05)
        assert ev.sap(FACTORS, NOISE).max() < 0.01

    def test_thresholds_by_hand(self):
        """At 3.2 three of four are below and none of the others; the second code is the same for both classes."""
        classes = torch.tensor([4, 4, 4, 4, 9, 9]).unsqueeze(1)
        codes = torch.tensor([[1, 0], [2, 1], [3, 0], [4, 1], [3.5, 0], [5, 1]])
        assert ev.sap(classes, codes).item() == pytest.approx(0.75)
        assert ev.sap(classes, -codes).item() == pytest.approx(0.75)

    def test_every_pair_of_classes_counts(self):
        """Code 0 tells class 2 from the others, which is two pairs of three; code 1 tells all, in any order."""
        classes = torch.tensor([0, 0, 1, 1, 2, 2]).unsqueeze(1)
        codes = torch.tensor([[5, 1], [5, 1], [5, 0], [5, 0], [6, 2], [6, 2]])
        assert ev.sap(classes, codes).item() == pytest.approx(1 / 3)
        assert ev.sap(classes, codes[:, :1]).item() == pytest.approx(2 / 3)

    def test_whole_numbers_in_many_rows(self):
        assert ev.sap(BITS, BITS.double()).tolist() == pytest.approx([1, 1], abs=0.15)
        assert ev.sap(BITS, torch.cat([BITS, BITS], 1)).tolist() == [0, 0]
        assert ev.sap(BITS, NOISE[:600]).max() < 0.1


@pytest.mark.parametrize("unit", [1e-200, 1e200])
def test_no_unit_of_measurement_changes_the_straight_lines(unit):
    factors = FACTORS.double()
    assert torch.allclose(ev.sap(unit * factors, factors), ev.sap(factors, factors))
    assert torch.allclose(ev.sap(factors, unit * factors), ev.sap(factors, factors))


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.__name__)
def test_bad_input(metric):
    refuses(lambda: metric(FACTORS.tolist(), FACTORS), "factors", "list", "tensor (N, columns)", TypeError)
    refuses(lambda: metric(FACTORS, FACTORS.cfloat()), "codes", "complex64", "whole numbers", TypeError)
    refuses(lambda: metric(FACTORS[:, 0], FACTORS), "factors", f"({N},)", "(N, columns)", ValueError)
    refuses(lambda: metric(FACTORS, FACTORS[None]), "codes", f"(1, {N}, 3)", "(N, columns)", ValueError)
    refuses(lambda: metric(FACTORS, FACTORS[:, :0]), "codes", f"({N}, 0)", ">= 1", ValueError)
    refuses(lambda: metric(FACTORS, FACTORS[:5]), "codes", "5 rows", f"{N}, as in factors", ValueError)
    refuses(lambda: metric(FACTORS[:9], FACTORS), "codes", f"{N} rows", "9, as in factors", ValueError)
    refuses(lambda: metric(FACTORS, FACTORS.log()), "codes", "NaN", "finite", ValueError)


@pytest.mark.parametrize("metric", [ev.information_matrix, ev.mig], ids=lambda metric: metric.__name__)
def test_bad_bins(metric):
    refuses(lambda: metric(FACTORS, FACTORS, bins=1), "bins", "1", ">= 2", ValueError)
    refuses(lambda: ev.factor_entropies(FACTORS, bins=2.5), "bins", "2.5", "whole number", TypeError)


@pytest.mark.parametrize("metric", METRICS[1:], ids=lambda metric: metric.__name__)
def test_a_factor_that_does_not_vary(metric):
    dead = torch.cat([FACTORS, torch.ones(N, 1)], 1)
    refuses(lambda: metric(dead, FACTORS), "factors", "column 3 that is the same", "vary", ValueError)
    refuses(lambda: metric(torch.ones(9, 2).long(), FACTORS[:9]), "factors", "column 0", "vary", ValueError)


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.__name__)
def test_codes_need_no_gradient(metric):
    codes = FACTORS[:50].clone().requires_grad_()
    found = metric(FACTORS[:50], codes)
    assert not (found.importances if metric is ev.dci else found).requires_grad
