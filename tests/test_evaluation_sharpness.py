"""The two sharpness meters, on pictures whose answer is known."""

import pytest
import torch
from refusal import refuses

from vae_utils.evaluation import gradient_energy, laplacian_variance, sharpness

SIDE = 6


def picture(formula, side=SIDE):
    row, column = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    return formula(row.double(), column.double()).reshape(1, -1)


def noise(n=400, side=20, sigma=1.0):
    return sigma * torch.randn(n, side * side, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


CHECKERBOARD = picture(lambda i, j: (i + j) % 2)


class TestGradientEnergy:
    def test_a_slope_costs_its_square(self):
        tilted = picture(lambda i, j: 0.1 * i - 0.3 * j)
        assert gradient_energy(tilted).tolist() == pytest.approx([(0.01 + 0.09) / 2])

    def test_a_checkerboard_steps_by_one_everywhere(self):
        assert gradient_energy(CHECKERBOARD).tolist() == pytest.approx([1.0])

    def test_noise_steps_by_twice_its_variance(self):
        assert gradient_energy(noise(sigma=0.5)).mean().item() == pytest.approx(2 * 0.25, rel=0.01)

    def test_four_pixels_are_enough(self):
        """Steps of 1 and 3 across, 2 and 4 down: half of 5 + 10."""
        assert gradient_energy(torch.tensor([[0.0, 1.0, 2.0, 5.0]])).tolist() == pytest.approx([0.5 * (5 + 10)])

    def test_one_image_at_a_time(self):
        both = torch.cat([CHECKERBOARD, torch.zeros_like(CHECKERBOARD)])
        assert gradient_energy(both).tolist() == [1.0, 0.0]


class TestLaplacianVariance:
    def test_an_even_slope_has_none(self):
        assert laplacian_variance(picture(lambda i, j: 3 * i - 2 * j + 1)).item() == pytest.approx(0)

    def test_a_bowl_bends_the_same_everywhere(self):
        assert laplacian_variance(picture(lambda i, j: i**2 + j**2)).item() == pytest.approx(0)

    def test_a_checkerboard_swings_between_four_and_minus_four(self):
        assert laplacian_variance(CHECKERBOARD).item() == pytest.approx(16)

    def test_one_bright_pixel(self):
        """Among 16 inner pixels: one -4 and four 1, whose mean is 0."""
        dot = picture(lambda i, j: ((i == 2) & (j == 3)).double())
        assert laplacian_variance(dot).item() == pytest.approx((16 + 4) / 16)

    def test_nine_pixels_have_one_inside(self):
        assert laplacian_variance(torch.arange(9.0).reshape(1, 9) ** 3).tolist() == [0.0]
        refuses(lambda: laplacian_variance(torch.zeros(1, 4)), "x", "(1, 4)", "D a square >= 9", ValueError)

    def test_noise_reads_twenty_times_its_variance(self):
        assert laplacian_variance(noise(sigma=0.5)).mean().item() == pytest.approx(20 * 0.25, rel=0.02)


@pytest.mark.parametrize("meter", [gradient_energy, laplacian_variance])
class TestBothMeters:
    def test_contrast_counts_squared_and_brightness_not_at_all(self, meter):
        x = noise(n=5)
        assert torch.allclose(meter(3 * x + 7), 9 * meter(x))

    def test_turning_and_mirroring_change_nothing(self, meter):
        images = noise(n=5).reshape(5, 20, 20)
        turned, mirrored = images.rot90(1, (1, 2)).flatten(1), images.flip(2).flatten(1)
        assert torch.allclose(meter(turned), meter(images.flatten(1)))
        assert torch.allclose(meter(mirrored), meter(images.flatten(1)))

    def test_the_average_of_two_pictures_is_never_sharper(self, meter):
        """Both are convex: this is why a mean over possible pictures is blurred."""
        x = noise(n=60)
        middle = 0.5 * (x[:30] + x[30:])
        assert (meter(middle) <= 0.5 * (meter(x[:30]) + meter(x[30:])) + 1e-12).all()

    def test_bad_input(self, meter):
        refuses(lambda: meter(torch.zeros(2, 15)), "x", "(2, 15)", "a square", ValueError)
        refuses(lambda: meter(torch.zeros(0, 16)), "x", "(0, 16)", "N >= 1", ValueError)
        least = {gradient_energy: 4, laplacian_variance: 9}[meter]
        refuses(lambda: meter(torch.zeros(2, 1)), "x", "(2, 1)", f"a square >= {least}", ValueError)
        refuses(lambda: meter(torch.zeros(2, 4, 4)), "x", "(2, 4, 4)", "(N, D)", ValueError)
        refuses(lambda: meter(torch.zeros(2, 16).long()), "x", "int64", "float tensor", TypeError)


class TestSharpness:
    def test_data_reads_one(self):
        x = noise(n=5)
        assert sharpness(x, x.flip(0)) == pytest.approx((1.0, 1.0))

    def test_it_is_a_ratio_of_averages(self):
        """Two images of contrast 1 and 3 against one of contrast 2: (1 + 9) / 2 over 4."""
        both = torch.cat([CHECKERBOARD, 3 * CHECKERBOARD])
        assert sharpness(both, 2 * CHECKERBOARD) == pytest.approx((1.25, 1.25))

    def test_the_names_belong_to_their_meters(self):
        tilted = picture(lambda i, j: i + j)
        reading = sharpness(tilted, CHECKERBOARD)
        assert reading.gradient == pytest.approx(1.0)
        assert reading.laplacian == pytest.approx(0.0)

    def test_a_flat_reference_is_refused(self):
        flat = torch.ones(1, 36)
        refuses(lambda: sharpness(CHECKERBOARD, flat), "data", "without any edge", "to compare with", ValueError)
        slope, broken = picture(lambda i, j: i + j), CHECKERBOARD * torch.nan
        for reference in (slope, broken):
            refuses(lambda data=reference: sharpness(CHECKERBOARD, data), "data", "without any edge", "to compare with")
        refuses(lambda: sharpness(CHECKERBOARD, torch.eye(2).reshape(1, 4)), "data", "(1, 4)", ">= 9", ValueError)
        refuses(lambda: sharpness(CHECKERBOARD, torch.ones(1, 35)), "data", "(1, 35)", "a square", ValueError)
