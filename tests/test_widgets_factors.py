"""The sliders of chapter 10: the page counts what the package counts, and packs small what it was given."""

from itertools import pairwise

import javascript
import numpy as np
import pytest
import torch
from refusal import refuses

from vae_utils import evaluation
from vae_utils.widgets import FactorSliders
from vae_utils.widgets.parts import quantized

NAMES = ("width", "hair")


def turn(d, plane, degrees):
    """The rotation from one axis of the plane towards the other, (d, d)."""
    (i, j), angle = plane, np.radians(degrees)
    R = np.eye(d)
    R[[i, j], [i, j]] = np.cos(angle)
    R[j, i], R[i, j] = np.sin(angle), -np.sin(angle)
    return R


def told(factors, codes, plane, angle):
    columns = {"factors": factors.T.tolist(), "codes": codes.T.tolist()}
    return javascript.call("tests/js/probes.mjs", "told", {**columns, "bins": 20, "plane": plane, "angle": angle})


@pytest.mark.parametrize("plane, angle", [((0, 1), 0), ((0, 2), 30), ((3, 1), -117), ((1, 2), 90)])
def test_the_page_counts_as_evaluation_does(plane, angle):
    rng = np.random.default_rng(0)
    factors = np.round(rng.normal(size=(1500, 3)), 1)  # with many equal values
    codes = np.concatenate([factors**3 + rng.normal(size=(1500, 3)), np.ones((1500, 1))], 1)
    got = told(factors, codes, plane, angle)
    pair = torch.tensor(factors), torch.tensor(codes @ turn(4, plane, angle).T)
    assert np.abs(got["matrix"] - evaluation.information_matrix(*pair).numpy()).max() < 1e-4
    gaps = evaluation.mig(*pair).numpy()
    assert np.abs(got["gaps"] - gaps).max() < 1e-4 and got["mig"] == pytest.approx(gaps.mean(), abs=1e-4)


def decoder(*sizes, seed=0):
    rng = np.random.default_rng(seed)
    return [(rng.normal(size=(m, n)) / np.sqrt(n), 0.3 * rng.normal(size=m)) for n, m in pairwise(sizes)]


def given(**changes):
    rng = np.random.default_rng(1)
    codes = rng.normal(size=(50, 3))
    models = {"beta 1": (decoder(3, 8, 16), codes, -3.0), "TC 16": (decoder(3, 5, 16), 2 * codes, torch.tensor(-4.5))}
    return {"models": models, "factors": rng.normal(size=(50, 2)), "names": NAMES, **changes}


def test_models_are_packed_in_their_order():
    settings = given()
    w = FactorSliders.of(**settings)
    assert w.labels == ["beta 1", "TC 16"] and w.elbo.tolist() == [-3, -4.5] and w.names == list(NAMES)
    assert w.decoder_sizes == [[3, 8, 16], [3, 5, 16]] and w.pixel_sizes == []
    for m, (layers, codes, _) in enumerate(settings["models"].values()):
        assert np.abs(w.codes[m] * w.reach[m] / 32767 - codes).max() < 1e-3
        unpacked = quantized.unpack(w.decoder_sizes, w.weights, w.scales, w.biases)[m]
        for (weight, bias), (rounded, same) in zip(layers, unpacked, strict=True):
            assert np.abs(weight - rounded).max() < np.abs(weight).max() / 100 and np.allclose(bias, same)
    order = settings["factors"].argsort(0)
    assert (np.diff(np.take_along_axis(w.factors.astype(int), order, 0), axis=0) >= 0).all()


def test_the_plane_of_the_two_codes_that_vary_most_is_offered():
    settings = given()
    (layers, codes, elbo) = settings["models"]["TC 16"]
    settings["models"]["TC 16"] = (layers, codes * [1, 0.1, 3], elbo)
    assert FactorSliders.of(**settings, model=1).plane == "1, 3"
    assert FactorSliders.of(**settings, model=1, plane="1, 2").plane == "1, 2"


