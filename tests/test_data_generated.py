"""Generated data: points in the plane, line segments, faces from five numbers, binarized pixels."""

import pytest
import torch
from accelerator import Accelerator

from vae_utils import data
from vae_utils.data import face as face_module

POINTS = [data.two_spirals, data.two_moons, data.ring]


@pytest.mark.parametrize("points", POINTS)
def test_points(points):
    x, label = points(101)
    assert x.shape == (101, 2) and label.shape == (101,) and x.dtype == torch.float32
    assert torch.equal(x, points(101)[0]) and not torch.equal(x, points(101, seed=1)[0])
    assert points(1)[0].shape == (1, 2)
    assert x.abs().max() < 2


DRAWN = {
    "spirals": lambda: data.two_spirals(5),
    "moons": lambda: data.two_moons(5),
    "ring": lambda: data.ring(5),
    "lines": lambda: data.line_segments(5),
    "lines of three lengths": lambda: data.line_segments(5, lengths=(1, 3)),
    "faces": lambda: data.faces(5),
    "coins": lambda: data.coin_sequences(5),
    "scans": lambda: data.load_digits_8x8()[:2],
    "digits": lambda: data.load_digits(n=5, source="bundled")[:2],
}


@pytest.mark.parametrize("drawn", DRAWN)
def test_data_come_out_on_the_default_device(drawn):
    with torch.device("meta"), Accelerator():
        there = DRAWN[drawn]()
    here = DRAWN[drawn]()
    assert [part.device.type for part in there] == ["meta", "meta"]
    assert [(part.shape, part.dtype) for part in there] == [(part.shape, part.dtype) for part in here]


@pytest.mark.parametrize("drawn", DRAWN)
def test_data_can_be_had_where_double_precision_is_the_default(drawn):
    plain = DRAWN[drawn]()
    torch.set_default_dtype(torch.float64)
    try:
        x, _ = DRAWN[drawn]()
    finally:
        torch.set_default_dtype(torch.float32)
    assert x.shape == plain[0].shape and x.isfinite().all()


def test_faces_are_drawn_where_their_factors_are():
    x, factors = data.faces(3)
    with torch.device("meta"):
        assert torch.equal(data.render_faces(factors), x)
    assert data.render_faces([[0.0] * 5]).device.type == "cpu"


def test_coin_evidence_is_found_where_the_throws_are():
    x, _ = data.coin_sequences(3)
    expected = data.coin_evidence(x)
    with torch.device("meta"):
        assert torch.equal(data.coin_evidence(x), expected)
    assert data.coin_evidence(x.to("meta")).device.type == "meta"


@pytest.mark.parametrize("points", POINTS)
def test_noise_has_the_stated_size(points):
    clean, noisy = points(4000, noise=0.0, seed=2)[0], points(4000, noise=0.3, seed=2)[0]
    assert (noisy - clean).std().item() == pytest.approx(0.3, rel=0.05)
    assert (noisy - clean).mean().abs() < 0.02


def test_points_lie_on_their_curves():
    x, angle = data.ring(500, noise=0)
    assert torch.allclose(x.norm(dim=1), torch.ones(500), atol=1e-6)
    assert torch.allclose(x[:, 0], angle.cos(), atol=1e-6)
    x, label = data.two_moons(500, noise=0)
    center = torch.stack([label - 0.5, 0.5 * label - 0.25], 1)
    assert torch.allclose((x - center).norm(dim=1), torch.ones(500), atol=1e-6)
    x, label = data.two_spirals(500, noise=0)
    radius = x.norm(dim=1)
    turned = torch.atan2(x[:, 1], x[:, 0]) - 3 * torch.pi * radius - torch.pi * label
    assert torch.allclose(turned.cos(), torch.ones(500), atol=1e-4)


@pytest.mark.parametrize("points", POINTS)
@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"n": 0}, ValueError, "n: got .* expected"),
        ({"n": "5"}, TypeError, "n: got .* expected"),
        ({"n": 5, "noise": -0.1}, ValueError, "noise: got .* expected"),
        ({"n": 5, "noise": float("nan")}, ValueError, "noise: got .* expected"),
        ({"n": 5, "noise": None}, TypeError, "noise: got .* expected"),
        ({"n": 5, "seed": 1.5}, TypeError, "seed: got .* expected"),
    ],
)
def test_points_name_a_bad_argument(points, arguments, error, message):
    with pytest.raises(error, match=message):
        points(**arguments)


def test_line_segments_have_their_length():
    """The ink of a line grows by the same amount with every unit of length."""
    x, length = data.line_segments(300, jitter=0.0, size=28)
    assert x.shape == (300, 784) and length.shape == (300,) and x.dtype == torch.float32
    assert 1 <= length.min() and length.max() <= 5 and x.min() >= 0 and x.max() <= 1
    ink = x.sum(1)
    design = torch.stack([torch.ones(300), length], 1)
    fit = torch.linalg.lstsq(design, ink.unsqueeze(1)).solution
    assert (ink - (design @ fit).squeeze(1)).abs().max() < 0.02 * ink.mean()
    assert fit[1].item() == pytest.approx(0.5 * (28 / 7) ** 2, rel=0.05)


def test_line_segments_of_three_lengths_and_their_jitter():
    x, length = data.line_segments(300, lengths=(1, 3, 5), jitter=0.0)
    assert set(length.tolist()) == {1.0, 3.0, 5.0}
    assert len({tuple(row) for row in x.tolist()}) == 3
    jittered, same = data.line_segments(300, lengths=(1, 3, 5), jitter=0.2)
    assert torch.equal(length, same)
    assert len({tuple(row) for row in jittered.tolist()}) == 300


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"n": -3}, ValueError, "n: got .* expected"),
        ({"lengths": ()}, ValueError, "lengths: got .* expected"),
        ({"lengths": (1, -2)}, ValueError, "lengths: got .* expected"),
        ({"lengths": (1, 7)}, ValueError, "lengths: got .* expected"),
        ({"lengths": 3}, TypeError, "lengths: got .* expected"),
        ({"lengths": ("a",)}, TypeError, "lengths: got .* expected"),
        ({"jitter": -1}, ValueError, "jitter: got .* expected"),
        ({"size": 4}, ValueError, "size: got .* expected"),
        ({"size": 16.0}, TypeError, "size: got .* expected"),
        ({"seed": None}, TypeError, "seed: got .* expected"),
    ],
)
def test_line_segments_name_a_bad_argument(arguments, error, message):
    with pytest.raises(error, match=message):
        data.line_segments(**{"n": 4, **arguments})


def test_faces_follow_their_seed_and_factors():
    x, factors = data.faces(40, size=24, seed=3)
    assert x.shape == (40, 576) and factors.shape == (40, 5) and x.dtype == torch.float32
    assert x.min() >= 0 and x.max() <= 1
    again, same = data.faces(40, size=24, seed=3)
    assert torch.equal(x, again) and torch.equal(factors, same)
    assert torch.equal(data.render_faces(factors, 24), x)
    assert not torch.equal(factors, data.faces(40, size=24, seed=4)[1])


def test_every_factor_moves_its_own_part_of_the_face():
    sweep = torch.zeros(10, 5)
    for i in range(5):
        sweep[2 * i, i], sweep[2 * i + 1, i] = -2.0, 2.0
    pictures = data.render_faces(sweep, 64).reshape(5, 2, 64, 64)
    change = dict(zip(data.FACE_FACTORS, (pictures[:, 0] - pictures[:, 1]), strict=True))
    rows = {name: (move.abs().sum(1) * torch.arange(64)).sum() / move.abs().sum() for name, move in change.items()}
    assert rows["hair"] < 24 < rows["nose"] < 44 < rows["smile"]
    assert change["hair"][:10].sum() > 20, "more hair must be darker"
    assert change["width"][20:40, :15].abs().sum() > 10, "a wide face reaches further out"
    assert change["nose"][:25].abs().max() < 0.01 and change["smile"][:35].abs().max() < 0.01


def test_faces_are_symmetric_below_the_fringe_except_for_the_light_in_the_eyes():
    picture = data.render_faces(torch.zeros(1, 5), 64).reshape(64, 64)
    assert torch.allclose(picture[44:], picture[44:].flip(1), atol=1e-5)


@pytest.mark.slow
def test_factors_move_comparable_amounts_of_variance():
    """Of each factor alone, the others held: none is under 2% or over 70% of the whole."""
    base = torch.randn(40, 5, generator=torch.Generator().manual_seed(0))
    moved = []
    for i in range(5):
        group = base.repeat_interleave(16, 0)
        group[:, i] = torch.randn(640, generator=torch.Generator().manual_seed(1))
        moved.append(data.render_faces(group, 32).reshape(40, 16, -1).var(1).sum(1).mean())
    share = torch.stack(moved) / sum(moved)
    assert share.min() > 0.02 and share.max() < 0.7


def test_wild_factors_still_draw_a_face_and_chunks_do_not_matter(monkeypatch):
    wild = torch.tensor([[1e30] * 5, [-1e30] * 5, [50.0, -50.0, 9.0, -9.0, 0.0]])
    pictures = data.render_faces(wild, 16)
    assert torch.isfinite(pictures).all() and pictures.min() >= 0 and pictures.max() <= 1
    monkeypatch.setattr(face_module, "CHUNK_PIXELS", 1)
    assert torch.equal(data.render_faces(wild, 16), pictures)


@pytest.mark.parametrize(
    ("factors", "size", "error", "message"),
    [
        (torch.zeros(3), 32, ValueError, r"factors: got shape \(3,\), expected \(B, 5\)"),
        (torch.zeros(2, 4), 32, ValueError, r"factors: got shape \(2, 4\), expected"),
        (torch.full((1, 5), float("nan")), 32, ValueError, "factors: got NaN .* expected finite"),
        (torch.zeros(1, 5), 4, ValueError, "size: got 4, expected a whole number >= 8"),
        (torch.zeros(1, 5), "big", TypeError, "size: got 'big', expected a whole number"),
    ],
)
def test_render_faces_names_a_bad_argument(factors, size, error, message):
    with pytest.raises(error, match=message):
        data.render_faces(factors, size)


def test_faces_names_a_bad_count():
    with pytest.raises(ValueError, match=r"n: got 0, expected .* >= 1"):
        data.faces(0)


def test_binarize_draws_each_pixel_with_its_probability():
    x = torch.tensor([0.0, 0.25, 0.9, 1.0]).repeat(20_000, 1)
    drawn = data.binarize(x, torch.Generator().manual_seed(0))
    assert set(drawn.unique().tolist()) == {0.0, 1.0} and drawn.dtype == x.dtype
    assert torch.allclose(drawn.mean(0), x[0], atol=0.015)
    assert drawn[:, 0].sum() == 0 and drawn[:, 3].min() == 1
    assert torch.equal(drawn, data.binarize(x, torch.Generator().manual_seed(0)))


@pytest.mark.parametrize(
    ("x", "error"),
    [
        (torch.tensor([0.5, 1.2]), ValueError),
        (torch.tensor([-0.1]), ValueError),
        (torch.tensor([float("nan")]), ValueError),
        (torch.tensor([0, 1]), TypeError),
        ([0.5], TypeError),
    ],
)
def test_binarize_names_a_bad_argument(x, error):
    with pytest.raises(error, match=r"x: got .* expected"):
        data.binarize(x)