def test_a_linear_map_may_follow_the_decoders():
    (weight, bias) = decoder(5, 16, seed=3)[0]
    models = {"one": (decoder(3, 8, 5), np.ones((40, 3)), 0.0)}
    w = FactorSliders.of(models, np.eye(40, 2), NAMES, pixels=(torch.tensor(weight), bias), activation="gelu")
    assert w.decoder_sizes == [[3, 8, 5]] and w.pixel_sizes == [5, 16] and 0 < w.rounding < 0.01
    assert len(w.weights) == 3 * 8 + 8 * 5 + 5 * 16


def test_many_rows_are_thinned_evenly():
    codes = np.linspace(0, 1, 9000)[:, None] * np.ones(3)
    w = FactorSliders.of({"one": (decoder(3, 16), codes, 0)}, np.eye(9000, 2), NAMES)
    assert w.codes.shape == (1, 1500, 3) and w.factors.shape == (1500, 2)
    steps = np.diff(w.codes[0, :, 0].astype(int))
    assert (steps.min(), steps.max()) == pytest.approx((32767 / 1500,) * 2, abs=5)


def changed(place, value):
    row = [decoder(3, 8, 16), np.ones((50, 3)), 0.0]
    row[place] = value
    return {"models": {"one": (decoder(3, 8, 16), np.ones((50, 3)), 0.0), "two": tuple(row)}}


WRONG = [
    (changed(1, np.ones((49, 3))), "codes", "(49, 3) and (50, 3)", "one shape"),
    (changed(1, np.full((50, 3), np.nan)), "codes", "NaN", "finite"),
    ({"models": {"one": (decoder(7, 16), np.ones((50, 7)), 0)}}, "codes", "(50, 7)", "from 2 to 6"),
    (changed(0, decoder(4, 8, 16)), "decoder of two", "[4, 8, 16]", "from 3 to 16"),
    (changed(0, decoder(3, 16)), "sizes of decoders", "(2,) and (3,)", "one shape"),
    ({"models": {"one": (decoder(3, 15), np.ones((50, 3)), 0)}}, "decoder", "15 pixels", "a square"),
    (changed(2, float("inf")), "elbo", "infinity", "finite"),
    ({"factors": np.ones((49, 2))}, "factors", "(49, 2)", "each of 50"),
    ({"factors": np.eye(50, 3)}, "factors", "(3, 50)", "2 names"),
    ({"factors": np.eye(50, 2) * [1, 0]}, "factors", "the same in all rows", "ones that vary"),
    ({"names": ("width", "width")}, "names", "['width', 'width']", "different words"),
    ({"activation": "elu"}, "activation", "'elu'", "silu, relu, tanh, gelu"),
    ({"pixels": decoder(5, 16)[0]}, "pixels", "[5, 16]", "from 16 to 16"),
    ({"pixels": decoder(16, 15)[0]}, "decoder", "15 pixels", "a square"),
    ({"plane": "2, 1"}, "plane", "'2, 1'", "1, 2, 1, 3"),
    ({"model": "TC 16"}, "model", "'TC 16'", "whole number from 0 to 3"),
    ({"angle": 181}, "angle", "181", "from -180 to 180"),
]


@pytest.mark.parametrize("changes, name, got, expected", WRONG)
def test_what_does_not_fit_is_refused_by_name(changes, name, got, expected):
    refuses(lambda: FactorSliders.of(**given(**changes)), name, got, expected)


def test_three_models_with_a_thousand_pixels_stay_small():
    codes = np.random.default_rng(0).normal(size=(3000, 6))
    models = {f"beta {beta}": (decoder(6, 128, 128, 64), codes, -45.1) for beta in (1, 4, 16)}
    w = FactorSliders.of(models, codes[:, :5], ("a", "b", "c", "d", "e"), pixels=decoder(64, 1024)[0])
    assert len(w.to_html()) < 460_000  # with the module and its still figure
